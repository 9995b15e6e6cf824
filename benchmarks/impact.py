"""How long it takes to tell what a plan does to fires, beside walking through every fire.

    python benchmarks/impact.py [COUNT]     # 10,000 schedules if not given; prints Markdown

One process, one thread; CPU time, the best of three. All triggers are distinct: kinds, times,
zones and starts by a fixed seed, half of them every few minutes or hours. Counting is what `plan`
does: of each change and of the whole. Walking is only the fires themselves, one after the other, of
the same schedules: no change, no minute, no warning.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from firing import KINDS, make_case

from reconciler.firing import next_fires
from reconciler.firing.expression import parse
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
from reconciler.plan.impact import with_impact

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


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The best of some runs."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


def tell(plan: Plan, days: int) -> Plan:
    """What `reconciler plan` adds to a plan."""
    return with_impact(
        plan, firing=lambda made: made.trigger, now=NOW, horizon=timedelta(days=days)
    )


def walk(triggers: list[Trigger], days: int) -> int:
    """Every fire of all of them, one after the other."""
    until = NOW + timedelta(days=days)
    return sum(sum(1 for _ in next_fires(each, NOW, until, CREATED)) for each in triggers)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    both = distinct(2 * count)
    for trigger in both:  # a declaration is parsed before it is planned
        if isinstance(trigger, Cron):
            parse(trigger.expression)
    before, after = both[:count], both[count:]
    print(
        f"What a plan of {count:,} schedules does to fires: seconds of CPU, best of three. Changed"
    )
    print("schedules get another trigger of any kind; in the last column but one, all are moved by")
    print("an hour.\n")
    print(
        "| horizon | "
        + " | ".join(f"{s / 100:g} % changed" for s in SHARES)
        + " | all moved | walking |"
    )
    print("|---|" + "--:|" * (len(SHARES) + 2))
    for days in (14, 90):
        cells: list[str] = []
        for share in SHARES:
            plan = plan_of(before, after, share)
            cells.append(f"{seconds(partial(tell, plan, days)):.2f}")
        plan = plan_of(before, [shifted(each) for each in before], SHARES[-1])
        cells.append(f"{seconds(partial(tell, plan, days)):.2f}")
        fires = walk(before, days)
        walked = seconds(partial(walk, before, days), 1)
        cells.append(f"{walked:.1f} ({fires:,} fires)")
        print(f"| {days} days | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
