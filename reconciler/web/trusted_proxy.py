"""A proxy that signs people in, and says in a header who asks. Believed from its own address only.

Whoever reaches the server from that address can say any name: bind the server where only the proxy
is, or let a firewall see to it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.render.plain_text import printable
from reconciler.web.tokens import Right, Session, named

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
USER_HEADER = "X-Forwarded-User"
EVERYBODY = "*"
_LONGEST = 100
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class TrustedProxy:
    """Whose word is taken for who asks, and who of these may change something."""

    networks: tuple[Network, ...]
    header: str = USER_HEADER
    actors: frozenset[str] = field(default_factory=frozenset)
    """Names as the proxy says them, or EVERYBODY; all others may only read."""

    def session(self, scope: Mapping[str, Any]) -> Session | None:
        """Who asks, by the proxy's word; None where it is not the proxy, or it names nobody."""
        client = scope.get("client")
        if client is None or not self._is_proxy(str(client[0])):
            return None
        wanted = self.header.lower().encode("latin-1")
        given = [one.decode("utf-8", "replace") for key, one in scope["headers"] if key == wanted]
        # Two names are a guess: one of them came through the proxy from outside.
        if len(given) != 1 or not given[0].strip():
            return None
        name = given[0].strip()
        right: Right = "write" if {name, EVERYBODY} & self.actors else "read"
        shown = printable(name)[:_LONGEST]
        identifier = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:22]
        return Session(named(identifier, shown), right, int(time.time()) + _SECONDS)

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.networks)


def read_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses and networks as they are written: 10.0.0.7, 10.0.0.0/24. ValueError."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def headers_of(proxy: TrustedProxy | None) -> Mapping[str, str]:
    """For a log: what is believed, and from where."""
    if proxy is None:
        return {}
    return {"header": proxy.header, "from": ", ".join(map(str, proxy.networks))}
