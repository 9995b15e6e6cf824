"""Why a saved plan is refused, as people read it."""

from __future__ import annotations

from reconciler.model import FieldChange, Key, Mismatch
from reconciler.render.text.staleness import render_mismatches


def test_what_it_is_about_and_what_differs() -> None:
    fields = (
        FieldChange(("trigger", "expression"), "0 2 * * *", "0 3 * * *"),
        FieldChange(("tags",), None, {"a": "b"}),
    )
    mismatches = [
        Mismatch("commit", "it is of no commit, and 0123 is checked out"),
        Mismatch("live", "it was changed live since", Key("prod", "nightly"), fields),
    ]
    assert render_mismatches(mismatches) == (
        "refused: it is of no commit, and 0123 is checked out [commit]\n"
        "refused: prod/nightly: it was changed live since [live]\n"
        '    trigger.expression  "0 2 * * *" -> "0 3 * * *"\n'
        '    tags                (none) -> {"a": "b"}\n'
    )


def test_it_ends() -> None:
    """Both in one line, and in the number of lines: it is made of what anybody wrote."""
    long = Mismatch("owner", "x" * 10_000, Key("t", "n"), (FieldChange(("f",), "a" * 999, "b"),))
    text = render_mismatches([long] * 1_234, head="left out:")
    assert len(text.splitlines()) == 201
    assert max(len(line) for line in text.splitlines()) < 440
    assert text.endswith("left out: and 1,134 more\n")


def test_nothing_is_obeyed() -> None:
    odd = "\x1b[2J\nrefused: ##vso[x]"
    field = FieldChange((odd,), odd, odd + "x")
    text = render_mismatches([Mismatch("owner", odd, Key(odd, odd), (field,))])
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text
    assert "##" not in text


def test_no_line_is_a_command_of_a_runner() -> None:
    fields = (FieldChange(("::error::x",), 1, 2), FieldChange(("b",), 1, 2))
    long = FieldChange(("n" * 300,), 1, 2)
    text = render_mismatches([Mismatch("live", "::", Key("t", "n"), (*fields, long))])
    assert not any(line.strip().startswith("::") for line in text.splitlines())
    assert f"    b{' ' * 47}  1 -> 2\n" in text
