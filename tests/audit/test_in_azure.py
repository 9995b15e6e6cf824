"""A week of jobs in Azure, with faults put into it: every verdict is the injector's."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import OWNER, TARGET, schedule
from providers.azureml.opened import provider

from audit.test_injected import FATES, MADE, NOW, SINCE, TRIGGERS, due_fires
from reconciler.apply import apply_plan
from reconciler.audit.audit import audit
from reconciler.audit.records import Verdict
from reconciler.cli.past_changes import past_changes
from reconciler.history import apply_record
from reconciler.reconcile import plan_target, reconcile
from reconciler.state import open_state

SCHEDULE = "reconciler-schedule"


def test_a_week_with_faults() -> None:
    chance = random.Random(7)
    with StandIn(jobs={"train"}, page_size=50) as arm:
        arm.settings.now = lambda: MADE
        declared = [
            schedule(f"s{n}", trigger={"type": "cron", "expression": TRIGGERS[n % 4]})
            for n in range(8)
        ]
        reconcile(declared, provider(arm, now=lambda: MADE), owner=OWNER)
        truth: dict[str, list[tuple[datetime, Verdict]]] = {}
        due = sorted((at, one.key.name) for one in declared for at in due_fires(one, MADE, NOW))
        for at, name in due:
            fate = chance.choice(FATES) if chance.random() < 0.2 else Verdict.ON_TIME
            inject(arm, name, at, fate)
            if at > SINCE:
                truth.setdefault(name, []).append((at, fate))
        by_hand = NOW - timedelta(minutes=7)
        marks = {SCHEDULE: "s0", "reconciler-cause": "manual"}
        arm.jobs.add("by-hand", shown("s0", by_hand) | {"properties": marks}, by_hand, "Failed")
        truth["s0"].append((by_hand, Verdict.BY_HAND))
        arm.jobs.add("somebody's", {"jobType": "Pipeline", "displayName": "tests"}, NOW)
        no_instant = {"jobType": "Pipeline", "displayName": "s0-20261332T250000Z"}
        arm.jobs.add("no-instant", no_instant, NOW)

        live = provider(arm)
        calls = arm.counts["GET jobs"]
        found = audit(
            list(live.list()), {}, live.runs_of, since=SINCE, now=NOW, firing=live.firing_trigger
        )
        for one in found:
            expected = sorted(truth[one.key.name])
            assert one.marks == "".join(fate.value for _, fate in expected), one.key
            assert one.unknown == ()
        pages = arm.counts["GET jobs"] - calls
        assert 1 < pages <= len(arm.jobs.made) // 50 + 1  # read once for all of them


@pytest.mark.parametrize("changed", [{}, {"description": "told"}, {"renamed_from": "s0"}])
@pytest.mark.parametrize("kind", ["cron", "recurrence"])
def test_it_counts_from_the_start_that_azure_filled_in(
    tmp_path: Path, kind: str, changed: dict[str, str]
) -> None:
    """Half a minute after the creation: from there on all is known, whatever is changed later."""
    made = SINCE + timedelta(days=2, hours=1, milliseconds=400)
    later = SINCE + timedelta(days=4, hours=2)
    trigger: dict[str, object] = {"type": "recurrence", "frequency": "day", "interval": 1}
    due = made.replace(microsecond=0) + timedelta(seconds=30)
    if kind == "cron":
        trigger, due = {"type": "cron", "expression": "0 3 * * *"}, due.replace(hour=3, second=0)
        due += timedelta(days=1)
    name = "s1" if "renamed_from" in changed else "s0"
    with StandIn(jobs={"train"}) as arm, closing(open_state("state.db", tmp_path)) as state:
        for at, one in (
            (made, schedule("s0", trigger=trigger)),
            (later, schedule(name, trigger=trigger, **changed)),
        ):
            arm.settings.now = partial(datetime.astimezone, at, UTC)
            opened = provider(arm, now=arm.settings.now)
            plan = plan_target([one], opened, owner=OWNER)
            results = apply_plan(plan, opened)
            assert [result.error for result in results] == [None]
            ended = at + timedelta(milliseconds=900)
            state.history.record(apply_record(plan, results, started_at=at, ended_at=ended))
        while due < NOW:
            inject(arm, "s0" if due < later else name, due, Verdict.ON_TIME)
            due += timedelta(days=1)
        opened = provider(arm)
        live = [one for one in opened.list() if one.key.name == name]
        past = past_changes(state, TARGET, {name}, SINCE)
        [found] = audit(
            live, past, opened.runs_of, since=SINCE, now=NOW, firing=opened.firing_trigger
        )
        assert (found.marks, found.unknown) == (".....", ())


def shown(name: str, at: datetime) -> dict[str, object]:
    return {
        "jobType": "Pipeline",
        "displayName": f"{name}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        "experimentName": name,
    }


def inject(arm: StandIn, name: str, due: datetime, fate: Verdict) -> None:
    """What Azure would have of a fire, and what went wrong with it."""
    if fate is Verdict.MISSING:
        return
    status = {Verdict.FAILED: "Failed", Verdict.CANCELED: "Canceled"}.get(fate, "Completed")
    begun = due + timedelta(minutes=20 if fate is Verdict.LATE else 0, seconds=9)
    for number in range(2 if fate is Verdict.DOUBLED else 1):
        arm.jobs.add(
            f"{name}-{due:%Y%m%d%H%M}-{number}",
            shown(name, due) | {"properties": {"StartTimeUtc": f"{begun:%Y-%m-%d %H:%M:%S}"}},
            due + timedelta(seconds=4),
            status,
        )
