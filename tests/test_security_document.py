"""docs/security.md names, for each promise, the tests that hold it: every one of them exists."""

from __future__ import annotations

import ast
import re

import pytest
from helpers import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_TEST = re.compile(r"`tests/[\w/]+\.py::test_\w+`(?:, |\Z)")


def _rows() -> list[tuple[str, str]]:
    """(promise, tests) of the table under "What holds it"."""
    part = TEXT.split("## What holds it", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [(row[0].strip(), row[-1].strip()) for row in rows[2:]]


def test_each_promise_names_tests() -> None:
    rows = _rows()
    assert len(rows) > 20
    # A file alone would say that something in it holds the promise, and not what.
    assert [promise for promise, tests in rows if _TEST.sub("", tests) or not tests] == []
    assert len({promise for promise, _ in rows}) == len(rows)


def test_each_threat_is_among_them() -> None:
    part = TEXT.split("## Threats", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    threats = [line.strip("|").split("|")[0].strip() for line in lines]
    promises = {promise for promise, _ in _rows()}
    assert [threat for threat in threats if threat not in promises] == []


@pytest.mark.parametrize(("path", "name"), sorted(set(_NAMED.findall(TEXT))))
def test_each_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert not name or name in names
