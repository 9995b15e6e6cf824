"""How many schedules fire in each minute: the sum of their rasters, kept in binary.

Plane k holds bit k of the count of every minute, so adding a schedule is a few operations on
integers of as many bits as there are minutes, and a plan of 10,000 schedules is added up in some
tens of milliseconds.
"""

from __future__ import annotations

from reconciler.firing.count import DAY_MINUTES, HOUR_MINUTES

Rows = tuple[tuple[int, ...], ...]


class Heat:
    """The counts of all minutes of a span."""

    def __init__(self, planes: list[int] | None = None) -> None:
        self._planes = planes if planes is not None else []

    def copy(self) -> Heat:
        """Another one with the same counts, to be added to on its own."""
        return Heat(self._planes.copy())

    def add(self, bits: int) -> None:
        """Count one more in each minute whose bit is set."""
        planes, index = self._planes, 0
        while bits:
            if index == len(planes):
                planes.append(bits)
                return
            plane = planes[index]
            planes[index] = plane ^ bits
            bits &= plane
            index += 1

    @property
    def total(self) -> int:
        """The counts of all minutes together."""
        return sum(plane.bit_count() << k for k, plane in enumerate(self._planes))

    def at(self, minute: int) -> int:
        """The count of one minute."""
        return sum((plane >> minute & 1) << k for k, plane in enumerate(self._planes))

    def rows(self, days: int) -> Rows:
        """The counts by day and hour."""
        hours = [0] * (days * 24)
        mask = (1 << HOUR_MINUTES) - 1
        for k, plane in enumerate(self._planes):
            # In pieces of a day: shifting the whole for each hour would be slow for a long span.
            text = plane.to_bytes(days * DAY_MINUTES // 8, "little")
            for day in range(days):
                piece = text[day * DAY_MINUTES // 8 : (day + 1) * DAY_MINUTES // 8]
                left = int.from_bytes(piece, "little")
                for hour in range(24):
                    hours[day * 24 + hour] += (left >> hour * HOUR_MINUTES & mask).bit_count() << k
        return tuple(tuple(hours[day * 24 : day * 24 + 24]) for day in range(days))

    def busiest(self, number: int) -> list[int]:
        """Up to `number` minutes with the highest counts above 0, one for each time of day; of
        equal ones the first.
        """
        found: list[int] = []
        length = max((plane.bit_length() for plane in self._planes), default=0)
        allowed = (1 << length) - 1
        while len(found) < number:
            chosen, counted = allowed, False
            for plane in reversed(self._planes):
                if chosen & plane:
                    chosen, counted = chosen & plane, True
            if not counted:
                break
            minute = (chosen & -chosen).bit_length() - 1
            found.append(minute)
            for again in range(minute % DAY_MINUTES, length, DAY_MINUTES):
                allowed &= ~(1 << again)
        return found
