"""Differences of random pairs, beside a brute force that walks through the days with zoneinfo."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plan.impact.impacts import impact_of
from plan.impact.oracle import DAY, ZONES, Days, Pair, Side, pair

HORIZON = timedelta(days=14)


def disagreements(one: Pair, rng: random.Random) -> list[str]:
    """What a plan says of a pair that is not so."""
    now, until = one.now, one.now + HORIZON
    found = impact_of(one.before.trigger(rng), one.after.trigger(rng), now, created=now - 100 * DAY)
    before, after = one.before.walls(now, until), one.after.walls(now, until)
    old, new = set(before.values()), set(after.values())
    wrong = []
    assert found.before is not None
    assert found.after is not None
    if (found.before.count, found.after.count) != (len(old), len(new)):
        wrong.append("count")
    sums = (found.removed + found.moved, found.added + found.moved)
    if sums != (len(old - new), len(new - old)):
        wrong.append("sums")
    matched = [wall for wall in before if wall + one.by in after]
    if matched and old != new and found.moved_by != one.by:
        wrong.append(f"moved by {found.moved_by}")
    if found.moved_by is not None and found.moved and found.moved_by * one.by.days < timedelta(0):
        wrong.append("sign")
    if old - new or new - old:
        for each in found.examples:
            if each.before is not None and each.before not in old - new:
                wrong.append("example before")
            if each.after is not None and each.after not in new - old:
                wrong.append("example after")
    if matched and len(one.before.times) == 1 and abs(one.by) < DAY and old != new:
        told = [each.kind for each in found.warnings if each.kind in ("skips", "repeats")]
        if told != expected_warnings(one):
            wrong.append(f"warnings {told}")
    return wrong


def expected_warnings(one: Pair) -> list[str]:
    """Whether a fire is on one side of now before the change, and on the other after it."""
    now = one.now
    old = one.before.walls(now - 3 * DAY, now + HORIZON)
    new = one.after.walls(now - 3 * DAY, now + HORIZON)
    if one.by < timedelta(0):
        lost = [w for w, at in old.items() if at > now and one.after.instant(w + one.by) <= now]
        return ["skips"] if any(old[w] not in new.values() for w in lost) else []
    twice = [w for w, at in old.items() if at <= now and new.get(w + one.by, now) > now]
    both = set(new.values())
    return ["repeats"] if any(old[w] not in both for w in twice) else []


@pytest.mark.parametrize(
    "number", [400, pytest.param(20_000, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_differences_are_those_of_a_brute_force(number: int) -> None:
    rng = random.Random("differences")
    wrong = []
    for _ in range(number):
        one = pair(rng)
        said = disagreements(one, rng)
        if said:
            wrong.append((said, one))
    assert not wrong, "\n".join([f"{len(wrong)} of {number}", *map(repr, wrong[:8])])


@pytest.mark.parametrize(
    "number", [250, pytest.param(20_000, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_differences_of_intervals_are_those_of_a_brute_force(number: int) -> None:
    """Of every second or third day, week or month."""
    rng = random.Random("intervals")
    wrong = []
    for _ in range(number):
        one = pair(rng, (2, 3, 5))
        said = disagreements(one, rng)
        if said:
            wrong.append((said, one))
    assert not wrong, "\n".join([f"{len(wrong)} of {number}", *map(repr, wrong[:8])])


def test_a_fire_whose_new_time_is_past_takes_no_other() -> None:
    """07:40 would be at 00:40, before the start: 09:40 is of 16:40, though 07:40 is nearer."""
    days, zone = Days(week=(3,), interval=2, origin=date(2026, 3, 26)), "Pacific/Auckland"
    start, now = datetime(2026, 3, 26, 3, 3), datetime(2026, 3, 25, 15, 48, tzinfo=UTC)
    before, after = (Side(days, times, zone, start) for times in ((460, 1000), (40, 580)))
    assert disagreements(Pair(before, after, timedelta(hours=-7), now), random.Random(0)) == []


def is_calm(side: Side, at: datetime) -> bool:
    """Whether no clock change is so near that a wall time may be skipped or come twice."""
    offsets = {
        (at + timedelta(hours=hours)).astimezone(ZoneInfo(side.zone)).utcoffset()
        for hours in (-1, 0)
    }
    return len(offsets) == 1


def first_parted(old: Side, new: Side, now: datetime, usual: timedelta) -> datetime | None:
    """The first fire that is moved by another length than usual, of those that neither side has
    fired yet and that do not come right after a change of a clock.
    """
    for wall, at in sorted(new.walls(now, now + 366 * DAY).items(), key=lambda each: each[1]):
        was = old.instant(wall)
        if was > now and is_calm(old, was) and is_calm(new, at) and at - was != usual:
            return at
    return None


def zone_disagreements(old: Side, new: Side, now: datetime, rng: random.Random) -> list[str]:
    """What a plan says of the same wall times in another zone that is not so."""
    until, created = now + HORIZON, now - 100 * DAY
    found = impact_of(old.trigger(rng), new.trigger(rng), now, created=created)
    before, after = old.walls(now, until), new.walls(now, until)
    lengths = {after[wall] - at for wall, at in before.items() if wall in after}
    by = lengths.pop() if len(lengths) == 1 else None
    wrong = []
    gone, come = (
        set(before.values()) - set(after.values()),
        set(after.values()) - set(before.values()),
    )
    if (found.removed + found.moved, found.added + found.moved) != (len(gone), len(come)):
        wrong.append("sums")
    crossed = set(before.values()) & set(after.values())  # one time is another in the other zone
    if gone and come and lengths | {by} != {None} and not crossed and found.moved_by != by:
        wrong.append(f"moved by {found.moved_by}, not {by}")
    clocks = [now.astimezone(ZoneInfo(side.zone)).utcoffset() for side in (old, new)]
    assert clocks[0] is not None
    assert clocks[1] is not None
    usual = by if by is not None and gone else clocks[0] - clocks[1]
    if old.end is None and not crossed:
        said = [one.message for one in found.warnings if one.kind == "clock_differs"]
        first = first_parted(old, new, now, usual)
        local = first.astimezone(ZoneInfo(new.zone)) if first is not None else None
        day = f"from {local.day} {local:%b %Y} on" if local is not None else ""
        if len(said) != bool(day) or not all(one.startswith(day) for one in said):
            wrong.append(f"{said}, not {day}")
    if len(old.times) == 1 and by is not None and not crossed:
        told = [one.kind for one in found.warnings if one.kind in ("skips", "repeats")]
        ever, then = old.walls(now - 3 * DAY, until), new.walls(now - 3 * DAY, until)
        lost = [w for w, at in ever.items() if at > now and then.get(w, until) <= now]
        twice = [w for w, at in ever.items() if at <= now and then.get(w, now) > now]
        if told != ["skips"] * bool(lost) + ["repeats"] * bool(twice):
            wrong.append(f"warnings {told}, lost {lost}, twice {twice}")
    return wrong


@pytest.mark.parametrize(
    "number", [150, pytest.param(5_000, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_wall_times_of_another_zone_keep_their_days(number: int) -> None:
    """Late in the evening too, when it is the next day already in the other zone."""
    rng = random.Random("zones")
    wrong = []
    for _ in range(number):
        old_zone, new_zone = rng.sample(ZONES, 2)
        now = datetime(2026, 1, 1, 0, 7, tzinfo=UTC) + timedelta(minutes=rng.randrange(525_600))
        days = Days(week=(rng.randrange(7),)) if rng.random() < 0.3 else Days()
        hours = rng.sample(range(4, 24), 1 if rng.random() < 0.7 else 2)  # at no clock's change
        minute = 15 * rng.randrange(4)
        times = tuple(sorted(hour * 60 + minute for hour in hours))
        end = None
        if rng.random() < 0.2:
            end = now.replace(tzinfo=None) + timedelta(minutes=rng.randrange(2 * 1440, 14 * 1440))
        old, new = (Side(days, times, zone, None, end) for zone in (old_zone, new_zone))
        said = zone_disagreements(old, new, now, rng)
        if said:
            wrong.append((said, old, new, now))
    assert not wrong, "\n".join([f"{len(wrong)} of {number}", *map(repr, wrong[:5])])
