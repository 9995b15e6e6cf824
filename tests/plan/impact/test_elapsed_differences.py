"""Differences of minute and hour recurrences, of phases and of intervals, beside a brute force."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plan.impact.impacts import impact_of
from plan.impact.oracle import DAY, ZONES, Days, Side, near_a_change
from reconciler.model import Impact, Pattern, Recurrence, Trigger

HORIZON = timedelta(days=14)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Elapsed:
    """One fire at the start, and one after each interval of elapsed time, up to the end."""

    interval: int
    """Minutes."""
    zone: str
    start: datetime
    end: datetime | None = None

    def first(self) -> datetime:
        return Side(Days(), (), self.zone).instant(self.start)

    def fires(self, after: datetime, until: datetime) -> set[datetime]:
        step, at = self.interval * MINUTE, self.first()
        if at <= after:
            at += ((after - at) // step + 1) * step
        if self.end is not None:
            until = min(until, Side(Days(), (), self.zone).instant(self.end))
        return {at + number * step for number in range(max(0, (until - at) // step + 1))}

    def trigger(self, rng: random.Random) -> Trigger:
        if self.interval % 60 == 0 and rng.random() < 0.8:
            return Recurrence("hour", self.interval // 60, None, self.start, self.end, self.zone)
        return Recurrence("minute", self.interval, None, self.start, self.end, self.zone)


@dataclass(frozen=True)
class Change:
    before: Elapsed | Side
    after: Elapsed | Side
    now: datetime
    phase: timedelta | None = None
    """By how much all is moved, or that and any number of periods; None: by no one length."""
    period: timedelta = DAY


def fires(side: Elapsed | Side, after: datetime, until: datetime) -> set[datetime]:
    if isinstance(side, Elapsed):
        return side.fires(after, until)
    return set(side.walls(after, until).values())


def change(rng: random.Random) -> Change:
    """Of one start, interval, zone or end; or to, or from, times of day."""
    zone = rng.choice(ZONES)
    now = near_a_change(zone, rng)
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0)
    reach = rng.choice((-200, -200, -3, 5))
    start = local + rng.randrange(min(reach, 0) * 1440, max(reach, 0) * 1440 + 1) * MINUTE
    interval = rng.choice((1, 7, 15, 45, 60, 90, 300, 360, 720, 1440, 2160, 2880, 4320))
    one = Elapsed(interval, zone, start)
    kind = rng.choice(("phase", "phase", "interval", "zone", "end", "timed", "phase of days"))
    if kind == "phase of days":
        return _phase_of_days(zone, start, now, rng)
    if kind == "phase":
        by = rng.randrange(1, max(2, min(2 * interval, 4000)))
        moved = replace(one, start=start + by * MINUTE)
        phase = moved.first() - one.first()
        return Change(one, moved, now, phase, interval * MINUTE)
    if kind == "zone":
        moved = replace(one, zone=rng.choice([each for each in ZONES if each != zone]))
        return Change(one, moved, now, moved.first() - one.first(), interval * MINUTE)
    if kind == "interval":
        others = (1, 10, 30, 120, 480, 1441, 3000)
        other: Elapsed | Side = replace(one, interval=rng.choice(others[interval == 1 :]))
    elif kind == "end":
        other = replace(one, end=local + rng.randrange(1440, 20 * 1440) * MINUTE)
    else:
        times = tuple(sorted(60 * hour + 30 for hour in rng.sample(range(24), rng.choice((1, 3)))))
        other = Side(Days(interval=rng.choice((1, 2)), origin=start.date()), times, zone, start)
    pair = [one, other]
    rng.shuffle(pair)
    return Change(pair[0], pair[1], now)


def _phase_of_days(zone: str, start: datetime, now: datetime, rng: random.Random) -> Change:
    """Every second or third day, from another day on."""
    interval, by = rng.choice((2, 3, 4)), rng.randrange(1, 4)
    later, minute = start + by * DAY, rng.randrange(4 * 60, 24 * 60)  # at no clock's change
    one, other = (
        Side(Days(interval=interval, origin=each.date()), (minute,), zone, each)
        for each in (start, later)
    )
    return Change(one, other, now, by * DAY, interval * DAY)


def disagreements(one: Change, rng: random.Random) -> list[str]:
    """What a plan says of a change that is not so."""
    now, until = one.now, one.now + HORIZON
    triggers = [side.trigger(rng) for side in (one.before, one.after)]
    found = impact_of(*triggers, now, created=now - 300 * DAY)
    before, after = fires(one.before, now, until), fires(one.after, now, until)
    gone, come = before - after, after - before
    wrong = []
    assert found.before is not None
    assert found.after is not None
    if (found.before.count, found.after.count) != (len(before), len(after)):
        wrong.append("count")
    if (found.removed + found.moved, found.added + found.moved) != (len(gone), len(come)):
        wrong.append("sums")
    for each in found.examples if gone or come else ():
        wrong += ["example before"] * (each.before is not None and each.before not in gone)
        wrong += ["example after"] * (each.after is not None and each.after not in come)
    wrong += ["no example"] * (bool(gone or come) and not found.examples)
    wrong += _of_behind(found, one) if not gone and not come else []
    by = found.moved_by
    if by is not None and found.moved:
        partners = sum(1 for at in gone if at + by in come)
        # Few are paired by their days, which need not find all that fit.
        if found.moved > partners and found.moved != min(len(gone), len(come)):
            wrong.append(f"moved {found.moved} by {by}, and {partners} have a partner")
    is_on = all(fires(side, now - 5 * DAY, now - 2 * DAY) for side in (one.before, one.after))
    if one.phase is not None and is_on and gone and come:
        wrong += _of_phase(found, one, gone, come)
    return wrong


def _of_behind(found: Impact, one: Change) -> list[str]:
    """Of what differs in no minute of the horizon: the first difference behind it."""
    later, end = one.now + HORIZON, one.now + 60 * DAY
    before, after = fires(one.before, later, end), fires(one.after, later, end)
    differ = before ^ after
    if not differ:
        return []
    if not found.examples:
        return ["as before"]
    first = found.examples[0]
    at = min(each for each in (first.before, first.after) if each is not None)
    return ["behind"] if at != min(differ) else []


def later(one: Change, at: datetime, by: timedelta) -> datetime:
    """When what was to fire comes, of times of day by the clock on the wall."""
    if not isinstance(one.after, Side):
        return at + by
    wall = at.astimezone(ZoneInfo(one.after.zone)).replace(tzinfo=None)
    return one.after.instant(wall + by)


def _of_phase(found: Impact, one: Change, gone: set[datetime], come: set[datetime]) -> list[str]:
    """All is moved by one length, of less than a period, on whichever clock."""
    by, now = found.moved_by, one.now
    assert one.phase is not None
    if by is None:
        return ["no length"]
    wrong = ["length"] * bool((by - one.phase) % one.period)
    wrong += ["far"] * (abs(by) > one.period)
    wrong += ["moved"] * (found.moved != min(len(gone), len(come)))
    if one.period < 90 * MINUTE:
        return wrong  # of what fires more often than every hour nobody misses one
    old, new = fires(one.before, now - 8 * DAY, now + HORIZON), fires(one.after, now, now + HORIZON)
    both = fires(one.after, now - 8 * DAY, now)
    moved = {at: later(one, at, by) for at in old}
    lost = [at for at in gone if moved[at] <= now]
    twice = [at for at in old - both if at <= now < moved[at] and moved[at] in new]
    told = [each.kind for each in found.warnings if each.kind in ("skips", "repeats")]
    if told != ["skips"] * bool(lost) + ["repeats"] * bool(twice):
        wrong.append(f"warnings {told}")
    return wrong


@pytest.mark.parametrize(
    "number", [300, pytest.param(20_000, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_differences_of_elapsed_time_are_those_of_a_brute_force(number: int) -> None:
    rng = random.Random("elapsed")
    wrong = []
    for _ in range(number):
        one = change(rng)
        said = disagreements(one, rng)
        if said:
            wrong.append((said, one))
    assert not wrong, "\n".join([f"{len(wrong)} of {number}", *map(repr, wrong[:8])])


def every(days: int, at: datetime, week_day: str = "", zone: str = "UTC") -> Recurrence:
    """So many days; or every other week, on a day of it."""
    if not week_day:
        return Recurrence("day", days, None, at, None, zone)
    pattern = Pattern((at.hour,), (at.minute,), (week_day,))
    return Recurrence("week", days // 7, pattern, datetime(2026, 8, 31), None, zone)


def hours(number: int, *start: int) -> Recurrence:
    return Recurrence("hour", number, None, datetime(2026, 8, *start))


@pytest.mark.parametrize(
    ("before", "after", "now", "by", "told"),
    [
        # Thursday to Friday of every other week: two weeks hold one fire of each.
        (
            every(14, datetime(2026, 1, 1, 7), "thursday"),
            every(14, datetime(2026, 1, 1, 7), "friday"),
            datetime(2026, 9, 3, 9, 54, tzinfo=UTC),
            DAY,
            "it did at Thu 3 Sep 07:00, and does again at Fri 4 Sep 07:00",
        ),
        # Counted from another day; the clock goes back on 25 October.
        (
            every(3, datetime(2026, 7, 2, 12), zone="Europe/Dublin"),
            every(3, datetime(2026, 7, 4, 12), zone="Europe/Dublin"),
            datetime(2026, 10, 26, 5, tzinfo=UTC),
            2 * DAY,
            "it did at Sat 24 Oct 12:00, and does again at Mon 26 Oct 12:00",
        ),
        (hours(72, 3, 13), hours(72, 4, 23), datetime(2026, 10, 1, 14, tzinfo=UTC), 34, ""),
        (
            hours(72, 3, 13),
            hours(72, 4, 18),
            datetime(2026, 10, 2, 14, tzinfo=UTC),
            29,
            "it did at Fri 2 Oct 13:00, and does again at Sat 3 Oct 18:00",
        ),
    ],
)
def test_what_keeps_its_interval_has_one_partner(
    before: Recurrence, after: Recurrence, now: datetime, by: int | timedelta, told: str
) -> None:
    found = impact_of(before, after, now, created=now - 300 * DAY)
    assert found.moved_by == (timedelta(hours=by) if isinstance(by, int) else by)
    said = [each.message for each in found.warnings]
    assert said == ([f"applied now it fires twice: {told}"] if told else [])


def test_elapsed_time_is_moved_by_the_least_over_a_change_of_the_clock() -> None:
    """Of the day without its first hour the first fires are none of the nearest."""
    now = datetime(2026, 3, 28, 11, 3, tzinfo=UTC)
    one, other = (
        Recurrence("minute", 7, None, datetime(2026, 1, 30, 0, minute), None, "Asia/Beirut")
        for minute in (11, 17)
    )
    found = impact_of(one, other, now, created=now - 300 * DAY)
    assert (found.moved_by, found.moved) == (-MINUTE, 2880)
