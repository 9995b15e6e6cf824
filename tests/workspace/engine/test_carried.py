"""A folder is followed from one workspace to another: nothing is run twice, nothing is left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model import LiveSchedule
from reconciler.providers.local import LocalProvider
from reconciler.workspace.datastores.changes import Changes
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.records import Fire
from workspace.engine.engines import START, Bench

IN_FRONT = timedelta(seconds=3)
"""Files are dated by the real clock, and have to be settled."""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Bench, Bench]]:
    (tmp_path / "inbox").mkdir()
    made = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name, datastores={"inbox": Datastore("inbox", tmp_path)})
        bench.clock.now = datetime.now(UTC) + IN_FRONT
        bench.start()
        made.append(bench)
    yield made[0], made[1]
    for bench in made:
        bench.close()


def provider(bench: Bench) -> LocalProvider:
    return LocalProvider("local", bench.store, owner="us", clock=bench.clock)


def live(bench: Bench) -> LiveSchedule:
    [found] = provider(bench).list()
    return found


def carry(old: Bench, new: Bench) -> None:
    one = live(old)
    cursor = provider(old).data_cursor(one)
    assert cursor is not None
    provider(new).put_data_cursor(one, cursor)


def drop(tmp_path: Path, name: str, text: str = "x") -> None:
    (tmp_path / "inbox" / name).write_text(text)


def test_what_was_seen_stays_seen_and_what_waits_is_run(
    places: tuple[Bench, Bench], tmp_path: Path
) -> None:
    old, new = places
    drop(tmp_path, "before")
    old.watch()
    old.look()
    drop(tmp_path, "ran")
    old.look()
    assert old.files() == ["ran"]
    old.watch(enabled=False)
    drop(tmp_path, "waits")
    carry(old, new)
    carry(old, new)  # done again it is the same
    new.watch()
    new.look()
    drop(tmp_path, "later")
    new.look()
    old.tick(60)
    assert (old.files(), new.files()) == (["ran"], ["later", "waits"])
    # It is the new one's own by now: enabling it again begins anew.
    new.watch(enabled=False)
    new.tick()
    drop(tmp_path, "while it was off")
    new.clock.now = datetime.now(UTC) + 40 * IN_FRONT
    new.watch()
    new.look()
    assert new.files() == ["later", "waits"]


def test_one_that_never_looked(places: tuple[Bench, Bench], tmp_path: Path) -> None:
    old, new = places
    old.watch()
    one = live(old)
    assert provider(old).data_cursor(one) is None
    new.ledger.carry_in("s", "inbox/", datetime.now(UTC) - timedelta(minutes=1), None, START)
    found = provider(new).data_cursor(one)
    assert found is not None
    assert found.seen is None
    drop(tmp_path, "since then")
    new.watch()
    new.look()
    assert new.files() == ["since then"]


def test_a_cursor_of_another_folder_is_none(places: tuple[Bench, Bench], tmp_path: Path) -> None:
    old, new = places
    old.watch()
    old.look()
    new.watch(path="elsewhere", enabled=False)
    cursor = provider(old).data_cursor(live(old))
    assert cursor is not None
    provider(new).put_data_cursor(live(new), cursor)
    assert new.ledger.kept_cursor("s") is None
    old.watch(path="elsewhere")
    assert provider(old).data_cursor(live(old)) is None
    old.put()
    assert provider(old).data_cursor(live(old)) is None


def test_a_look_that_ends_after_it_was_disabled_records_nothing(
    places: tuple[Bench, Bench],
) -> None:
    """Who follows the folder by then finds the file."""
    old, _ = places
    old.watch()
    [row] = old.store.schedules()
    old.watch(enabled=False)
    found = Changes(fired=(), remembered={}, forgotten=(), is_first=True, unsettled=0)
    fire = Fire("s", "a\n1", START, None)
    assert old.ledger.settle_look("s", row.since.isoformat(), [fire], found, now=START) == []
    assert old.ledger.fires("s") == []
