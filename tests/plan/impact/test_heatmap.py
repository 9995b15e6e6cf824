"""Counts of minutes kept in binary are the counts."""

from __future__ import annotations

import random

from reconciler.plan.impact.heatmap import Heat


def test_above() -> None:
    chance = random.Random(1)
    for _ in range(60):
        heat, counts = Heat(), [0] * 40
        for _ in range(chance.randrange(12)):
            bits = chance.getrandbits(40)
            heat.add(bits)
            counts = [count + (bits >> minute & 1) for minute, count in enumerate(counts)]
        for number in (*range(8), 100):
            wanted = sum(1 << minute for minute, count in enumerate(counts) if count > number)
            assert heat.above(number) == wanted


def test_blocks_are_the_sums_of_their_minutes() -> None:
    heat = Heat()
    for minutes in ([0, 14, 15, 1439], [14, 1440, 2000], [14]):
        heat.add(sum(1 << minute for minute in minutes))
    found = heat.blocks(15, 2 * 96)
    assert {index: count for index, count in enumerate(found) if count} == {
        0: 4,
        1: 1,
        95: 1,
        96: 1,
        133: 1,
    }
    assert heat.blocks(60, 24) == list(heat.rows(2)[0])
    assert Heat().blocks(15, 3) == [0, 0, 0]
    assert heat.since(15).blocks(15, 2) == [0, 1]
