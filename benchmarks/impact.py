"""How long it takes to tell what a plan does to fires, beside walking through every fire.

    python benchmarks/impact.py [COUNT]     # 10,000 schedules if not given; prints Markdown

CPU time, the median of five, each in a process of its own in which nothing is kept from another
plan; garbage is not collected, as in `plan`. All triggers are distinct: kinds, times, zones and
starts by a fixed seed, half of them every few minutes or hours. Counting is what `plan` does: of
each change and of the whole. Walking is only the fires themselves, one after the other, of the same
schedules: no change, no minute, no warning.
"""

from __future__ import annotations

import gc
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from firing import KINDS, make_case

from reconciler.firing import next_fires
from reconciler.firing.rules.cron_expression import parse
from reconciler.model import (
    Action,
    Change,
    Cron,
    Job,
    Key,
    LiveSchedule,
    Plan,
    Recurrence,
    Schedule,
    Trigger,
)
from reconciler.plan.impact.impact import with_impact

NOW = datetime(2026, 11, 20, 10, 17, 33, tzinfo=UTC)
CREATED = NOW - timedelta(days=40)
SHARES = (0, 100, 1_000, 10_000)
"""Changed schedules in 10,000."""


def trigger_of(rng: random.Random) -> Recurrence | Cron:
    """Half of them frequent, the others of every kind."""
    kind = rng.choice(KINDS) if rng.random() < 0.5 else "minutes and hours"
    start = NOW.replace(tzinfo=None, second=0) - timedelta(minutes=rng.randrange(90_000))
    return make_case(kind, start, rng).trigger


def distinct(number: int) -> list[Trigger]:
    """So many triggers, no two of them equal."""
    rng = random.Random("impact")
    found: dict[Trigger, None] = {}
    while len(found) < number:
        found[trigger_of(rng)] = None
    return list(found)


def shifted(trigger: Trigger) -> Trigger:
    """The same in the zone an hour to the west."""
    assert isinstance(trigger, Recurrence | Cron)
    return replace(trigger, time_zone="Etc/GMT+1")


def plan_of(before: list[Trigger], after: list[Trigger], share: int) -> Plan:
    """`share` of 10,000 get another trigger."""
    changes = []
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        key = Key("local", f"s{number:06}")
        live = LiveSchedule(Schedule(key, old, Job("azureml:a")), "us", "x", created_at=CREATED)
        is_changed = number * share // 10_000 != (number + 1) * share // 10_000
        wanted = Schedule(key, new if is_changed else old, Job("azureml:a"))
        action = Action.UPDATE if is_changed else Action.NOOP
        changes.append(Change(action, key, live, wanted))
    return Plan("local", "us", tuple(changes))


def first_apply(triggers: list[Trigger]) -> Plan:
    """All of them are new."""
    plan = plan_of(triggers, triggers, 0)
    changes = [replace(each, action=Action.CREATE, before=None) for each in plan.changes]
    return replace(plan, changes=tuple(changes))


def all_removed(triggers: list[Trigger]) -> Plan:
    """All of them are disabled, for none is in the repository any more."""
    plan = plan_of(triggers, triggers, 0)
    changes = [replace(each, action=Action.DISABLE, after=None) for each in plan.changes]
    return replace(plan, changes=tuple(changes))


def seconds(plan: str, days: int, count: int) -> float:
    """The median of five processes."""
    command = [sys.executable, __file__, str(count), plan, str(days)]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


def measure(plan: Plan, days: int) -> float:
    """Seconds of CPU, once."""
    begin = time.process_time()
    tell(plan, days)
    return time.process_time() - begin


def tell(plan: Plan, days: int) -> Plan:
    """What `reconciler plan` adds to a plan."""
    return with_impact(
        plan, firing=lambda made: made.trigger, now=NOW, horizon=timedelta(days=days)
    )


def walk(triggers: list[Trigger], days: int) -> int:
    """Every fire of all of them, one after the other."""
    until = NOW + timedelta(days=days)
    return sum(sum(1 for _ in next_fires(each, NOW, until, CREATED)) for each in triggers)


def plans_of(count: int) -> Mapping[str, Callable[[], Plan]]:
    """What is measured, by the head of its column; triggers are parsed, as in a declaration."""
    both = distinct(2 * count)
    for trigger in both:
        if isinstance(trigger, Cron):
            parse(trigger.expression)
    before, after = both[:count], both[count:]
    plans = {f"{s / 100:g} % changed": partial(plan_of, before, after, s) for s in SHARES}
    moved = partial(plan_of, before, [shifted(each) for each in before], SHARES[-1])
    return plans | {
        "all moved by an hour": moved,
        "all new": partial(first_apply, before),
        "all removed": partial(all_removed, before),
    }


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    plans = plans_of(count)
    if len(sys.argv) > 2:
        gc.disable()
        print(measure(plans[sys.argv[2]](), int(sys.argv[3])))
        return
    print(f"What a plan of {count:,} schedules does to fires: seconds of CPU, median of five.")
    print("Changed schedules get another trigger of any kind.\n")
    print(f"| horizon | {' | '.join(plans)} | walking |")
    print("|---|" + "--:|" * (len(plans) + 1))
    for days in (14, 90):
        cells = [f"{seconds(plan, days, count):.2f}" for plan in plans]
        triggers = distinct(2 * count)[:count]
        begin = time.process_time()
        fires = walk(triggers, days)
        cells.append(f"{time.process_time() - begin:.1f} ({fires:,} fires)")
        print(f"| {days} days | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
