"""Files that land in a folder: what a look finds, and what the engine makes of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest

from reconciler.workspace.datastores.changes import Changes, Listed, Seen, changes
from reconciler.workspace.datastores.datastore import Datastore, WatchError, secrets_of
from reconciler.workspace.engine.folder_polling import LONGEST_BACKOFF
from workspace.engine.engines import START, Bench, locked, wait_for

SECOND = timedelta(seconds=1)
LATER = START + timedelta(hours=1)


def file(
    name: str, stamp: str = "1", modified: datetime | None = START, digest: str = ""
) -> Listed:
    return Listed(name, stamp, modified, digest)


def look(
    *listed: Listed, cursor: dict[str, Seen] | None = None, settle: bool = False, **content: str
) -> Changes:
    """`content`: by name, the digest of a file's content."""
    return changes(
        listed,
        cursor,
        since=START,
        now=LATER,
        settle=settle,
        digest_of=lambda one: content.get(one.path, ""),
    )


def fired(found: Changes) -> list[str]:
    return [one.path for one in found.fired]


# ------------------------------------------------------------------------------------ what is new


def test_at_the_first_look_only_what_came_since_is_new() -> None:
    found = look(file("before"), file("unknown", modified=None), file("after", modified=LATER))
    assert fired(found) == ["after"]
    assert found.remembered.keys() == {"before", "unknown", "after"}
    assert found.is_first


def test_at_later_looks_what_is_new_or_changed() -> None:
    known = {name: Seen("1", "x") for name in ("same", "changed", "touched", "gone")}
    listed = [file("same"), file("changed", "2"), file("touched", "2"), file("new")]
    found = look(*listed, cursor=known, changed="y", touched="x", new="z")
    assert fired(found) == ["changed", "new"]
    assert found.remembered == {
        "changed": Seen("2", "y"),
        "touched": Seen("2", "x"),
        "new": Seen("1", "z"),
    }
    assert found.forgotten == ("gone",)
    assert found


def test_nothing_new_is_nothing_to_record() -> None:
    assert not look(file("same"), cursor={"same": Seen("1")})
    assert not look(cursor={})
    assert look()  # but that it was looked at for the first time is


def test_without_a_digest_another_stamp_is_a_change() -> None:
    assert fired(look(file("a", "2"), cursor={"a": Seen("1", "x")})) == ["a"]
    assert fired(look(file("a", "2"), cursor={"a": Seen("1")}, a="x")) == ["a"]


@pytest.mark.parametrize(
    ("ago", "unsettled"), [(0, 1), (1.9, 1), (2, 0), (-1, 1), (-59, 1), (-61, 0)]
)
def test_a_file_that_changed_just_now_is_left(ago: float, unsettled: int) -> None:
    one = file("a", "2", LATER - timedelta(seconds=ago))
    found = look(one, cursor={"a": Seen("1")}, settle=True)
    assert found.unsettled == unsettled
    assert bool(found) is not bool(unsettled)
    assert not look(one, cursor={"a": Seen("1")}, settle=False).unsettled


def test_a_folder_that_is_empty_all_at_once_keeps_stamps_and_no_digests() -> None:
    known = {"a": Seen("1", "x"), "b": Seen("1")}
    found = look(cursor=known)
    assert found.remembered == {"a": Seen("1")}
    assert found.forgotten == ()
    known |= found.remembered
    assert not look(cursor=known)
    assert fired(look(file("a"), file("b", "2"), cursor=known, a="x", b="x")) == ["b"]


# --------------------------------------------------------------------------------- what is listed


