"""The workspace's SQLite file: real files, real processes."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import without_privileges

from reconciler.workspace.store.database import Refused, StoreError
from reconciler.workspace.store.schedules import NewSchedule, Publication, Store
from reconciler.workspace.store.schema import APPLICATION_ID, MIGRATIONS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TRIGGER = {"type": "cron", "expression": "0 2 * * *"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workspace.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path, actor="somebody")
    yield opened
    opened.close()


def pipeline(content: str = "{}", name: str = "train") -> Publication:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Publication(name, digest, content, f"{name}.yml")


def new(
    name: str = "nightly", *, enabled: bool = True, owner: str | None = "us", **extra: str
) -> NewSchedule:
    document = {"name": name, "trigger": TRIGGER, "is_enabled": enabled, **extra}
    return NewSchedule(name, owner, document, "train", "s.yaml", 3)


def put(store: Store, *made: NewSchedule, expected: str | None = None) -> None:
    for one in made:
        store.put_schedule(one, expected=expected, publication=pipeline(), now=NOW)


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = [row for statement in statements for row in connection.execute(statement).fetchall()]
        connection.commit()
        return rows


def integrity(path: Path) -> str:
    return "; ".join(str(row[0]) for row in sql(path, "PRAGMA integrity_check"))


# ---------------------------------------------------------------------------------------- the file


def test_a_missing_file_reads_as_empty_and_is_not_made(store: Store, path: Path) -> None:
    assert store.schedules() == []
    assert store.pipelines() == []
    assert store.versions("train") == []
    assert not path.exists()


def test_a_file_that_is_removed_or_replaced_is_let_go(
    store: Store, path: Path, tmp_path: Path
) -> None:
    put(store, new("first"))
    seen = {store.database.version_of_data()}
    path.unlink()
    assert store.schedules() == []
    assert store.database.version_of_data() == -1
    put(store, new("second"))
    assert [one.name for one in store.schedules()] == ["second"]
    seen.add(store.database.version_of_data())
    with closing(Store(tmp_path / "other", actor="them")) as other:
        put(other, new("third"))
    for left in ("-wal", "-shm"):  # SQLite would take them for the other file's
        path.with_name(path.name + left).unlink()
    os.replace(tmp_path / "other", path)
    assert [one.name for one in store.schedules()] == ["third"]
    seen.add(store.database.version_of_data())
    assert len(seen) == 3
    assert integrity(path) == "ok"


def test_the_file_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "workspace.db"
    with closing(Store(path)) as store:
        store.publish(pipeline(), NOW)
    assert sql(path, "PRAGMA user_version", "PRAGMA application_id", "PRAGMA journal_mode") == [
        (len(MIGRATIONS),),
        (APPLICATION_ID,),
        ("wal",),
    ]
    assert integrity(path) == "ok"


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_a_file_of_every_earlier_version_is_brought_forward(path: Path, version: int) -> None:
    statements = [statement for step in MIGRATIONS[:version] for statement in step]
    sql(
        path,
        *statements,
        f"PRAGMA application_id = {APPLICATION_ID}",
        f"PRAGMA user_version = {version}",
    )
    with closing(Store(path)) as store:
        put(store, new())
        assert [row.name for row in store.schedules()] == ["nightly"]
    assert sql(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert integrity(path) == "ok"


def test_an_empty_file_is_an_empty_workspace(path: Path, store: Store) -> None:
    path.touch()
    assert store.schedules() == []
    put(store, new())
    assert len(store.schedules()) == 1


def test_a_file_of_a_later_version_is_refused(path: Path, store: Store) -> None:
    put(store, new())
    store.close()
    sql(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    message = (
        f"was made by a later version of reconciler \\(format {len(MIGRATIONS) + 1}; "
        f"this one knows {len(MIGRATIONS)}\\)"
    )
    with pytest.raises(StoreError, match=message):
        store.schedules()
    with pytest.raises(StoreError, match=message):
        put(store, new("other"))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE something (a)", "PRAGMA application_id = 1196444487"]
)
def test_another_programs_sqlite_file_is_refused_and_kept(
    path: Path, store: Store, statement: str
) -> None:
    sql(path, statement)
    before = path.read_bytes()
    for use in (store.schedules, lambda: store.publish(pipeline(), NOW)):
        with pytest.raises(StoreError, match="is a SQLite file, but not a workspace"):
            use()
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused_and_kept(path: Path, store: Store) -> None:
    text = "owner: us\n" * 200
    path.write_text(text)
    for use in (store.schedules, lambda: store.publish(pipeline(), NOW)):
        with pytest.raises(StoreError, match="cannot be used: file is not a database"):
            use()
    assert path.read_text() == text


def test_a_damaged_file_is_an_error_and_not_fewer(path: Path, store: Store) -> None:
    put(store, *(new(f"s{n}", description="x" * 500) for n in range(200)))
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(StoreError, match="cannot be used"):
        store.schedules()


def test_a_file_that_was_cut_off_is_an_error(path: Path, store: Store) -> None:
    put(store, *(new(f"s{n}", description="x" * 500) for n in range(200)))
    store.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError, match="cannot be used"):
        store.schedules()


@pytest.mark.parametrize("column", ["document = '{'", "document = '[]'", "modified_at = 'soon'"])
def test_a_damaged_row_is_an_error_and_not_fewer(path: Path, store: Store, column: str) -> None:
    put(store, new("a"), new("b"))
    sql(path, f"UPDATE schedules SET {column} WHERE name = 'a'")
    with pytest.raises(StoreError, match="cannot be used"):
        store.schedules()


def test_a_folder_in_place_of_the_file(path: Path, store: Store) -> None:
    path.mkdir()
    for use in (store.schedules, lambda: store.publish(pipeline(), NOW)):
        with pytest.raises(StoreError, match="cannot be used: unable to open database file"):
            use()


@pytest.mark.parametrize("name", ["file.txt/workspace.db", "a\0b", "x" * 300])
def test_a_path_where_no_file_can_be_is_an_error_and_not_empty(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").touch()
    store = Store(tmp_path / name)
    for use in (store.schedules, lambda: store.publish(pipeline(), NOW)):
        with pytest.raises(StoreError, match="cannot be used"):
            use()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions as POSIX has them")
def test_a_folder_that_may_not_be_written_to() -> None:
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to other users
    try:
        path = folder / "workspace.db"
        folder.chmod(0o555)
        with without_privileges():
            store = Store(path)
            assert store.schedules() == []
            with pytest.raises(StoreError, match="cannot be used: Permission denied"):
                store.publish(pipeline(), NOW)
            with pytest.raises(StoreError, match="cannot be used: Permission denied"):
                Store(folder / "below" / "workspace.db").publish(pipeline(), NOW)
        folder.chmod(0o755)
        with closing(Store(path)) as store:
            put(store, new())
        path.chmod(0o444)
        folder.chmod(0o555)
        with (
            without_privileges(),
            closing(Store(path)) as store,
            pytest.raises(StoreError, match="cannot be used"),
        ):
            put(store, new("other"))
        folder.chmod(0o000)
        with without_privileges(), pytest.raises(StoreError, match="Permission denied"):
            Store(path).schedules()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_in_use_too_long_is_said_and_may_be_tried_again(path: Path, store: Store) -> None:
    put(store, new())
    store.close()
    store = Store(path, actor="ann@host", busy_seconds=0.05)
    with closing(store), closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(store.schedules()) == 1  # readers go on
        with pytest.raises(StoreError, match="is in use by another process") as caught:
            put(store, new("other"))
        assert caught.value.temporary
        other.execute("ROLLBACK")
        put(store, new("other"))
    assert len(store.schedules()) == 2


def test_text_that_is_not_unicode_is_refused(path: Path) -> None:
    with closing(Store(path, actor="\udcff")) as store:
        with pytest.raises(StoreError, match="not valid Unicode"):
            put(store, new())
        assert store.schedules() == []


CREATE_AT_ONCE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reconciler.workspace.store.schedules import NewSchedule, Publication, Store
for line in sys.stdin:
    store = Store(Path(line.strip()))
    me = sys.argv[1]
    try:
        found = len(store.schedules()) if me == "reader" else 0
        if me != "reader":
            store.put_schedule(
                NewSchedule(me, "us", {"trigger": {}, "is_enabled": True}, "train"),
                expected=None,
                publication=Publication("train", "0" * 64, "{}", "train.yml"),
                now=datetime.now(UTC),
            )
        print("ok", flush=True)
    except Exception as error:
        print(repr(error), flush=True)
    store.close()
"""


