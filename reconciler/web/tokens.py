"""Who may come in: tokens for programs, and what pages make of them.

There are two tokens. One may do everything; the other may only read. Both are 256 random bits, so
none is ever guessed; what is slow about a wrong one (access/request_guard.py) only keeps the log
readable.

Nothing is stored but the tokens: a link and a session are signed with a key made from them, so a
session outlives a restart, and ends when the token is changed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from reconciler.masking import mask_text

Right = Literal["read", "write"]
SESSION_SECONDS = 12 * 3600
"""How long a browser stays signed in."""
LINK_SECONDS = 15 * 60
"""How long a printed link may be opened."""
UPLOAD_SECONDS = 3600
"""How long files may be sent to an address of an upload."""
LONGEST_TOKEN = 512
_TRIES = 20
"""Codes that are made for one link, until one is shown as it is."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    identifier: str
    right: Right
    expires: int
    """Seconds since 1970."""

    @property
    def name(self) -> str | None:
        """Who it is, as they or a proxy said when they signed in; None: nobody said."""
        _, mark, text = self.identifier.partition(_NAME)
        if not mark:
            return None
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets of one server. Their text is in no repr."""

    full: str = field(repr=False)
    read: str | None = field(default=None, repr=False)

    def right_of(self, token: str) -> Right | None:
        """What the bearer of `token` may do; None: it is not one of ours."""
        given = _digest(token)
        # Both are compared whatever the first says: how long it takes tells nothing.
        is_full = hmac.compare_digest(given, _digest(self.full))
        is_read = self.read is not None and hmac.compare_digest(given, _digest(self.read))
        return "write" if is_full else "read" if is_read else None

    # -------------------------------------------------------------------------------- the link

    def new_link(self, now: float, right: Right = "write", name: str | None = None) -> str:
        """The code of a link that signs a browser in, once, for the next LINK_SECONDS. `name`: of
        whom the link is printed for. It is none that the masks of the log take for another
        kind of credential, which one in some ten thousand would be by chance: it is to be opened.
        """
        for _ in range(_TRIES):
            identifier = named(secrets.token_urlsafe(16), name)
            code = self._sign("link", right, int(now) + LINK_SECONDS, identifier)
            if mask_text(code) == code:
                break
        return code  # of a name that looks like a credential itself, each would be masked

    def read_link(self, code: str, now: float) -> Session | None:
        """What a link's code says; whether it was opened before is for the caller to know."""
        return self._read("link", code, now)

    # ----------------------------------------------------------------------------- the session

    def new_session(self, right: Right, now: float, name: str | None = None) -> str:
        """The text of a cookie; `name`: who they say they are."""
        identifier = named(secrets.token_urlsafe(16), name)
        return self._sign("session", right, int(now) + SESSION_SECONDS, identifier)

    def read_session(self, text: str, now: float) -> Session | None:
        """The session of a cookie; None: it is not ours, is over, or its token was changed."""
        return self._read("session", text, now)

    def csrf(self, session: Session) -> str:
        """What every form of a session sends along: another site cannot know it."""
        return _text(self._mac("csrf", session.right, session.identifier))

    # ------------------------------------------------------------------------------ the uploads

    def new_upload(self, identifier: str, now: float) -> str:
        """The signature of an address that files are uploaded to, for UPLOAD_SECONDS."""
        return self._sign("upload", "write", int(now) + UPLOAD_SECONDS, identifier)

    def read_upload(self, text: str, now: float) -> str | None:
        """Which upload a signature is for; None: it is not ours, or is over."""
        found = self._read("upload", text, now)
        return found.identifier if found is not None and found.right == "write" else None

    def new_store(self, container: str, now: float) -> str:
        """The signature of the address of a container, for UPLOAD_SECONDS."""
        return self._sign("store", "write", int(now) + UPLOAD_SECONDS, container)

    def read_store(self, text: str, now: float) -> str | None:
        """Which container a signature is for; None: it is not ours, or is over."""
        found = self._read("store", text, now)
        return found.identifier if found is not None and found.right == "write" else None

    # -------------------------------------------------------------------------------- signing

    def _sign(self, kind: str, right: Right, expires: int, identifier: str) -> str:
        said = f"{right[0]}.{expires}.{identifier}"
        return f"{said}.{_text(self._mac(kind, right, said))}"

    def _read(self, kind: str, text: str, now: float) -> Session | None:
        said, _, mac = text.rpartition(".")
        letter, _, rest = said.partition(".")
        digits, _, identifier = rest.partition(".")
        right = _RIGHTS.get(letter)
        if right is None or not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
            return None
        if not hmac.compare_digest(_text(self._mac(kind, right, said)).encode(), mac.encode()):
            return None
        return Session(identifier, right, int(digits)) if now < int(digits) else None

    def _mac(self, kind: str, right: Right, text: str) -> bytes:
        # With the token of its right: changing one token ends what was made with it, and only that.
        key = self.full if right == "write" or self.read is None else self.read
        return hmac.digest(key.encode(), f"reconciler {kind}\n{text}".encode(), "sha256")


_NAME = "!"
"""Between an identifier and a name: neither has it. Not a tilde, by which the masks of the log, and
scanners, know a secret of Azure.
"""
_LONGEST_NAME = 100


def named(identifier: str, name: str | None) -> str:
    """An identifier that says a name too, which it is signed with."""
    if not name:
        return identifier
    return f"{identifier}{_NAME}{_text(name[:_LONGEST_NAME].encode('utf-8', 'replace'))}"


_RIGHTS: dict[str, Right] = {"r": "read", "w": "write"}


def new_token() -> str:
    """A new token."""
    return secrets.token_urlsafe(32)


def check_token(text: str) -> str | None:
    """What is wrong with a token that somebody chose; None: nothing."""
    if len(text) < 16:
        return "it has fewer than 16 characters"
    if len(text) > LONGEST_TOKEN:
        return f"it has more than {LONGEST_TOKEN} characters"
    if not all("!" <= character <= "~" for character in text):
        return "it holds characters that a header cannot"
    return None


def hidden(text: str, tokens: Iterable[str]) -> str:
    """`text` without the tokens that it may hold."""
    for token in tokens:
        text = text.replace(token, "****")
    return text


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _text(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
