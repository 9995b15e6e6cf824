"""Command lines that hold a password -> the same without it. Pure, one pass.

Long options say by their names what they hold (`text.py`); here are the programs that take a
password by a letter, by its place, or from what is piped into them, as their manuals have it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.masking.names import MASK, is_secret, is_variable


@dataclass(frozen=True, slots=True)
class _Takes:
    """How a program takes passwords."""

    apart: frozenset[str] = frozenset()
    """Options whose value is the next word."""
    attached: tuple[str, ...] = ()
    """Options that their value follows at once: `-pX`."""
    after: str = ""
    """Where such a value is `user:password`, what stands before the password."""
    next: bool = False
    """Whether it is the next word that is no option."""


def _options(apart: str = "", attached: str = "", after: str = "") -> _Takes:
    return _Takes(frozenset(apart.split()), tuple(attached.split()), after)


_LOGIN = _options("-p", "-p= -p")
_SECRET_OF_A_STORE = _options(
    "--value --string-value --body -b --from-literal --literal", "--value= --from-literal= --body="
)
_MONGO = _options("-p", "-p")
_LDAP = _options("-w", "-w")
_USER_AND_PASSWORD = _options("-u -U --user --proxy-user", "-u -U --user=", ":")
_TAKES: dict[str, _Takes] = {
    **dict.fromkeys(["mysql", "mysqldump", "mysqladmin", "mysqlimport"], _options("", "-p")),
    **dict.fromkeys(["mariadb", "mariadb-dump", "7z", "7za", "7zr"], _options("", "-p")),
    **dict.fromkeys(["mongo", "mongosh", "mongodump", "mongorestore"], _MONGO),
    **dict.fromkeys(["mongoexport", "mongoimport", "cqlsh", "sshpass", "beeline"], _MONGO),
    **dict.fromkeys(["ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldapwhoami"], _LDAP),
    **dict.fromkeys(["sqlcmd", "bcp", "zip", "unzip", "ipmitool"], _options("-P", "-P")),
    **dict.fromkeys(["redis-cli", "valkey-cli"], _options("-a")),
    **dict.fromkeys(["twine", "rdesktop", "ncftpput", "ncftpget"], _options("-p")),
    "openssl": _options("-k -K -passin -passout -pass"),
    "curl": _USER_AND_PASSWORD,
    "wget": _USER_AND_PASSWORD,
    **dict.fromkeys(["http", "https"], _options("-a --auth", "-a --auth=", ":")),
    **dict.fromkeys(["smbclient", "rpcclient", "winexe"], _options("-U --user", "-U --user=", "%")),
    "lftp": _options("-u --user", "-u --user=", ","),
    "xfreerdp": _options("", "/p:"),
    "sudo": _Takes(),
    # By the words that come behind their names.
    "docker login": _LOGIN,
    **dict.fromkeys([f"{name} login" for name in ("podman", "buildah", "skopeo", "crane")], _LOGIN),
    **dict.fromkeys(["nerdctl login", "helm login", "oras login", "az login", "oc login"], _LOGIN),
    **dict.fromkeys([f"{name} login" for name in ("vault", "wandb", "cargo")], _Takes(next=True)),
    **dict.fromkeys([f"{name} secret" for name in ("az", "gh", "kubectl")], _SECRET_OF_A_STORE),
    "databricks secrets": _SECRET_OF_A_STORE,
}
_PROGRAMS = {name.partition(" ")[0] for name in _TAKES}
_AFTER = {name.partition(" ")[2] for name in _TAKES} - {""}
_SETS = frozenset(["set", "setx", "setenv", "env", "export", "modify", "add", "put"])
"""Behind these a name and its value are two words."""
_SAYS = frozenset(["echo", "printf"])
_LISTENS = frozenset(["--password-stdin", "--with-token", "--stdin", "--passphrase-fd"])
"""Options of programs that read a password from what is piped into them."""

# Without a lookbehind, so that it is looked for by first letters; what is there is seen to below.
_ANY = re.compile(
    rf"(?:{'|'.join(sorted(map(re.escape, _PROGRAMS | _SAYS)))})(?![\w.-])"
    rf"|(?:{'|'.join(sorted(_SETS))}|ENV|SET|SETX)[ ]{{1,4}}[\w.:/-]{{0,80}}_"
)
_TOKEN = re.compile(
    r"(?P<more>\\\r?\n)|(?P<end>[\n;&|]++)|(?P<string><<<)|(?P<word>(?:'[^'\n]*+'|\"[^\"\n]*+\"|[^\s'\"|;&<]|['\"<])++)"
)
_NAME = re.compile(r"[\w.:/-]++")
_CLUSTER = re.compile(r"-[A-Za-z]{1,8}([uU])")

Span = tuple[int, int]


@dataclass(slots=True)
class _Command:
    """What was read of the command that a word is in."""

    program: str = ""
    takes: _Takes | None = None
    said: list[Span] = field(default_factory=list)
    """The words of an `echo`, which may be piped into what listens."""
    heard: list[Span] = field(default_factory=list)
    """What is piped into this command."""
    string: bool = False
    """Whether the next word is a here-string."""
    listens: bool = False
    awaited: str | None = None
    """The value that the next word is: after this character, or "" for all of it."""
    sets: bool = False
    name: bool = False
    """Whether the word before was the name of a secret that is set."""


def mask_commands(text: str) -> str:
    """`text` without the passwords that its command lines hand to programs."""
    if _ANY.search(text) is None:
        return text
    spans: list[Span] = []
    command = _Command()
    for token in _TOKEN.finditer(text):
        if token["end"] is not None:
            command = _Command(heard=command.said if token["end"] == "|" else [])
        elif token["more"] is not None:
            continue  # the command goes on in the next line
        elif token["string"] is not None:
            command.string = True
        else:
            _word(command, token[0], token.start(), spans)
    return _masked(text, spans)


def _word(command: _Command, word: str, start: int, spans: list[Span]) -> None:
    span = (start, start + len(word))
    name = word.strip("'\"`()[],").rpartition("/")[2].lower()
    if command.string:
        command.string = False
        command.said.append(span)
        if command.listens:
            spans.append(span)
    elif command.awaited is not None and not word.startswith("--"):
        _value(command.awaited, word, span, spans)
        command.awaited = None
    elif command.name:
        spans.append(span)
        command.name = False
    elif word in _LISTENS or (word == "-S" and command.program == "sudo"):
        if not command.listens:
            spans += [*command.heard, *command.said]
        command.listens = True
    elif name in _PROGRAMS:
        command.program = name
        command.takes = _TAKES.get(name)
    elif name in _AFTER and (takes := _TAKES.get(f"{command.program} {name}")) is not None:
        command.takes = takes
        command.awaited = "" if takes.next else None
    elif name in _SAYS:
        command.program = name
    elif command.program in _SAYS:
        command.said.append(span)
    elif name in _SETS:
        command.sets = True
    elif word[:1] in "-/" and command.takes is not None:
        _option(command, command.takes, word, span, spans)
    elif command.sets:
        is_name = "_" in word and _NAME.fullmatch(word) is not None
        command.name = is_name and is_secret(word.rpartition(":")[2])
        command.sets = command.sets and word.startswith("-")


def _option(command: _Command, takes: _Takes, word: str, span: Span, spans: list[Span]) -> None:
    cluster = takes.after == ":" and _CLUSTER.fullmatch(word) is not None
    if word in takes.apart or cluster:
        command.awaited = takes.after
        return
    for option in takes.attached:
        if word.startswith(option) and len(word) > len(option):
            _value(takes.after, word[len(option) :], (span[0] + len(option), span[1]), spans)
            return


def _value(after: str, word: str, span: Span, spans: list[Span]) -> None:
    """Note what of `word` is a password."""
    at = word.find(after) + 1 if after else 0
    if after and not at:
        return
    if not is_variable(word[at:]):
        spans.append((span[0] + at, span[1]))


def _masked(text: str, spans: list[Span]) -> str:
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start < done:
            continue
        inner = text[start:end]
        quote = inner[0] if inner[:1] in ("'", '"') and inner[-1:] == inner[0] else ""
        parts += [text[done:start], quote, MASK, quote]
        done = end
    return "".join([*parts, text[done:]])
