"""A plan -> the same with what it does to fires: of each change, and of everything that is ours.

Pure. What is unchanged is only counted, once; what is changed is counted before and after, and
compared (`fire_diff.py`, `warnings.py`). The cost is that of the rules, not of the fires.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.firing.clocks.instants import MINUTE, moment
from reconciler.firing.counting.bitsets import DAY_MINUTES, FEW, Span, span_of
from reconciler.model import Action, BusyMinute, Change, Impact, Plan, PlanImpact
from reconciler.plan.impact.behind_horizon import behind, unbounded
from reconciler.plan.impact.fire_diff import compare
from reconciler.plan.impact.frames import in_one_frame
from reconciler.plan.impact.heatmap import Heat
from reconciler.plan.impact.schedule_fires import Firing, Side, fires_of, side_of
from reconciler.plan.impact.warnings import warnings_of
from reconciler.plan.impact.zone_shift import zone_shift
from reconciler.plan.options import HORIZON

BUSIEST = 5
_WEEK = timedelta(days=7)
_LISTED = 96
_ALL_LISTED = 20_000
"""Fires that are listed of one schedule, and of all: what a picture can show."""


def with_impact(plan: Plan, *, firing: Firing, now: datetime, horizon: timedelta = HORIZON) -> Plan:
    """`plan`, applied at `now`, with what happens up to and with `now + horizon`.

    `firing`: the trigger by which the target really fires a schedule.
    """
    span = span_of(now, now + horizon)
    start = moment(span.after)
    listed = min(_LISTED, _ALL_LISTED // max(len(plan.pending), 1))
    common, lost, won = Heat(), Heat(), Heat()
    changes = []
    for change in plan.changes:
        if change.action is Action.SKIP:
            changes.append(change)
            continue
        created = _created(change, start)
        before = _before(change, created, firing, span)
        if change.action is Action.NOOP:
            common.add(before.fires.bits)
            changes.append(change)
            continue
        after = _after(change, before, created, firing, span)
        if after is before:
            common.add(before.fires.bits)
            changes.append(change)
            continue
        lost.add(before.fires.bits)
        won.add(after.fires.bits)
        if change.action is Action.CREATE or _differ(before, after):
            change = _told(change, _impact(before, after, span, listed))
        changes.append(change)
    whole = _whole(common.plus(lost), common.plus(won), start, span, horizon)
    return replace(plan, changes=tuple(changes), impact=whole)


def _told(change: Change, impact: Impact) -> Change:
    """`dataclasses.replace`, which takes three times as long."""
    return Change(
        change.action,
        change.key,
        change.before,
        change.after,
        change.fields,
        change.reason,
        change.notes,
        impact,
        change.cause,
        change.contents,
        change.waits,
        change.over,
    )


def _created(change: Change, now: datetime) -> datetime:
    """When the schedule was, or will be, created."""
    live = change.before
    return live.created_at if live is not None and live.created_at is not None else now


def _before(change: Change, created: datetime, firing: Firing, span: Span) -> Side:
    live = change.before
    return side_of(live.schedule if live is not None else None, created, firing, span)


def _after(change: Change, before: Side, created: datetime, firing: Firing, span: Span) -> Side:
    """`before` itself where the change does not touch when it fires."""
    live, wanted = change.before, change.after
    if live is None:
        # The moment at which it is created counts as well: some fire at once. Then the last one
        # does not: what fires every minute fires no more often in as many days for being new.
        born = replace(span, after=span.after - 1)
        side = side_of(wanted, created, firing, born)
        if side.fires.first and _first(side, span) == span.after:
            return side_of(wanted, created, firing, replace(born, until=span.until - 1))
        return side
    was = live.schedule
    if wanted and was.trigger == wanted.trigger and was.enabled == wanted.enabled:
        return before
    return side_of(wanted, created, firing, span)


def _first(side: Side, span: Span) -> int:
    return span.base + side.fires.second + side.fires.first[0] * MINUTE


def _differ(before: Side, after: Side) -> bool:
    """Whether there is anything to tell: not of what neither fires, nor can be foretold."""
    is_told = before.trigger is not None or after.trigger is not None
    return is_told or before.is_foretold != after.is_foretold


def _impact(before: Side, after: Side, span: Span, listed: int) -> Impact:
    both = in_one_frame(before, after, span)
    zones = zone_shift(before, after, span)
    known = timedelta(seconds=zones.at(span.after)) if zones is not None else None
    moves = compare(before.fires, after.fires, both, known, zones)
    is_few = min(before.fires.count, after.fires.count) <= FEW
    is_told_by_few = is_few and moves.by is not None and moves.by != known
    if is_told_by_few and (both.is_cut or abs(moves.by or _WEEK) >= _WEEK):
        known = unbounded(before, after, span)
        # What is moved further is none of the few that are left.
        if known is not None and known != moves.by and abs(known) < _WEEK:
            moves = compare(before.fires, after.fires, both, known)
    # Where nothing differs within the horizon, what is behind it shows what the change does.
    told = moves if moves.examples else behind(before, after, span)
    was, will = fires_of(before, span, listed), fires_of(after, span, listed)
    rates = (was.per_day if was else 0.0, will.per_day if will else 0.0)
    return Impact(
        was,
        will,
        moves.added,
        moves.removed,
        moves.moved,
        told.by,
        told.examples,
        tuple(warnings_of(before, after, moves, rates, span)),
    )


def _whole(
    before: Heat, after: Heat, start: datetime, span: Span, horizon: timedelta
) -> PlanImpact:
    days = -(-span.minutes // DAY_MINUTES)
    length = horizon / timedelta(days=1)
    busiest = {*before.busiest(BUSIEST), *after.busiest(BUSIEST)}
    minutes = [_busy(minute, before, after, span) for minute in busiest]
    minutes.sort(key=lambda busy: (-max(busy.before, busy.after), busy.at))
    return PlanImpact(
        start.astimezone(UTC),
        horizon,
        before.total / length,
        after.total / length,
        tuple(minutes[:BUSIEST]),
        before.rows(days),
        after.rows(days),
    )


def _busy(minute: int, before: Heat, after: Heat, span: Span) -> BusyMinute:
    return BusyMinute(moment(span.base + minute * MINUTE), before.at(minute), after.at(minute))
