"""What a command does with its arguments: bash's own commands, and programs that run others.

A command of bash that is not named here, and one that is used in another way than here, is Unclear.
A program of another kind gets its arguments as text, and what it does with them is its own matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.shell.code_options import PYTHON_MODULES, given_as_code
from reconciler.shell.notes import Document, Notes, Unclear, Word
from reconciler.shell.special_variables import NAME, chooses_code, holds_code, is_number_of_bash


@dataclass(slots=True)
class Call:
    """One simple command."""

    words: list[Word] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    """What its input comes from, if it stands in the script."""
    started: int = 0
    """How many programs it has in one another: `nohup nice python ...`."""


class Reader(Protocol):
    """What reads the script."""

    notes: Notes

    def nested(self, code: str) -> None:
        """Read `code` as a script of its own."""

    def assigned(self, name: str, value: Word) -> None:
        """Unclear if `name` may not get this content."""


Words = Sequence[Word]
Rule = Callable[[str, Words, Call, Reader], None]


def judge(call: Call, reader: Reader) -> None:
    """Look at a command; Unclear where it may evaluate what it is given."""
    _judge(call.words, call, reader)


def _judge(words: Words, call: Call, reader: Reader) -> None:
    notes = reader.notes
    command, arguments = words[0], words[1:]
    name = command.literal
    if name is None or not (command.single or command.raw == "["):
        if command.holders:
            notes.hand("a command named by a value")
        raise Unclear("a command that is named by a variable")
    base = name.rpartition("/")[2]
    rule = BUILTINS.get(name) or PROGRAMS.get(base) or PROGRAMS.get(_VERSION.sub("", base))
    if "/" in name:
        notes.run.append(command)
    call.started += 1
    if call.started > _MOST_STARTED:
        raise Unclear("programs that start one another")
    if rule is not None:
        rule(_VERSION.sub("", base) or base, arguments, call, reader)
    elif name in OTHER_BUILTINS:
        raise Unclear(name)
    if name not in BUILTINS:
        _code_in(base, arguments, call, reader)
    notes.words += arguments


_CODE = re.compile(r"-[A-Za-z]*[ceEpr]|--eval|--print")


def _code_in(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """Options that take code; and programs that start an interpreter: `conda run bash -c ...`."""
    for what, word in given_as_code(name, arguments):
        _restricted_code(what, word, reader)
    for index in range(len(arguments) - 1):
        base = (arguments[index].literal or "").rpartition("/")[2]
        rule = PROGRAMS.get(_VERSION.sub("", base))
        if rule in _INTERPRETERS and _CODE.fullmatch(arguments[index + 1].literal or ""):
            _judge(arguments[index:], call, reader)


def _restricted_code(what: str, word: Word, reader: Reader) -> None:
    reader.notes.hand(what)
    if not word.holders or not word.single:
        raise Unclear(what)
    reader.notes.restrict(word, what)


_MOST_STARTED = 8
_VERSION = re.compile(r"(?<=[A-Za-z])[0-9.]+\Z")


# ------------------------------------------------------------------------------- commands of bash


def _text(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """It makes nothing of its arguments but text."""


def _restricted(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    for word in arguments:
        reader.notes.restrict(word, name)


def _literal(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    if any(word.literal is None for word in arguments):
        raise Unclear(name)


def _names(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """Its arguments are names of variables, of which it makes or reads the content."""
    for word in arguments:
        if word.literal is None or "[" in word.literal or not word.single:
            raise Unclear(name)
        if holds_code(word.literal) or is_number_of_bash(word.literal):
            raise Unclear(f"{name} {word.literal}")
        if name in ("mapfile", "readarray") and word.literal.startswith("-C"):
            reader.notes.refuse(f"{name} -C")


def _wait(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    _names(name, [word for word in arguments if word.raw not in ("$!", '"$!"')], call, reader)


def _declare(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """`export NAME=text`: an assignment, without an attribute that evaluates the text."""
    for word in arguments:
        found = re.match(rf"({NAME})(\+?=|\Z)", word.head)
        if found is None or (not found[2] and word.literal is None):
            raise Unclear(name)
        if found[2] and word.holders and chooses_code(found[1]):
            reader.notes.hand(found[1])
        if found[2]:
            reader.assigned(found[1], word)
        reader.notes.restrict(word, f"an assignment, {name} {found[1]}=...")


_NUMBER_WRITTEN = re.compile(r"%[-+ #0-9.*'hlLjzt]*+n")


def _printf(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    rest = list(arguments)
    if rest and rest[0].literal == "--":
        del rest[0]
    elif rest and (rest[0].head[:1] == "-" or rest[0].may_be_option):
        raise Unclear("printf -v")
    if not rest:
        return
    form = rest[0]
    if form.literal is None and (len(rest) > 1 or not form.single):
        reader.notes.restrict(form, "the format of printf")
        raise Unclear("the format of printf")
    if not form.single or _NUMBER_WRITTEN.search(form.head.replace("%%", "")):
        raise Unclear("the format of printf")
    reader.notes.restrict(form, "the format of printf")


_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknprsuwxzGLNOS")
_BINARY = frozenset(
    {"=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"}
)


def _test(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """`[ -f X ]`, `[ X = Y ]`, `! ` before them: of no other is it certain what `-v` would be."""
    words = list(arguments)
    if name == "[" and (not words or words.pop().literal != "]"):
        raise Unclear("[ without ]")
    if not all(word.single for word in words):
        raise Unclear(f"{name} with a variable without quotes")
    if len(words) > 1 and words[0].raw == "!":
        del words[0]
    literals = [word.literal for word in words]
    simple = (
        len(words) <= 1
        or (len(words) == 2 and literals[0] in _UNARY)
        or (len(words) == 3 and literals[1] in _BINARY)
    )
    if not simple:
        raise Unclear(f"{name} with more than one condition")


_SETTABLE = re.compile(r"[-+][euxvfC]+")
_SETTABLE_WORDS = frozenset(
    {"pipefail", "errexit", "nounset", "xtrace", "verbose", "noglob", "noclobber"}
)
_SHELL_OPTIONS = frozenset(
    {"nullglob", "failglob", "dotglob", "globstar", "nocaseglob", "inherit_errexit", "lastpipe"}
)


def _set(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    rest = list(arguments)
    while rest and rest[0].literal != "--":
        option = rest.pop(0).literal or ""
        if re.fullmatch(r"[-+][euxvfC]*o", option):
            if not rest or rest.pop(0).literal not in _SETTABLE_WORDS:
                raise Unclear("set -o")
        elif not _SETTABLE.fullmatch(option):
            raise Unclear("set")
    for word in rest:
        reader.notes.restrict(word, "set --")


def _shopt(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    if any(word.literal not in _SHELL_OPTIONS | {"-s", "-u", "-q"} for word in arguments):
        raise Unclear("shopt")


def _trap(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    reader.notes.hand("trap")
    _literal(name, arguments, call, reader)
    if arguments and arguments[0].literal not in ("-", "", "-p", "-l"):
        reader.nested(arguments[0].literal or "")


def _code(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    reader.notes.refuse("source" if name == "." else name)


def _exec(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    if arguments:
        if arguments[0].head[:1] == "-" or arguments[0].may_be_option:
            raise Unclear(name)
        _judge(arguments, call, reader)


def _command(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    if arguments and arguments[0].literal in ("-v", "-V"):
        _literal(name, arguments, call, reader)
    else:
        _exec(name, arguments, call, reader)


BUILTINS: dict[str, Rule] = {
    **dict.fromkeys([":", "true", "false", "echo", "cd", "pwd", "times"], _text),
    **dict.fromkeys(["exit", "return", "break", "continue", "shift", "kill", "pushd"], _restricted),
    **dict.fromkeys(["jobs", "disown", "type", "hash", "umask", "ulimit", "popd"], _literal),
    **dict.fromkeys(["read", "mapfile", "readarray", "unset"], _names),
    **dict.fromkeys(["export", "readonly", "local"], _declare),
    **dict.fromkeys(["[", "test"], _test),
    **dict.fromkeys(["eval", "source", ".", "compgen", "complete", "bind", "fc"], _code),
    "wait": _wait,
    "printf": _printf,
    "set": _set,
    "shopt": _shopt,
    "trap": _trap,
    "exec": _exec,
    "command": _command,
    "builtin": _exec,
}
OTHER_BUILTINS = frozenset(
    [
        "alias",
        "bg",
        "caller",
        "compopt",
        "coproc",
        "declare",
        "dirs",
        "enable",
        "fg",
        "getopts",
        "help",
        "history",
        "let",
        "logout",
        "suspend",
        "typeset",
        "unalias",
    ]
)

# ---------------------------------------------------------------------- programs that run programs


def _after_options(
    name: str, arguments: Words, with_value: str, *, numbers: int = 0, assigns: bool = False
) -> Words:
    """What a program like `timeout` starts: what comes after its options and numbers."""
    rest = list(arguments)
    while rest:
        word = rest[0]
        literal = word.literal
        if assigns and (found := re.match(rf"{NAME}=", word.head)) is not None:
            if chooses_code(found[0][:-1]) and literal is None:
                raise Unclear(f"{name} {found[0]}")
            del rest[0]
        elif literal is None:
            raise Unclear(f"{name} with a variable before its program")
        elif literal == "--":
            del rest[0]
            break
        elif literal[:1] == "-" and literal != "-":
            if name == "env" and ("S" in literal[:3] or literal.startswith("--s")):
                raise Unclear("env -S")
            del rest[: 2 if literal[1:] and literal[1:] in with_value.split() else 1]
        elif numbers:
            numbers -= 1
            del rest[0]
        else:
            break
    if numbers and rest:
        del rest[:numbers]
    return rest


def _runs(with_value: str = "", *, numbers: int = 0, assigns: bool = False) -> Rule:
    def rule(name: str, arguments: Words, call: Call, reader: Reader) -> None:
        for word in arguments:
            if assigns and re.match(rf"{NAME}=", word.head):
                reader.notes.restrict(word, f"an assignment, {name} ...")
        if started := _after_options(name, arguments, with_value, numbers=numbers, assigns=assigns):
            if started[0].literal in BUILTINS or started[0].literal in OTHER_BUILTINS:
                return  # not bash's own, but a program of that name
            _judge(started, call, reader)

    return rule


def _shell(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word.literal is None:
            _chosen(f"{name} with a script named by a value", word, reader)
            return
        if re.fullmatch(r"-[euxvlfin]*c", word.literal):
            reader.notes.hand(f"{name} -c")
            if not rest or rest[0].literal is None:
                raise Unclear(f"{name} -c")
            reader.nested(rest[0].literal)
            return
        if re.fullmatch(r"-[euxvf]*o", word.literal) and rest:
            if rest.pop(0).literal not in _SETTABLE_WORDS:
                raise Unclear(name)
        elif word.literal[:1] not in ("-", "+"):
            reader.notes.run.append(word)
            return
        elif word.literal == "--version":
            return
        elif not re.fullmatch(r"-[euxvlf]+", word.literal):
            reader.notes.refuse(name)
    reader.notes.refuse(f"{name} that reads its script")


def _chosen(what: str, word: Word, reader: Reader) -> None:
    """The file that is run, by a name with something expanded in it."""
    if not word.holders or not word.single:
        raise Unclear(what)
    reader.notes.hand(what)
    reader.notes.restrict(word, what)


def _interpreter(code: str, flags: str, with_value: str, *, goes_on: bool) -> Rule:
    """`code`: its options for code, `flags`: those without a value; `goes_on`: options may follow
    the code.
    """
    codes = re.compile(rf"-[A-Za-z]*[{code}]|--eval|--print")
    single = re.compile(rf"-[{flags}]+[0-9]*|--version|--help|--vanilla|--slave|--quiet|--no-\w+")

    def rule(name: str, arguments: Words, call: Call, reader: Reader) -> None:
        rest = list(arguments)
        coded = False
        while rest:
            word = rest.pop(0)
            literal = word.literal
            if coded and (literal is None or literal == "--" or literal[:1] != "-"):
                _no_options(name, [word, *rest], reader)
                return
            if literal is None:
                _chosen(f"{name} with a script named by a value", word, reader)
                return
            if codes.fullmatch(literal):
                if not rest:
                    raise Unclear(name)
                _own_code(f"{name} {literal}", rest.pop(0), reader)
                coded = True
                if not goes_on:
                    return
            elif literal in with_value.split() and rest:
                module = rest.pop(0)
                if module.literal is None:
                    raise Unclear(f"{name} {literal}")
                if literal == "-m" and name.startswith(("python", "pypy")):
                    if module.literal in PYTHON_MODULES:
                        for one in rest:
                            if one.literal is None:
                                _restricted_code(f"{name} -m {module.literal}", one, reader)
                    return
            elif literal == "-":
                break
            elif literal[:1] != "-":
                reader.notes.run.append(word)
                return
            elif not single.fullmatch(literal):
                raise Unclear(f"{name} {literal}")
            elif literal.startswith("--"):
                coded = coded or literal in ("--version", "--help")  # it runs nothing
        if not coded:
            _reads_code(name, call, reader)

    return rule


def _no_options(name: str, words: Words, reader: Reader) -> None:
    """What could be taken for an option, of which some are code, until `--`."""
    for word in words:
        if word.literal == "--":
            return
        if word.may_be_option:
            if not word.holders or not word.single:
                raise Unclear(f"what could be an option of {name}")
            for holder in word.holders:
                reader.notes.no_option.setdefault(holder, name)


def _own_code(what: str, code: Word, reader: Reader) -> None:
    """Code in the script itself: of the author alone, or with something expanded in it."""
    if code.literal is None:
        reader.notes.hand(what)
        if not code.holders or not code.single:
            raise Unclear(what)
        reader.notes.restrict(code, what)
        raise Unclear(what)


def _reads_code(name: str, call: Call, reader: Reader) -> None:
    if not call.documents:
        reader.notes.refuse(f"{name} that reads its code")

    def look() -> None:
        if any(document.holds for document in call.documents):
            reader.notes.refuse(f"{name} that reads its code")

    reader.notes.later.append(look)


def _awk(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word.literal is None and not re.match(r"-[vF].", word.head):
            reader.notes.refuse(f"{name} with a value in its program")
        if word.literal in ("-v", "-F") and rest:
            value = rest.pop(0)
            if word.literal == "-v" and not re.match(rf"{NAME}=", value.head):
                raise Unclear(f"{name} -v")
        elif word.literal == "-f" and rest:
            if rest.pop(0).literal is None:
                reader.notes.refuse(f"{name} -f")
            return
        elif word.literal == "--":
            continue
        elif word.head[:1] != "-":
            return


def _every(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """Its arguments are its program."""
    for word in arguments:
        if word.literal is None:
            if not word.holders or not word.single:
                raise Unclear(name)
            reader.notes.restrict(word, f"{name}, which has commands that run others")


def _options(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """Some options of it run commands."""
    rest = list(arguments)
    if name == "tar":
        # `-xf X -C Y`: what follows is theirs.
        rest = [
            word
            for before, word in zip([None, *rest], rest, strict=False)
            if before is None or not re.fullmatch(r"-[a-zA-Z]*[fC]", before.literal or "")
        ]
    _no_options(name, rest, reader)


_EXECUTES = re.compile(r"-(?:exec|execdir|ok|okdir)")


def _find(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    _no_options(name, arguments, reader)
    for index, word in enumerate(arguments):
        if _EXECUTES.fullmatch(word.literal or ""):
            started = arguments[index + 1 :]
            end = next((i for i, one in enumerate(started) if one.literal in (";", "+")), None)
            if not started[:end]:
                raise Unclear("find -exec")
            _started(f"find {word.literal}", started[:end], call, reader)


_XARGS_VALUES = "a d E I L n P s"


def _xargs(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    if started := _after_options(name, arguments, _XARGS_VALUES):
        _started(name, started, call, reader)


def _started(what: str, words: Words, call: Call, reader: Reader) -> None:
    """A program that gets further arguments of which nothing is known."""
    first = _VERSION.sub("", (words[0].literal or "").rpartition("/")[2])
    if first in PROGRAMS and PROGRAMS[first] not in (_find, _options, _launches):
        reader.notes.refuse(f"{what} {first}")
    if first in BUILTINS:
        return
    _judge(words, call, reader)


def _launches(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """It starts the program that its first argument names, behind options and their values."""
    if name in _TAKE_COMMANDS:
        _options(name, arguments, call, reader)
    option = ""
    for word in arguments:
        if word.head[:1] == "-":
            option = "" if "=" in word.head else word.head
        elif option or word.literal in _SUBCOMMANDS or (word.literal or "").isdigit():
            option = ""  # maybe the value of that option
        elif word.literal is None and word.holders:
            reader.notes.refuse(f"{name} of a program that a value names")
        else:
            return


_TAKE_COMMANDS = frozenset(
    ["strace", "ltrace", "numactl", "taskset", "chrt", "unshare", "nsenter", "mpirun", "mpiexec"]
)
"""Those whose own options may be commands."""
_SUBCOMMANDS = frozenset({"run", "exec", "launch", "stat"})


def _reads(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """Without a file it takes its input for code."""
    if all(word.head[:1] == "-" and word.head not in _EVAL for word in arguments):
        _reads_code(name, call, reader)


_EVAL = frozenset({"-e", "--eval", "--version", "--help"})


def _interprets(name: str, arguments: Words, call: Call, reader: Reader) -> None:
    """What it reads, or what it is given, it runs: here or on another machine."""
    reader.notes.refuse(name)


_PYTHON = _interpreter("c", "uOBEsSIbvqid", "-m -W -X", goes_on=False)
PROGRAMS: dict[str, Rule] = {
    **dict.fromkeys(["bash", "sh", "dash", "zsh", "ksh", "ash", "rbash", "mksh"], _shell),
    **dict.fromkeys(["python", "pypy", "python-config"], _PYTHON),
    "perl": _interpreter("eEMm", "wnplaisT", "-I", goes_on=True),
    "ruby": _interpreter("er", "wnplas", "-I", goes_on=True),
    "node": _interpreter("epr", "i", "-C", goes_on=True),
    "nodejs": _interpreter("epr", "i", "-C", goes_on=True),
    "php": _interpreter("rBRE", "nq", "-d -c", goes_on=True),
    "lua": _interpreter("el", "iEW", "", goes_on=True),
    **dict.fromkeys(["Rscript", "R", "julia"], _interpreter("e", "q", "", goes_on=True)),
    **dict.fromkeys(["awk", "gawk", "mawk", "nawk"], _awk),
    **dict.fromkeys(["octave", "octave-cli", "gnuplot", "maxima"], _reads),
    "sed": _every,
    "find": _find,
    "xargs": _xargs,
    "env": _runs("u C unset chdir", assigns=True),
    "nohup": _runs(),
    "setsid": _runs(),
    "nice": _runs("n"),
    "ionice": _runs("c n p"),
    "stdbuf": _runs("i o e"),
    "timeout": _runs("k s", numbers=1),
    "time": _runs("f o"),
    "sudo": _runs("u g h p C r t D R T U", assigns=True),
    **dict.fromkeys(
        [
            "tar",
            "bsdtar",
            "rsync",
            "git",
            "scp",
            "sftp",
            "sort",
            "zip",
            "make",
            "cmake",
            "docker",
            "podman",
            "kubectl",
            "man",
            "less",
            "more",
            "vi",
            "vim",
            "emacs",
            "nano",
            "curl-config",
            "cpio",
            "dpkg",
            "rpm",
            "apt",
            "apt-get",
            "pip-config",
            "gcc",
            "g++",
            "cc",
            "ld",
            "tcpdump",
            "wget",
            "openssl",
            "logrotate",
            "ldd",
            "flock",
            "script",
            "watch",
            "entr",
        ],
        _options,
    ),
    **dict.fromkeys(
        [
            *("strace", "ltrace", "numactl", "taskset", "chrt", "unshare", "nsenter", "mpirun"),
            *("mpiexec", "srun", "valgrind", "setpriv", "doas", "perf", "hyperfine", "unbuffer"),
            *("torchrun", "accelerate", "deepspeed", "conda", "mamba", "micromamba", "uv", "uvx"),
            *("poetry", "pipenv", "hatch", "pdm", "dotenv", "npx", "xvfb-run", "catchsegv"),
            *("proxychains", "firejail", "xterm", "ld.so"),
        ],
        _launches,
    ),
    **dict.fromkeys(
        [
            "ssh",
            "su",
            "parallel",
            "at",
            "batch",
            "expect",
            "tclsh",
            "wish",
            "gdb",
            "ed",
            "ex",
            "m4",
            "dc",
            "busybox",
            "toybox",
            "csh",
            "tcsh",
            "fish",
            "chroot",
            "screen",
            "tmux",
            "psql",
            "mysql",
            "sqlite",
            "sqlite3",
            "ftp",
            "telnet",
            "nc",
            "ncat",
            "socat",
            "pwsh",
            "powershell",
            "run-parts",
            "crontab",
            "systemd-run",
            "start-stop-daemon",
            "ipython",
            "jupyter",
            "irb",
            "ghci",
            "scala",
            "groovy",
            "ocaml",
            "erl",
            "iex",
        ],
        _interprets,
    ),
}
_INTERPRETERS = frozenset(
    PROGRAMS[name] for name in ("bash", "python", "perl", "ruby", "node", "php", "lua", "Rscript")
)
