"""Passwords that sentences, markup and configuration of programs name -> the same without them.

Prose says more of passwords than it gives away ("the password is not set"): what stands behind such
a word without a mark between is masked where it is quoted, or has a digit or a sign that words have
not. Pure, and linear.
"""

from __future__ import annotations

import re

from reconciler.masking.names import MASK, is_secret, is_variable

_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)s?|pwd|secret(?:[ _-]key|[ _-]access[ _-]key)?|credentials?"
    r"|(?:api|access|account|storage|auth|bearer|shared|private|client|subscription)[ _-]"
    r"?(?:key|token|secret)|requirepass|masterauth|token)"
)
_HINT = re.compile("pass|pwd|secret|credential|key|token|masterauth|identified")
"""One of these is in each of those words."""
_LIKE_ONE = r"(?=[A-Za-z_/.:-]{0,64}+[0-9!#%^&*+~@=])"
_IS = re.compile(
    rf"(?i)(?<![\w./-])({_WORDS})"
    r"((?:[ ]for[ ][\w@.-]{1,60}+)?[ ]{1,4}+(?:is|was)[ ]?[:=]?[ ]{1,4}+)"
    rf"(?:\"([^\"\n]{{3,200}}+)\"|'([^'\n]{{3,200}}+)'|`([^`\n]{{3,200}}+)`|{_LIKE_ONE}([^\s\"'`,;)]{{4,}}+))"
)
_PLAIN = re.compile(
    r"(?i)(?<![\w./-])((?:pass(?:word|wd|phrase|code)|requirepass|masterauth|identified[ ]by)"
    rf"[ ]{{1,8}}+)(?:\"([^\"\n]++)\"|'([^'\n]++)'|{_LIKE_ONE}([^\s\"'`,;)]{{4,}}+))"
)
_COLON = re.compile(
    rf"(?i)(?<![\w./-])({_WORDS}(?:[ ]for[ ][\w@.-]{{1,60}}+)?[ ]?:[ \t]{{1,8}}+)"
    rf"{_LIKE_ONE}([^\s\"'`,;)\]}}]{{6,}}+)"
)
_SECRET = re.compile(
    r"(?i)(?<![\w./-])((?:the |my |our |its |a )?(?:secret|passphrase|passcode)[ ]?:[ \t]{1,8}+)"
    r"([^\s\"'`,;)\]}|>]++)"
)
_COOKIE = re.compile(r"(?i)(?<![\w-])((?:set-)?cookie[\"']?[ ]{0,4}:[ ]{0,4}[\"']?)([^\r\n\"']++)")
_AUTHORIZATION = re.compile(
    r"(?i)(?<![\w/.-])((?:proxy-)?authorization[\"']?[ \t]{0,8}:[ \t]{0,8}[\"']?)"
    r"([A-Za-z][\w-]{1,30}+[ ]{1,8}+[^\r\n\"'\\]++)"
)
_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]{0,100}+)(?:[ ][^<>]{0,300}+)?>([^<>]++)(?=</)")
_ATTRIBUTES = re.compile(
    r"(?i)((?:name|key|id|variable|env|parameter|option)[\"']?[ ]{0,4}[=:][ ]{0,4})"
    r"[\"']([\w .-]{1,100}+)"
    r"([\"'](?:(?:[ ]?,[ ]{0,4}|[ ]{1,4})[\"']?(?:value|values|default|content)[\"']?"
    r"[ ]{0,4}[=:][ ]{0,4}|[ ]?>))"
    r"(\"[^\"\n]*+\"|'[^'\n]*+'|(?<=>)[^<>\n]++)"
)
_CALL = re.compile(
    r"(?<=\()([ ]{0,4})([\"'])([A-Za-z_][\w.-]{0,100}+)\2([ ]{0,4},[ ]{0,4})"
    r"(\"[^\"\n]++\"|'[^'\n]++')(?=[ ]{0,4}[,)])"
)
_COLON_OPTION = re.compile(r"(?<![\w:/.-])((?:--?|/)[A-Za-z][\w-]{0,60}+):([^\s\"']++)")
_ESCAPED = re.compile(
    r"(?<!\\)(\\{1,15}[\"'])([A-Za-z_][\w. -]{0,100}+)\1(\s{0,8}:\s{0,8})"
    r"\1((?:(?!(?<!\\)\1)[^\n])*+)"
)
_WITHOUT_SCHEME = re.compile(
    r"(?<![\w./:@%-])([\w.-]{1,64}+:)([^\s:@/\"'<>{}]{3,100}+)"
    r"@(?=(?:[\w-]{1,60}\.[\w.-]{1,200}+|localhost)(?::[0-9]|/))"
)
_ORACLE = re.compile(
    r"(?i)((?:oracle:(?:thin|oci8?):|sqlplus[ ]{1,4})[\w.-]{1,60}+/)([^\s@/]++)(?=@)"
)
_IN_BRACES = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w.-]{0,100}+)([ ]{0,4}=[ ]{0,4})\{(?!\{)([^{}\n]++)\}"
)
_IN_CONNECTION = re.compile(
    r"(?<=;)([ ]{0,4}[A-Za-z_][\w .-]{0,60}+)(=[ ]{0,4})([^;\"'\n{}&]++)(?=;)"
)


