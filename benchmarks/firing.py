"""How long it takes to find the next fire of a schedule, beside what else there is for it.

    python benchmarks/firing.py [COUNT]     # 100,000 schedules if not given; prints Markdown

One process, one thread, one run, on the same schedules: mixed zones, times and days, by a fixed
seed. The others are given what they can express, and their objects made beforehand wherever they
can be asked again (rrule, APScheduler); croniter and CronSim are made for each question, as their
API wants it. This package is measured both ways: `prepare`d beforehand, as its own timetable does
it and rrule and APScheduler are, and asked with the plain values each time. Every question is asked
three times, and the better of the last two counts; of the plain values the first is shown too. A
slow engine gets as many schedules as it answers in SECONDS. Engines that are not installed are left
out:

    pip install croniter "apscheduler<4" cronsim python-dateutil
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from itertools import islice
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.firing import next_fire
from reconciler.firing.compiled import prepare
from reconciler.model import WEEK_DAYS, Cron, Frequency, Pattern, Recurrence, Trigger

SECONDS = 2.0
LOT = 5
NOW = datetime(2026, 11, 20, 10, 17, 33, tzinfo=UTC)
ZONES = ("UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
ENGINES = ("dateutil", "croniter", "cronsim", "apscheduler")
KINDS = (
    "minutes and hours",
    "days at times",
    "every n days",
    "weeks",
    "every n weeks",
    "months",
    "crons",
)

Question = Callable[[], datetime | None]


@dataclass(frozen=True)
class Case:
    """A schedule, and its words in cron if it has any."""

    kind: str
    trigger: Recurrence | Cron
    expression: str | None = None


# --------------------------------------------------------------------------------- the schedules


def make_case(kind: str, start: datetime, rng: random.Random) -> Case:
    """A schedule of that kind, counted from `start`."""
    zone = rng.choice(ZONES)
    if kind == "crons":
        expression = rng.choice(
            [
                f"{rng.randrange(60)} {rng.randrange(24)} * * *",
                f"{rng.randrange(60)} {rng.randrange(24)} * * 1-5",
                f"*/{rng.choice([5, 10, 15, 30])} * * * *",
                f"{rng.randrange(60)} {rng.randrange(24)} {rng.randrange(1, 28)} * *",
                f"*/15 {rng.randrange(8, 12)}-{rng.randrange(13, 20)} * * 1-5",
            ]
        )
        return Case(kind, Cron(expression, time_zone=zone), expression)
    if kind == "minutes and hours":
        frequency: Frequency = rng.choice(["minute", "hour"])
        interval = rng.randrange(5, 60) if frequency == "minute" else rng.randrange(1, 24)
        return Case(kind, Recurrence(frequency, interval, None, start, None, zone))
    hours = tuple(sorted(rng.sample(range(24), rng.randrange(1, 4))))
    minutes = (rng.choice([0, 15, 30, 45]),)
    weekdays = tuple(sorted(rng.sample(range(7), rng.randrange(1, 4))))
    month_days = tuple(sorted(rng.sample(range(1, 29), rng.randrange(1, 3))))
    interval = rng.randrange(2, 6) if "every" in kind else 1
    clock = f"{minutes[0]} {','.join(map(str, hours))}"
    days, frequency = "* * *", "day"
    pattern = Pattern(hours, minutes)
    if "week" in kind:
        days, frequency = "* * " + ",".join(str((day + 1) % 7) for day in weekdays), "week"
        pattern = Pattern(hours, minutes, tuple(WEEK_DAYS[day] for day in weekdays))
    elif kind == "months":
        days, frequency = ",".join(map(str, month_days)) + " * *", "month"
        pattern = Pattern(hours, minutes, (), month_days)
    trigger = Recurrence(frequency, interval, pattern, start, None, zone)
    return Case(kind, trigger, f"{clock} {days}" if interval == 1 else None)


def make_cases(kind: str, count: int, years: int) -> list[Case]:
    """Schedules that began in the week before NOW, or `years` earlier."""
    rng = random.Random(f"{kind} {years}")
    newest = NOW.replace(tzinfo=None) - timedelta(days=365 * years + 1)
    return [
        make_case(kind, newest.replace(second=0) - timedelta(minutes=rng.randrange(9000)), rng)
        for _ in range(count)
    ]


# ----------------------------------------------------------------------------------- the engines


def ask_ours(case: Case) -> Question:
    trigger: Trigger = case.trigger
    created = NOW - timedelta(days=1)
    return partial(next_fire, trigger, NOW, created)


def ask_prepared(case: Case) -> Question:
    following = prepare(case.trigger, NOW - timedelta(days=1))
    return partial(following, NOW)


def ask_dateutil(case: Case) -> Question | None:
    from dateutil import rrule

    trigger = case.trigger
    if not isinstance(trigger, Recurrence) or trigger.start_time is None:
        return None
    pattern = trigger.pattern or Pattern()
    names = ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY")
    frequencies = dict(zip(("minute", "hour", "day", "week", "month"), names, strict=True))
    zone = ZoneInfo(trigger.time_zone)
    now = NOW.astimezone(zone)
    rule = rrule.rrule(
        getattr(rrule, frequencies[trigger.frequency]),
        dtstart=trigger.start_time.replace(tzinfo=zone),
        interval=trigger.interval,
        byhour=pattern.hours or None,
        byminute=pattern.minutes or None,
        bysecond=0,
        byweekday=[WEEK_DAYS.index(day) for day in pattern.week_days] or None,
        bymonthday=pattern.month_days or None,
    )
    return partial(rule.after, now)


def ask_croniter(case: Case) -> Question | None:
    from croniter import croniter

    expression, now = case.expression, NOW.astimezone(ZoneInfo(case.trigger.time_zone))
    return (lambda: croniter(expression, now).get_next(datetime)) if expression else None


def ask_cronsim(case: Case) -> Question | None:
    from cronsim import CronSim

    expression, now = case.expression, NOW.astimezone(ZoneInfo(case.trigger.time_zone))
    return (lambda: next(CronSim(expression, now))) if expression else None


def ask_apscheduler(case: Case) -> Question | None:
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    trigger, zone = case.trigger, ZoneInfo(case.trigger.time_zone)
    now = NOW.astimezone(zone)
    made: Any
    if isinstance(trigger, Recurrence) and trigger.pattern is None:
        unit = {f"{trigger.frequency}s": trigger.interval}
        made = IntervalTrigger(**unit, start_date=trigger.start_time, timezone=zone)
    elif case.expression is not None:
        minute, hour, day, month, weekday = case.expression.split()
        # Its week days are numbered from Monday.
        names = weekday.replace("1-5", "mon-fri")
        names = ",".join(
            ("sun", "mon", "tue", "wed", "thu", "fri", "sat")[int(part)] if part.isdigit() else part
            for part in names.split(",")
        )
        made = CronTrigger(None, month, day, None, names, hour, minute, timezone=zone)
    else:
        return None
    question: Question = partial(made.get_next_fire_time, None, now)
    return question


ASK: dict[str, Callable[[Case], Question | None]] = {
    "dateutil": ask_dateutil,
    "croniter": ask_croniter,
    "cronsim": ask_cronsim,
    "apscheduler": ask_apscheduler,
}


# ------------------------------------------------------------------------------------ the figures


def measure(questions: Iterable[Question]) -> tuple[float, float]:
    """Microseconds for each, the first time and warm, of those answered within SECONDS."""
    asked, first, warm = 0, 0.0, 0.0
    lots = iter(questions)
    while lot := list(islice(lots, LOT)):
        turns = []
        for _ in range(3):
            begin = time.perf_counter()
            for question in lot:
                question()
            turns.append(time.perf_counter() - begin)
        first += turns[0]
        warm += min(turns[1:])  # the other may have been interrupted by another process
        asked += len(lot)
        if warm > SECONDS:
            break
    return first / asked * 1e6, warm / asked * 1e6


def row(kind: str, count: int, years: int) -> tuple[float, float | None, str]:
    """Ours, the fastest other, and the line of the table."""
    cases = make_cases(kind, count, years)
    first, plain = measure(map(ask_ours, cases))
    _, ours = measure(map(ask_prepared, cases))
    others, cells = [], []
    for engine in ENGINES:
        if find_spec(engine) is None:
            cells.append("not installed")
        elif ASK[engine](cases[0]) is None:
            cells.append("cannot")
        else:
            asked = (ASK[engine](case) for case in cases)
            others.append(measure(question for question in asked if question)[1])
            cells.append(f"{others[-1]:,.1f}")
    fastest = min(others, default=None)
    ratio = f"{fastest / ours:,.1f}" if fastest else "-"
    begun = f"{years} years ago" if years else "last week"
    mine = f"{first:.1f} | {plain:.1f} | {ours:.2f}"
    line = f"| {kind} | {begun} | {mine} | {' | '.join(cells)} | {ratio} |"
    return ours, fastest, line


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    each = max(1, count // (2 * len(KINDS)))
    print(f"Next fire of {2 * each * len(KINDS):,} mixed schedules, microseconds each.\n")
    names = " | ".join(ENGINES)
    print(f"| schedules | begun | plain, first time | plain | prepared | {names} | ratio |")
    print("|---|---|" + "--:|" * (len(ENGINES) + 4))
    ours, ratios = [], []
    for kind in KINDS:
        for years in (0, 10):
            mine, fastest, line = row(kind, each, years)
            print(line, flush=True)
            ours.append(mine)
            if fastest:
                ratios.append(fastest / mine)
    print("\nThe ratio is that of the fastest other to this package, prepared.")
    print(f"This package, prepared, all kinds alike: {mean(ours):.1f} µs.", end=" ")
    if ratios:
        print(f"Ratio: {min(ratios):.1f} at least, {median(ratios):.1f} in the middle.", end="")
    print()


if __name__ == "__main__":
    main()
