"""Where Azure Resource Manager is, and which addresses may be sent a token."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address

from reconciler.errors import ConfigError

Origin = tuple[str, str, int]
"""Scheme, host and port."""

CLOUDS = {
    "public": ("https://management.azure.com", None),
    "china": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    "usgov": ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
}
"""Azure Resource Manager, and where its tokens come from if not from the usual place."""

_LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])
_PORTS = {"https": 443, "http": 80}
# No more than this: what stands behind a backslash, an @ or a blank is another host to some
# readers of addresses than to others, and the one that checks is not the one that connects.
_ADDRESS = re.compile(r"(https?)://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::([0-9]{1,5}))?")
_VARIABLE = "RECONCILER_AZURE_ENDPOINTS"

VERSIONS = {
    "environments": "2023-04-01-preview",
    "codes": "2023-04-01",
    "components": "2024-01-01-preview",
    "data": "2023-04-01-preview",
    "models": "2023-04-01-preview",
    "datastores": "2024-10-01-preview",
    "computes": "2023-10-01",
    "jobs": "2023-10-01",
}
"""The version of the API that Azure's client uses for each kind: azure-ai-ml 1.35.
Of computes and jobs, which are only looked at, the stable one."""


def check_endpoint(target: str, endpoint: str, allowed: Iterable[str]) -> None:
    """ConfigError unless the endpoint is Azure's, on this machine, or one of those `allowed`.

    The token goes with every call. Where to is written in the repository, so that a pull request
    could send it anywhere; who may have it is said where no pull request reaches. No error shows
    the address, which may have a value of the environment in it.
    """
    found = _origin_of(endpoint)
    if found is None:
        raise ConfigError(
            f'target "{target}": endpoint: it is no address such as https://management.azure.com'
        )
    trusted = {_origin_of(cloud) for cloud, _ in CLOUDS.values()}
    for each in allowed:
        one = _origin_of(each)
        if one is None:
            raise ConfigError(f"{_VARIABLE}: there is something in it that is no address of a host")
        trusted.add(one)
    if found[1] in _LOOPBACK:
        return
    if found[0] == "http":
        raise ConfigError(f'target "{target}": endpoint: plain http is for this machine only')
    if found not in trusted:
        raise ConfigError(
            f'target "{target}": endpoint: it is not Azure\'s, and is sent no token',
            hint=f"if it is right, name it in the environment: {_VARIABLE}",
        )


def is_loopback(endpoint: str) -> bool:
    """Whether a checked endpoint is on this machine."""
    found = _origin_of(endpoint)
    return found is not None and found[1] in _LOOPBACK


def _origin_of(address: str) -> Origin | None:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    scheme, version_6, name, port = match.groups()
    number = int(port) if port is not None else _PORTS[scheme]
    try:
        host = str(IPv6Address(version_6)) if version_6 else name.lower()
    except ValueError:
        return None
    return (scheme, host, number) if 0 < number < 65536 else None


def same_origin(address: str, endpoint: str) -> bool:
    """Whether an address that the service gave leads to its own host."""
    head = "/".join(address.split("/", 3)[:3])
    return _origin_of(head.partition("?")[0]) == _origin_of(endpoint)