def mask_prose(text: str) -> str:
    """`text` without the passwords that its words name."""
    lower = text.lower()
    if ":" in text:
        if "cookie" in lower:
            text = _COOKIE.sub(rf"\1{MASK}", text)
        if "authorization" in lower:
            text = _AUTHORIZATION.sub(rf"\1{MASK}", text)
        if _HINT.search(lower) is not None:
            text = _COLON.sub(rf"\1{MASK}", text)
            text = _SECRET.sub(rf"\1{MASK}", text)
        text = _COLON_OPTION.sub(_option, text)
    if "@" in text:
        text = _WITHOUT_SCHEME.sub(rf"\1{MASK}@", text)
        text = _ORACLE.sub(rf"\1{MASK}", text)
    if "\\" in text:
        text = _ESCAPED.sub(_escaped, text)
    if "<" in text and ">" in text:
        text = _ELEMENT.sub(_element, text)
    if "=" in text and ";" in text:
        text = _IN_BRACES.sub(_braces, text)
        text = _IN_CONNECTION.sub(_connection, text)
    if '"' in text or "'" in text:
        if ">" in text or "value" in lower or "default" in lower or "content" in lower:
            text = _ATTRIBUTES.sub(_attributes, text)
        text = _CALL.sub(_call, text)
    if _HINT.search(lower) is not None:
        text = _IS.sub(_told, text)
        text = _PLAIN.sub(_told, text)
    return text


def _option(match: re.Match[str]) -> str:
    name, value = match.groups()
    return f"{name}:{MASK}" if is_secret(name) and not is_variable(value) else match[0]


def _escaped(match: re.Match[str]) -> str:
    quote, name, between, _ = match.groups()
    return f"{quote}{name}{quote}{between}{quote}{MASK}" if is_secret(name) else match[0]


def _element(match: re.Match[str]) -> str:
    before = match[0][: match.start(2) - match.start()]
    return before + MASK if is_secret(match[1]) and not is_variable(match[2]) else match[0]


def _attributes(match: re.Match[str]) -> str:
    what, name, between, value = match.groups()
    if not is_secret(name) or is_variable(value):
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{what}{match[0][len(what)]}{name}{between}{quote}{MASK}{quote}"


def _call(match: re.Match[str]) -> str:
    blanks, quote, name, between, value = match.groups()
    if not is_secret(name) or is_variable(value) or is_secret(value):  # a list of names
        return match[0]
    return f"{blanks}{quote}{name}{quote}{between}{value[0]}{MASK}{value[0]}"


def _braces(match: re.Match[str]) -> str:
    name, between, _ = match.groups()
    return f"{name}{between}{{{MASK}}}" if is_secret(name) else match[0]


def _connection(match: re.Match[str]) -> str:
    name, between, value = match.groups()
    secret = is_secret(name.strip()) and not is_variable(value)
    return f"{name}{between}{MASK}" if secret else match[0]


def _told(match: re.Match[str]) -> str:
    """Without its last group: the value, in whichever quotes it stood."""
    at = match.lastindex or 0
    if is_variable(match[at]):
        return match[0]
    start, end = match.start(at) - match.start(), match.end(at) - match.start()
    return match[0][:start] + MASK + match[0][end:]
