"""Generated pipeline files: what is sent for them is what Microsoft's client sends.

Of files that the client refuses nothing is asked. RECONCILER_MUTATIONS: of each file, so many;
RECONCILER_MUTATIONS_FROM: from that number on.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from interop.judge import needed
from interop.mutations import mutated
from interop.test_sends import EXAMPLES, OWN, judged, pipelines, told

_MANY = int(os.environ.get("RECONCILER_MUTATIONS", "12"))
_FROM = int(os.environ.get("RECONCILER_MUTATIONS_FROM", "0"))
_AT_ONCE = 60
"""Files that one process of the client creates."""


def made_of(root: Path, each: int) -> list[Path]:
    files = [path for path in pipelines(root) if "create_job" not in path.read_text("utf-8")]
    found = [mutated(file, number) for file in files for number in range(_FROM, _FROM + each)]
    return [path for path in found if path is not None]


def table_of(made: list[Path], root: Path) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for start in range(0, len(made), _AT_ONCE):
        table |= judged(made[start : start + _AT_ONCE], root)
    return table


@needed
def test_files_made_of_ours_are_sent_as_the_client_sends_them(tmp_path: Path) -> None:
    root = shutil.copytree(OWN, tmp_path / "files")
    table = table_of(made_of(root, 1), root)
    assert len(table) >= 5
    assert all(not why for why in table.values()), told(table)


@needed
@pytest.mark.torture
def test_many_files_are_sent_as_the_client_sends_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(OWN, tmp_path / "files")
    if EXAMPLES.exists():
        shutil.copytree(EXAMPLES, root / "examples")
    made = made_of(root, _MANY)
    table = table_of(made, root)
    with capsys.disabled():
        wrong = {name: why for name, why in table.items() if why}
        print(f"\n{told(wrong)}")  # noqa: T201 - a table for whoever runs it
        print(f"{len(made)} files, {len(table)} that the client creates, {len(wrong)} not equal")  # noqa: T201
    assert not wrong
