"""Text that may hold a credential -> the same without it. Pure, and linear in its length.

Known are addresses with a user and a password, `name=value` and `--name value` under secret names
(connection strings and signed URLs among them), what follows `Authorization` and `Bearer`, private
keys, and what the modules beside this one know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from reconciler.masking.commands import mask_commands
from reconciler.masking.encoded import mask_encoded
from reconciler.masking.names import MASK, is_secret, is_variable
from reconciler.masking.plain import is_plain
from reconciler.masking.prose import mask_prose
from reconciler.masking.shapes import ADDRESSES, SHAPES

_PRIVATE_KEY = re.compile(
    r"----(?:-| )BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|PuTTY-User-Key-File-[0-9]"
)

# The words a person writes after "bearer" have no digits and are short.
_BEARER = re.compile(
    r"(?i)(?<![\w-])(bearer|basic)((?:\s|%20){1,8}+)"
    r"((?=[A-Za-z_.~+/-]{0,64}[0-9=])[\w.~+/=-]{4,}+|[\w.~+/=-]{20,}+)"
)
_HEADER = re.compile(
    r"(?i)(?<![\w/.-])((?:proxy-)?authorization|x-[\w-]{0,40}(?:key|token|auth|secret|signature)"
    r"|(?:api|access|subscription)-?key|(?:private|job|deploy|vault|auth|access|session|refresh)-token"
    r"|password|passwd|pwd)"
    r"([\"']?[ \t]{0,8}:[ \t]{0,8}(?:[fFrRbBuU]{1,2}(?=[\"']))?[\"']?)((?:bearer|basic|token|negotiate|sharedkey|digest)[ ]{1,8}+)?"  # noqa: E501
    r"([^\s\"',;}\]]++)"
)
# Words with an underscore or a dot are names; of others prose has many: `unexpected token: x`.
_NAMED = re.compile(
    r"(?<![\w./-])(?=[A-Za-z0-9]{1,60}+[_.-])([A-Za-z][\w.-]{0,100}+)"
    r"([ \t]{0,4}+:[ \t]{1,8}+)(\$\{\{[^{}\n]*+\}\}|[^\s\"',;}\]]++)"
)
_IN_QUOTES = re.compile(
    r"([\"'])([A-Za-z_][\w. -]{0,100}+)\1(\s{0,8}+:\s{0,8}+(?:[fFrRbBuU]{1,2}(?=[\"']))?)(\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|[^\s,}\]\"']++)"  # noqa: E501
)
_ASSIGNED = re.compile(
    r"(?<![\w.-])([?&;]?)(-{0,2}[A-Za-z_][\w.-]{0,100}+(?: Key| Secret)?)"
    r"((?:\[[\w\"'.-]{0,100}+\]|[\"']\]?+)?[^\S\n]{0,8}+(?::=|[=!]={1,2}+|\+?=>?|\uff1d|%(?:25){0,3}3[Dd]|\\u003[Dd]|&#(?:61|x3[Dd]);)"
    r"[^\S\n]{0,8}+)"
    r"(\"[^\"\n]*+\"|'[^'\n]*+'|\\{1,15}[\"'][^\"'\\\n]++|\$\{\{[^{}\n]*+\}\}"
    # Of `auth=Basic abc=` both words, but not of `mode=basic password=x`.
    r"|(?i:bearer|basic|token|negotiate|sharedkey|digest)[ ]{1,8}+[^\s&;\"',)}\]=]++=*+(?![^\s&;\"',)}\]])"  # noqa: E501
    r"|[^\s&;\"',)}\]]++)"
)
# `"hunter2" == password`, and `password "hunter2";`: with its semicolon, for prose has the rest.
_COMPARED = re.compile(
    r"(\"[^\"\n]*+\"|'[^'\n]*+')(\s{0,8}+[=!]={1,2}+\s{0,8}+)([A-Za-z_][\w.-]{0,100}+)"
)
_DIRECTIVE = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w.-]{0,100}+)(\s{1,8}+)(\"[^\"\n]*+\"|'[^'\n]*+')(?=\s?;)"
)
_OPTION = re.compile(
    r"(?<![\w.-])(--?[A-Za-z][\w.-]{0,100}+)([\"']?,?\s++|[\"']\s*+,\s*+)(?![\"']?(?:--|-(?![\w-]{16})))"
    r"(\"[^\"\n]*+\"|'[^'\n]*+'|\$\{\{[^{}\n]*+\}\}|[\"']?[^\s\"']++)"
)
_USER = re.compile(
    r"(?<![^\s\"'\[(,])((?:-u|--user|--proxy-user|-U)[ =]{1,4}+[\"']?[^\s:\"']{1,100}+:)[^\s\"']++"
)
_SIGNATURES = frozenset(
    ["sig", "signature", "accountkey", "sharedaccesssignature", "sharedaccesskey"]
)

_MOST_PASSES = 4
_SHORT = 200
_LONG = re.compile(r"[\w.~+/=:%-]{12,}+")  # no key is shorter

_RUN = re.compile(r"[^\s\"'<>`]*+")
_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]*\]|[\w-]*\.[\w.-]*|localhost)(?::[0-9]{0,5})?\Z|[\w-]*\Z")


def mask_text(text: str) -> str:
    """`text` without the credentials that stand in it."""
    return _short(text) if len(text) <= _SHORT else _without_credentials(text)


@lru_cache(maxsize=4096)
def _short(text: str) -> str:
    """Schedules say the same of many things: who they belong to, when, what they run."""
    return text if is_plain(text) else _without_credentials(text)


def _without_credentials(text: str) -> str:
    for _ in range(_MOST_PASSES):
        shown = mask_encoded(_masked(text), _masked)
        if shown == text:
            break
        text = shown  # what is masked may have kept another from being seen
    return text


def _masked(text: str) -> str:
    if _may_hold_a_key(text):
        text = _without_private_keys(text)
    if "://" in text:
        text = mask_user_info(text)
        text = ADDRESSES.sub(MASK, text)
    text = mask_commands(text)
    text = mask_prose(text)
    if (
        "=" in text
        or "%" in text
        or "->" in text
        or "\\u" in text
        or "&#" in text
        or "\uff1d" in text
    ):
        text = _COMPARED.sub(_compared, text)  # before what it compares with is taken for a value
        text = _ASSIGNED.sub(_assigned, text)
    if ";" in text:
        text = _DIRECTIVE.sub(_directive, text)
    if "-" in text:
        text = _USER.sub(rf"\1{MASK}", text)
        text = _OPTION.sub(_option, text)
    if ":" in text:
        text = _HEADER.sub(rf"\1\2\3{MASK}", text)
        text = _NAMED.sub(_option, text)
        text = _IN_QUOTES.sub(_quoted, text)
    if len(text) > 7:
        text = _BEARER.sub(rf"\1\2{MASK}", text)
        text = _LONG.sub(lambda run: SHAPES.sub(MASK, run[0]), text)
    return text


def _without_private_keys(text: str) -> str:
    """What stands between the beginning and the end, or the end of the text, of each."""
    parts: list[str] = []
    start = 0
    while (begin := _PRIVATE_KEY.search(text, start)) is not None:
        end = text.find(_end_of(begin), begin.end())
        parts += [text[start : begin.end()], MASK]
        start = end if end >= 0 else len(text)
    return "".join([*parts, text[start:]])


def private_key_end(line: str) -> str | None:
    """What ends a private key that begins on this line and does not end on it; else None."""
    begins = list(_PRIVATE_KEY.finditer(line)) if _may_hold_a_key(line) else []
    if not begins or _end_of(begins[-1]) in line[begins[-1].end() :]:
        return None
    return _end_of(begins[-1])


def _may_hold_a_key(text: str) -> bool:
    return "BEGIN " in text or "PuTTY-" in text


def _end_of(begin: re.Match[str]) -> str:
    if begin[0].startswith("PuTTY"):
        return "Private-MAC:"
    return "---- END" if begin[0].startswith("---- ") else "-----END"


# -------------------------------------------------------------------------------- names and values


def _assigned(match: re.Match[str]) -> str:
    mark, name, between, value = match.groups()
    bare = name.lower().lstrip("-")
    in_query = mark or (match.start() and match.string[match.start() - 1] in "?&;")
    index = between.partition("]")[0] if between.startswith("[") else ""
    secret = bare in _SIGNATURES or is_secret(index)
    secret = secret or (is_secret(name) and (bare not in ("key", "keys") or bool(in_query)))
    if not secret or is_variable(value):
        return match[0]
    return f"{mark}{name}{between}{MASK}"


def _compared(match: re.Match[str]) -> str:
    _, between, name = match.groups()
    return f"{MASK}{between}{name}" if is_secret(name) else match[0]


def _directive(match: re.Match[str]) -> str:
    name, between, _ = match.groups()
    return f"{name}{between}{MASK}" if is_secret(name) else match[0]


def _option(match: re.Match[str]) -> str:
    name, between, value = match.groups()
    if not is_secret(name) or is_variable(value):
        return match[0]
    opening = value[0] if value[0] in "\"'" else ""
    closing = opening if value[1:].endswith(opening) else ""
    return f"{name}{between}{opening}{MASK}{closing}"


def _quoted(match: re.Match[str]) -> str:
    quote, name, between, value = match.groups()
    if not is_secret(name) or value in ("null", "true", "false"):
        return match[0]
    shown = f"{value[0]}{MASK}{value[0]}" if value[0] in "\"'" else MASK
    return f"{quote}{name}{quote}{between}{shown}"


# --------------------------------------------------------------------------------------- addresses


def mask_user_info(text: str, cut: Callable[[str, str], str] | None = None) -> str:
    """`text` with the user information of each address masked, or as `cut(scheme, it)` makes it.

    Everything before the last `@` of an address is: a password may hold `@` and `/`. Of others than
    web addresses a user is shown (`ssh://git@host`, `abfss://container@account`), and masked is
    what follows the colon.
    """
    parts: list[str] = []
    start = 0
    while (found := text.find("://", start)) >= 0:
        end = _run_end(text, found + 3)
        pieces = text[found + 3 : end].split("://")
        parts.append(text[start : found + 3])
        parts.append(
            _masked_run(_scheme(text[max(start, found - 31) : found]), pieces, cut or _masked_user)
        )
        start = end
    return "".join([*parts, text[start:]])


def _run_end(text: str, start: int) -> int:
    match = _RUN.match(text, start)
    assert match is not None
    return match.end()


def _masked_run(scheme: str, pieces: list[str], cut: Callable[[str, str], str]) -> str:
    """Of one run of characters that may hold addresses within an address."""
    last = max((i for i, piece in enumerate(pieces) if "@" in piece), default=-1)
    shown: list[str] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if at < last and "@" not in piece and _is_half(piece):
            piece, at = "://".join(pieces[at : last + 1]), last  # a password that holds `://`
        info = _user_info(piece)
        shown.append(piece if info is None else cut(scheme.lower(), info) + piece[len(info) + 1 :])
        scheme = _scheme(piece[-31:])
        at += 1
    return "://".join(shown)


def _scheme(before: str) -> str:
    """The scheme that the text before `://` ends with."""
    return before[len(before.rstrip(_SCHEME)) :].lstrip("0123456789+.-")


def _is_half(piece: str) -> bool:
    head = re.split("[/?#]", piece, maxsplit=1)[0]
    return ":" in head and _HOST.match(head) is None


def _user_info(piece: str) -> str | None:
    """What stands before the last `@`, where that is user information."""
    head = re.split("[/?#]", piece, maxsplit=1)[0]
    if "@" not in piece or not ("@" in head or _is_half(piece)):
        return None
    return piece[: piece.rindex("@")]


def _masked_user(scheme: str, info: str) -> str:
    if scheme in ("http", "https", ""):
        return f"{MASK}@"
    user, colon, _ = info.partition(":")
    return f"{user}:{MASK}@" if colon else f"{info}@"
