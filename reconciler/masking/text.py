"""Text that may hold a credential -> the same without it. Pure, and linear in its length.

Known are addresses with a user and a password, `name=value` and `--name value` under secret names
(connection strings and signed URLs among them), what follows `Authorization` and `Bearer`, JSON web
tokens, private keys, and the keys of services that give theirs a shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from reconciler.masking.names import is_secret

MASK = "****"

_PRIVATE_KEY = re.compile(
    r"----(?:-| )BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|PuTTY-User-Key-File-[0-9]"
)

# The shapes are those that the services document. A lookbehind lets each run of such characters be
# looked at from its start alone.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{20,}+"  # GitHub
    r"|gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas)-[\w-]{16,}+|GR1348941[\w-]{20}"  # GitLab
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{10,}+"  # Slack
    r"|AIza[\w-]{35}|ya29\.[\w-]{10,}+|GOCSPX-[\w-]{20,}+"  # Google
    r"|[rs]k_(?:live|test)_[0-9A-Za-z]{16,}+|sk-[A-Za-z0-9_-]{20,}+"  # Stripe, OpenAI, Anthropic
    r"|SG\.[\w-]{16,32}\.[\w-]{16,}+"  # SendGrid
    r"|npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{16,}+|hf_[A-Za-z0-9]{30,}+|dapi[0-9a-f]{32}"
    r"|sq0[a-z]{3}-[\w-]{22,}+"  # Square
    r"|(?:AC|SK)[0-9a-z]{32}(?![A-Za-z0-9])"  # Twilio
    r"|[0-9a-z]{32}-us[0-9]{1,2}(?![0-9a-z])"  # Mailchimp
    r"|AKC[a-zA-Z0-9]{10,}+|AP(?=[A-Za-z]*+[0-9])[0-9A-F][A-Za-z0-9]{8,}+(?![\w-])"  # Artifactory
    r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"  # Azure DevOps
    r"|[A-Za-z0-9]{8}AzSe[A-Za-z0-9]{40}|[A-Za-z0-9]{32,46}AC(?:DbA|GAE|RAA|OGh|i[A-Z0-9])[A-Za-z0-9]{1,20}"
    r"|[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}"  # Discord
    r"|[0-9]{8,10}:[A-Za-z0-9_-]{35}(?![\w-])"  # Telegram
    r")"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="  # a storage account's
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9=])"  # of Service Bus, Event Hubs, IoT Hub
    r"|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"  # an application's, of Entra ID
    r"|(?<![\w-])eyJ[\w-]{6,}+\.[\w-]{4,}+(?:\.[\w-]*+){0,3}"  # JSON web tokens
)
_ADDRESS = re.compile(
    r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/]{8,}+"
    r"|(?<=softlayer\.com/soap/)v3(?:\.1)?/[A-Za-z0-9]{64}"
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
    r"([\"']?[ \t]{0,8}:[ \t]{0,8}[\"']?)((?:bearer|basic|token|negotiate|sharedkey|digest)[ ]{1,8}+)?"  # noqa: E501
    r"([^\s\"',;}\]]++)"
)
# Words with an underscore or a dot are names; of others prose has many: `unexpected token: x`.
_NAMED = re.compile(
    r"(?<![\w./-])(?=[A-Za-z0-9]{1,60}+[_.])([A-Za-z][\w.]{0,100}+)"
    r"([ \t]{0,4}+:[ \t]{1,8}+)(\$\{\{[^{}\n]*+\}\}|[^\s\"',;}\]]++)"
)
_IN_QUOTES = re.compile(
    r"([\"'])([A-Za-z_][\w. -]{0,100}+)\1(\s{0,8}+:\s{0,8}+)(\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|[^\s,}\]\"']++)"  # noqa: E501
)
_ASSIGNED = re.compile(
    r"(?<![\w.-])([?&;]?)(-{0,2}[A-Za-z_][\w.-]{0,100}+(?: Key| Secret)?)"
    r"((?:\[[\w\"'.-]{0,100}+\]|[\"']\]?+)?[ ]{0,8}+(?::=|[=!]={1,2}+|=>?|%3[Dd])[ ]{0,8}+)"
    r"(\"[^\"\n]*+\"|'[^'\n]*+'|\$\{\{[^{}\n]*+\}\}"
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
# A variable or a binding is no value; what it stands for is masked where it is shown.
_VARIABLE = re.compile(
    r"[\"']?(?:\$\{\{[^{}]{0,200}+\}\}|\$[A-Z]+_[A-Z0-9_]+|\$\{[A-Z]+_[A-Z0-9_]+\})[\"']?"
)
_SIGNATURES = frozenset(
    ["sig", "signature", "accountkey", "sharedaccesssignature", "sharedaccesskey"]
)

_RUN = re.compile(r"[^\s\"'<>`]*+")
_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]*\]|[\w-]*\.[\w.-]*|localhost)(?::[0-9]{0,5})?\Z|[\w-]*\Z")


def mask_text(text: str) -> str:
    """`text` without the credentials that stand in it."""
    if _may_hold_a_key(text):
        text = _without_private_keys(text)
    if "://" in text:
        text = mask_user_info(text)
        text = _ADDRESS.sub(MASK, text)
    if "=" in text or "%3" in text:
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
        text = _SHAPES.sub(MASK, text)
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
    if not secret or _VARIABLE.fullmatch(value):
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
    if not is_secret(name) or _VARIABLE.fullmatch(value):
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
