"""Where Azure Resource Manager is, and which addresses may be sent a token."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from reconciler.errors import ConfigError

Origin = tuple[str, str | None, int | None]
"""Scheme, host and port."""

CLOUDS = {
    "public": ("https://management.azure.com", None),
    "china": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    "usgov": ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
}
"""Azure Resource Manager, and where its tokens come from if not from the usual place."""

_LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])
_PORTS = {"https": 443, "http": 80}


def check_endpoint(target: str, endpoint: str, allowed: Iterable[str]) -> None:
    """ConfigError unless the endpoint is Azure's, on this machine, or one of those `allowed`.

    The token goes with every call. Where to is written in the repository, so that a pull request
    could send it anywhere; who may have it is said where no pull request reaches.
    """
    address = urlsplit(endpoint)
    if address.hostname in _LOOPBACK:
        return
    if address.scheme == "http":
        raise ConfigError(f'target "{target}": endpoint: plain http is for this machine only')
    known = [cloud for cloud, _ in CLOUDS.values()]
    trusted = {origin(urlsplit(each)) for each in [*known, *allowed]}
    if origin(address) not in trusted or "@" in address.netloc:
        raise ConfigError(
            f'target "{target}": endpoint: {address.netloc} is not Azure\'s, and is sent no token',
            hint="if it is right, name it in the environment: RECONCILER_AZURE_ENDPOINTS",
        )


def origin(url: SplitResult) -> Origin:
    """That of an address; of one with no valid port, one that no other has."""
    try:
        port = url.port
    except ValueError:
        return "", url.netloc, None
    return url.scheme, url.hostname, port or _PORTS.get(url.scheme)
