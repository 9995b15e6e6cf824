"""A schedule that gets another name while the engine runs: its fires go on, each of them once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import schedule

from reconciler.document import document_from_schedule
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.records import Fire
from reconciler.workspace.store.schedules import NewSchedule
from workspace.engine.engines import EVERY_MINUTE, QUARTER, START, Bench

MINUTE = timedelta(minutes=1)
INBOX = {
    "type": "datastore",
    "datastore": "inbox",
    "polling_interval": 1,
    "data_path_parameter_name": "file",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    made = Bench(tmp_path, datastores={"inbox": Datastore(str(inbox), tmp_path)})
    yield made
    made.close()


def rename(bench: Bench, old: str, new: str, trigger: object = EVERY_MINUTE) -> None:
    made = schedule(new, trigger=trigger, create_job={"job": "azureml:job"})
    bench.store.put_schedule(
        NewSchedule(new, "us", document_from_schedule(made), "job"),
        expected=bench.store.marks()[old][0],
        publication=None,
        now=bench.clock.now,
        renamed_from=old,
    )


def test_its_history_and_its_start_go_with_it(bench: Bench) -> None:
    bench.put("old", QUARTER)
    bench.start()
    bench.tick(0.2)
    bench.tick(600)
    [before] = bench.store.schedules()
    rename(bench, "old", "new", QUARTER)
    [after] = bench.store.schedules()
    assert (after.name, after.created_at, after.since) == ("new", before.created_at, before.since)
    assert bench.due("old") == []
    assert bench.due("new") == [START]
    assert [fire.due_at for fire in bench.ledger.fires("new")] == [START]
    bench.tick(0.1)
    bench.tick(300)
    assert bench.due("new") == [START, START + 15 * MINUTE]
    rename(bench, "new", "new", QUARTER)  # nothing
    assert bench.missed("new") == 0


def test_it_may_be_done_again_and_not_over_another(bench: Bench) -> None:
    bench.put("old")
    bench.put("other")
    fingerprint = bench.store.marks()["old"][0]
    with pytest.raises(Refused, match="changed after the plan was made"):
        rename(bench, "old", "other")
    rename(bench, "old", "new")
    made = bench.store.schedules()
    text = document_from_schedule(
        schedule("new", trigger=EVERY_MINUTE, create_job={"job": "azureml:job"})
    )
    bench.store.put_schedule(
        NewSchedule("new", "us", text, "job"),
        expected=fingerprint,
        publication=None,
        now=bench.clock.now,
        renamed_from="old",
    )
    assert bench.store.schedules() == made
    with pytest.raises(Refused, match="does not exist any more"):
        bench.store.put_schedule(
            NewSchedule("third", "us", text, "job"),
            expected=fingerprint,
            publication=None,
            now=bench.clock.now,
            renamed_from="old",
        )


def test_not_while_its_runs_are_recorded(bench: Bench) -> None:
    bench.put("old", EVERY_MINUTE)
    bench.ledger.settle([], until=START, now=START, bursts={START: ["old"]})
    with pytest.raises(Refused, match="its runs are being recorded just now"):
        rename(bench, "old", "new")
    assert [row.name for row in bench.store.schedules()] == ["old"]


@pytest.mark.parametrize("seed", range(3))
def test_no_fire_is_lost_or_doubled(bench: Bench, seed: int) -> None:
    """Renamings, ticks and restarts in any order; an engine is never away for a minute."""
    chance = random.Random(seed)
    bench.put("n0", EVERY_MINUTE)
    bench.clock.now = START + MINUTE * 0.5
    bench.start()
    bench.tick()
    number = 0
    for _ in range(50):
        what = chance.choice("tttrrs")
        bench.clock.go(chance.choice((0.0, 0.3, 5.0, 29.0)))
        if what == "t":
            bench.engine.tick()
        elif what == "r":
            rename(bench, f"n{number}", f"n{number + 1}")
            number += 1
        else:
            bench.engine._shut_down()
            bench.start()
        if (bench.clock.now - bench.engine._last).total_seconds() > 20:
            bench.engine.tick()
    bench.engine.tick()
    due = sorted(row.due_at for row in bench.runs.newest(limit=10_000))
    last = bench.clock.now.replace(second=0, microsecond=0)
    missed = sum(bench.missed(f"n{n}") for n in range(number + 1))
    assert len(due) == len(set(due))
    assert len(due) + missed == (last - START) // MINUTE
    assert number > 5


def test_a_file_that_landed_before_is_run_after(bench: Bench, tmp_path: Path) -> None:
    bench.clock.now = datetime.now(UTC) + timedelta(seconds=1)  # files are dated by the real clock
    (tmp_path / "inbox/before").write_text("x")
    bench.watch("s")
    bench.start()
    bench.look()
    (tmp_path / "inbox/a").write_text("x")
    rename(bench, "s", "t", INBOX)
    bench.tick()
    bench.look(name="t")
    assert bench.files("t") == ["a"]
    assert bench.files("s") == []
    assert len(bench.said("watching")) == 1


def test_a_look_of_the_old_name_records_nothing(bench: Bench) -> None:
    """It began before the renaming, and ends after it: the new name will find the file."""
    from reconciler.workspace.datastores.changes import Changes

    bench.watch("s")
    [row] = bench.store.schedules()
    rename(bench, "s", "t", INBOX)
    fire = Fire("s", "a\n1", START, None)
    found = Changes(fired=(), remembered={}, forgotten=(), is_first=True, unsettled=0)
    assert bench.ledger.settle_look("s", row.since.isoformat(), [fire], found, now=START) == []
    assert bench.ledger.fires("s") == []
