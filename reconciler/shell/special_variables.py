"""Names of variables that mean something to bash or to the programs that it starts."""

from __future__ import annotations

import re

NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
IDENTIFIER = re.compile(NAME)

_CODE = frozenset({"ENV", "PROMPT_COMMAND", "SHELLOPTS", "PS0", "PS1", "PS2", "PS3", "PS4"})
_NUMBERS = frozenset(
    [
        "RANDOM",
        "SRANDOM",
        "SECONDS",
        "LINENO",
        "OPTIND",
        "OPTERR",
        "HISTCMD",
        "HISTSIZE",
        "HISTFILESIZE",
        "EPOCHSECONDS",
        "EPOCHREALTIME",
        "DIRSTACK",
        "GROUPS",
        "FUNCNAME",
        "FUNCNEST",
        "PIPESTATUS",
        "TMOUT",
        "MAILCHECK",
        "COLUMNS",
        "LINES",
        "UID",
        "EUID",
        "PPID",
        "POSIXLY_CORRECT",
        "IGNOREEOF",
    ]
)
_LOADED = frozenset(
    [
        "PATH",
        "IFS",
        "CDPATH",
        "HOME",
        "SHELL",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "LESSOPEN",
        "LESSCLOSE",
        "MANPAGER",
        "BROWSER",
        "NODE_PATH",
        "NODE_OPTIONS",
        "PERLLIB",
        "PERL5LIB",
        "PERL5OPT",
        "PERL5DB",
        "RUBYLIB",
        "RUBYOPT",
        "LUA_PATH",
        "LUA_CPATH",
        "LUA_INIT",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "CLASSPATH",
        "GCONV_PATH",
        "LOCPATH",
        "TAR_OPTIONS",
        "RSYNC_RSH",
        "MAKEFLAGS",
        "AWKPATH",
        "R_PROFILE",
        "R_PROFILE_USER",
        "R_ENVIRON",
        "R_HOME",
        "R_LIBS",
    ]
)
_PROXIES = frozenset({"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"})


def holds_code(name: str) -> bool:
    """Whether bash runs or parses the content of the variable `name` by itself."""
    return name in _CODE or name.startswith("BASH")


def is_number_of_bash(name: str) -> bool:
    """Whether bash takes what is assigned to `name` for arithmetic, or may."""
    return name in _NUMBERS


def chooses_code(name: str) -> bool:
    """Whether programs find or load code by the content of `name`."""
    return (
        name in _LOADED or holds_code(name) or name.startswith(("LD_", "DYLD_", "PYTHON", "GIT_"))
    )


def means_something(name: str) -> bool:
    """Whether an environment variable of this name is more than text to bash or to programs."""
    return chooses_code(name) or is_number_of_bash(name) or not IDENTIFIER.fullmatch(name)


def could_matter(name: str) -> bool:
    """Whether `name`, as a value, could stand for a variable of bash or of the environment: these
    have capital letters, by convention.
    """
    capitals = len(name) > 1 and name == name.upper() and any(map(str.isalpha, name))
    return capitals or name in _PROXIES or name == "_"
