"""What a run does before a schedule begins in its new target, and in which order it goes about."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import ROOT, environment, invoke, schedule, with_job_file, write

from reconciler.apply import apply_plan
from reconciler.document import schedule_digest
from reconciler.errors import ProviderError, Rejected
from reconciler.handover import Handovers, Made, in_order, refusals
from reconciler.model import Action, Change, Handover, Key, LiveSchedule, Outcome, Plan, Schedule
from reconciler.providers.local import LocalProvider
from reconciler.providers.memory import MemoryProvider
from reconciler.workspace.datastores.changes import Seen
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.schedules import Store

JOB = '{"type":"command","command":"true"}'
FOLDER = {"type": "datastore", "datastore": "inbox", "path_on_datastore": "in"}
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def moving(target: str, **document: object) -> Schedule:
    made = with_job_file(schedule("a", **document), JOB)
    return replace(made, key=Key(target, "a"), handover=Handover("old", ("new",)))


def begins(wanted: Schedule, before: LiveSchedule | None = None) -> Change:
    action = Action.CREATE if before is None else Action.UPDATE
    return Change(action, wanted.key, before, wanted)


def plan(target: str, *changes: Change) -> Plan:
    return Plan(target, "us", changes, 0, ())


class Two:
    """Two workspaces, of which the old one has the schedule."""

    def __init__(self, folder: Path) -> None:
        (folder / "old").mkdir()
        (folder / "new").mkdir()
        self.old, self.new = (
            LocalProvider(name, Store(folder / name / "w.db"), owner="us", datastores=["inbox"])
            for name in ("old", "new")
        )

    def has(self, *, enabled: bool = True, **document: object) -> LiveSchedule:
        self.old.create(self.old.canonical(moving("old", **document), None).schedule)
        [found] = self.old.list()
        if not enabled:
            self.old.canonical(found.schedule, found)
            self.old.disable(found)
        [found] = self.old.list()
        return found

    def run(self, change: Change) -> Handovers:
        made: list[Made] = [(plan("old"), self.old), (plan("new", change), self.new)]
        handovers = Handovers(made)
        handovers.receive(change)
        return handovers

    def close(self) -> None:
        self.old.store.close()
        self.new.store.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    made = Two(tmp_path)
    yield made
    made.close()


def test_nothing_begins_before_it_has_ended(two: Two) -> None:
    two.has()
    with pytest.raises(Rejected, match="it has not ended in old: apply again"):
        two.run(begins(moving("new")))


def test_by_time_it_is_noted_since_when(two: Two) -> None:
    ended = two.has(enabled=False)
    assert ended.modified_at is not None
    assert two.run(begins(moving("new"))).ended[("old", "new", "a")] < ended.modified_at


def test_what_was_seen_goes_along(two: Two) -> None:
    ended = two.has(enabled=False, trigger=FOLDER)
    wanted = begins(moving("new", trigger=FOLDER))
    assert two.run(wanted).ended == {}  # never looked at: nothing to carry
    arrives = LiveSchedule(moving("new", trigger=FOLDER), "us", "")
    assert two.new.data_cursor(arrives) is None
    from reconciler.providers.capabilities import DataCursor

    two.old.put_data_cursor(ended, DataCursor("inbox/in", SINCE, {"x": Seen("1", "d")}))
    two.run(wanted)
    two.run(wanted)
    assert two.new.data_cursor(arrives) == two.old.data_cursor(ended)


def test_what_a_run_that_was_killed_had_begun_is_looked_at_by_the_next(two: Two) -> None:
    """It was at its new target by then, but nobody had asked which fires came between the two."""
    left = two.has(enabled=False)
    two.new.create(two.new.canonical(moving("new"), None).schedule)
    [here] = two.new.list()
    assert left.modified_at is not None
    assert here.created_at is not None
    old, goes = Change(Action.NOOP, left.key, left, None), moving("new")
    hour, day = timedelta(hours=1), timedelta(days=1)

    def looked_at(
        old: Change = old, here: LiveSchedule = here, wanted: Schedule = goes
    ) -> list[tuple[str, str, str]]:
        new = Change(Action.NOOP, here.key, here, wanted)
        return list(Handovers([(plan("old", old), two.old), (plan("new", new), two.new)]).between())

    def left_as(**changed: object) -> Change:
        return replace(old, before=replace(left, **changed))

    assert looked_at() == [("old", "new", "a")]
    was_there = replace(here, created_at=left.modified_at - day)
    assert looked_at(here=was_there) == [("old", "new", "a")]  # it was switched on again
    assert looked_at(here=replace(was_there, modified_at=left.modified_at + hour)) == []
    late = replace(here, created_at=left.modified_at + 2 * hour)
    assert looked_at(here=late) == [("old", "new", "a")]
    assert looked_at(here=replace(here, created_at=None, modified_at=None)) == []
    assert looked_at(wanted=replace(moving("new"), handover=None)) == []
    assert looked_at(here=replace(here, schedule=replace(here.schedule, enabled=False))) == []
    assert looked_at(left_as(modified_at=None)) == []
    assert looked_at(left_as(modified_at=left.modified_at - 2 * day)) == []
    assert looked_at(left_as(applied="by hand")) == []
    assert looked_at(replace(old, key=Key("old", "another"))) == []


def test_one_that_was_off_by_hand_begins_anew(two: Two) -> None:
    live = two.has()
    two.old.disable(live, by_hand=True)
    assert two.run(begins(moving("new"))).ended == {}


def test_what_asks_for_nothing(two: Two) -> None:
    two.has(enabled=False)
    wanted = moving("new")
    here = LiveSchedule(wanted, "us", "f")
    for change in (
        begins(replace(wanted, handover=None)),
        begins(wanted, here),
        begins(replace(wanted, enabled=False)),
        begins(replace(wanted, key=Key("new", "b"))),
        Change(Action.DISABLE, wanted.key, here, None),
    ):
        assert two.run(change).ended == {}
    with pytest.raises(Rejected, match="old is not planned in this run"):
        Handovers([(plan("new"), two.new)]).receive(begins(wanted))


def test_where_cursors_cannot_be_carried(two: Two) -> None:
    wanted = begins(moving("new", trigger=FOLDER))
    memory = MemoryProvider("old", owner="us")
    off = replace(moving("old", trigger=FOLDER), enabled=False)
    memory.create(off)
    [live] = memory.list()
    made: list[Made] = [(plan("old"), memory), (plan("new", wanted), two.new)]
    said = "what was seen of its folder cannot be carried to or from old: it keeps none"
    same = {"old": {"inbox": "in"}, "new": {"inbox": "in"}}
    assert list(refusals(made, same)) == [f"new/a: {said}"]
    handovers = Handovers(made)
    applied = replace(live, applied=schedule_digest(off))
    handovers._live["old"] = {"a": applied}
    with pytest.raises(Rejected, match="from old: it keeps none"):
        handovers.receive(wanted)


class Brings(MemoryProvider):
    """A target that needs something brought first, which it does not get."""

    def bring(self, schedule: Schedule) -> None:
        raise ProviderError(schedule.key, "upload", "nobody may write there")


def test_nothing_ends_before_all_that_the_new_one_needs_is_there(two: Two) -> None:
    live = two.has()
    ends = Change(Action.DISABLE, live.key, live, None)
    other = Change(Action.DISABLE, Key("old", "b"), live, None)
    new = Brings("new", owner="us")
    made: list[Made] = [
        (plan("old", ends, other), two.old),
        (plan("new", begins(moving("new"))), new),
    ]
    results = apply_plan(made[0][0], two.old, prepare=Handovers(made).receive)
    assert [(r.outcome, r.error) for r in results] == [
        (Outcome.FAILED, "nobody may write there"),
        (Outcome.DISABLED, None),
    ]


def test_another_place_by_the_same_name(two: Two) -> None:
    wanted = begins(moving("new", trigger=FOLDER))
    made: list[Made] = [(plan("old"), two.old), (plan("new", wanted), two.new)]
    [said] = refusals(made, {"old": {"inbox": "in"}, "new": {"inbox": "else"}})
    assert "the datastore inbox is another place in old" in said
    here = begins(moving("new", trigger=FOLDER), LiveSchedule(moving("new"), "us", ""))
    for change in (here, begins(moving("new")), Change(Action.NOOP, Key("new", "a"), None, None)):
        assert list(refusals([(plan("old"), two.old), (plan("new", change), two.new)], {})) == []


def test_what_is_left_comes_first(two: Two) -> None:
    left: Made = (plan("old"), two.old)
    gone_to: Made = (plan("new", begins(moving("new"))), two.new)
    assert in_order([gone_to, left]) == [left, gone_to]
    back = replace(moving("old"), handover=Handover("new", ("old",)))
    circle: list[Made] = [gone_to, (plan("old", begins(back)), two.old)]
    assert in_order(circle) == circle


def test_an_apply_that_was_killed_before_it_looked_between(tmp_path: Path) -> None:
    """All of it is in its new target by then, so that the next apply changes nothing."""
    names = [f"s{second:02}" for second in range(0, 60, 20)]
    targets = "".join(f"  {one}: {{provider: local, workspace: {one}.db}}\n" for one in ("a", "b"))
    config = f"owner: us\nschedules: [schedules]\ntargets:\n{targets}"
    write(tmp_path, {"reconciler.yaml": config, "schedules/job.yml": f"{JOB}\n"})

    def declare(where: str) -> None:
        for name in names:
            start = f"2026-01-01T00:00:{name[1:]}"
            trigger = f"{{type: recurrence, frequency: minute, interval: 1, start_time: '{start}'}}"
            text = f"name: {name}\n{where}\ntrigger: {trigger}\ncreate_job: ./job.yml\n"
            write(tmp_path, {f"schedules/{name}.yaml": text})

    declare("targets: [a]")
    invoke(tmp_path, "apply", "--yes", "--target", "a")
    with closing(sqlite3.connect(tmp_path / "a.db")) as old, old:  # it has been there for a while
        old.execute("UPDATE schedules SET created_at = '2026-01-01T00:00:00+00:00'")
    declare("targets: [b]\nmoved_from: a")
    writes = 2 * len(names)  # each is disabled there, and made here
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "cli.moving.killed", str(writes)),
            *("apply", "--yes", "--target", "all", "--ignore-limits"),
        ],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        timeout=60,
    )
    assert killed.returncode == -9, killed.stderr

    def ran() -> list[int]:
        with closing(Database(tmp_path / "b.db")) as database:
            ledger = Ledger(database)
            return [len(ledger.runs_since(name, SINCE)) for name in names]

    assert ran() == [0] * len(names)
    done = invoke(tmp_path, "apply", "--yes", "--target", "all", "--ignore-limits")
    assert "between the targets made up for" in done.text
    assert all(ran())
    before = ran()
    invoke(tmp_path, "apply", "--yes", "--target", "all", "--ignore-limits")
    assert ran() == before
