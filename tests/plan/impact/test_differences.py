"""Differences of random pairs, beside a brute force that walks through the days with zoneinfo."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from plan.impact.impacts import impact_of
from plan.impact.oracle import DAY, Pair, pair

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
