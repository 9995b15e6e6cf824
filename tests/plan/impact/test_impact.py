"""What a plan does to fires: tables of changes, and laws that hold for all of them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from fires import TIMED, instant
from helpers import OWNER, TARGET, canonical
from hypothesis import given, settings
from hypothesis import strategies as st

from plan.impact.impacts import (
    INBOX,
    LISBON,
    MONDAY,
    OLD,
    at,
    cron,
    impact_of,
    planned,
    with_trigger,
)
from reconciler.firing import next_fires
from reconciler.firing.counting.bitsets import Raster, span_of
from reconciler.model import (
    Action,
    Canonical,
    Change,
    ContentChange,
    Cron,
    DatastoreChange,
    FieldChange,
    Fires,
    Impact,
    LiveSchedule,
    MovedFire,
    Note,
    Pattern,
    Plan,
    PlanImpact,
    Rate,
    Recurrence,
    Trigger,
)
from reconciler.plan import make_plan
from reconciler.plan.impact.fire_diff import compare
from reconciler.plan.impact.frames import Compared, Frame
from reconciler.plan.impact.heatmap import Heat
from reconciler.plan.impact.impact import with_impact

# ------------------------------------------------------------------------------ moved, added, gone


@pytest.mark.parametrize(
    ("before", "after", "now", "moved", "hours", "added", "removed"),
    [
        # Daily: later, earlier, across noon, by minutes.
        (cron("0 2 * * *"), cron("0 3 * * *"), at(0), 14, 1, 0, 0),
        (cron("0 3 * * *"), cron("0 2 * * *"), at(0), 14, -1, 0, 0),
        (cron("0 2 * * *"), cron("0 20 * * *"), at(0), 14, 18, 0, 0),
        (cron("0 2 * * *"), cron("0 20 * * *"), at(10), 14, 18, 0, 0),
        (cron("0 2 * * *"), cron("30 2 * * *"), at(0), 14, 0.5, 0, 0),
        # Applied between the two: what the ends of the horizon cut off is moved as well.
        (cron("0 5 * * *"), cron("0 4 * * *"), at(4, 30), 14, -1, 0, 0),
        (cron("0 5 * * *"), cron("0 4,14 * * *"), at(4, 30), 14, None, 14, 0),
        (cron("0 2 * * 3"), cron("0 2 * * 5"), at(0, day=25), 2, 48, 0, 0),
        (cron("0 2 * * 3"), cron("0 2 * * 5"), at(0, day=26), 2, 48, 0, 0),
        # Some of the fires of a day.
        (cron("0 2,14 * * *"), cron("0 2,15 * * *"), at(0), 14, 1, 0, 0),
        (cron("0 2,14 * * *"), cron("0 3,15 * * *"), at(10), 28, 1, 0, 0),
        (cron("0 2,14 * * *"), cron("0 3,16 * * *"), at(0), 28, None, 0, 0),
        (cron("0 2 * * *"), cron("0 3,15 * * *"), at(0), 14, 1, 14, 0),
        (cron("0 2 * * *"), cron("0 2,15 * * *"), at(0), 0, None, 14, 0),
        # Weekly: another day, and more days.
        (cron("0 2 * * 1"), cron("0 2 * * 2"), at(0), 2, 24, 0, 0),
        (cron("0 2 * * 1"), cron("0 2 * * 5"), at(0), 2, 96, 0, 0),
        (cron("0 2 * * 5"), cron("0 2 * * 1"), at(0), 2, -96, 0, 0),
        (cron("0 5 * * 1"), cron("0 5 1 * *"), at(0), 0, None, 1, 2),
        (cron("0 2 * * 1"), cron("0 3 * * *"), at(0), 2, 1, 12, 0),
        # Monthly, days apart: nearer than any other.
        (cron("0 2 27 * *"), cron("0 2 1 * *"), at(0), 1, 96, 0, 0),
        (cron("0 2 1 * *"), cron("0 2 27 * *"), at(0), 1, -96, 0, 0),
        # Elapsed time: another anchor, another interval.
        (
            Recurrence("minute", 15, None, datetime(2026, 1, 1)),
            Recurrence("minute", 15, None, datetime(2026, 1, 1, 0, 5)),
            at(4, 2),
            1344,
            5 / 60,
            0,
            0,
        ),
        (Recurrence("minute", 15), Recurrence("minute", 30), at(0), 0, None, 0, 672),
        (Recurrence("minute", 10), Recurrence("minute", 15), at(0), 0, None, 672, 1344),
        # The same in other words.
        (cron("0 2 * * *"), cron("0 2 * * 0-6"), at(0), 0, None, 0, 0),
        # Many on one day, and another number.
        (cron("0 * * * 1"), cron("30 */2 * * 1"), at(23, day=22), 0, None, 24, 48),
        # Pairs of a day, on both sides of a clock change.
        (
            cron("0 2,14 * * *", LISBON),
            cron("0 3,16 * * *", LISBON),
            at(0, day=22, month=3),
            28,
            None,
            0,
            0,
        ),
        # Another zone.
        (cron("0 2 * * *"), cron("0 2 * * *", "Europe/Berlin"), at(0), 14, -1, 0, 0),
    ],
)
def test_moves(
    before: Trigger,
    after: Trigger,
    now: datetime,
    moved: int,
    hours: float | None,
    added: int,
    removed: int,
) -> None:
    impact = impact_of(before, after, now)
    assert (impact.moved, impact.added, impact.removed) == (moved, added, removed)
    assert impact.moved_by == (None if hours is None else timedelta(hours=hours))


def test_seconds_of_the_minute_count() -> None:
    """Two triggers that fire at other seconds have no fire in common."""
    start = datetime(2026, 1, 1, 2, 0, 10)
    impact = impact_of(
        Recurrence("day", 1, None, start),
        Recurrence("day", 1, None, start + timedelta(minutes=1, seconds=20)),
    )
    assert (impact.moved, impact.moved_by) == (14, timedelta(minutes=1, seconds=20))
    assert impact.examples[0] == MovedFire(
        at(2) + timedelta(seconds=10), at(2, 1) + timedelta(seconds=30)
    )


@pytest.mark.parametrize(
    ("before", "after", "now", "examples"),
    [
        (
            cron("0 2 * * *"),
            cron("0 3 * * *"),
            at(0),
            [(at(2, day=day), at(3, day=day)) for day in (23, 24, 25)],
        ),
        (
            cron("0 5 * * *"),
            cron("0 4 * * *"),
            at(4, 30),
            [(at(5), None), *((at(5, day=day), at(4, day=day)) for day in (24, 25))],
        ),
        (cron("0 2 * * *"), None, at(0), [(at(2, day=day), None) for day in (23, 24, 25)]),
        (None, cron("0 2 1 * *"), at(0), [(None, at(2, day=1, month=12))]),
        (
            cron("0 2 * * *"),
            cron("0 3,15 * * *"),
            at(0),
            [(at(2), at(3)), (None, at(15)), (at(2, day=24), at(3, day=24))],
        ),
    ],
)
def test_the_first_that_differ(
    before: Trigger | None,
    after: Trigger | None,
    now: datetime,
    examples: list[tuple[datetime | None, datetime | None]],
) -> None:
    found = impact_of(before, after, now).examples
    assert [(each.before, each.after) for each in found] == examples


def test_a_shift_is_found_and_told() -> None:
    """By how much, and of how many; not only that the sums are right."""
    for before, after, by, moved in (
        (cron("0 2 * * *"), cron("0 5 * * *"), 3 * 60, 14),
        (cron("0 2 * * 1"), cron("0 2 * * 3"), 2 * 1440, 2),
        (cron("15,45 1 * * 1"), cron("15,45 1 * * 5"), 4 * 1440, 4),
        (cron("*/10 * * * *"), cron("3-59/10 * * * *"), 3, 2016),
    ):
        impact = impact_of(before, after)
        assert (impact.moved_by, impact.moved) == (timedelta(minutes=by), moved), after


def test_days_are_those_of_the_zone_on_both_sides_of_a_clock_change() -> None:
    """Half past midnight is in another UTC day once the clocks are put forward, on 28 March."""
    before = Cron("30 0,12 * * *", time_zone=LISBON)
    after = Cron("45 0,18 * * *", time_zone=LISBON)
    impact = impact_of(before, after, at(0, 0, 22, 3, 2027), created=None)
    # Of the fifteenth day the first is still within 14 times 24 hours, for its hour was skipped.
    assert (impact.moved, impact.moved_by) == (29, None)
    assert (impact.added, impact.removed) == (0, 0)


@pytest.mark.parametrize(
    ("one", "other", "zone", "now", "by"),
    [
        ("45 1 * * *", "45 8 * * *", "America/New_York", at(12, 44, 25, 2), 7),
        ("0 1 * * *", "0 6 * * *", LISBON, at(4, 44, 20, 3), 5),
        ("0 1 * * *", "0 12 * * *", LISBON, at(4, 44, 20, 3), 11),
        ("0 1 * * *", "0 3 * * *", LISBON, at(4, 44, 20, 3), 2),
        ("30 13 * * *", "30 0 * * *", "America/St_Johns", at(19, 30, 19, 10), -13),
        # What the clock skips is the declared time, and so is what it repeats.
        ("30 1 * * *", "30 2 * * *", LISBON, at(0, 0, 20, 3), 1),
        ("30 1 * * *", "30 2 * * *", LISBON, at(1, 40, 29, 3), 1),
        ("30 1 * * *", "45 1 * * *", LISBON, at(1, 35, 29, 3), 0.25),
        ("30 1 * * *", "30 2 * * *", LISBON, at(1, 40, 25, 10), 1),
    ],
)
def test_a_length_is_that_on_the_clock(
    one: str, other: str, zone: str, now: datetime, by: float
) -> None:
    impact = impact_of(cron(one, zone), cron(other, zone), now)
    assert impact.moved_by == timedelta(hours=by)


def test_two_wall_times_that_are_one_instant() -> None:
    """Half past one is skipped on 29 March, and runs when half past two does."""
    one, other = cron("30 1 * * *", LISBON), cron("30 2 * * *", LISBON)
    impact = impact_of(one, other, at(0, 0, 29, 3))
    assert (impact.moved, impact.moved_by) == (13, timedelta(hours=1))
    assert [each.before for each in impact.examples] == [at(0, 30, 30, 3), at(0, 30, 31, 3)]


def test_an_end_before_the_horizon() -> None:
    over = Cron("30 1 * * *", end_time=datetime(2026, 3, 1), time_zone=LISBON)
    impact = impact_of(over, cron("30 3 * * *", LISBON), at(0, 0, 20, 3))
    assert (impact.added, impact.moved, impact.moved_by) == (14, 0, None)


def test_an_end_within_the_horizon() -> None:
    end = datetime(2026, 11, 26, 12)
    impact = impact_of(
        Cron("45 2 * * *", end_time=end), Cron("45 16 * * *", end_time=end), at(6, 43)
    )
    assert (impact.moved, impact.moved_by) == (3, timedelta(hours=14))
    assert [one.kind for one in impact.warnings] == ["repeats"]


def test_zones_that_change_together() -> None:
    one, other = cron("45 1 * * *", "Europe/Berlin"), cron("45 8 * * *", LISBON)
    assert impact_of(one, other, at(12, 44, 20, 3)).moved_by == timedelta(hours=8)


@pytest.mark.parametrize(
    ("one", "other", "by", "first"),
    [
        (cron("0 9 1 * *"), cron("0 9 2 * *"), 24, (at(9, 0, 1, 12), at(9, 0, 2, 12))),
        (cron("0 9 10 * *"), cron("0 10 10 * *"), 1, (at(9, 0, 10, 12), at(10, 0, 10, 12))),
        (cron("0 9 1 3 *"), cron("0 9 2 3 *"), 24, (at(9, 0, 1, 3, 2027), at(9, 0, 2, 3, 2027))),
        # By another zone, an end, days in a few years no length is said.
        (cron("0 9 1,20 * *"), cron("0 9 1,21 * *"), 24, (at(9, 0, 20, 12), at(9, 0, 21, 12))),
        (
            cron("0 9 * * *"),
            cron("0 9 * * *", LISBON),
            None,
            (at(9, 0, 28, 3, 2027), at(8, 0, 28, 3, 2027)),
        ),
        (
            cron("0 9 * * *"),
            Cron("0 9 * * *", end_time=datetime(2031, 1, 1)),
            None,
            (at(9, 0, 1, 1, 2031), None),
        ),
        (cron("0 9 28 2 *"), cron("0 9 28,29 2 *"), None, (None, at(9, 0, 29, 2, 2028))),
        (
            cron("0 9 29 2 *"),
            cron("0 10 29 2 *"),
            None,
            (at(9, 0, 29, 2, 2028), at(10, 0, 29, 2, 2028)),
        ),
        (cron("0 9 31 2 *"), cron("0 9 29 2 *"), None, (None, at(9, 0, 29, 2, 2028))),
        # The same in other words.
        (cron("0 9 1 * *"), cron("00 9 1 1-12 *"), None, None),
        (cron("0 9 * * *"), Recurrence("day", 1, Pattern((9,), (0,))), None, None),
        (cron("0 9 * * *", LISBON), cron("0 9 * * *", "Europe/London"), None, None),
        (
            Recurrence("hour", 2, None, datetime(2026, 1, 1)),
            Recurrence("hour", 2, None, datetime(2026, 1, 1, 4)),
            None,
            None,
        ),
        (Recurrence("month", 1, None, datetime(2026, 1, 1)), cron("0 0 1 * *"), None, None),
    ],
)
def test_behind_the_horizon(
    one: Trigger,
    other: Trigger,
    by: int | None,
    first: tuple[datetime | None, datetime | None] | None,
) -> None:
    """As before is only what never differs: those have no example."""
    impact = impact_of(one, other, days=7)
    assert (impact.added, impact.removed, impact.moved) == (0, 0, 0)
    assert impact.moved_by == (None if by is None else timedelta(hours=by))
    assert impact.examples[:1] == (() if first is None else (MovedFire(*first),))


# ----------------------------------------------------------------------------------- how many, when


@pytest.mark.parametrize(
    ("trigger", "count", "first", "per_week"),
    [
        (cron("0 2 * * *"), 14, at(2), 7),
        (cron("*/15 * * * *"), 1344, at(0, 15), 672),
        (cron("0 2 * * 1"), 2, at(2), 1),
        # Seldom: the first is behind the horizon.
        (cron("0 2 10 * *"), 0, at(2, day=10, month=12), 4800 / 146097 * 7),
        (cron("0 2 1 1 *"), 0, at(2, day=1, month=1, year=2027), 400 / 146097 * 7),
        # Not yet: it starts behind the horizon, and fires often then.
        (
            Recurrence("hour", 1, None, datetime(2026, 12, 23)),
            0,
            at(0, month=12),
            168,
        ),
        (cron("0 2 31 2 *"), 0, None, 0),
        (Recurrence("hour", 2), 168, at(0, 7), 84),
    ],
)
def test_fires(trigger: Trigger, count: int, first: datetime | None, per_week: float) -> None:
    found = impact_of(INBOX, trigger).after
    assert found is not None
    assert (found.count, found.first) == (count, first)
    assert found.per_week == pytest.approx(per_week)
    assert found.per_day == pytest.approx(per_week / 7)
    assert len(found.listed) == min(count, 96)
    assert all(a < b for a, b in pairwise(found.listed))


def test_clock_changes_within_the_horizon() -> None:
    """The same wall time on both sides of a change; what is skipped runs late, once."""
    for month, day, missing in ((3, 29, "01:30"), (10, 25, "01:30")):
        now = at(0, day=day - 2, month=month)
        impact = impact_of(cron("0 12 * * *", LISBON), cron("30 1 * * *", LISBON), now, days=4)
        assert impact.after is not None
        assert impact.after.count == 4
        [listed] = [each for each in impact.after.listed if each.day == day]
        late = (1, 30) if month == 3 else (0, 30)
        assert (listed.hour, listed.minute) == late, missing


def test_anchors() -> None:
    """A recurrence without a start is counted from its creation; unknown, from the apply."""
    hourly, two = Recurrence("hour", 1), Recurrence("hour", 2)
    now = at(9, 30)
    for created, minute in ((OLD, 7), (None, 30)):
        impact = impact_of(hourly, two, now, created=created)
        assert impact.before is not None
        assert impact.before.first is not None
        assert impact.before.first.minute == minute
        assert impact.before.count == 336


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (INBOX, cron("0 2 * * *"), (None, 14)),
        (cron("0 2 * * *"), INBOX, (14, None)),
        (INBOX, None, (None, 0)),
        (None, INBOX, (0, None)),
        (None, cron("0 2 * * *"), (0, 14)),
        (cron("0 2 * * *"), None, (14, 0)),
    ],
)
def test_what_cannot_be_foretold(
    before: Trigger | None, after: Trigger | None, expected: tuple[int | None, int | None]
) -> None:
    impact = impact_of(before, after)
    counts = [side.count if side is not None else None for side in (impact.before, impact.after)]
    assert tuple(counts) == expected
    assert impact.added - impact.removed == (counts[1] or 0) - (counts[0] or 0)


def test_enabling_and_disabling() -> None:
    daily = cron("0 2 * * *")
    on, off = with_trigger(daily), with_trigger(daily, enabled=False)
    [enabled] = planned([off], [on]).changes
    assert enabled.impact is not None
    assert (enabled.impact.before, enabled.impact.added) == (Fires(), 14)
    [disabled] = planned([on], [off]).changes
    assert disabled.impact is not None
    assert (disabled.impact.after, disabled.impact.removed) == (Fires(), 14)
    assert disabled.impact.warnings == ()
    [new] = planned([], [off]).changes
    assert new.impact == Impact(Fires(), Fires())


def test_what_is_not_about_fires_has_no_impact() -> None:
    daily, hourly = cron("0 2 * * *"), cron("0 * * * *")
    described = replace(with_trigger(daily), description="new")
    plan = planned([with_trigger(daily)], [described])
    assert [change.impact for change in plan.changes] == [None]
    both_off = planned([with_trigger(daily, enabled=False)], [with_trigger(hourly, enabled=False)])
    assert [change.impact for change in both_off.changes] == [None]
    folders = planned([with_trigger(INBOX)], [with_trigger(DatastoreChange("inbox", "x"))])
    assert [change.impact for change in folders.changes] == [None]


def test_nothing_else_of_a_change_is_touched() -> None:
    old, new = with_trigger(cron("0 2 * * *")), with_trigger(cron("0 3 * * *"))
    change = Change(
        Action.UPDATE,
        old.key,
        LiveSchedule(old, OWNER, "x", created_at=OLD),
        new,
        (FieldChange(("trigger", "expression"), "0 2 * * *", "0 3 * * *"),),
        "a reason",
        (Note("rewritten", "trigger", "a note"),),
        None,
        "repository",
        (ContentChange("code of train", "file"),),
        waits=True,
        over=True,
    )
    values = [getattr(change, each.name) for each in fields(Change) if each.name != "impact"]
    assert all(values), "each is set"
    plan = Plan(TARGET, OWNER, (change,))
    told = with_impact(plan, firing=lambda made: made.trigger, now=MONDAY)
    assert replace(told.changes[0], impact=None) == change


def test_of_many_changes_few_fires_are_listed() -> None:
    many = [with_trigger(cron("*/5 * * * *"), f"s{n:04}") for n in range(1000)]
    plan = planned([], many, days=1)
    assert {len(c.impact.after.listed) for c in plan.changes if c.impact and c.impact.after} == {20}


def test_the_target_says_what_really_fires() -> None:
    """One that ignores days of the month fires a monthly cron every day."""
    plan = make_plan([Canonical(with_trigger(cron("0 2 1 * *")))], [], target=TARGET, owner=OWNER)
    daily = with_impact(plan, firing=lambda made: cron("0 2 * * *"), now=MONDAY)
    unknown = with_impact(plan, firing=lambda made: None, now=MONDAY)
    for told, count in ((daily, 14), (unknown, None)):
        impact = told.changes[0].impact
        assert impact is not None
        assert (impact.after.count if impact.after else None) == count


# ----------------------------------------------------------------------------------- the whole plan


def whole(plan: Plan) -> PlanImpact:
    assert plan.impact is not None
    return plan.impact


def test_everything_that_is_ours() -> None:
    daily, later = cron("0 2 * * *"), cron("30 3 * * *")
    before = [with_trigger(daily, name) for name in ("kept", "moved", "gone", "theirs")]
    before.append(with_trigger(cron("*/30 * * * *"), "off", enabled=False))
    after = [
        with_trigger(daily, "kept"),
        with_trigger(later, "moved"),
        with_trigger(daily, "theirs"),
        with_trigger(later, "new"),
        with_trigger(INBOX, "arrivals"),
    ]
    live = [LiveSchedule(one, OWNER, "x", created_at=OLD) for one in before]
    live = [replace(one, owner="them") if one.key.name == "theirs" else one for one in live]
    plan = make_plan(canonical(*after), live, target=TARGET, owner=OWNER)
    told = with_impact(plan, firing=lambda made: made.trigger, now=at(1), horizon=timedelta(days=2))
    found = whole(told)
    assert (found.start, found.horizon) == (at(1), timedelta(days=2))
    assert (found.per_day_before, found.per_day_after) == (3, 3)
    busiest = [(busy.at, busy.before, busy.after) for busy in found.busiest]
    assert busiest == [(at(2), 3, 1), (at(3, 30), 0, 2)]
    assert len(found.heat_before) == len(found.heat_after) == 3  # the 23rd, the 24th, the 25th
    assert [row[2:4] for row in found.heat_before] == [(3, 0), (3, 0), (0, 0)]
    assert [row[2:4] for row in found.heat_after] == [(1, 2), (1, 2), (0, 0)]
    assert all(sum(row) == sum(row[2:4]) for row in found.heat_after)


@pytest.mark.parametrize("trigger", [Recurrence("minute", 1), cron("* * * * *")])
def test_a_schedule_fires_as_often_new_as_old(trigger: Trigger) -> None:
    made, old = planned([], [with_trigger(trigger)]), planned([with_trigger(trigger)], [])
    assert whole(made).per_day_after == whole(old).per_day_before == 1440
    (change,) = made.changes
    assert change.impact is not None
    assert change.impact.after is not None
    assert change.impact.after.count == 14 * 1440
    assert change.impact.after.rate == Rate(1440, "day")


def test_a_new_schedule_may_fire_first_when_the_horizon_ends() -> None:
    after = impact_of(None, cron("0 0 7 12 *")).after
    assert after is not None
    assert (after.count, after.first) == (1, at(0, day=7, month=12))


def test_nothing_at_all() -> None:
    found = whole(planned([], []))
    assert (found.per_day_before, found.per_day_after, found.busiest) == (0, 0, ())
    assert found.heat_before == found.heat_after == ((0,) * 24,) * 15


def test_an_instant_in_another_zone_and_a_fraction_of_a_second() -> None:
    now = datetime.fromisoformat("2026-11-23T03:30:15.5+02:00")
    found = whole(planned([], [with_trigger(cron("0 2 * * *"))], now, days=1))
    assert found.start == at(1, 30) + timedelta(seconds=15)
    assert found.per_day_after == 1


# --------------------------------------------------------------------------------------------- laws


@settings(max_examples=150, deadline=None)
@given(
    before=TIMED,
    after=TIMED,
    now=instant(),
    days=st.sampled_from((0.5, 1, 14)),
    age=st.integers(0, 40 * 86400),
)
def test_counts_are_those_of_the_fires(
    before: Trigger, after: Trigger, now: datetime, days: float, age: int
) -> None:
    created, until_ = now - timedelta(seconds=age), now + timedelta(days=days)
    plan = planned([with_trigger(before)], [with_trigger(after)], now, days, created)
    old, new = (list(next_fires(one, now, until_, created)) for one in (before, after))
    load = whole(plan)
    assert load.per_day_before == pytest.approx(len(old) / days)
    assert load.per_day_after == pytest.approx(len(new) / days)
    assert sum(map(sum, load.heat_before)) == len(old)
    assert sum(map(sum, load.heat_after)) == len(new)
    impact = plan.changes[0].impact
    if impact is None:
        assert before == after
        return
    assert impact.before is not None
    assert impact.after is not None
    assert (impact.before.count, impact.after.count) == (len(old), len(new))
    assert list(impact.before.listed) == old[:96]
    assert list(impact.after.listed) == new[:96]
    assert impact.added - impact.removed == len(new) - len(old)
    common = len(set(old) & set(new))
    assert impact.added + impact.moved + common == len(new)
    assert impact.removed + impact.moved + common == len(old)
    if old == new:
        return  # what is behind the horizon is looked at below
    for example in impact.examples:
        assert example.before is None or example.before in set(old) - set(new)
        assert example.after is None or example.after in set(new) - set(old)
        if impact.moved_by is not None and example.before and example.after:
            assert example.after - example.before == impact.moved_by


@given(
    fires=st.sets(st.integers(0, 14 * 1440 - 1), min_size=1, max_size=40),
    by=st.integers(1, 300),
    back=st.booleans(),
)
def test_what_is_shifted_is_moved(fires: set[int], by: int, back: bool) -> None:
    """Whatever fires, and by whatever length all of it is moved."""
    base = [minute + 300 for minute in fires]
    old = sum(1 << minute for minute in base)
    new = old >> by if back else old << by
    span = span_of(MONDAY, MONDAY + timedelta(days=15))
    before, after, may = Raster(old), Raster(new), (span.after + 1, span.until)
    found = compare(before, after, Compared(Frame(span, "UTC"), before, after, may, may))
    assert found.added == found.removed
    assert found.added + found.moved == (new & ~old).bit_count()


def heat_of(rasters: list[int]) -> Heat:
    heat = Heat()
    for bits in rasters:
        heat.add(bits)
    return heat


@given(st.lists(st.integers(0, (1 << 2880) - 1), max_size=20), st.integers(0, 20))
def test_heat_is_a_sum(rasters: list[int], cut: int) -> None:
    heat = heat_of(rasters)
    both = heat_of(rasters[:cut]).plus(heat_of(rasters[cut:]))
    assert (both.total, both.rows(2)) == (heat.total, heat.rows(2))
    both.add(1)
    assert both.at(0) == heat.at(0) + 1
    counts = [sum(bits >> minute & 1 for bits in rasters) for minute in range(2880)]
    assert heat.total == sum(counts)
    hours = [sum(counts[start : start + 60]) for start in range(0, 2880, 60)]
    assert heat.rows(2) == (tuple(hours[:24]), tuple(hours[24:]))
    busiest = heat.busiest(5)
    of_day = [max(counts[minute], counts[minute + 1440]) for minute in range(1440)]
    assert [heat.at(minute) for minute in busiest] == sorted(filter(None, of_day))[::-1][:5]
    assert len({minute % 1440 for minute in busiest}) == len(busiest)


def test_a_time_that_is_skipped_fires_with_the_one_after_it() -> None:
    """On the day of the change 02:30 does not come: both fire at 03:30, and nothing is moved."""
    zone = "Europe/Berlin"
    old, new = Cron("30 2 * * *", time_zone=zone), Cron("30 3 * * *", time_zone=zone)
    found = impact_of(old, new, at(12, 0, 27, 3, 2026), created=OLD)
    assert (found.moved, found.moved_by, found.added, found.removed) == (
        13,
        timedelta(hours=1),
        0,
        0,
    )
    assert all(one.before != one.after for one in found.examples)


def test_a_start_behind_the_horizon() -> None:
    old = Cron("0 9 * * *", time_zone=LISBON)
    new = Cron("0 10 * * *", time_zone=LISBON, start_time=datetime(2027, 3, 1))
    found = impact_of(old, new, created=OLD)
    assert (found.moved, found.added, found.removed) == (0, 0, 14)


# ---------------------------------------------------------------------------- another zone's clock


@pytest.mark.parametrize(
    ("expression", "zones", "hours"),
    [
        # The next day already in the other zone, and still the day before.
        ("0 23 * * *", ("UTC", "Europe/Berlin"), -1),
        ("30 0 * * *", ("Europe/Berlin", "UTC"), 1),
        ("0 9 * * *", ("Asia/Tokyo", "America/New_York"), 14),
        ("40 21 * * *", ("America/Denver", "America/St_Johns"), -3.5),
        ("0 23 * * 1", ("UTC", "Europe/Berlin"), -1),
        ("0 9,23 * * *", ("UTC", "Europe/Berlin"), -1),
    ],
)
def test_another_zone_means_the_same_day(
    expression: str, zones: tuple[str, str], hours: float
) -> None:
    before, after = (cron(expression, zone) for zone in zones)
    impact = impact_of(before, after, at(12))
    assert impact.moved_by == timedelta(hours=hours)
    assert (impact.added, impact.removed) == (0, 0)
    same_day = [each.kind for each in impact.warnings if each.kind in ("skips", "repeats")]
    assert same_day == (["repeats"] if hours == 14 else [])


def test_another_zone_and_another_time() -> None:
    """Both count; of times that are moved by several lengths, instants tell what they can."""
    impact = impact_of(cron("0 23 * * *"), cron("0 22 * * *", "Europe/Berlin"), at(12))
    assert impact.moved_by == timedelta(hours=-2)
    impact = impact_of(cron("0 5,9 * * *"), cron("0 5,11 * * *", "Europe/Berlin"), at(12))
    assert (impact.moved, impact.moved_by) == (28, None)
    impact = impact_of(cron("0 5,9 * * *"), cron("0 5 * * *", "Europe/Berlin"), at(12))
    assert (impact.moved, impact.removed) == (14, 14)


def test_another_zone_on_clocks_that_part() -> None:
    """London changes within it: no length holds for all, but each fire has its own partner."""
    zones = ("Europe/London", "Pacific/Chatham")
    before, after = (cron("15 17 * * *", zone) for zone in zones)
    impact = impact_of(before, after, at(19, 48, day=11, month=10))
    assert (impact.moved, impact.moved_by, impact.added, impact.removed) == (14, None, 0, 0)
    [(kind, message)] = [(each.kind, each.message[:24]) for each in impact.warnings]
    assert (kind, message) == ("clock_differs", "from 25 Oct 2026 on it f")


def test_an_end_does_not_move_fires_by_more_than_are_left() -> None:
    """From the 27th to the 13th is seventeen days later; but none of these fires is."""
    end, zone = datetime(2026, 11, 5, 22, 59), "America/St_Johns"
    before = Cron("44 3,12 15,23,27 * *", None, end, zone)
    after = Cron("44 3,12 1,9,13 * *", None, end, zone)
    impact = impact_of(before, after, at(14, 5, day=24, month=10))
    assert (impact.moved, impact.moved_by) == (2, timedelta(days=5))


def test_a_length_behind_the_horizon_holds_for_a_year() -> None:
    """From the 5th to the 31st is no one length: some months have no such day."""
    now = at(9, 54, day=13, month=3)
    impact = impact_of(cron("0 7 5 * *"), cron("0 7 31 * *"), at(9, 54, day=13, month=2))
    assert impact.moved_by is None
    assert impact_of(cron("0 7 5 * *"), cron("0 7 31 * *"), now, days=10).moved_by is None
    later = impact_of(cron("0 7 5 * *"), cron("0 8 5 * *"), now)
    assert (later.moved, later.moved_by) == (0, timedelta(hours=1))
    assert later.examples[0] == MovedFire(at(7, day=5, month=4), at(8, day=5, month=4))


def test_a_start_behind_a_horizon_in_which_the_clock_changes() -> None:
    before, after = cron("0 2 * * *", LISBON), cron("0 9 * * *", LISBON)
    later = replace(after, start_time=datetime(2027, 5, 1))
    impact = impact_of(before, later, at(12, day=20, month=3, year=2027))
    assert (impact.moved, impact.added, impact.removed) == (0, 0, 14)
