"""What is read of a command, and what is not known to be read as bash does: each way to end.

The proof of what is read is in test_never_run.py, with a real bash; here is what is said.
"""

from __future__ import annotations

import pytest

from reconciler.shell.assessment import assess
from reconciler.shell.binding import BINDING, LONGEST_COMMAND, bind, is_too_long
from reconciler.shell.values import Names, why_unsafe

READ = [
    'echo "`echo a`"',
    'echo "a\\\nb"',
    "echo $ a",
    "echo $'a\\'b' $V0",
    'echo ${@} "${@}" ${#}',
    "echo ${a:1:2}",
    "echo ${a:-`echo b`}",
    "cat <<E\na \\$x\nE\n",
    "cat <<E\n`echo a`\nE\n",
    "! ; true",
    "time\ntrue",
    "function f { true; }",
    "function f ( ) { true; }",
    "for x; do echo a; done",
    "for x do echo a; done",
    "for x in a\ndo true; done",
    "case a in (a) true;; esac",
    "case a in a|b) true;; esac",
    "case a in a) true\nesac",
    'a=(x y); echo "${a[@]}"',
    "read x",
    "export PATH=$V0",
    "export A",
    "printf -- a",
    "printf --",
    "printf",
    "trap - EXIT",
    "exec > log",
    "env A=b",
    "timeout -- 5 ls",
    "bash -c 'echo a'",
    "bash -eo pipefail x.sh",
    "bash --version",
    "tar -xf a -- $V0",
    "awk",
    "awk --",
    "awk -v x=1 '{print}'",
    "awk -f prog.awk",
    "awk -- '{print}' x",
    "time",
    "env -- ls",
    "timeout 5",
    "awk -F , x",
]
"""Commands in which nothing evaluates the content of a variable again."""

NOT_READ = [
    ("ec\\\nho $V0", "a word goes over the end of a line"),
    ("true;\\\necho $V0", "a word goes over the end of a line"),
    ("echo $V0 \\", "it ends in a backslash"),
    ("cat <<E 'a\nb'\nE\n", "a heredoc begins on a line that goes on"),
    ('echo "a', "a quote is not closed"),
    ('echo "a\\\\\\\nb"', "a word goes over the end of a line"),
    ("cat <<E\na\\\nb\nE\n", "a word goes over the end of a line"),
    ('echo $"a"', "a text is translated"),
    ("echo $\\a", "a dollar sign stands before a backslash"),
    ("echo $'a", "a quote is not closed"),
    ("echo $(true", "its parentheses do not match"),
    ("echo `a\\`b`", "backticks with a backslash"),
    ("echo ${#a:-b}", "an expansion that is not known"),
    ("cat <<E $(echo a)\nE\n", "a heredoc begins on a line that goes on"),
    ("cat <<E", "a heredoc is not ended"),
    ("fi", '"fi" ends nothing'),
    ("{ true; } x", "the end of a command is not known"),
    ("if true; then true", "elif or else or fi is not there"),
    ("time -p true", "options of time"),
    ("( true", "its parentheses do not match"),
    ("function 'a' { true; }", "the name of a function"),
    ("function f ( x ) { true; }", "a function"),
    ("f() true", "the body of a function"),
    ("for x in a & do true; done", "the words of a loop"),
    ("for x in a; true; done", "a loop without do"),
    ("case a in a) true", "case without esac"),
    ("exec {fd}>x", "the number of a redirection is kept in a variable"),
    ("a\\\n b", "a command goes over the end of a line"),
    ("a=x(", "a parenthesis"),
    ("a=(x)y", "an array, a=(...)"),
    ("a=(x", "an array, a=(...)"),
    ("read PS4", "read PS4"),
    ("[ a", "[ without ]"),
    ("set -o vi", "set -o"),
    ("shopt -s extglob", "shopt"),
    ("env PATH=$V0 x", "env PATH="),
    ("bash $V0", "bash with a script named by a value"),
    ("bash -o vi x", "bash"),
    ("bash -z", "bash"),
    ("python -c", "python"),
    ("python -m $V0", "python -m"),
    ("python --foo", "python --foo"),
    ("python", "python that reads its code"),
    ("python -", "python that reads its code"),
    ("awk -v 1=2 x", "awk -v"),
    ("awk -f $V0", "awk -f"),
    ("find . -exec \\;", "find -exec"),
    ("ssh host x", "ssh"),
    ("case a b c", "case without in"),
    ("coproc x", "coproc, which is not known here"),
    ("select x in a; do true; done", "select, which is not known here"),
    ("( " * 33 + "cat <<E\n$V0\nE\n)", "it nests too deeply"),
]
"""Commands in which something might, and why."""


@pytest.mark.parametrize("command", READ)
def test_read(command: str) -> None:
    assert assess(command, ["V0"]).evaluated is None


@pytest.mark.parametrize(("command", "why"), NOT_READ)
def test_not_read(command: str, why: str) -> None:
    assert assess(command, ["V0"]).evaluated == why


@pytest.mark.parametrize(
    ("command", "where", "what"),
    [
        ("export PATH=$V0", "an assignment, export PATH=...", "PATH"),
        ('bash "$V0" x', *["bash with a script named by a value"] * 2),
    ],
)
def test_what_chooses_code_is_named(command: str, where: str, what: str) -> None:
    assessment = assess(command, ["V0"])
    assert assessment.evaluated is None
    assert assessment.restricted == {"V0": where}
    assert assessment.handed == (what,)


def test_a_command_may_be_as_long_as_is_said() -> None:
    assert not is_too_long("é" * (LONGEST_COMMAND // 2))
    assert is_too_long("é" * (LONGEST_COMMAND // 2) + "x")


def test_heredocs_in_heredocs_are_read_to_a_depth() -> None:
    """And below it bindings are expansions all the same."""
    command = "true ${{x}}"
    for depth in range(40):
        command = f"cat <<E{depth}\n$({command}\n)\nE{depth}"
    bound = bind(command, lambda _: "V0")
    assert BINDING.search(bound) is None
    assert bound.count("${V0}") == 1


def test_the_name_of_a_variable_of_the_command_is_no_value() -> None:
    names = Names(frozenset({"count"}), ("row_",))
    why = "holds the name of a variable of the command"
    assert [why_unsafe(value, names) for value in ("count", "a-count", "row_1")] == [why] * 3
    assert [why_unsafe(value, names) for value in ("counts", "a/b", "1count", "5")] == [None] * 4
