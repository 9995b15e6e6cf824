"""The layout that docs/architecture.md promises, and that the contracts which hold it can fail."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from helpers import ROOT

PACKAGE = ROOT / "reconciler"
MOST_MODULES = 14
ONE_OF_A_KIND = {"cli/commands"}
"""Folders in which every file is one of a kind."""


def modules() -> list[Path]:
    return [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]


def test_no_folder_is_a_corridor() -> None:
    counts = Counter(path.parent.as_posix() for path in modules())
    assert {
        folder: count
        for folder, count in counts.items()
        if count > MOST_MODULES and folder not in ONE_OF_A_KIND
    } == {}


def test_a_file_of_commands_is_one_command() -> None:
    from reconciler.cli import COMMANDS

    names = {path.stem for path in modules() if path.parent.as_posix() == "cli/commands"}
    assert names - {"__init__", "drift_accept"} == {module for module, _ in COMMANDS.values()}


def test_the_map_names_what_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    there = [
        f"/{path.relative_to(ROOT).as_posix()}{'/' if path.is_dir() else ''}"
        for top in ("reconciler", "tests", "docs", "schemas")
        for path in (ROOT / top, *(ROOT / top).rglob("*"))
    ]
    for name in re.findall(r"`((?:[a-z0-9_]+/)+|(?:[a-z0-9_]+/)*[a-z0-9_]+\.py)`", text):
        assert any(path.endswith(f"/{name}") for path in there), name


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        # A circle among modules of one room, among rooms, and an import of a later layer.
        ("plan/impact/matching.py", "reconciler.plan.impact.fire_diff", "No circle"),
        ("firing/clocks/offsets.py", "reconciler.firing.rules.days", "No circle"),
        ("model.py", "reconciler.document", "Stages import"),
        ("cli/commands/show.py", "reconciler.cli.commands.validate", "no other command"),
    ],
)
def test_contracts_fail_when_they_are_broken(
    module: str, line: str, contract: str, tmp_path: Path
) -> None:
    copy = tmp_path / "reconciler"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = copy / module
    path.write_text(f"{path.read_text('utf-8')}\n\nimport {line}  # noqa\n", "utf-8")
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [one for one in found.stdout.splitlines() if " BROKEN" in one]
    assert found.returncode == 1
    assert any(contract in one for one in broken), found.stdout