def test_the_files_directly_in_a_local_folder(tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/deep").write_text("x")
    (tmp_path / "in/b").write_text("bb")
    (tmp_path / "in/a").write_text("a")
    (tmp_path / "in/link").symlink_to(tmp_path / "in/a")
    (tmp_path / "in/dangling").symlink_to(tmp_path / "nothing")
    for url in ("data", f"file://{tmp_path}/data", f"local://{tmp_path}/data"):
        datastore = Datastore(url.replace("data", "in"), tmp_path)
        assert [Path(f.path).name for f in datastore.list("")] == ["a", "b", "link"]
        assert [Path(f.path).name for f in datastore.list("sub")] == ["deep"]
        assert datastore.list("nothing") == []
        assert datastore.is_local
    assert os.path.isabs(datastore.list("")[0].path)
    with pytest.raises(WatchError, match="there is no folder"):
        Datastore("nothing", tmp_path).list("sub")
    with pytest.raises(WatchError, match="NotADirectoryError"):
        Datastore("in", tmp_path).list("a")


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("same")
    (tmp_path / "b").write_text("same")
    datastore = Datastore(".", tmp_path)
    a, b = datastore.list("")
    assert datastore.digest(a) == datastore.digest(b) != ""
    (tmp_path / "b").unlink()
    assert datastore.digest(b) == ""
    assert datastore.digest(file("c", digest="known")) == "known"


def test_what_the_environment_holds_is_in_no_error(tmp_path: Path) -> None:
    key = "c2VjcmV0LXNlY3JldA=="
    connection = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={key};"
    secret = {"AZURE_STORAGE_CONNECTION_STRING": connection, "AWS_SECRET_ACCESS_KEY": "q1w2e3r4"}
    hidden = secrets_of({**secret, "HOME": "/home/user", "SHORT_KEY": "abc"})
    assert hidden == {connection, key, "q1w2e3r4"}
    datastore = Datastore("x", tmp_path, hidden=hidden)
    for text in (connection, key, "q1w2e3r4", f"https://x/y?sv=1&sig={key}"):
        said = datastore._reason(ValueError(f"cannot use {text} here\nsecond line"))
        assert key not in said
        assert "q1w2e3r4" not in said
        assert "second" not in said


# ------------------------------------------------------------------------------------- the engine


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def bench(tmp_path: Path, inbox: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, datastores={"inbox": Datastore(str(inbox), tmp_path)})
    made.clock.now = datetime.now(UTC) + SECOND  # files are dated by the real clock
    yield made
    made.close()


def watching(bench: Bench, **options: object) -> None:
    bench.watch(**options)  # type: ignore[arg-type]
    bench.start()
    bench.look(0)


def dated_after(bench: Bench) -> None:
    """Until a new file is dated after now: the kernel's clock for files ticks every few ms."""
    probe, now = bench.folder / "probe", bench.clock.now.timestamp()

    def is_later() -> bool:
        probe.unlink(missing_ok=True)
        probe.touch()
        return probe.stat().st_ctime > now

    wait_for(is_later)


def test_new_and_changed_files_are_one_run_each(bench: Bench, inbox: Path) -> None:
    (inbox / "before").write_text("x")
    watching(bench)
    assert bench.said("watching") == [{"schedule": "s", "files": 1}]
    (inbox / "a").write_text("a")
    (inbox / "b").write_text("b")
    bench.look()
    assert bench.files() == ["a", "b"]
    row = bench.runs.newest()[0]
    assert row.inputs == {"file": row.data_path}
    assert row.cause == "data"
    at = f"{row.due_at:%Y%m%dT%H%M%SZ}"
    assert bench.names() == [f"s-{at}", f"s-{at}-2"]
    assert {(s["run"], s["path"]) for s in bench.said("fired")} == {
        (f"s-{at}", str(inbox / "a")),
        (f"s-{at}-2", str(inbox / "b")),
    }
    (inbox / "a").write_text("other")
    bench.look()
    assert bench.files() == ["a", "a", "b"]
    bench.look()
    assert bench.files() == ["a", "a", "b"]


def test_a_run_receives_the_path(bench: Bench, inbox: Path) -> None:
    bench.max_runs = 1
    watching(bench)
    (inbox / "it's a; file").write_text("x")
    bench.look()
    bench.until(bench.ended)
    assert bench.printed(bench.names()[0]) == f"{inbox}/it's a; file\n"


def test_what_starts_no_run(bench: Bench, inbox: Path) -> None:
    watching(bench)
    source = bench.folder / "a"
    source.write_text("content")
    shutil.copy(source, inbox)
    bench.look()
    assert bench.files() == ["a"]
    shutil.copy(source, inbox)  # again, unchanged
    bench.look()
    shutil.copy2(source, inbox / "a.part")
    (inbox / "a.part").rename(inbox / "a")  # as careful writers do
    bench.look()
    os.utime(inbox / "a", (0, 0))
    bench.look()
    (inbox / "sub").mkdir()
    (inbox / "sub/b").write_text("x")
    bench.look()
    (inbox / "c").write_text("x")
    bench.look()
    (inbox / "c").unlink()
    bench.look()
    assert bench.files() == ["a", "c"]


def test_a_file_that_was_deleted_and_comes_back_is_new(bench: Bench, inbox: Path) -> None:
    watching(bench)
    (inbox / "other").write_text("x")
    (inbox / "a").write_text("x")
    bench.look()
    (inbox / "a").unlink()
    bench.look()
    (inbox / "a").write_text("x")
    os.utime(inbox / "a", (5, 5))
    bench.look()
    assert bench.files() == ["a", "a", "other"]
    # The very same one, moved away and back, has run already.
    (inbox / "a").rename(bench.folder / "a")
    bench.look()
    (bench.folder / "a").rename(inbox / "a")
    bench.look()
    assert bench.files() == ["a", "a", "other"]


def test_a_disk_that_is_not_mounted_for_a_while_starts_no_storm(bench: Bench, inbox: Path) -> None:
    for number in range(20):
        (inbox / f"f{number}").write_text("x")
    watching(bench)
    away = bench.folder / "away"
    inbox.rename(away)
    bench.look()
    assert [said["error"] for said in bench.said("look_failed")] == [f"there is no folder {inbox}"]
    inbox.mkdir()
    bench.look()
    inbox.rmdir()
    away.rename(inbox)
    (inbox / "new").write_text("x")
    bench.look()
    assert bench.files() == ["new"]
    assert bench.ledger.failing() == []


def test_what_was_moved_in_with_an_old_time_is_new(bench: Bench, inbox: Path) -> None:
    source = bench.folder / "old"
    source.write_text("x")
    os.utime(source, (0, 0))
    bench.clock.now = datetime.now(UTC)
    bench.watch()  # no engine runs yet
    dated_after(bench)
    source.rename(inbox / "old")
    bench.clock.go(10)
    bench.start()
    bench.look(0)
    assert bench.files() == ["old"]


def test_a_file_is_left_until_it_is_still(bench: Bench, inbox: Path) -> None:
    watching(bench, minutes=5)
    bench.clock.now = datetime.now(UTC)
    bench.start()
    bench.look(0)
    with (inbox / "a").open("w") as growing:
        for part in range(5):
            growing.write(f"{part}\n")
            growing.flush()
            # As if written now: the clock of the test goes on, that of the file does not.
            bench.clock.now = datetime.now(UTC)
            bench.engine._poller._again(bench.engine._poller._watches["s"], bench.clock.now)
            bench.look(0)
            assert bench.files() == []
    bench.look(1.9)
    assert bench.files() == []
    bench.look(2)  # looked at again soon, not at the next interval
    assert bench.files() == ["a"]
    bench.look(600)
    assert bench.files() == ["a"]


def test_disabled_meanwhile_and_enabled_again(bench: Bench, inbox: Path) -> None:
    watching(bench)
    bench.watch(enabled=False)
    bench.tick()
    (inbox / "a").write_text("x")
    bench.clock.now = datetime.now(UTC) + 10 * SECOND
    bench.tick()
    bench.watch()
    bench.look()
    assert bench.files() == []
    (inbox / "b").write_text("x")
    bench.look()
    assert bench.files() == ["b"]


def test_looked_at_more_often_it_loses_nothing(bench: Bench, inbox: Path) -> None:
    watching(bench, minutes=60)
    (inbox / "a").write_text("x")
    bench.clock.go(1800)
    bench.watch(minutes=5)
    bench.look(0)
    assert bench.files() == ["a"]


def test_another_folder_begins_anew(bench: Bench, inbox: Path) -> None:
    watching(bench)
    (inbox / "two").mkdir()
    (inbox / "two/x").write_text("x")
    bench.clock.go(60)
    bench.watch(path="two")
    bench.look(0)
    (inbox / "two/y").write_text("y")
    (inbox / "y").write_text("y")
    bench.look()
    assert bench.files() == ["y"]
    assert bench.runs.newest()[0].data_path == str(inbox / "two/y")


def test_a_folder_that_is_not_there_yet(bench: Bench, inbox: Path) -> None:
    watching(bench, path="today")
    bench.look()
    assert bench.said("look_failed") == []
    (inbox / "today").mkdir()
    (inbox / "today/a").write_text("x")
    bench.look()
    assert bench.files() == ["a"]


def test_a_datastore_that_is_not_there_yet(bench: Bench, inbox: Path) -> None:
    inbox.rmdir()
    bench.clock.now = datetime.now(UTC)
    watching(bench)
    [failing] = bench.ledger.failing()
    assert (failing.error, failing.failures) == (f"there is no folder {inbox}", 1)
    dated_after(bench)
    inbox.mkdir()
    (inbox / "a").write_text("x")
    bench.look()
    assert bench.files() == ["a"]


def test_a_trigger_whose_datastore_is_gone_from_the_configuration(bench: Bench) -> None:
    bench.datastores = {}
    bench.put("timed")
    watching(bench)
    assert bench.said("look_failed")[0]["error"] == 'the target has no datastore "inbox"'
    assert [name[:5] for name in bench.names()] == ["timed"]


def test_a_failing_look_is_reported_backs_off_and_loses_nothing(bench: Bench, inbox: Path) -> None:
    watching(bench)
    (inbox / "a").write_text("x")
    away = inbox.rename(bench.folder / "away")
    first = bench.clock.now + timedelta(minutes=1)
    for pause in (60, 60, 120, 240, 480, 900, 900):
        bench.look(pause)
    pauses = [said["again_in_seconds"] for said in bench.said("look_failed")]
    assert pauses == [60, 120, 240, 480, 900, 900, 900]
    assert pauses[-1] == LONGEST_BACKOFF.total_seconds()
    [failing] = bench.ledger.failing()
    assert (failing.schedule, failing.failures, failing.failing_since) == ("s", 7, first)
    away.rename(inbox)
    bench.look(900)
    assert bench.files() == ["a"]
    assert bench.ledger.failing() == []
    assert bench.said("look_works_again") == [{"schedule": "s", "failures": 7}]


def test_a_failing_look_survives_a_restart(bench: Bench, inbox: Path) -> None:
    inbox.rmdir()
    watching(bench)
    bench.start()
    bench.look(0)
    assert bench.ledger.failing()[0].failures == 2
    inbox.mkdir()
    bench.start()
    bench.look(0)
    assert bench.ledger.failing() == []


def test_a_look_that_cannot_be_recorded_is_made_again(bench: Bench, inbox: Path) -> None:
    watching(bench)
    (inbox / "a").write_text("x")
    bench.tick(60)  # the look begins
    with locked(bench.path):
        bench.until(lambda: bench.said("workspace_failed"))
    assert bench.said("workspace_failed")[0]["retry_seconds"] == 5
    assert bench.files() == []
    bench.look(5)
    assert bench.files() == ["a"]


def test_looks_go_on_when_the_clock_goes_back(bench: Bench, inbox: Path) -> None:
    watching(bench)
    bench.clock.go(-3600)
    bench.look(0)
    (inbox / "a").write_text("x")
    bench.look(60)
    bench.look(60)
    bench.clock.go(7200)
    bench.look(0)
    assert bench.files() == ["a"]


def test_names_of_any_kind(bench: Bench, inbox: Path) -> None:
    bench.max_runs = 4
    watching(bench)
    names = [b"new\nline", b"quo\"te's", b"$(touch pwned)", b"\xff\xfe.csv", "ü😀".encode(), b"-rf"]
    for name in names:
        (inbox / os.fsdecode(name)).write_text("x")
    bench.look()
    bench.until(lambda: len(bench.names()) == len(names) and bench.ended())
    assert {row.status for row in bench.runs.newest()} == {"Completed"}
    printed = {
        (bench.folder / "runs" / run / "logs/command.log").read_bytes() for run in bench.names()
    }
    assert printed == {os.fsencode(inbox) + b"/" + name + b"\n" for name in names}
    assert r"\xff\xfe.csv" in bench.files()
    bench.look()
    assert len(bench.names()) == len(names)


def test_in_memory(bench: Bench) -> None:
    system = fsspec.filesystem("memory")
    system.pipe("/box/in/before", b"x")
    try:
        bench.datastores = {"inbox": Datastore("memory://box", bench.folder)}
        watching(bench, path="in")
        system.pipe("/box/in/a", b"x")
        system.pipe("/box/in/sub/b", b"x")
        bench.look()
        assert [row.data_path for row in bench.runs.newest()] == ["memory:///box/in/a"]
        system.pipe("/box/in/a", b"x")
        bench.look()
        assert bench.files() == ["a"]
        system.pipe("/box/in/a", b"y")
        bench.look()
        assert bench.files() == ["a", "a"]
    finally:
        system.rm("/box", recursive=True)


@pytest.mark.parametrize(
    "number_of_files", [20_000, pytest.param(100_000, marks=pytest.mark.torture)]
)
def test_very_many_files(bench: Bench, inbox: Path, number_of_files: int) -> None:
    for number in range(number_of_files):
        (inbox / f"{number:06}").touch()
    bench.clock.now = datetime.now(UTC) + SECOND
    watching(bench)
    assert bench.said("watching") == [{"schedule": "s", "files": number_of_files}]
    connection = bench.engine._store.database._connect()
    before = connection.total_changes
    bench.look()
    assert connection.total_changes <= before + 1  # nothing new: only that all is settled
    (inbox / "new").write_text("x")
    (inbox / "000000").unlink()
    bench.look()
    assert bench.files() == ["new"]
    assert connection.total_changes - before < 10
