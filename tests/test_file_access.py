"""Files that are kept are for their owner alone, whatever the umask; a group, where it is said."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from reconciler.system.file_access import (
    ReadableBy,
    make_folder,
    tighten,
    tighten_database,
    tighten_runs,
)
from reconciler.workspace.store.database import Database

NOBODY = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> object:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("readable_by", "file", "folder"), [("owner", 0o600, 0o700), ("group", 0o640, 0o750)]
)
@pytest.mark.usefixtures("umask")
def test_a_database_and_what_is_beside_it(
    tmp_path: Path, readable_by: ReadableBy, file: int, folder: int
) -> None:
    path = tmp_path / "a" / ".reconciler" / "workspace.db"
    database = Database(path, readable_by=readable_by)
    with database.writing() as connection:
        connection.execute("CREATE TABLE x (y)")
    names = ["workspace.db", "workspace.db-shm", "workspace.db-wal"]
    assert sorted(found.name for found in path.parent.iterdir()) == names
    assert {mode(path.parent / name) for name in names} == {file}
    assert {mode(path.parent), mode(path.parent.parent)} == {folder}
    database.close()


def test_what_was_there_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    first = Database(path)
    with first.writing() as connection:
        connection.execute("CREATE TABLE x (y)")
    beside = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    for one in beside:
        one.chmod(0o666)
    tmp_path.chmod(0o755)
    second = Database(path)
    second.read("SELECT 1")
    assert {mode(one) for one in beside} == {0o600}
    assert mode(tmp_path) == 0o755  # a folder that is somebody's own stays as it is
    second.close()
    first.close()


def test_runs_and_logs_that_were_there(tmp_path: Path) -> None:
    log = tmp_path / "w-runs" / "run" / "logs" / "step.log"
    log.parent.mkdir(parents=True)
    log.write_text("hunter2")
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    log.with_name("link").symlink_to(outside)
    log.chmod(0o644)
    runs = tmp_path / "w-runs"
    for folder in (runs, log.parent, log.parent.parent):
        folder.chmod(0o755)
    tighten_runs(runs)
    assert [mode(p) for p in (runs, log.parent.parent, log.parent, log)] == [
        *(0o700, 0o700, 0o700),
        0o600,
    ]
    assert mode(outside) == 0o644


def test_nothing_is_made_or_changed_that_is_not_there(tmp_path: Path) -> None:
    tighten(tmp_path / "none")
    tighten_database(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
    make_folder(tmp_path / "b" / "c")
    assert mode(tmp_path / "b" / "c") == 0o700


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else"
)
@pytest.mark.parametrize(("readable_by", "seen"), [("owner", 0), ("group", 1)])
def test_somebody_else(tmp_path: Path, readable_by: ReadableBy, seen: int) -> None:
    """Another user of the machine, in the group of the files, tries to read each of them."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(mode(folder) | 0o011)
    path = tmp_path / ".reconciler" / "workspace.db"
    database = Database(path, readable_by=readable_by)
    with database.writing() as connection:
        connection.execute("CREATE TABLE x (y)")
        connection.execute("INSERT INTO x VALUES ('hunter2')")
    files = [path.parent, *path.parent.iterdir()]
    for one in files:
        os.chown(one, 0, NOBODY)

    def seen_by(group: int) -> int:
        found = [
            subprocess.run(
                ["/bin/cat", one], capture_output=True, check=False, user=NOBODY, group=group
            )
            for one in files
        ]
        return sum(b"hunter2" in one.stdout for one in found)

    assert seen_by(12345) == 0
    assert (seen_by(NOBODY) > 0) == bool(seen)
    database.close()
