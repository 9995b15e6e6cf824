"""What `make benchmark` writes: sections that are measured anew, and all others as they were."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT

# Not by its folder on the path: benchmarks/azure.py would stand before Microsoft's packages.
_SPEC = importlib.util.spec_from_file_location("results", ROOT / "benchmarks" / "results.py")
assert _SPEC is not None
assert _SPEC.loader is not None
results: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(results)

FOUND = """\
# Results

Of another time.

## By hand

Somebody measured this.

## The loop

| old |

## Code

| kept |
"""


def test_a_section_is_measured_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text(FOUND)
    assert results.main(["The loop"], lambda one: f"\n# {one.script}\n\n| new |\n", path) == 0
    text = path.read_text()
    assert text.startswith(results.PREAMBLE)
    sections = results.read(text)
    assert list(sections) == ["The loop", "Code", "By hand"]
    assert sections["By hand"] == "Somebody measured this."
    assert sections["Code"] == "| kept |"
    told, about, table = sections["The loop"].split("\n\n")
    assert told.startswith("`loop.py`, 20")
    assert "load " in told
    assert about.startswith("A cycle of `run`")
    assert table == "| new |"
    assert results.written(sections) == text  # done again, it stays as it is


def test_what_is_noted_by_hand_stays_in_its_section(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text(f"{FOUND}\n{results.BY_HAND}\n\nIt was a slow day.\n")
    results.main(["Code"], lambda one: "| new |", path)
    body = results.read(path.read_text())["Code"]
    assert body.endswith(f"| new |\n\n{results.BY_HAND}\n\nIt was a slow day.")
    assert "kept" not in body


def test_a_run_that_ended_early_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text(FOUND)
    done: list[str] = []

    def run(section: Any) -> str:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(section.title)
        return "| new |"

    with pytest.raises(KeyboardInterrupt):
        results.main([], run, path)
    first = results.day_of(results.read(path.read_text())[done[0]])
    again: list[str] = []
    results.main([], lambda one: again.append(one.title) or "| later |", path, since=first)
    assert done + again == [one.title for one in results.SECTIONS]
    assert results.main([], run, path, since=first) == 0  # nothing is left


def test_every_script_can_be_tried_at_a_small_size(tmp_path: Path) -> None:
    path = tmp_path / "SMALL.md"
    results.main([], lambda one: " ".join(one.arguments), path, small=True)
    assert all(one.small for one in results.SECTIONS)
    for one in results.SECTIONS:
        assert results.read(path.read_text())[one.title].endswith(" ".join(one.small))


def test_a_script_that_fails_leaves_its_section(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text(FOUND)

    def run(section: Any) -> str:
        if section.title == "Code":
            raise subprocess.CalledProcessError(1, section.script)
        return "| new |"

    assert results.main([], run, path) == 1
    sections = results.read(path.read_text())
    assert list(sections) == [*(one.title for one in results.SECTIONS), "By hand"]
    assert sections["Code"] == "| kept |"
    assert "not measured: Code: " in capsys.readouterr().err


def test_every_script_is_there_and_told_of() -> None:
    told = (ROOT / "benchmarks/README.md").read_text()
    for section in results.SECTIONS:
        assert (ROOT / "benchmarks" / section.script).exists()
        assert f"`{section.script}" in told, section.script
    titles = list(results.read(results.RESULTS.read_text()))
    order = [one.title for one in results.SECTIONS if one.title in titles]
    assert titles[: len(order)] == order
