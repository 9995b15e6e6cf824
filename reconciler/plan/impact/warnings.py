"""A schedule before and after -> what a reviewer should know about when it will fire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice

from reconciler.firing import next_fire
from reconciler.firing.clock_changes import has_times_of_day
from reconciler.firing.clocks.instants import DAY, HOUR, MINUTE, moment, seconds, wall_seconds
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.clocks.zones import zone
from reconciler.firing.counting.bitsets import Raster, Span, lowest_bits, minutes_of
from reconciler.firing.counting.count import count, raster
from reconciler.firing.rules.recurrence import effective_pattern, elapsed_interval
from reconciler.firing.words.short_months import short_months
from reconciler.model import Cron, FireWarning, Recurrence, Trigger
from reconciler.plan.impact.clock_warnings import YEAR, clock_warnings
from reconciler.plan.impact.fire_diff import Moves
from reconciler.plan.impact.frames import Frame
from reconciler.plan.impact.schedule_fires import Side
from reconciler.plan.impact.zone_shift import ZoneShift

_TIMED = (Recurrence, Cron)
_DAILY, _WEEKLY = 0.99, 0.99 / 7
"""Fires a day, a little less for what does not fire in every one."""


def warnings_of(
    before: Side, after: Side, moves: Moves, rates: tuple[float, float], span: Span
) -> Iterator[FireWarning]:
    """What the change brings; what held before it is no news. `rates`: fires a day, in the mean."""
    trigger = after.trigger
    if not isinstance(trigger, _TIMED):
        return
    if isinstance(before.trigger, _TIMED):
        yield from _now(before, after, moves, rates, span)
    elif _fires_at_once(after, span):
        message = "it has no start_time: it fires as soon as it is created"
        yield FireWarning("immediate", message)
    yield from _ended(before, after, span)
    said = short_months(trigger)
    if said is not None and said != short_months(before.trigger):
        yield FireWarning("short_months", said)
    yield from clock_warnings(before, after, moves, span)


def _fires_at_once(after: Side, span: Span) -> bool:
    trigger = after.trigger
    if not isinstance(trigger, Recurrence) or trigger.start_time is not None:
        return False
    first = after.fires.first
    created = span.base + after.fires.second + first[0] * MINUTE if first else None
    return created == seconds(after.created) and effective_pattern(trigger) is None


# ----------------------------------------------------------------------- what changing it now does


def _now(
    before: Side, after: Side, moves: Moves, rates: tuple[float, float], span: Span
) -> Iterator[FireWarning]:
    """A fire that falls between the two: skipped, or done twice.

    Of what fires more often than every hour nobody misses one.
    """
    most = (span.until - span.after) // HOUR + 1
    if max(before.fires.count, after.fires.count) > most:
        return
    by = int(moves.now.total_seconds()) if moves.now is not None else None
    low, high = sorted(rates)
    period = _period(before.trigger)
    is_near = by is not None and abs(by) < DAY and (high <= 1 or moves.zones is not None)
    is_near |= by is not None and period == _period(after.trigger) and abs(by) < period
    if by is not None and is_near:
        yield from _between(before, after, moves, by, span)
    elif by is not None or moves.moved or moves.added == moves.removed or low > 0.99 * high:
        # Another shift may lead from one day, week or month into the next.
        surplus, said = _surplus(before, after, high, span)
        if surplus == 0:
            return
        found = list(_between(before, after, moves, by, span)) if by is not None else []
        if surplus is not None:
            kind = "skips" if surplus < 0 else "repeats"
            found = [one for one in found if one.kind == kind] or [_by_period(surplus, said)]
        yield from found


def _period(trigger: Trigger | None) -> int:
    """The seconds after which all comes again, of what is counted from a start; else 0."""
    if not isinstance(trigger, Recurrence):
        return 0
    elapsed, pattern = elapsed_interval(trigger), effective_pattern(trigger)
    if elapsed is not None or trigger.frequency != "day":
        return elapsed or 0
    return 0 if pattern and (pattern.week_days or pattern.month_days) else trigger.interval * DAY


def _between(before: Side, after: Side, moves: Moves, by: int, span: Span) -> Iterator[FireWarning]:
    """All fires that differ are moved by so many seconds of their frame."""
    now, name, frame = span.after, after.time_zone, moves.frame
    assert frame is not None
    # Of what is near now, the clock may tell another hour.
    zones = moves.zones if not frame.is_wall else None
    reach = frame.span.after + abs(by) + (DAY if frame.is_wall or zones is not None else 0)
    if by < 0:
        moved = _labels(moves.gone, before.fires, reach, frame)
        ways = [
            (at, zones.later(at)) if zones is not None else (frame.was(at), frame.shall(at + by))
            for at in moved
        ]
        lost = iter([(at, there) for at, there in ways if there <= now])
        for at, there in islice(lost, 1):
            what = f"{_said(at, name)} moves to {_said(there, name)}, which is past"
            yield FireWarning("skips", f"applied now it skips a fire: {what}{_more(lost)}")
        return
    come = _labels(moves.come, after.fires, reach, frame)
    if zones is None and not frame.is_wall and _is_on_one_clock(before, after):
        # The clock may have changed in the days between the two.
        zones = ZoneShift(name, name, by)
    pairs = [
        (zones.earlier(at), at) if zones is not None else (frame.was(at - by), frame.shall(at))
        for at in come
    ]
    pairs = [(at, again) for at, again in pairs if at <= now]
    if not pairs:
        return
    low = min(at for at, _ in pairs) - 1
    past = set(_fires(before, max(low, seconds(before.created) - 1), now))
    past -= set(_fires(after, low, now))
    twice = iter([(at, again) for at, again in pairs if at in past])
    for at, again in islice(twice, 1):
        what = f"it did at {_said(at, name)}, and does again at {_said(again, name)}"
        yield FireWarning("repeats", f"applied now it fires twice: {what}{_more(twice)}")


def _is_on_one_clock(before: Side, after: Side) -> bool:
    """Whether both have times of day, in one zone."""
    triggers = (before.trigger, after.trigger)
    return before.time_zone == after.time_zone and all(
        each is not None and has_times_of_day(each) for each in triggers
    )


def _labels(bits: int, fires: Raster, until: int, frame: Frame) -> list[int]:
    """Some of the fires, up to a second of the frame."""
    start = frame.span.base + fires.second
    near = bits & lowest_bits(max((until - start) // MINUTE + 1, 0))
    return [start + MINUTE * minute for minute in minutes_of(near, frame.span.minutes)]


def _more(rest: Iterator[tuple[int, int]]) -> str:
    number = sum(1 for _ in rest)
    return f" ({number} more like this)" if number else ""


def _surplus(before: Side, after: Side, rate: float, span: Span) -> tuple[int | None, str]:
    """How many fires there are too many, or too few, in the day, week or month of the apply,
    whichever both fire in about once or more; and its name. 0 if as many are to come; None if
    not, and they do not fire as often in all of it.
    """
    now, name = span.after, after.time_zone
    kind = "day" if rate > _DAILY else "week" if rate > _WEEKLY else "month"
    start, until, said = _period_of(now, name, kind)
    to_come = _number(after, now, until, span) - _number(before, now, until, span)
    if to_come == 0:
        return 0, said
    past = _number(before, start - 1, now, span) - _number(after, start - 1, now, span)
    return to_come if to_come == past else None, said


def _by_period(surplus: int, said: str) -> FireWarning:
    if surplus < 0:
        fires = "a fire" if surplus == -1 else f"{-surplus} fires"
        return FireWarning("skips", f"applied now it skips {fires} {said}")
    times = "once" if surplus == 1 else f"{surplus} times"
    return FireWarning("repeats", f"applied now it fires {times} too often {said}")


@lru_cache(maxsize=1024)
def _period_of(now: int, time_zone: str, kind: str) -> tuple[int, int, str]:
    """The first and the last second of the day, week or month of an instant, and its name."""
    local = moment(now).astimezone(zone(time_zone))
    day = datetime(local.year, local.month, local.day)
    if kind == "day":
        first, end, said = day, day + timedelta(days=1), f"on {day:%a %d %b}"
    elif kind == "week":
        first = day - timedelta(days=day.weekday())
        end, said = first + timedelta(days=7), f"in the week of {first:%a %d %b}"
    else:
        first = day.replace(day=1)
        end = (first + timedelta(days=31)).replace(day=1)
        said = f"in {first:%B}"
    one = clock(time_zone)
    return one.instant(wall_seconds(first)), one.instant(wall_seconds(end)) - 1, said


def _number(side: Side, after: int, until: int, span: Span) -> int:
    """How often it fires, or would have fired, in a range of instants."""
    assert side.trigger is not None
    if after == span.after and until <= span.until:
        return _bits_up_to(side.fires.bits, side.fires, until, span).bit_count()
    return count(side.trigger, after, until, side.created)


def _bits_up_to(bits: int, fires: Raster, until: int, span: Span) -> int:
    length = (until - span.base - fires.second) // MINUTE + 1
    return bits & lowest_bits(max(length, 0))


def _fires(side: Side, after: int, until: int) -> list[int]:
    """What it fires, or would have fired, in a range of instants."""
    assert side.trigger is not None
    span = Span(after, until, after - after % DAY)
    found = raster(side.trigger, span, side.created)
    start = span.base + found.second
    return [start + MINUTE * minute for minute in minutes_of(found.bits, span.minutes)]


# -------------------------------------------------------------------------------- what is to come


def _ended(before: Side, after: Side, span: Span) -> Iterator[FireWarning]:
    old, last = _end(before.trigger), _end(after.trigger)
    if last is None or old == last:
        return
    said = f"{moment(last).astimezone(zone(after.time_zone)):%Y-%m-%d %H:%M} {after.time_zone}"
    if last <= span.after:
        yield FireWarning("ended", f"its end_time {said} is past: it never fires")
    elif last <= span.until:
        count = after.fires.count
        left = "no fire is" if count == 0 else "1 fire is" if count == 1 else f"{count} fires are"
        yield FireWarning("ended", f"its end_time {said} is near: {left} left")
    elif (
        before.trigger is not None
        and (old is None or old > last)
        and last <= span.after + YEAR
        and next_fire(before.trigger, moment(last), before.created) is not None
    ):
        # Nothing else shows it: within the horizon all is as before.
        yield FireWarning("ended", f"after its end_time {said} it will not fire any more")


def _end(trigger: Trigger | None) -> int | None:
    """The instant of its end."""
    if not isinstance(trigger, Recurrence | Cron) or trigger.end_time is None:
        return None
    return clock(trigger.time_zone).instant(wall_seconds(trigger.end_time))


def _said(at: int, time_zone: str) -> str:
    local = moment(at).astimezone(zone(time_zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"
