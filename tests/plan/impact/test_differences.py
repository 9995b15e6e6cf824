"""Differences of random pairs, beside a brute force that walks through the days with zoneinfo."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plan.impact.impacts import impact_of
from plan.impact.oracle import DAY, ZONES, Days, Pair, Side, pair
from reconciler.model import Impact

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


def first_parted(old: Side, new: Side, now: datetime, found: Impact) -> datetime | None:
    """The first fire that is moved by another length than a plan says of all within the horizon,
    or, where it says none of all, than now; without those right after a change of a clock.
    """
    fires = new.walls(now, now + 366 * DAY)

    def apart(at: datetime) -> timedelta:
        zones = [at.astimezone(ZoneInfo(side.zone)).utcoffset() for side in (old, new)]
        assert zones[0] is not None
        assert zones[1] is not None
        return zones[0] - zones[1]

    assert found.before is not None
    by = found.moved_by if found.moved_by is not None else apart(now)
    # The same time of day: a whole day may be between, whichever is nearer.
    ahead = round((by - apart(now)) / DAY) * DAY
    is_all = found.moved_by is not None and found.moved == found.before.count
    usual = by if is_all else apart(now) + ahead
    for wall, at in sorted(fires.items(), key=lambda each: each[1]):
        was = old.instant(wall - ahead)
        is_calm = all(
            (one - timedelta(hours=1)).astimezone(ZoneInfo(side.zone)).utcoffset()
            == one.astimezone(ZoneInfo(side.zone)).utcoffset()
            for one, side in ((was, old), (at, new))
        )
        if is_calm and at - was != usual:
            return at
    return None


@pytest.mark.parametrize(
    "number", [150, pytest.param(5_000, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_zones_part_on_the_day_of_the_first_fire_that_differs(number: int) -> None:
    rng = random.Random("zones")
    wrong, told = [], 0
    for _ in range(number):
        old_zone, new_zone = rng.sample(ZONES, 2)
        now = datetime(2026, 1, 1, 0, 7, tzinfo=UTC) + timedelta(minutes=rng.randrange(525_600))
        days = Days(week=(rng.randrange(7),)) if rng.random() < 0.3 else Days()
        times = (15 * rng.randrange(16, 80),)  # not at a change of any clock
        old, new = Side(days, times, old_zone), Side(days, times, new_zone)
        found = impact_of(old.cron(), new.cron(), now, created=now - 100 * DAY)
        said = [one.message for one in found.warnings if one.kind == "clock_differs"]
        first = first_parted(old, new, now, found)
        local = first.astimezone(ZoneInfo(new_zone)) if first is not None else None
        day = f"from {local.day} {local:%b %Y} on" if local is not None else ""
        told += bool(day)
        if len(said) != bool(day) or not all(one.startswith(day) for one in said):
            wrong.append((old, new, now, said, day))
    assert told > number // 3
    assert not wrong, "\n".join([f"{len(wrong)} of {number}", *map(repr, wrong[:5])])
