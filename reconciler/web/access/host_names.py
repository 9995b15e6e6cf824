"""Which Host and Origin headers are ours. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.types import Scope

from reconciler.web.settings import Door

_LOOPBACK = frozenset(["127.0.0.1", "localhost", "[::1]"])


def host_is_ours(host: str, scope: Scope, site: Door) -> bool:
    """Whether a Host header names this server. A name that is not known is refused: a page of
    that name could otherwise make a browser talk to us as to its own site.
    """
    host = host.lower()
    name, port = split_host(host)
    if host in site.hosts or (name in site.hosts and port == _port(scope)):
        return True
    if site.public_url is not None and host == urlsplit(site.public_url).netloc.lower():
        return True
    if port != _port(scope):
        return False
    # An address is nobody's name: a page cannot be made to have one by the name service.
    return name in _LOOPBACK or (site.any_address and is_address(name))


def split_host(host: str) -> tuple[str, str]:
    """A Host header as name and port, "80" where it says none."""
    name, colon, port = host.rpartition(":")
    if not colon or (host.startswith("[") and host.endswith("]")):
        return host, "80"
    return name, port


def origin_of(scope: Scope, site: Door, host: str) -> str:
    """The origin of our own pages, as a browser that sent `host` says it."""
    if site.public_url is not None:
        parts = urlsplit(site.public_url)
        if host.lower() == parts.netloc.lower():
            return f"{parts.scheme}://{parts.netloc}".lower()
    return f"http://{host.lower()}"


def _port(scope: Scope) -> str:
    server = scope.get("server")
    return str(server[1]) if server else "80"


def is_address(name: str) -> bool:
    """Whether it is an IP address, an IPv6 one in brackets."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
