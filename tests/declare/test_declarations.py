"""Every folder of `declarations/invalid` gives exactly its `problems.txt`, every file of
`declarations/valid` gives none. RECONCILER_UPDATE=1 writes the texts anew: read what changed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.config import load_config
from reconciler.declarations import declarations_of
from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.yaml_loader import LINE_BREAK
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.render.problems import FORMATS, render_problems

DECLARATIONS = Path(__file__).parents[1] / "declarations"
CASES = sorted(path for path in (DECLARATIONS / "invalid").iterdir() if path.is_dir())
VALID = sorted((DECLARATIONS / "valid").glob("*.y*ml"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# What only a file system can show; test_files.py and test_load.py make it.
NOT_FILES = {
    "SCH001",
    "SCH003",
    "SCH004",
    "SCH035",
    "CFG001",
    "SCH080",  # a reconciler.yaml of another environment; test_config.py
    "TGT001",
    "TGT002",
    "TGT003",
    "TGT004",
    "SCH047",
    "SCH048",
    "SCH049",
    "SCH051",
    "SCH067",
}


def read(folder: Path, patterns: Sequence[str] = (".",)) -> Declarations:
    """A folder by its own reconciler.yaml, or for no target in particular."""
    if (folder / "reconciler.yaml").exists():
        config = replace(load_config(folder / "reconciler.yaml"), root=folder)
        targets = [config.target(name) for name in config.target_names]
        return declarations_of(config, targets, now=NOW)
    settings = [TargetSettings("")]
    return read_declarations(
        patterns, base=folder, root=folder, targets=settings, known_targets=(), now=NOW
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_invalid(case: Path) -> None:
    found = render_problems(read(case).problems, "text")
    expected = case / "problems.txt"
    if os.environ.get("RECONCILER_UPDATE"):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_valid(path: Path) -> None:
    declarations = read(DECLARATIONS / "valid", [path.name])
    assert render_problems(declarations.problems, "text") == ""
    assert declarations.declared or declarations.jobs or declarations.components


def test_every_code_has_a_case() -> None:
    shown = {problem.code for case in CASES for problem in read(case).problems}
    assert set(CODES) - shown == NOT_FILES


def test_problems_stand_where_they_say() -> None:
    for case in CASES:
        for problem in read(case).problems:
            lines = LINE_BREAK.split((case / problem.path).read_text(encoding="utf-8"))
            assert 1 <= problem.line <= len(lines) + 1
            line = lines[problem.line - 1] if problem.line <= len(lines) else ""
            assert 1 <= problem.column <= len(line) + 1
            if problem.end_column is not None:
                assert problem.column < problem.end_column <= len(line) + 1


def test_secrets_are_in_no_output() -> None:
    problems = read(DECLARATIONS / "invalid" / "secrets").problems
    assert len(problems) > 10
    for form in FORMATS:
        assert "hunter2" not in render_problems(problems, form)
    assert not any("hunter2" in repr(problem) for problem in problems)
