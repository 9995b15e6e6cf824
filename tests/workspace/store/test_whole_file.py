"""After a command the workspace's file is whole by itself: a copy of it alone is a backup."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from helpers import CONFIG, invoke, repository, run, write

from reconciler.workspace.store.schedules import Store
from workspace.engine.engines import Bench, locked


def test_a_copy_of_the_file_alone_has_everything(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", "a", "b")
    assert run(repo, "apply", "--yes").code == 0
    assert sorted(path.name for path in repo.glob("workspace.db*")) == ["workspace.db"]
    copy = Path(shutil.copy(repo / "workspace.db", tmp_path / "copy.db"))
    with closing(sqlite3.connect(copy)) as connection:
        rows = connection.execute("SELECT name FROM schedules ORDER BY name").fetchall()
    assert rows == [("a",), ("b",)]


def test_a_backup_while_it_is_written(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.put("a")
    write(tmp_path, {"reconciler.yaml": CONFIG})
    with locked(bench.path):
        done = invoke(tmp_path, "backup", "copy.db")
    assert done.out == "wrote copy.db\n"
    copy = Store(tmp_path / "copy.db")
    assert copy.schedules() == bench.store.schedules()
    assert copy.identity() == bench.store.identity()
    copy.close()
    bench.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    again = invoke(tmp_path, "backup", "copy.db", code=1)
    assert "copy.db exists already" in again.err
    assert [path.name for path in tmp_path.glob(".*part*")] == []


def test_a_backup_of_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"reconciler.yaml": CONFIG})
    assert "there is no such file" in invoke(tmp_path, "backup", "copy.db", code=1).err
    assert not (tmp_path / "copy.db").exists()