def test_processes_that_make_the_file_at_once(tmp_path: Path) -> None:
    """Two write, one reads; each waits at its pipe until all may start."""
    names = ("one", "two", "reader")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE_AT_ONCE, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        for number in range(40):
            path = tmp_path / f"{number}.db"
            for process in started:
                process.stdin.write(f"{path}\n")
            for process in started:
                process.stdin.flush()
            assert [process.stdout.readline().strip() for process in started] == ["ok"] * 3
            with closing(Store(path)) as store:
                assert [row.name for row in store.schedules()] == ["one", "two"]
                assert [(row.version, row.versions) for row in store.pipelines()] == [("0" * 12, 1)]
            assert integrity(path) == "ok"
    finally:
        for process in started:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()


# --------------------------------------------------------------------------------------- pipelines


def test_a_version_is_made_of_its_content(store: Store) -> None:
    assert store.publish(pipeline("{}"), NOW)
    assert not store.publish(pipeline("{}"), LATER)
    assert store.publish(pipeline('{"a":1}'), LATER)
    [row] = store.pipelines()
    assert (row.version, row.versions) == (pipeline('{"a":1}').digest[:12], 2)
    assert (row.document, row.published_at, row.published_by) == ({"a": 1}, LATER, "somebody")
    versions = store.versions("train")
    assert [(v.number, v.published_at) for v in versions] == [(2, LATER), (1, NOW)]
    assert versions[1].version == pipeline("{}").version


