"""How many schedules fire in each minute: the sum of their rasters, kept in binary.

Plane k holds bit k of the count of every minute, so adding a schedule is a few operations on
integers of as many bits as there are minutes, and a plan of 10,000 schedules is added up in some
tens of milliseconds.
"""

from __future__ import annotations

from itertools import zip_longest

from reconciler.firing.counting.bitsets import DAY_MINUTES, HOUR_MINUTES

Rows = tuple[tuple[int, ...], ...]


class Heat:
    """The counts of all minutes of a span."""

    def __init__(self, planes: list[int] | None = None) -> None:
        self._planes = planes if planes is not None else []
        self._waiting = [0] * len(self._planes)
        """Bits of each plane that are still to be added to it: two at a time cost least."""

    def plus(self, other: Heat) -> Heat:
        """The counts of both together."""
        planes, carry = [], 0
        for one, two in zip_longest(self._settled(), other._settled(), fillvalue=0):
            half = one ^ two
            planes.append(half ^ carry)
            carry = (one & two) | (half & carry)
        return Heat([*planes, carry] if carry else planes)

    def add(self, bits: int) -> None:
        """Count one more in each minute whose bit is set."""
        planes, waiting, index = self._planes, self._waiting, 0
        while bits:
            if index == len(planes):
                planes.append(bits)
                waiting.append(0)
                return
            other = waiting[index]
            if not other:
                waiting[index] = bits
                return
            plane = planes[index]
            half = plane ^ other
            planes[index] = half ^ bits
            waiting[index] = 0
            bits = (plane & other) | (half & bits)
            index += 1

    def _settled(self) -> list[int]:
        """The planes, with all that waited added to them."""
        planes, carry = self._planes, 0
        for index, bits in enumerate(self._waiting):
            plane = planes[index]
            half = plane ^ bits
            planes[index] = half ^ carry
            carry = (plane & bits) | (half & carry)
            self._waiting[index] = 0
        if carry:
            planes.append(carry)
            self._waiting.append(0)
        return planes

    @property
    def total(self) -> int:
        """The counts of all minutes together."""
        return sum(plane.bit_count() << k for k, plane in enumerate(self._settled()))

    def at(self, minute: int) -> int:
        """The count of one minute."""
        return sum((plane >> minute & 1) << k for k, plane in enumerate(self._settled()))

    def above(self, number: int) -> int:
        """A bit for each minute with a higher count than that."""
        planes = self._settled()
        if number.bit_length() > len(planes):
            return 0
        higher, equal = 0, (1 << max((plane.bit_length() for plane in planes), default=0)) - 1
        for k in reversed(range(len(planes))):
            if not number >> k & 1:
                higher |= equal & planes[k]
                equal &= ~planes[k]
            else:
                equal &= planes[k]
        return higher

    def rows(self, days: int) -> Rows:
        """The counts by day and hour."""
        hours = [0] * (days * 24)
        mask = (1 << HOUR_MINUTES) - 1
        for k, plane in enumerate(self._settled()):
            # In pieces of a day: shifting the whole for each hour would be slow for a long span.
            text = plane.to_bytes(days * DAY_MINUTES // 8, "little")
            for day in range(days):
                piece = text[day * DAY_MINUTES // 8 : (day + 1) * DAY_MINUTES // 8]
                left = int.from_bytes(piece, "little")
                for hour in range(24):
                    hours[day * 24 + hour] += (left >> hour * HOUR_MINUTES & mask).bit_count() << k
        return tuple(tuple(hours[day * 24 : day * 24 + 24]) for day in range(days))

    def blocks(self, minutes: int, number: int) -> list[int]:
        """The counts of the first `number` blocks of so many minutes each, which divide a day."""
        found = [0] * number
        mask, each = (1 << minutes) - 1, DAY_MINUTES // minutes
        size = -(-number // each) * DAY_MINUTES // 8
        for k, plane in enumerate(self._settled()):
            text = plane.to_bytes(max(size, -(-plane.bit_length() // 8)), "little")
            for index in range(number):
                day, place = divmod(index, each)
                if not place:  # in pieces of a day, as above
                    begin = day * DAY_MINUTES // 8
                    left = int.from_bytes(text[begin : begin + DAY_MINUTES // 8], "little")
                found[index] += (left >> place * minutes & mask).bit_count() << k
        return found

    def since(self, minute: int) -> Heat:
        """The same without what is before a minute."""
        return Heat([plane >> minute << minute for plane in self._settled()])

    def busiest(self, number: int) -> list[int]:
        """Up to `number` minutes with the highest counts above 0, one for each time of day; of
        equal ones the first.
        """
        found: list[int] = []
        planes = self._settled()
        length = max((plane.bit_length() for plane in planes), default=0)
        allowed = (1 << length) - 1
        while len(found) < number:
            chosen, counted = allowed, False
            for plane in reversed(planes):
                if chosen & plane:
                    chosen, counted = chosen & plane, True
            if not counted:
                break
            minute = (chosen & -chosen).bit_length() - 1
            found.append(minute)
            for again in range(minute % DAY_MINUTES, length, DAY_MINUTES):
                allowed &= ~(1 << again)
        return found
