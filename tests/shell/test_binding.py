"""Bindings in commands: read by a real bash, whatever they stand in and whatever they hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.shell.binding import BINDING, bind, is_left_open

BASH = "/bin/bash"
NASTY = """it's "a" $(touch canary) `touch canary`; touch canary && * ~ \\ #\n-n é\t"""
"""Everything that a shell could take for its own."""


def run(script: str, folder: Path, *values: str, shell: str = BASH) -> str:
    """What `script` prints, with the values in V0, V1 ..."""
    environment = {f"V{number}": value for number, value in enumerate(values)}
    done = subprocess.run(
        [shell, "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape")


def variable(binding: str) -> str | None:
    """`${{x}}` and `${{y}}` are V0 and V1; `${{absent}}` has no value."""
    return {"x": "V0", "y": "V1", "absent": None}[binding]


# What a place makes of a value: itself, or itself among other text.
PLACES = {
    "plain": ("printf %s ${{x}}", "{}"),
    "blanks": ("printf %s ${{   x }}", "{}"),
    "beside text": ("printf %s a${{x}}b", "a{}b"),
    "double": ('printf %s "a ${{x}} b"', "a {} b"),
    "single": ("printf %s 'a ${{x}} b'", "a {} b"),
    "two": ("printf %s ${{x}}'${{x}}'\"${{x}}\"", "{}{}{}"),
    "ansi": (r"printf %s $'a\'\t${{x}}\n'", "a'\t{}\n"),
    "after ansi": (r"printf %s $'it\'s' ${{x}}", "it's{}"),
    "locale": ('printf %s $"a ${{x}}"', "a {}"),
    "escaped quote": (r"printf %s \'${{x}}\"", "'{}\""),
    "escaped quote in double": (r'printf %s "\"${{x}}\""', '"{}"'),
    "after a backslash": (r"printf %s '\'${{x}}", r"\{}"),
    "two backslashes": (r"printf %s \\${{x}}", r"\{}"),
    "quote in double": ('printf %s "it\'s ${{x}}"', "it's {}"),
    "quote in single": ("printf %s 'say \"${{x}}\"'", 'say "{}"'),
    "assignment": ('v=${{x}}; printf %s "$v"', "{}"),
    "argument of a function": ('f() { printf %s "$1"; }; f ${{x}}', "{}"),
    "loop": ('for v in ${{x}}; do printf %s "$v"; done', "{}"),
    "here string": ("cat <<<${{x}} | head -c -1", "{}"),
    "redirection": ("printf %s ${{x}} < /dev/null", "{}"),
    "subshell": ("(printf %s ${{x}})", "{}"),
    "subshell in quotes": ('printf %s "$(printf %s. ${{x}})"', "{}."),
    "double in $()": ('printf %s "$(printf %s. "a ${{x}}")"', "a {}."),
    "single in $()": ("printf %s \"$(printf %s. 'a ${{x}}')\"", "a {}."),
    "$() in $()": ('printf %s "$(printf %s. "$(printf %s. ${{x}})")"', "{}.."),
    "after $()": ('printf %s "$(printf a)${{x}}"', "a{}"),
    "backticks": ('v=`printf %s. ${{x}}`; printf %s "$v"', "{}."),
    "double in backticks": ('printf %s "`printf %s. "${{x}}"`"', "{}."),
    "single in backticks": ("printf %s \"`printf %s. '${{x}}'`\"", "{}."),
    "after backticks": ("printf %s `printf a` ${{x}}", "a{}"),
    "braces": ("unset u; printf %s ${u:-${{x}}}", "{}"),
    "braces and quotes": ("unset u; printf %s ${u:-'${{x}}'}", "{}"),
    "braces in double": ('unset u; printf %s "${u:-a ${{x}}}${{x}}"', "a {}{}"),
    "double in braces": ('unset u; printf %s "${u:-"it\'s"}${{x}}"', "it's{}"),
    "length": ("v=abc; printf %s ${#v} ${{x}}", "3{}"),
    "hash in braces": ("v='a #b'; printf %s \"${v% #b}\" ${v/ #b} ${{x}}", "aa{}"),
    "hash in a word": ("printf %s a#'b ${{x}}'", "a#b {}"),
    "comment": ("# it's a \"comment, ${{x}}\nprintf %s ${{x}}", "{}"),
    "comment after a command": ("true;# it's\nprintf %s ${{x}}", "{}"),
    "comment in $()": ('printf %s "$( # it\'s (\nprintf %s. ${{x}})"', "{}."),
    "comment in backticks": ("printf %s `true # it's`'${{x}}'", "{}"),
    "no comment": (r"printf %s \ #'${{x}}'", " #{}"),
    "case": ('v=b; case $v in a) ;; (b) printf %s ${{x}};; esac; printf %s "${{x}}"', "{}{}"),
    "case in $()": (
        'printf %s "$(case b in a) ;; b) printf %s. ${{x}} ;; esac) ${{x}}"',
        "{}. {}",
    ),
    "case of the value": ('case ${{x}} in "${{x}}") printf %s ${{x}};; esac', "{}"),
    "case as a word": ('printf %s "$(printf %s in case ) ${{x}}"', "incase {}"),
    "case after then": ('if true; then case a in a) printf %s "${{x}}";; esac; fi', "{}"),
    "the word cases": ('cases() { printf %s "$1"; }; printf %s "$(cases a)${{x}}"', "a{}"),
    "arithmetic": ('printf %s "$((1 + (2) * 3))" ${{x}}', "7{}"),
    "shift is no heredoc": ("((v = 1 << 2)); printf %s $v ${{x}}", "4{}"),
    "subshell in subshell": ('printf %s "$( (printf a); printf %s. ${{x}})"', "a{}."),
    "no space between subshells": ('printf %s "$((printf a); printf %s. ${{x}})"', "a{}."),
    "unclosed": ("printf %s ${{x}} #((", "{}"),
    "test": ("[[ ${{x}} == ${{x}} ]] && printf %s ${{x}}", "{}"),
    "heredoc": ("cat <<E | head -c -1\na \"${{x}}\" 'b'\nE\n", "a \"{}\" 'b'"),
    "heredoc with tabs": ("cat <<-E | head -c -1\n\ta ${{x}}\n\tE\nprintf %s ${{x}}", "a {}{}"),
    "heredoc in single": ("cat <<'E' | head -c -1\n$HOME `${{x}}` \\ '\nE\n", "$HOME `{}` \\ '"),
    "heredoc in double": ('cat <<"E F" | head -c -1\n$HOME ${{x}}\nE F\n', "$HOME {}"),
    "heredoc escaped": ("cat <<\\E | head -c -1\n$(date) ${{x}}\nE\n", "$(date) {}"),
    "heredoc without bindings": ("cat <<'E'\n$HOME it's\nE\nprintf %s ${{x}}", "$HOME it's\n{}"),
    "heredoc with $()": ("cat <<E | head -c -1\n$(printf %s. ${{x}})\nE\n", "{}."),
    "heredoc with backticks": ("cat <<E | head -c -1\n`printf %s. ${{x}}`\nE\n", "{}."),
    "heredoc with an escape": ("cat <<E | head -c -1\n\\$HOME ${{x}}\nE\n", "$HOME {}"),
    "heredoc, rest of the line": ("cat <<E; printf %s ${{x}}\nit's\nE\n", "it's\n{}"),
    "two heredocs": (
        "cat <<A; cat <<'B' | head -c -1\na ${{x}}\nA\nb ${{x}}\nB\n",
        "a {}\nb {}",
    ),
    "heredoc in $()": ('printf %s "$(cat <<E\n${{x}}.\nE\n)"', "{}."),
    "heredoc, a word of parts": (
        "cat <<E'O'\"F\"\\. | head -c -1\n$HOME ${{x}}\nEOF.\n",
        "$HOME {}",
    ),
    "heredoc, quotes of nothing": ("cat <<''E | head -c -1\n$HOME ${{x}}\nE\n", "$HOME {}"),
    "heredoc up to an empty line": ("cat <<'' | head -c -1\n$HOME ${{x}}\n\n", "$HOME {}"),
    "heredoc, its word in another": ("cat <<'E-F' | head -c -1\n${{x}}\nE_F\nE-F\n", "{}\nE_F"),
    "heredoc, a word like its end": ("cat <<E | head -c -1\n E ${{x}}\nE\n", " E {}"),
}


@pytest.mark.parametrize(("command", "expected"), PLACES.values(), ids=PLACES)
def test_a_value_is_its_text_wherever_it_stands(
    tmp_path: Path, command: str, expected: str
) -> None:
    script = bind(command, variable)
    assert run(script, tmp_path, NASTY) == expected.replace("{}", NASTY)
    assert not list(tmp_path.iterdir())


BASH_ONLY = ("ansi", "after ansi", "locale", "here string", "hash in braces", "test")
BASH_ONLY += ("shift is no heredoc", "no space between subshells")


@pytest.mark.parametrize("name", [name for name in PLACES if name not in BASH_ONLY])
def test_where_there_is_no_bash(tmp_path: Path, name: str) -> None:
    command, expected = PLACES[name]
    script = bind(command, variable)
    assert run(script, tmp_path, NASTY, shell="/bin/sh") == expected.replace("{}", NASTY)
    assert not list(tmp_path.iterdir())


HOSTILE = [
    *("'", '"', "$(touch canary)", "`touch canary`", ";touch canary;", "&&", "|", "\n", "\\"),
    *("*", "?", "[a-z]", "~", "-n", "--", "#", "${HOME}", "$'", "}}", "${{x}}", "$[[", "]]"),
    *(")", "(", "E", "é", "\u202e", "\t", " ", "a"),
]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])),
            st.lists(
                st.sampled_from(HOSTILE),
                max_size=8,
            ).map("".join),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_value_is_its_text_and_runs_nothing(tmp_path: Path, values: list[str]) -> None:
    """All values in all places, in one bash: a null byte ends each."""
    scripts: list[str] = []
    expected: list[str] = []
    for number, value in enumerate(values):
        for command, text in PLACES.values():
            script = bind(command, lambda binding, number=number: f"V{number}")  # type: ignore[misc]
            scripts.append(f"(\n{script}\n)\nprintf '\\0'\n")
            expected.append(text.replace("{}", value) + "\0")
    assert run("".join(scripts), tmp_path, *values) == "".join(expected)
    assert not list(tmp_path.iterdir())


