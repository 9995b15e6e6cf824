"""No regular expression of the package can backtrack for more than its input is long.

Judged by input made against each, growing, and by recheck where it can be had.
"""

from __future__ import annotations

import pytest

from linear.growing import is_slow_on, slow_input
from linear.patterns import Pattern, patterns_of_code, patterns_of_schemas
from linear.recheck import judged

_FEW = 18
_UNREAD = {
    "declare/checking/json_schema.py": "those of the schemas, which are read there",
    "shell/parser.py": "one of bash's reserved words, each a literal",
}

OLD = [
    Pattern("masks", r"(?:[&!]\S*\s*)*(?:[|>][-+0-9]*\s*)?(?:#.*)?$", 0, frozenset({"match"})),
    Pattern("bindings", r"\$\{\{\s*([^{}]*?)\s*\}\}", 0, frozenset({"findall"})),
    Pattern("optional", r"\$\[\[(.*?)\]\]", 0, frozenset({"sub"})),
    Pattern("queries", r"(://[^\s?#]*)[?#]\S*", 0, frozenset({"sub"})),
    Pattern("issues", r"[A-Z][A-Z0-9]+-\d|\b[0-9a-f]{7,64}\b", 0, frozenset({"search"})),
    Pattern("twice", r"(?:a|a)*b", 0, frozenset({"fullmatch"})),
    Pattern("anywhere", r"a+b", 0, frozenset({"search"})),
]
"""Patterns that the package had, and two of the textbook."""


def _patterns() -> list[Pattern]:
    found = [*patterns_of_code(), *patterns_of_schemas()]
    once = {(p.text, p.flags, p.methods): p for p in found if p.flags >= 0}
    return list(once.values())


def _slow(patterns: list[Pattern], most: int) -> dict[str, str]:
    found = {p.where: (slow_input(p, most), p.text) for p in patterns}
    return {where: f"{slow} {text}" for where, (slow, text) in found.items() if slow is not None}


def test_every_pattern_of_the_package_is_read() -> None:
    unread = [p.where.rsplit(":", 1)[0] for p in patterns_of_code() if p.flags < 0]
    assert [where for where in unread if where.removeprefix("reconciler/") not in _UNREAD] == []
    assert len(_patterns()) > 60


def test_no_pattern_is_slow() -> None:
    assert _slow(_patterns(), _FEW) == {}


@pytest.mark.parametrize("old", OLD, ids=lambda old: old.where)
def test_slow_ones_are_found(old: Pattern) -> None:
    assert slow_input(old, _FEW) is not None


@pytest.mark.torture
def test_no_pattern_is_slow_on_more() -> None:
    assert _slow(_patterns(), 10_000) == {}


@pytest.mark.torture
def test_recheck_agrees() -> None:
    patterns = _patterns()
    verdicts = judged(patterns)
    # What is possessive, or bounded, it cannot see: its attack is tried.
    slow = [p.where for p, v in zip(patterns, verdicts, strict=True) if is_slow_on(p, v.attack)]
    assert slow == []
    counts = {s: sum(v.status == s for v in verdicts) for s in ("safe", "vulnerable", "unknown")}
    assert counts["safe"] > 0.8 * len(patterns), counts


def test_recheck_finds_the_old_ones() -> None:
    assert [v.status for v in judged(OLD)] == ["vulnerable"] * len(OLD)
