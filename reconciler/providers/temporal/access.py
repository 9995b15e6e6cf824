"""Where Temporal is, what signs in there, and which addresses may be sent that."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import ConfigError

_LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])
# No more than this: what stands behind an @ or a slash is another host to some readers.
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")
_VARIABLE = "RECONCILER_TEMPORAL_ADDRESSES"
_TRUE = ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class TemporalAccess:
    """What the environment says about Temporal, and so no pull request can. The variables are
    those of Temporal's own tools.
    """

    api_key: str | None = field(default=None, repr=False)
    tls: bool | None = None
    """None: where a key or a certificate is given."""
    server_name: str | None = None
    """The name that its certificate is for, where that is not the address's."""
    server_ca: str | None = None
    """The file of the authority that signed it."""
    client_certificate: str | None = None
    client_key: str | None = None
    addresses: tuple[str, ...] = ()
    """HOST:PORT that may be connected to, beside this machine."""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> TemporalAccess:
        """From TEMPORAL_API_KEY, TEMPORAL_TLS..., RECONCILER_TEMPORAL_ADDRESSES."""
        get = environment.get
        tls = get("TEMPORAL_TLS")
        return cls(
            get("TEMPORAL_API_KEY") or None,
            None if not tls else tls.lower() in _TRUE,
            get("TEMPORAL_TLS_SERVER_NAME") or None,
            get("TEMPORAL_TLS_SERVER_CA_CERT_PATH") or None,
            get("TEMPORAL_TLS_CLIENT_CERT_PATH") or None,
            get("TEMPORAL_TLS_CLIENT_KEY_PATH") or None,
            tuple(get(_VARIABLE, "").split()),
        )

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        if self.tls is not None:
            return self.tls
        return bool(self.api_key or self.client_certificate or self.server_ca)

    def read(self, path: str | None) -> bytes | None:
        """The file of a certificate or a key; ConfigError."""
        if path is None:
            return None
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def check_address(target: str, address: str, access: TemporalAccess) -> None:
    """ConfigError unless the address is this machine's, or is named in the environment.

    The key goes with every call. Where to is written in the repository, so that a pull request
    could send it anywhere; who may have it is said where no pull request reaches. No error shows
    the address, which may have a value of the environment in it.
    """
    found = _read(address)
    if found is None:
        raise ConfigError(f'target "{target}": address: it is none such as temporal.example:7233')
    if found[0] in _LOOPBACK:
        return
    if found not in _named(access.addresses):
        raise ConfigError(
            f'target "{target}": address: it is not this machine\'s, and is sent nothing',
            hint=f"if it is right, name it in the environment: {_VARIABLE}",
        )
    if access.api_key and not access.uses_tls:
        raise ConfigError(
            f'target "{target}": address: a key is sent over TLS alone, but to this machine',
            hint="leave TEMPORAL_TLS out, or set it to true",
        )


def _named(addresses: Iterable[str]) -> set[tuple[str, int]]:
    found = {_read(one) for one in addresses}
    if None in found:
        raise ConfigError(f"{_VARIABLE}: there is something in it that is no HOST:PORT")
    return {one for one in found if one is not None}


def _read(address: str) -> tuple[str, int] | None:
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[3]) < 65536:
        return None
    return (match[1] or match[2]).lower(), int(match[3])
