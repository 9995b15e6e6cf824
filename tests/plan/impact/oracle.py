"""Fires by brute force, day by day with zoneinfo, and pairs of triggers moved by a known length.

Nothing of the package's arithmetic is in here: only its models.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.model import WEEK_DAYS, Cron, Frequency, Pattern, Recurrence, Trigger

ZONES = (
    *("UTC", "Europe/Lisbon", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Athens"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/St_Johns", "America/Halifax", "America/Santiago", "America/Asuncion"),
    *("America/Havana", "America/Nuuk", "America/Sao_Paulo", "America/Toronto"),
    *("Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Jerusalem", "Asia/Kathmandu"),
    *(
        "Asia/Tokyo",
        "Asia/Kolkata",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Australia/Adelaide",
    ),
    *("Pacific/Auckland", "Pacific/Chatham", "Pacific/Norfolk", "Atlantic/Azores"),
)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """Which days: of the week (Monday 0), or of the month; neither: all. And of every how many
    days, weeks or months, counted from those of a day.
    """

    week: tuple[int, ...] = ()
    month: tuple[int, ...] = ()
    interval: int = 1
    origin: date = date(2026, 1, 1)

    @property
    def unit(self) -> Frequency:
        """What the interval is of."""
        return "month" if self.month else "week" if self.week else "day"

    def _number(self, day: date) -> int:
        if self.month:
            return day.year * 12 + day.month
        return day.toordinal() - 1 if not self.week else (day.toordinal() - 1) // 7

    def has(self, day: date) -> bool:
        if (self._number(day) - self._number(self.origin)) % self.interval:
            return False
        if self.week:
            return day.weekday() in self.week
        return day.day in self.month if self.month else True


@dataclass(frozen=True)
class Side:
    """Wall times of chosen days in a zone, between two wall times, both inclusive."""

    days: Days
    times: tuple[int, ...]
    """Minutes of the day; as a trigger, every hour has every minute."""
    zone: str
    start: datetime | None = None
    end: datetime | None = None

    def instant(self, wall: datetime) -> datetime:
        """The first time if it comes twice; as late as the clock skips, if it does not come."""
        return wall.replace(tzinfo=ZoneInfo(self.zone), fold=0).astimezone(UTC)

    def walls(self, after: datetime, until: datetime) -> dict[datetime, datetime]:
        """What fires in a range of instants, open below and closed above: wall time -> instant."""
        found = {}
        low = after.astimezone(ZoneInfo(self.zone)).date() - 2 * DAY
        high = until.astimezone(ZoneInfo(self.zone)).date() + 2 * DAY
        while low <= high:
            for minute in self.times if self.days.has(low) else ():
                wall = datetime(low.year, low.month, low.day) + timedelta(minutes=minute)
                at = self.instant(wall)
                is_on = self.start is None or at > self.instant(self.start)
                is_on &= self.end is None or at <= self.instant(self.end)
                if is_on and after < at <= until:
                    found[wall] = at
            low += DAY
        return found

    def cron(self) -> Cron:
        """A cron that fires so."""
        fields = (
            ",".join(map(str, sorted({minute % 60 for minute in self.times}))),
            ",".join(map(str, sorted({minute // 60 for minute in self.times}))),
            ",".join(map(str, self.days.month)) or "*",
            "*",
            ",".join(str((day + 1) % 7) for day in self.days.week) or "*",
        )
        return Cron(" ".join(fields), self.start, self.end, self.zone)

    def trigger(self, rng: random.Random) -> Trigger:
        """A cron or a recurrence that fires so."""
        hours = tuple(sorted({minute // 60 for minute in self.times}))
        minutes = tuple(sorted({minute % 60 for minute in self.times}))
        if self.days.interval == 1 and rng.random() < 0.5:
            return self.cron()
        week = tuple(WEEK_DAYS[day] for day in self.days.week)
        pattern = Pattern(hours, minutes, week, self.days.month)
        days = self.days
        return Recurrence(days.unit, days.interval, pattern, self.start, self.end, self.zone)


@dataclass(frozen=True)
class Pair:
    """A change of which every time of day, or day of the week, is moved by one length."""

    before: Side
    after: Side
    by: timedelta
    now: datetime


def near_a_change(zone: str, rng: random.Random) -> datetime:
    """An instant within three weeks before a change of the clock, or just after it."""
    at = datetime(2026, rng.randrange(1, 13), rng.randrange(1, 28), tzinfo=UTC)
    for _ in range(400):
        if (
            at.astimezone(ZoneInfo(zone)).utcoffset()
            != (at + DAY).astimezone(ZoneInfo(zone)).utcoffset()
        ):
            return at - timedelta(minutes=rng.randrange(-2 * 1440, 20 * 1440))
        at += DAY
    return at + timedelta(minutes=rng.randrange(1440))


def pair(rng: random.Random, intervals: tuple[int, ...] = (1,)) -> Pair:
    """One of any kind: daily, weekly, monthly; once or some times a day; with ends and starts; of
    every so many days, weeks or months.
    """
    zone = rng.choice(ZONES)
    now = near_a_change(zone, rng)
    kind = rng.choice(("day", "day", "week", "week day", "month"))
    days, moved = Days(), Days()
    if kind in ("week", "month"):
        some = sorted(rng.sample(range(7), rng.randrange(1, 6)))
        one = Days(week=tuple(some)) if kind == "week" else Days(month=(rng.randrange(1, 29),))
        days = moved = one
    by = 0
    if kind == "week day":
        first, second = rng.sample(range(7), 2)
        days, moved, by = Days(week=(first,)), Days(week=(second,)), (second - first) * 1440
    hours = rng.sample(range(12), 1 if rng.random() < 0.7 else 2)
    minute = 5 * rng.randrange(12)
    times = sorted(hour * 60 + minute for hour in hours)
    shift = 0
    while kind != "week day" and (shift == 0 or {t + shift for t in times} & set(times)):
        shift = 5 * rng.randrange(-(times[0] // 5), (1435 - times[-1]) // 5 + 1)
        if len(times) > 1 or rng.random() < 0.3:
            shift -= shift % 15 if shift % 15 else 0
        if times[0] + shift < 0:
            shift = 0
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0)
    start = end = None
    if rng.random() < 0.25:
        end = local + timedelta(minutes=rng.randrange(2 * 1440, 14 * 1440))
    if rng.random() < 0.2:
        start = local + timedelta(minutes=rng.randrange(-20 * 1440, 3 * 1440))
    interval = rng.choice(intervals) if len(intervals) > 1 else intervals[0]
    if interval > 1:
        start = start or local - timedelta(minutes=rng.randrange(200 * 1440))
        days, moved = (
            replace(each, interval=interval, origin=start.date()) for each in (days, moved)
        )
    times_after = tuple(minute + shift for minute in times)
    before = Side(days, tuple(times), zone, start, end)
    after = Side(moved, times_after, zone, start, end)
    if rng.random() < 0.3:
        before, after = after, before
        by, shift = -by, -shift
    return Pair(before, after, timedelta(minutes=by + shift), now)
