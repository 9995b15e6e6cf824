"""Which changes are told at what length, so that all of it stays within a budget. Pure."""

from __future__ import annotations

from collections.abc import Sequence

FULL, LINE, NAME, COUNT = range(4)
"""How a change is told: in full, in a line, by its name, as one of a number."""

_KEPT = 4
"""The most important changes that fit in this part of the budget are told in full to the last."""


def fold(sizes: Sequence[tuple[int, int, int]], budget: int) -> list[int]:
    """A length for each change. `sizes` of full, line and name, the most important change first.

    Details go first, then whole changes but for their names, then names; each time those of the
    least important changes before those of others.
    """
    levels = [FULL] * len(sizes)
    total = sum(full for full, _, _ in sizes)
    kept = _kept(sizes, budget // _KEPT)
    for indexes in (range(kept, len(sizes)), range(kept)):
        for level in (LINE, NAME, COUNT):
            for index in reversed(indexes):
                if total <= budget:
                    return levels
                shorter = sizes[index][level] if level < COUNT else 0
                total -= sizes[index][level - 1] - shorter
                levels[index] = level
    return levels


def _kept(sizes: Sequence[tuple[int, int, int]], room: int) -> int:
    for index, (full, _, _) in enumerate(sizes):
        room -= full
        if room < 0:
            return index
    return len(sizes)
