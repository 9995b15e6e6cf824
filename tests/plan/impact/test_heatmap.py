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
