"""How often code is read: each file once, however many schedules run it; and not at all by a loop
that finds nothing changed.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from helpers import CONFIG, write

from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.loop.folder import FolderSource
from reconciler.snapshots import files_of

SCHEDULES, FOLDERS, FILES = 2_000, 50, 4
_counting: list[Counter[str]] = []


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    if _counting and event in ("open", "os.scandir", "os.listdir"):
        _counting[-1][f"{event} {arguments[0]}"] += 1


sys.addaudithook(_heard)


@contextmanager
def counted(folder: Path) -> Iterator[Counter[str]]:
    """What is opened and listed below a folder."""
    found: Counter[str] = Counter()
    _counting.append(found)
    try:
        yield found
    finally:
        _counting.pop()
        for name in list(found):
            if str(folder) not in name:
                del found[name]


def repository(root: Path) -> None:
    one = 'name: s{}\ntrigger: {{type: cron, expression: "0 6 * * *"}}\ncreate_job: ./j{}.yml\n'
    for folder in range(FOLDERS):
        names = range(folder, SCHEDULES, FOLDERS)
        job = f"type: command\ncommand: ls\ncode: ../code/{folder}\n"
        job += f"inputs: {{d: {{type: uri_file, path: ../code/{folder}/1}}}}\n"
        write(
            root,
            {
                f"schedules/s{folder}.yaml": "---\n".join(one.format(n, folder) for n in names),
                f"schedules/j{folder}.yml": job,
                **{f"code/{folder}/{file}": f"{folder} {file}" for file in range(FILES)},
            },
        )
    write(root, {"reconciler.yaml": CONFIG})


def test_each_file_once_and_none_when_idle(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    repository(root)
    with counted(root / "code") as found:
        declared = read_declarations(
            ["schedules"],
            base=root,
            root=root,
            targets=[TargetSettings("local")],
            known_targets=["local"],
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
    assert len(declared.schedules) == SCHEDULES
    assert declared.problems == ()
    contents = {name: times for name, times in found.items() if ".amlignore" not in name}
    contents = {name: times for name, times in contents.items() if ".gitignore" not in name}
    # Of each folder: one listing, its files, and the file of data that is a snapshot of its own.
    assert len(contents) == FOLDERS * (FILES + 1)
    assert sum(contents.values()) == FOLDERS * (FILES + 2)
    assert sum(found.values()) <= FOLDERS * (FILES + 4)

    source = FolderSource(root / "reconciler.yaml", root / ".reconciler", environment=os.environ)
    revision = source.fetch()
    files = {s.source.path for s in declared.schedules if s.source}
    for schedule in declared.schedules[:FOLDERS]:
        assert schedule.job.definition is not None
        files |= files_of(schedule.job.definition)
    source.keep(revision, files)
    source.fetch()
    with counted(root / "code") as idle:
        again = source.fetch()
        assert source.is_settled(again)
    assert idle == {}
