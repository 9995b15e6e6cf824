"""A bearer token in the form that Microsoft's SDKs can read: a JWT, signed with one of our tokens.

The SDKs look into a token for when it ends (`exp`) and which tenant it is of (`tid`), and cannot
read the plain one. Whoever has the plain token makes such a one with it, good for as long as they
say, up to LONGEST_SECONDS; nothing is stored, and changing the token ends what was signed with it.
Only HS256 (RFC 7518, 3.2) is taken, whatever a token says of itself.
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

from reconciler.web.tokens import Right, Tokens

LONGEST_JWT = 2048
LONGEST_SECONDS = 24 * 3600
"""How far ahead a JWT may end: one that was seen on its way is of no use for long."""


def right_of_jwt(text: str, tokens: Tokens, now: float) -> Right | None:
    """What its bearer may do at `now`, in seconds since 1970; None: it is not signed with one of
    our tokens, or is over.
    """
    said, _, signature = text.rpartition(".")
    header, _, claims = said.partition(".")
    if not claims or not text.isascii():
        return None
    right = _signer(said, signature, tokens)
    if right is None or _object(header).get("alg") != "HS256":
        return None
    ends = _object(claims).get("exp")
    if not isinstance(ends, int | float) or isinstance(ends, bool):
        return None
    return right if now < ends <= now + LONGEST_SECONDS else None


def _signer(said: str, signature: str, tokens: Tokens) -> Right | None:
    # Both are compared whatever the first says: how long it takes tells nothing.
    is_full = _is_signed(said, signature, tokens.full)
    is_read = tokens.read is not None and _is_signed(said, signature, tokens.read)
    return "write" if is_full else "read" if is_read else None


def _is_signed(said: str, signature: str, key: str) -> bool:
    expected = hmac.digest(key.encode(), said.encode("ascii"), "sha256")
    text = base64.urlsafe_b64encode(expected).rstrip(b"=")
    return hmac.compare_digest(text, signature.encode("ascii"))


def _object(part: str) -> dict[str, Any]:
    """A part of a JWT that was found to be signed; empty where it is no JSON object."""
    try:
        read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
