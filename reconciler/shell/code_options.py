"""Options by which programs take commands or code: what stands there runs, whatever it looks like.

Of a program that is not named here nothing is known: what it does with its arguments is its own
matter. Which options there are is in the manuals of the programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.shell.notes import Word

WHOLE = ""
"""In the table: every argument of the program is code, or a command, or may be made one."""

_GIT = (
    "-c -x -O --config --config-env --exec --exec-path --extcmd --upload-pack --receive-pack"
    " --open-files-in-pager --env-filter --tree-filter --index-filter --parent-filter --msg-filter"
    " --commit-filter --tag-name-filter --template"
)
_SQL = "-e --execute -q -Q -query --query -c -cmd --command -i"
_EVAL = "-e -p -pe -c --eval --print --code --call --command"
_GCC = "-wrapper -B -fplugin -specs -T"
_OF_PROGRAM = {
    "tar": "-I -F --to-command --use-compress-program --checkpoint-action --rsh-command"
    " --info-script --new-volume-script",
    "bsdtar": "--use-compress-program",
    "cpio": "--rsh-command",
    "rsync": "-e --rsh --rsync-path",
    "scp": "-o -S -F",
    "sftp": "-o -S -F",
    "git": _GIT,
    "zip": "-TT --unzip-command",
    "sort": "--compress-program",
    "wget": "--use-askpass -e --execute",
    "curl": "-K --config",
    "tcpdump": "-z",
    "dpkg": "--pre-invoke --post-invoke --status-logger",
    "apt": "-o -c --option --config-file",
    "apt-get": "-o -c --option --config-file",
    "rpm": "--eval -E --define -D --pipe --root",
    "cmake": "-P -C",
    "script": "-c --command",
    "flock": "-c --command",
    "sbatch": "--wrap",
    "java": "-agentpath: -agentlib: -javaagent: -XX:OnError -XX:OnOutOfMemoryError -XX:Flags",
    **dict.fromkeys(["gcc", "g++", "cc", "ld", "clang"], _GCC),
    **dict.fromkeys(["hive", "beeline", "spark-sql", "sqlcmd", "duckdb"], _SQL),
    **dict.fromkeys(
        [
            *("octave", "octave-cli", "gnuplot", "deno", "bun", "ts-node", "tsx", "elixir"),
            *("clojure", "clj", "racket", "guile", "nu", "xonsh", "osascript", "mongo", "mongosh"),
            *("swift", "kotlin", "rake", "spark-shell", "npx", "npm", "latexmk", "ghc", "raku"),
        ],
        _EVAL,
    ),
    "matlab": "-r -batch",
    "nmap": "--script --script-args",
    "ansible-playbook": "-e --extra-vars",
    **dict.fromkeys(
        [
            *("make", "gmake", "vi", "vim", "nvim", "emacs", "nano", "less", "more", "man"),
            *("watch", "entr", "ansible", "salt", "fab", "runuser", "sg", "logrotate"),
        ],
        WHOLE,
    ),
}
_SUBCOMMANDS = {
    "git": ("bisect", "config", "filter-branch", "submodule"),
    "deno": ("eval",),
    "redis-cli": ("eval", "EVAL"),
    "npm": ("exec",),
    "cmake": ("-E",),
}
"""Commands of a program of which every argument may be code."""
PYTHON_MODULES = frozenset(
    {"timeit", "pdb", "cProfile", "profile", "trace", "runpy", "code", "IPython", "doctest"}
)
"""Modules of Python that run what they are given."""


def given_as_code(name: str, arguments: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    """The arguments with something expanded in them that stand where code does, and what takes
    them.
    """
    options = _OF_PROGRAM.get(name)
    subcommands = _SUBCOMMANDS.get(name, ())
    chosen = next((word.literal for word in arguments if word.literal in subcommands), None)
    known = options.split() if options is not None else []
    before = ""
    for word in arguments:
        if word.literal is None:
            if options == WHOLE or chosen is not None:
                yield f"{name} {chosen}" if chosen is not None else name, word
            elif before in known or _is_bundle(before, known):
                yield f"{name} {before}", word
            else:
                yield from ((f"{name} {one}", word) for one in known if _is_joined(word.head, one))
        before = word.literal or ""


def _is_bundle(option: str, known: Sequence[str]) -> bool:
    """Whether short options end in one of these: `-qc`."""
    return (
        option[:1] == "-"
        and option[1:2] != "-"
        and option[1:].isalpha()
        and (f"-{option[-1]}" in known)
    )


def _is_joined(head: str, option: str) -> bool:
    """`--option=X`, `-oX`; a beginning of a long one will do, as getopt takes it."""
    name, sign, _ = head.partition("=")
    if option[:2] == "--":
        return bool(sign) and len(name) > 2 and option.startswith(name)
    return head.startswith(option)