def test_content_that_comes_back_is_the_newest_again(store: Store) -> None:
    for content in ("{}", '{"a":1}', "{}"):
        assert store.publish(pipeline(content), NOW)
    [row] = store.pipelines()
    assert row.version == pipeline("{}").version
    assert [version.document for version in store.versions("train")] == [{}, {"a": 1}]
    assert not store.publish(pipeline("{}"), NOW)


def test_a_schedule_publishes_what_it_runs_or_neither_is_kept(store: Store) -> None:
    put(store, new())
    assert [row.name for row in store.pipelines()] == ["train"]
    with pytest.raises(Refused):
        store.put_schedule(
            new(description="x"), expected="another", publication=pipeline('{"a":1}'), now=NOW
        )
    assert len(store.versions("train")) == 1


def test_a_pipeline_cannot_be_disabled_while_an_enabled_schedule_runs_it(store: Store) -> None:
    put(store, new("a"), new("b"), new("off", enabled=False))
    with pytest.raises(Refused, match=r"^enabled schedules run it: a, b; disable them first$"):
        store.set_pipeline_enabled("train", False)
    assert store.pipelines()[0].enabled
    assert store.pipelines()[0].schedules == 2
    for row in store.schedules()[:2]:
        store.disable_schedule(row.name, expected=row.fingerprint, now=LATER)
    store.set_pipeline_enabled("train", False)
    store.set_pipeline_enabled("train", False)
    assert not store.pipelines()[0].enabled
    store.set_pipeline_enabled("train", True)
    assert store.pipelines()[0].enabled


