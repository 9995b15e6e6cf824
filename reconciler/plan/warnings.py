"""A schedule before and after -> what a reviewer should know about when it will fire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.firing.count import Span, count, instants, lowest_bits, raster
from reconciler.firing.expression import parse
from reconciler.firing.instants import DAY, HOUR, MINUTE, moment, seconds, wall_seconds
from reconciler.firing.offsets import clock
from reconciler.firing.phrases import and_list
from reconciler.firing.recurrence import effective_pattern
from reconciler.firing.zones import zone
from reconciler.model import Cron, FireWarning, Recurrence, Trigger
from reconciler.plan.clocks import clock_warnings
from reconciler.plan.moves import Moves
from reconciler.plan.sides import Side

_TIMED = (Recurrence, Cron)


def warnings_of(before: Side, after: Side, moves: Moves, span: Span) -> Iterator[FireWarning]:
    """What the change brings; what held before it is no news."""
    trigger = after.trigger
    if not isinstance(trigger, _TIMED):
        return
    if isinstance(before.trigger, _TIMED):
        yield from _now(before, after, moves, span)
    elif _fires_at_once(after, span):
        message = "it has no start_time: it fires as soon as it is created"
        yield FireWarning("immediate", message)
    yield from _ended(before.trigger, trigger, after, span)
    yield from _short_months(before.trigger, trigger)
    yield from clock_warnings(before, after, moves, span)


def _fires_at_once(after: Side, span: Span) -> bool:
    trigger = after.trigger
    if not isinstance(trigger, Recurrence) or trigger.start_time is not None:
        return False
    first = after.fires.first
    created = span.base + after.fires.second + first[0] * MINUTE if first else None
    return created == seconds(after.created) and effective_pattern(trigger) is None


# ----------------------------------------------------------------------- what changing it now does


def _now(before: Side, after: Side, moves: Moves, span: Span) -> Iterator[FireWarning]:
    """A fire that falls between the two: skipped, or done twice.

    Of what fires more often than every hour nobody misses one.
    """
    most = (span.until - span.after) // HOUR + 1
    if max(before.fires.count, after.fires.count) > most:
        return
    if moves.by is not None and abs(moves.by) < timedelta(seconds=span.until - span.after):
        yield from _between(before, after, int(moves.by.total_seconds()), span)
    elif moves.moved or moves.added == moves.removed:
        yield from _today(before, after, span)


def _between(before: Side, after: Side, by: int, span: Span) -> Iterator[FireWarning]:
    """All fires are moved by so many seconds."""
    now, name = span.after, after.time_zone
    if by < 0:
        for at in _ahead(before, now - by, span):
            past = _said(at + timedelta(seconds=by), name)
            moves = f"{_said(at, name)} moves to {past}, which is past"
            yield FireWarning("skips", f"applied now it skips a fire: {moves}")
    soon = set(_ahead(after, now + by, span)) if by > 0 else ()
    for at in _fires(before, max(now - by, seconds(before.created) - 1), now) if soon else ():
        again = at + timedelta(seconds=by)
        if again in soon:
            yield FireWarning(
                "repeats",
                f"applied now it fires twice: it did at {_said(at, name)}, and does again at"
                f" {_said(again, name)}",
            )


def _today(before: Side, after: Side, span: Span) -> Iterator[FireWarning]:
    """Both would fire as often on the day of the apply, but the two halves of it do not add up."""
    now, name = span.after, after.time_zone
    local = now + clock(name).offset(now)
    start = now - local % DAY
    until = start + DAY - 1
    to_come = _number(after, now, until, span) - _number(before, now, until, span)
    if to_come == 0:
        return
    if to_come != _number(before, start - 1, now, span) - _number(after, start - 1, now, span):
        return
    day = f"{moment(now).astimezone(zone(name)):%a %d %b}"
    said = _times(abs(to_come))
    if to_come < 0:
        yield FireWarning("skips", f"applied now it skips {said} on {day}")
    else:
        yield FireWarning("repeats", f"applied now it fires {said} too often on {day}")


def _number(side: Side, after: int, until: int, span: Span) -> int:
    """How often it fires, or would have fired, in a range of instants."""
    assert side.trigger is not None
    if span.after <= after and until <= span.until:
        return _until(side, until, span).bit_count()
    return count(side.trigger, after, until, side.created)


def _ahead(side: Side, until: int, span: Span) -> Iterator[datetime]:
    """What it fires from the apply up to `until`, which is within the span."""
    return instants(side.fires, span, _until(side, until, span))


def _until(side: Side, until: int, span: Span) -> int:
    """Its fires from the apply up to `until`, which is within the span, as bits."""
    length = (until - span.base - side.fires.second) // MINUTE + 1
    return side.fires.bits & lowest_bits(max(length, 0))


def _times(number: int) -> str:
    return "a fire" if number == 1 else f"{number} fires"


def _fires(side: Side, after: int, until: int) -> list[datetime]:
    """What it fires, or would have fired, in a range of instants."""
    assert side.trigger is not None
    span = Span(after, until, after - after % DAY)
    return list(instants(raster(side.trigger, span, side.created), span))


# -------------------------------------------------------------------------------- what is to come


def _ended(
    old: Trigger | None, trigger: Recurrence | Cron, after: Side, span: Span
) -> Iterator[FireWarning]:
    end = trigger.end_time
    if end is None or getattr(old, "end_time", None) == end:
        return
    last = clock(trigger.time_zone).instant(wall_seconds(end))
    said = f"{end:%Y-%m-%d %H:%M}"
    if last <= span.after:
        yield FireWarning("ended", f"its end_time {said} is past: it never fires")
    elif last <= span.until:
        count = after.fires.count
        left = "no fire is" if count == 0 else "1 fire is" if count == 1 else f"{count} fires are"
        yield FireWarning("ended", f"its end_time {said} is near: {left} left")
    elif isinstance(old, _TIMED) and (old.end_time is None or old.end_time > end):
        # Nothing else shows it: within the horizon all is as before.
        yield FireWarning("ended", f"it does not fire any more after its end_time {said}")


def _short_months(old: Trigger | None, new: Trigger) -> Iterator[FireWarning]:
    days = _late_days(new)
    if days and days != _late_days(old):
        said = and_list([str(day) for day in days])
        plural = "s" if len(days) > 1 else ""
        yield FireWarning(
            "short_months", f"not every month has day{plural} {said}: it does not fire in those"
        )


def _late_days(trigger: Trigger | None) -> tuple[int, ...]:
    """The days of the month, from the 29th on, that a trigger names."""
    days: tuple[int, ...] = ()
    if isinstance(trigger, Cron):
        fields = parse(trigger.expression)
        days = fields.month_days if fields is not None else ()
    elif isinstance(trigger, Recurrence):
        pattern = effective_pattern(trigger)
        days = pattern.month_days if pattern is not None else ()
        start = trigger.start_time
        plain = pattern is None or not (pattern.month_days or pattern.week_days)
        if trigger.frequency == "month" and plain and start is not None:
            days = (start.day,)
    return tuple(day for day in days if day > 28) if len(days) < 31 else ()


def _said(at: datetime, time_zone: str) -> str:
    local = at.astimezone(zone(time_zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"
