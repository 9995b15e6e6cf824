"""Triggers at random, of every kind, and others that differ from them in one thing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.model import WEEK_DAYS, Cron, DatastoreChange, Pattern, Recurrence, Trigger

ZONES = ("UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata")
NAMED = ("Monday", "MON/2", "fri-mon", "Sat-sunday", "tue,THURSDAY")


def trigger(rng: random.Random) -> Trigger:
    """Any one."""
    kind = rng.random()
    if kind < 0.05:
        return datastore(rng)
    return cron(rng) if kind < 0.45 else recurrence(rng)


def another(one: Trigger, rng: random.Random) -> Trigger:
    """Of the same kind, with one thing as another trigger has it; or that looks much like it."""
    if rng.random() < 0.3 and (twin := lookalike(one, rng)) is not None:
        return twin
    if isinstance(one, DatastoreChange):
        other: Trigger = datastore(rng)
    elif isinstance(one, Cron):
        other = cron(rng)
        if rng.random() < 0.7:
            at = rng.randrange(5)
            texts = one.expression.split()
            texts[at] = other.expression.split()[at]
            return replace(one, expression=" ".join(texts))
    else:
        other = recurrence(rng)
        if one.pattern and other.pattern and rng.random() < 0.6:
            name = rng.choice(("hours", "minutes", "week_days", "month_days"))
            changed = replace(one.pattern, **{name: getattr(other.pattern, name)})
            return replace(one, pattern=changed)
    name = rng.choice(one.__slots__)  # type: ignore[attr-defined]
    return replace(one, **{name: getattr(other, name)})


def lookalike(one: Trigger, rng: random.Random) -> Trigger | None:
    """The same days, times or numbers, and another rule; None where there is none of these."""
    if isinstance(one, Cron):
        texts = one.expression.split()
        for at, (low, high) in ((2, (1, 31)), (4, (0, 6))):
            if texts[at].startswith("*/"):  # without the star either of two day fields is enough
                step = int(texts[at][2:])
                texts[at] = ",".join(str(n) for n in range(low, high + 1, step))
                return replace(one, expression=" ".join(texts))
        return None
    if isinstance(one, DatastoreChange) or one.frequency in ("minute", "hour"):
        return None
    start = one.start_time
    if start is not None and one.pattern is None:  # with one, the start does not fire
        return replace(one, pattern=Pattern((start.hour,), (start.minute,)))
    return replace(one, interval=rng.choice((1, 2, 12, 24, 36)))


def datastore(rng: random.Random) -> DatastoreChange:
    """Some have names that could be taken for words beside them."""
    return DatastoreChange(
        rng.choice(("inbox", "inbox/a", "a")),
        rng.choice(("", "a", "/a/", "a/b", "my a", 'a"b', "a is new or changed, polled every day")),
        rng.choice((1, 5, 15)),
        rng.choice((None, "input_data", "x; y")),
    )


def recurrence(rng: random.Random) -> Recurrence:
    """With each part of a pattern set, or left to the start or the creation."""
    frequency = rng.choice(("minute", "hour", "day", "week", "month", "day", "week", "month"))
    pattern = None
    if frequency not in ("minute", "hour") and rng.random() < 0.8:
        week_days = _some(rng, 7, 0.5)
        pattern = Pattern(
            _some(rng, 24, 0.2),
            _some(rng, 60, 0.2),
            tuple(WEEK_DAYS[day] for day in week_days),
            tuple(day + 1 for day in _some(rng, 31, 0.5)),
        )
    interval = rng.choice((1, 1, 1, 2, 3, 7, 12, 24))
    start, *rest = _bounds(rng)
    if start and pattern and pattern.hours and pattern.minutes and rng.random() < 0.3:
        start = start.replace(hour=pattern.hours[0], minute=pattern.minutes[0])
    return Recurrence(frequency, interval, pattern, start, *rest)  # type: ignore[arg-type]


def cron(rng: random.Random) -> Cron:
    """With names, steps from a value, ranges that run backwards, `L`, `LW` and `#`."""
    minutes, hours = _field(rng, 0, 59, ()), _field(rng, 0, 23, ())
    days = _field(rng, 1, 31, ("L", "LW", "15,L", "20-3", "9-9/2"))
    months = _field(rng, 1, 12, ("JAN-MAR", "november-feb")) if rng.random() < 0.4 else "*"
    week_days = _field(rng, 0, 6, ("5L", "1#2", "1,3#1", "2#1,2#3", *NAMED))
    return Cron(f"{minutes} {hours} {days} {months} {week_days}", *_bounds(rng))


def _bounds(rng: random.Random) -> tuple[datetime | None, datetime | None, str]:
    start, end = (
        datetime(2026, 1, 1) + timedelta(days=rng.randrange(400), minutes=rng.randrange(1440))
        for _ in range(2)
    )
    if rng.random() < 0.3:
        start = datetime(2024, 2, 29, 9, 0, rng.choice((0, 0, 30)))
    return (
        start if rng.random() < 0.5 else None,
        end if rng.random() < 0.15 else None,
        rng.choice(ZONES),
    )


def _some(rng: random.Random, number: int, empty: float) -> tuple[int, ...]:
    """Some of so many: few of them, spread evenly, in a row, or any."""
    kind = rng.random()
    if kind < empty:
        return ()
    kind = rng.random()
    first = rng.randrange(number)
    if kind < 0.4:
        return (first,)
    if kind < 0.6:
        return tuple(range(first, number, rng.randrange(1, 8)))
    if kind < 0.7:
        return tuple(range(number))
    return tuple(sorted(rng.sample(range(number), rng.randrange(1, min(number, 16)))))


def _field(rng: random.Random, low: int, high: int, odd: tuple[str, ...]) -> str:
    kind = rng.random()
    if kind < 0.25:
        return "*"
    if kind < 0.33:
        return f"*/{rng.randrange(1, 9)}"
    if kind < 0.37:
        return f"{rng.randint(low, high)}/{rng.randrange(1, 9)}"
    if kind < 0.4:
        return f"{rng.choice((low, high))}-{rng.randint(low, high)}"
    if odd and kind < 0.6:
        return rng.choice(odd)
    chosen = _some(rng, high - low + 1, 0.0)
    return ",".join(str(low + number) for number in chosen)