def test_many_schedules_are_not_all_named(store: Store) -> None:
    put(store, *(new(f"s{n}") for n in range(7)))
    with pytest.raises(Refused, match="s0, s1, s2, s3, s4 and 2 more; disable them first"):
        store.set_pipeline_enabled("train", False)


def test_a_pipeline_that_is_not_there(store: Store) -> None:
    for enabled in (True, False):
        with pytest.raises(Refused, match='there is no pipeline "train"'):
            store.set_pipeline_enabled("train", enabled)


def test_a_schedule_cannot_be_enabled_on_a_disabled_pipeline(store: Store) -> None:
    put(store, new(enabled=False))
    store.set_pipeline_enabled("train", False)
    expected = store.schedules()[0].fingerprint
    with pytest.raises(Refused, match='the pipeline "train" is disabled; enable it first'):
        store.put_schedule(new(), expected=expected, publication=None, now=NOW)
    put(store, new(enabled=False, description="x"), expected=expected)  # switched off it may change


def test_a_schedule_needs_a_pipeline(store: Store) -> None:
    with pytest.raises(Refused, match='the pipeline "train" is not published'):
        store.put_schedule(new(), expected=None, publication=None, now=NOW)


# --------------------------------------------------------------------------------------- schedules


def test_what_is_stored_of_a_schedule(store: Store) -> None:
    put(store, new())
    [row] = store.schedules()
    assert (row.name, row.owner, row.source_path, row.source_line) == ("nightly", "us", "s.yaml", 3)
    assert (row.created_at, row.modified_at, row.modified_by) == (NOW, NOW, "somebody")
    store.put_schedule(new(description="x"), expected=row.fingerprint, publication=None, now=LATER)
    [row] = store.schedules()
    assert (row.created_at, row.modified_at) == (NOW, LATER)


def test_storing_again_changes_nothing(store: Store) -> None:
    put(store, new())
    before = store.schedules()
    for expected in (None, before[0].fingerprint, "of an older plan"):
        store.put_schedule(new(), expected=expected, publication=None, now=LATER)
    assert store.schedules() == before


def test_a_fingerprint_tells_owner_and_content(store: Store) -> None:
    made = {
        new().fingerprint,
        new(owner="them").fingerprint,
        new(owner=None).fingerprint,
        new(enabled=False).fingerprint,
        new(description="x").fingerprint,
    }
    assert len(made) == 5
    assert replace(new(), source_path="moved.yaml").fingerprint == new().fingerprint


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("them", 'it was made after the plan was made, and is managed by "them"'),
        (None, "it was made after the plan was made, and is made by hand"),
        ("us", "it was made after the plan was made, and is another than this"),
    ],
)
def test_another_owners_is_not_written_over(store: Store, owner: str | None, message: str) -> None:
    put(store, new(owner=owner))
    with pytest.raises(Refused, match=message):
        put(store, new(description="x"))
    assert store.schedules()[0].owner == owner


def test_what_changed_or_went_since_the_plan_is_refused(store: Store) -> None:
    with pytest.raises(Refused, match="it does not exist any more"):
        put(store, new(), expected="what the plan saw")
    put(store, new())
    with pytest.raises(Refused, match="it was changed after the plan was made"):
        put(store, new(description="x"), expected="what the plan saw")
    with pytest.raises(Refused, match="it was changed after the plan was made"):
        store.disable_schedule("nightly", expected="what the plan saw", now=NOW)
    with pytest.raises(Refused, match="it does not exist any more"):
        store.disable_schedule("other", expected="what the plan saw", now=NOW)


def test_disabling(store: Store) -> None:
    put(store, new())
    before = store.schedules()[0]
    for _ in range(2):
        store.disable_schedule("nightly", expected=before.fingerprint, now=LATER)
        [row] = store.schedules()
        assert row.document == {"name": "nightly", "trigger": TRIGGER, "is_enabled": False}
        assert row.fingerprint == new(enabled=False).fingerprint
        assert (row.owner, row.modified_at) == ("us", LATER)
