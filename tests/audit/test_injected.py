"""A week of a real workspace with faults put into it: every verdict is what the injector wrote.

The schedules are applied, paused and changed through the provider and the history at moments of the
past; runs are written as the engine writes them, but for what goes wrong.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import OWNER, declaration, invoke, repository, schedule, with_job_file, write

from reconciler.apply import apply_plan
from reconciler.audit.audit import audit
from reconciler.audit.records import ScheduleAudit, Verdict
from reconciler.cli.loop.auditing import Auditor
from reconciler.cli.past_changes import past_changes
from reconciler.firing import next_fires
from reconciler.history import apply_record
from reconciler.model import Schedule, Suspension
from reconciler.providers.local import LocalProvider
from reconciler.reconcile import plan_target
from reconciler.state import State, open_state
from reconciler.state.records import RESUMED, SUSPENDED, CycleRecord, ResultRecord
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.records import Fire, NewRun
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)
MADE = SINCE - timedelta(days=3)
TRIGGERS = ("0 3 * * *", "*/45 * * * *", "30 */4 * * 1-5", "15 6,18 * * *")
FATES = (Verdict.LATE, Verdict.MISSING, Verdict.DOUBLED, Verdict.FAILED, Verdict.CANCELED)


class World:
    """A workspace, a state, and a clock that goes where it is put."""

    def __init__(self, folder: Path) -> None:
        self.now = MADE
        store = Store(folder / "workspace.db")
        self.provider = LocalProvider("local", store, owner=OWNER, clock=lambda: self.now)
        self.database = Database(folder / "workspace.db")
        self.state: State = open_state("state.db", folder)
        self.truth: dict[str, list[tuple[datetime, Verdict]]] = {}

    def suspend(self, name: str, at: datetime, until: datetime | None) -> None:
        """As the commands do; `until` None: resume."""
        self.now = at
        live = next(one for one in self.provider.list() if one.key.name == name)
        self.provider.suspend(live, Suspension(until, "ana", at) if until is not None else None)
        did = (SUSPENDED, "disable") if until is not None else (RESUMED, "update")
        self.state.history.record(
            CycleRecord(
                "local", at, at, "applied", did[0], "", cause="apply",
                results=(ResultRecord(name, did[1], f"{did[1]}d"),),
            )
        )  # fmt: skip

    def apply(self, at: datetime, *declared: Schedule) -> None:
        self.now = at
        plan = plan_target(declared, self.provider, owner=OWNER)
        results = apply_plan(plan, self.provider)
        assert all(result.error is None for result in results)
        self.state.history.record(apply_record(plan, results, started_at=at, ended_at=at))


def due_fires(one: Schedule, since: datetime, until: datetime) -> list[datetime]:
    return list(next_fires(one.trigger, since, until, MADE))


def new_run(name: str, due: datetime, cause: str = "time") -> NewRun:
    return NewRun(name, "e", "train", None, cause, due)  # type: ignore[arg-type]


def inject(world: World, name: str, due: datetime, fate: Verdict) -> None:
    """Write a fire and its run as the engine does, and what goes wrong with it."""
    runs, ledger = Runs(world.database), Ledger(world.database)
    fire = None if fate is Verdict.MISSING else new_run(name, due)
    ledger.settle([Fire(name, due.isoformat(), due, fire)], until=due, now=due)
    world.truth.setdefault(name, []).append((due, fate))
    if fire is None:
        return
    made = [fire.stem] + ([runs.add(fire, due)] if fate is Verdict.DOUBLED else [])
    begun = due + timedelta(minutes=20 if fate is Verdict.LATE else 0, seconds=3)
    status = {Verdict.FAILED: "Failed", Verdict.CANCELED: "Canceled"}.get(fate, "Completed")
    with world.database.writing() as connection:
        for run in made:
            connection.execute(
                "UPDATE runs SET status = ?, started_at = ?, ended_at = ? WHERE name = ?",
                (status, begun.isoformat(), (begun + timedelta(minutes=2)).isoformat(), run),
            )


def audited(world: World) -> dict[str, ScheduleAudit]:
    live = world.provider.list()
    names = {one.key.name for one in live}
    found = audit(
        live,
        past_changes(world.state, "local", names, SINCE),
        world.provider.runs_of,
        since=SINCE,
        now=NOW,
        firing=world.provider.firing_trigger,
    )
    return {one.key.name: one for one in found}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.state.close()
    made.database.close()
    made.provider.store.close()


def declared(count: int) -> list[Schedule]:
    return [
        with_job_file(
            schedule(f"s{n}", trigger={"type": "cron", "expression": TRIGGERS[n % 4]}),
            '{"type": "command", "command": "echo hello"}',
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_week_with_faults(world: World, seed: int) -> None:
    chance = random.Random(seed)
    schedules = declared(12)
    world.apply(MADE, *schedules)
    for one in schedules:
        for due in due_fires(one, SINCE, NOW):
            fate = chance.choice(FATES) if chance.random() < 0.2 else Verdict.ON_TIME
            inject(world, one.key.name, due, fate)
        by_hand = SINCE + timedelta(
            hours=chance.randrange(150), minutes=17, seconds=chance.randrange(60)
        )
        Runs(world.database).add(new_run(one.key.name, by_hand, "manual"), by_hand)
        world.truth[one.key.name].append((by_hand, Verdict.BY_HAND))
        odd = SINCE + timedelta(hours=chance.randrange(150), minutes=8)
        Runs(world.database).add(new_run(one.key.name, odd), odd)
        world.truth[one.key.name].append((odd, Verdict.UNEXPECTED))
    found = audited(world)
    for name, truth in world.truth.items():
        ordered = sorted(truth, key=lambda one: one[0])
        assert found[name].marks == "".join(fate.value for _, fate in ordered)
        assert [(one.at, one.verdict) for one in found[name].judged] == [
            (at, fate) for at, fate in ordered if fate is not Verdict.ON_TIME
        ]
        assert found[name].unknown == ()
    assert {one.is_wrong for one in found.values()} >= {True}


def test_what_it_was_before_is_what_is_held_against(world: World) -> None:
    """Paused for two days, another trigger for one, made in the middle: by the history."""
    plain, paused, changed, late = declared(4)
    world.apply(MADE, plain, paused, changed)
    first, second = SINCE + timedelta(days=2, hours=1), SINCE + timedelta(days=4, hours=1)
    off = replace(paused, enabled=False)
    other = replace(changed, trigger=plain.trigger)
    world.apply(first, plain, off, other, late)
    world.apply(second, plain, paused, changed, late)
    spans = {
        "s0": [(plain, SINCE, NOW)],
        "s1": [(paused, SINCE, first), (paused, second, NOW)],
        "s2": [(changed, SINCE, first), (other, first, second), (changed, second, NOW)],
        "s3": [(late, first, NOW)],
    }
    for name, parts in spans.items():
        for one, since, until in parts:
            for due in due_fires(one, since, until):
                inject(world, name, due, Verdict.ON_TIME)
    found = audited(world)
    for name in spans:
        assert found[name].marks == "." * len(world.truth[name])
        assert found[name].unknown == ()


def test_what_is_suspended_is_not_to_fire(world: World) -> None:
    """Also where it is changed afterwards, and where it began before the time in question."""
    early, late = declared(2)
    world.apply(MADE, early, late)
    before, day = SINCE - timedelta(hours=5), timedelta(days=1, hours=1)
    world.suspend("s0", before, NOW)
    world.suspend("s1", SINCE + day, NOW)
    world.suspend("s0", SINCE + 2 * day, None)
    world.suspend("s1", SINCE + 2 * day, NOW)  # for longer
    world.suspend("s1", SINCE + 3 * day, None)
    other = replace(late, trigger=early.trigger)
    world.apply(SINCE + 5 * day, early, other)
    spans = {
        "s0": [(early, SINCE + 2 * day, NOW)],
        "s1": [(late, SINCE, SINCE + day), (late, SINCE + 3 * day, SINCE + 5 * day),
               (other, SINCE + 5 * day, NOW)],
    }  # fmt: skip
    for name, parts in spans.items():
        for one, since, until in parts:
            for due in due_fires(one, since, until):
                inject(world, name, due, Verdict.ON_TIME)
    found = audited(world)
    for name in spans:
        assert found[name].marks == "." * len(world.truth[name])
        assert found[name].unknown == ()


def test_the_first_fire_is_that_of_its_creation(world: World) -> None:
    """Which is before the apply that made it had ended, and by whole seconds before it began."""
    daily = schedule("s0", trigger={"type": "recurrence", "frequency": "day", "interval": 1})
    one = with_job_file(daily, '{"type": "command", "command": "echo hello"}')
    second = (SINCE + timedelta(days=2, hours=1)).replace(microsecond=0)
    world.apply(second + timedelta(milliseconds=400), one)
    due = second
    while due < NOW:
        inject(world, "s0", due, Verdict.ON_TIME)
        due += timedelta(days=1)
    found = audited(world)["s0"]
    assert found.marks == "." * len(world.truth["s0"])
    assert found.unknown == ()


def test_it_had_another_name(world: World) -> None:
    """Two of them, in fact; and another schedule has the first of these by now."""
    (one,) = declared(1)
    world.apply(MADE, one)
    first, second = SINCE + timedelta(days=2, hours=1), SINCE + timedelta(days=4, hours=1)
    for at, until, name, old in (
        (SINCE, first, "s0", None), (first, second, "s1", "s0"), (second, NOW, "s2", "s1")
    ):  # fmt: skip
        now = replace(one, key=replace(one.key, name=name), renamed_from=old)
        if old is not None:
            world.apply(at, now)
        for due in due_fires(one, at, until):
            inject(world, name, due, Verdict.ON_TIME)
    world.apply(second + timedelta(hours=1), now, one)
    for due in due_fires(one, second + timedelta(hours=1), NOW):
        inject(world, "s0", due, Verdict.ON_TIME)
    found = audited(world)
    assert (found["s2"].marks, found["s2"].unknown) == (".......", ())
    assert found["s0"].marks == "..."


def test_it_was_deleted_and_made_again(world: World) -> None:
    (one,) = declared(1)
    world.apply(MADE, one)
    again = SINCE + timedelta(days=2, hours=15)  # just when it fires
    world.now = again - timedelta(hours=1)
    world.provider.disable(next(iter(world.provider.list())), by_hand=True)
    (row,) = world.provider.store.schedules()
    world.provider.store.delete_schedule("s0", expected=row.fingerprint, now=again)
    world.apply(again, one)
    due = due_fires(one, again, NOW)
    for at in due:
        inject(world, "s0", at, Verdict.ON_TIME)
    found = audited(world)["s0"]
    assert found.marks == "." * len(due)
    assert [until for _, until in found.unknown] == [again - timedelta(microseconds=1)]


def test_what_nobody_knows_is_not_guessed(world: World) -> None:
    (one,) = declared(1)
    world.apply(MADE, one)
    by_hand = SINCE + timedelta(days=3, hours=1)
    world.now = by_hand
    (live,) = world.provider.list()
    world.provider.disable(live, by_hand=True)
    for due in due_fires(one, SINCE, by_hand):
        inject(world, "s0", due, Verdict.ON_TIME)
    found = audited(world)["s0"]
    assert found.marks == ""  # it may have been paused and changed before that as well
    assert found.unknown == ((SINCE, by_hand),)


def test_a_run_that_was_pruned_was_one(world: World) -> None:
    (one,) = declared(1)
    world.apply(MADE, one)
    for due in due_fires(one, SINCE, NOW):
        inject(world, "s0", due, Verdict.ON_TIME)
    runs = Runs(world.database)
    runs.forget(runs.ended_beyond(2))
    found = audited(world)["s0"]
    assert found.marks == "rrrrr.."


def test_the_command(tmp_path: Path) -> None:
    repository(tmp_path)
    far = (datetime.now(UTC).hour + 12) % 24  # what has just been due is waited for
    write(tmp_path, {"schedules/a.yaml": declaration("a", far)})
    invoke(tmp_path, "apply", "--yes")
    said = invoke(tmp_path, "audit").out
    assert "1 schedule: all is well" in said
    path = tmp_path / "workspace.db"
    weeks_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE schedules SET created_at = ?1, modified_at = ?1, since = ?1", (weeks_ago,)
        )
    (tmp_path / ".reconciler/state.db").unlink()
    said = invoke(tmp_path, "audit", "a", "--since", "3d", code=3).out
    assert "local/a   MMM" in said
    assert "1 schedule: 1 schedule with missing or doubled runs" in said
    document = json.loads(invoke(tmp_path, "audit", "--format", "json", code=3).out)
    assert document["schedules"][0]["counts"] == {"missing": 7}
    assert invoke(tmp_path, "audit", "--since", "0d", code=2)


def test_the_loop_tells_of_what_is_missing_once(world: World) -> None:
    heard: list[tuple[str, dict[Verdict, int], list[str]]] = []
    auditor = Auditor(
        world.state, timedelta(hours=1), log=lambda *_, **__: None,
        on_audit=lambda target, counts, words: heard.append((target, dict(counts), list(words))),
        is_ours=lambda name: True,
    )  # fmt: skip
    [nightly] = declared(1)
    world.apply(MADE, nightly)
    for at in due_fires(nightly, SINCE, NOW)[:-1]:
        inject(world, "s0", at, Verdict.ON_TIME)
    three = NOW.replace(hour=3)
    for minutes in (30, 90):
        auditor.one(
            "local", world.provider, world.provider, three + timedelta(minutes=minutes), owner=OWNER
        )
    counts = {Verdict.MISSING: 1}
    assert heard == [("local", counts, ["s0 at 2026-11-28 03:00 UTC"]), ("local", counts, [])]
    again = Auditor(
        world.state, timedelta(hours=1), log=lambda *_, **__: None,
        on_audit=lambda target, counts, words: heard.append((target, dict(counts), list(words))),
        is_ours=lambda name: True,
    )  # fmt: skip
    again.one("local", world.provider, world.provider, NOW, owner=OWNER)
    assert heard[-1] == ("local", counts, [])  # it was told before the restart
    again.one("local", world.provider, world.provider, NOW, owner="them")
    assert heard[-1] == ("local", {}, [])  # of others', their own loop tells