def test_numbers_in_arithmetic(tmp_path: Path) -> None:
    command = "echo $(( ${{x}} * ( ${{y}} + 1 ) )); if (( ${{x}} > 4 )); then echo more; fi"
    assert run(bind(command, variable), tmp_path, "5", "2") == "15\nmore\n"
    assert run(bind(command, variable), tmp_path, "3", "-2") == "-3\n"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("train $[[--x ${{x}}]] end", 'train --x "${V0}" end'),
        ("train $[[--x ${{absent}}]] end", "train  end"),
        ("train $[[--x ${{x}} --y ${{absent}}]] end", "train  end"),
        ("train $[[--x ${{x}}]]$[[ --y ${{absent}}]]", 'train --x "${V0}"'),
        ("train $[[\n  --x '${{x}}'\n]]", "train \n  --x ''\"${V0}\"''\n"),
        ('train "$[[--x ${{x}}]]"', 'train "--x ${V0}"'),
        ("train $[[--promote]]", "train --promote"),
        ("train ${{absent}} '${{absent}}' \"${{absent}}\"", 'train "" \'\'""\'\' ""'),
        (r"echo \${{x}} ${x}", r"echo \${{x}} ${x}"),
        ("echo ${{x", "echo ${{x"),
        ("((echo a) (echo ${{x}}))", '((echo a) (echo "${V0}"))'),
        ("cat <<E\nnever ${{x}} ended", "cat <<E\nnever ${V0} ended"),
        ("cat <<'E'\nnever ${{x}} ended", "cat <<E\nnever ${V0} endedE"),
        ("cat <<$x", "cat <<$x"),
        ("echo $((1 + ${{x}}", 'echo $((1 + "${V0}"'),
        ("", ""),
    ],
)
def test_text(command: str, expected: str) -> None:
    assert bind(command, variable) == expected


def test_bindings_are_found_in_one_pass() -> None:
    """Quadratic in a million, this would not end."""
    blanks = " " * 1_000_000
    assert not BINDING.search("${{" + blanks)
    assert not BINDING.search("${{ a" + blanks)
    assert not BINDING.search("${{ a" * 200_000)
    found = BINDING.search("${{" + blanks + "a b" + blanks + "}}")
    assert found is not None
    assert found[1] == "a b"


@pytest.mark.parametrize(
    ("command", "is_open"),
    [
        ('echo "${{inputs.x}"', True),
        ("echo ${{", True),
        ("cat <<E\n${{inputs.x}\nE", True),
        ("echo $(ls ${{x)", True),
        ("echo '${{'", False),
        ('echo "\\${{"', False),
        ("cat <<'E'\n${{\nE", False),
        ("ls # ${{", False),
        ("echo {{ }}", False),
    ],
)
def test_what_is_left_open_is_what_bash_does_not_read(command: str, is_open: bool) -> None:
    assert is_left_open(command) is is_open
    done = subprocess.run(
        [BASH, "-c", command], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/"
    )
    refused = "bad substitution" in done.stderr or "unexpected EOF" in done.stderr
    assert refused is is_open
