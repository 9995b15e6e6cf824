"""What holds for every trigger, and agreement with engines of other people."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.firing import next_fire, next_fires
from reconciler.firing.clocks import zones
from reconciler.firing.compiled import prepare
from reconciler.model import FREQUENCIES, WEEK_DAYS, Cron, Pattern, Recurrence, Trigger

ZONES = [
    "UTC",
    "Europe/Lisbon",
    "America/Chicago",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Havana",  # changes at midnight
    "Europe/Istanbul",
]
WALLS = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1)).map(
    lambda wall: wall.replace(microsecond=0, fold=0)
)
INSTANTS = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def some(values: st.SearchStrategy[int], size: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(values, max_size=size).map(lambda found: tuple(sorted(found)))


WEEKDAYS = some(st.integers(0, 6)).map(lambda days: tuple(WEEK_DAYS[day] for day in days))
# Small hours, where clocks change, as often as all others.
HOURS, MINUTES = some(st.integers(0, 4) | st.integers(0, 23)), some(st.integers(0, 59))
PATTERNS = st.builds(Pattern, HOURS, MINUTES, WEEKDAYS, some(st.integers(1, 31)))

RECURRENCES = st.builds(
    Recurrence,
    st.sampled_from(FREQUENCIES),
    st.integers(1, 40),
    st.none() | PATTERNS,
    st.none() | WALLS,
    st.none() | st.none() | WALLS,
    st.sampled_from(ZONES),
)
CRONS = st.builds(
    Cron,
    st.sampled_from(
        [
            "*/15 * * * *",
            "30 1,2 * * *",
            "*/20 0-4 * * 0,6",
            "0 0 L * *",
            "7 */2 29-31 * 1",
            "0 3 1 4 *",
        ]
    ),
    st.none() | WALLS,
    st.none() | st.none() | WALLS,
    st.sampled_from(ZONES),
)
TRIGGERS: st.SearchStrategy[Trigger] = RECURRENCES | CRONS


def some_fires(
    trigger: Trigger, after: datetime, created: datetime, count: int = 40
) -> list[datetime]:
    until = after + timedelta(days=3000)
    return list(itertools.islice(next_fires(trigger, after, until, created), count))


def near_a_change(trigger: Trigger, after: datetime) -> datetime:
    """The instant three hours before the next change of the clock: where the bugs are."""
    assert isinstance(trigger, Recurrence | Cron)
    changes = zones.transitions(trigger.time_zone, after, after + timedelta(days=400))
    return changes[0].at - timedelta(hours=3) if changes else after


MODEST = settings(max_examples=150, deadline=None)


@MODEST
@given(TRIGGERS, INSTANTS, INSTANTS, st.booleans())
def test_fires_increase_within_range(
    trigger: Trigger, after: datetime, created: datetime, near: bool
) -> None:
    after = near_a_change(trigger, after) if near else after
    found = some_fires(trigger, after, created)
    assert all(earlier < later for earlier, later in itertools.pairwise([after, *found]))
    assert all(at.tzinfo is UTC and at.microsecond == 0 for at in found)


@MODEST
@given(TRIGGERS, INSTANTS, INSTANTS, st.booleans(), st.data())
def test_a_range_in_two_parts_fires_the_same(
    trigger: Trigger, after: datetime, created: datetime, near: bool, data: st.DataObject
) -> None:
    after = near_a_change(trigger, after) if near else after
    found = some_fires(trigger, after, created)
    until = found[-1] if found else after + timedelta(days=9)
    between = st.integers(0, int((until - after).total_seconds())).map(
        lambda second: after + timedelta(seconds=second)
    )
    cut = data.draw(st.sampled_from(found) | between if found else between)
    first = list(next_fires(trigger, after, cut, created))
    assert first + list(next_fires(trigger, cut, until, created)) == found


@MODEST
@given(TRIGGERS, INSTANTS, INSTANTS, st.booleans())
def test_next_fire_is_the_first_of_next_fires(
    trigger: Trigger, after: datetime, created: datetime, near: bool
) -> None:
    after = near_a_change(trigger, after) if near else after
    assert isinstance(trigger, Recurrence | Cron)
    at, last = after, datetime.max.replace(tzinfo=UTC)
    prepared = prepare(trigger, created)
    elsewhere = after.astimezone(timezone(timedelta(hours=-3, minutes=-30)))
    assert prepared(elsewhere) == next_fire(trigger, after, created)
    for expected in itertools.islice(next_fires(trigger, after, last, created), 20):
        assert prepared(at) == expected
        at = next_fire(trigger, at, created)  # type: ignore[assignment]
        assert at == expected
    assert prepared(last) is None


@MODEST
@given(TRIGGERS, INSTANTS, INSTANTS)
def test_nothing_fires_outside_start_and_end(
    trigger: Trigger, after: datetime, created: datetime
) -> None:
    assert isinstance(trigger, Recurrence | Cron)
    zone = zones.zone(trigger.time_zone)
    for at in some_fires(trigger, datetime(2009, 1, 1, tzinfo=UTC), created):
        if trigger.start_time is not None:
            assert at >= trigger.start_time.replace(tzinfo=zone).astimezone(UTC)
        else:
            assert isinstance(trigger, Cron) or at >= created.replace(microsecond=0)
        if trigger.end_time is not None:
            assert at <= trigger.end_time.replace(tzinfo=zone).astimezone(UTC)


# --------------------------------------------------------------------------------- dateutil.rrule


RRULE = {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY}


def of_rrule(recurrence: Recurrence, start: datetime, count: int) -> list[datetime]:
    """The same by dateutil, in wall time; then as Azure takes wall times, in order and once."""
    pattern = recurrence.pattern or Pattern()
    patterned = recurrence.pattern is not None
    walls = rrule.rrule(
        RRULE[recurrence.frequency],
        dtstart=start.replace(hour=0, minute=0, second=0) if patterned else start,
        interval=recurrence.interval,
        wkst=rrule.MO,
        byhour=pattern.hours or None,
        byminute=pattern.minutes or None,
        bysecond=0 if patterned else None,
        byweekday=[WEEK_DAYS.index(day) for day in pattern.week_days] or None,
        bymonthday=pattern.month_days or None,
        count=count,
    )
    zone = zones.zone(recurrence.time_zone)
    instants = {wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls}
    first = start.replace(tzinfo=zone).astimezone(UTC)
    return sorted(at for at in instants if (at > first if patterned else at >= first))


ONE_KIND_OF_DAY = st.one_of(
    st.tuples(st.just("day"), st.just(()), st.just(())),
    st.tuples(st.just("week"), WEEKDAYS.filter(bool), st.just(())),
    st.tuples(st.just("month"), st.just(()), some(st.integers(1, 31)).filter(bool)),
    st.tuples(st.just("month"), WEEKDAYS.filter(bool), st.just(())),
)


@MODEST
@given(
    ONE_KIND_OF_DAY,
    st.integers(1, 8),
    HOURS.filter(bool),
    MINUTES.filter(bool),
    WALLS,
    st.sampled_from(ZONES),
)
def test_rrule_agrees_on_patterns(
    days: tuple[str, tuple[str, ...], tuple[int, ...]],
    interval: int,
    hours: tuple[int, ...],
    minutes: tuple[int, ...],
    start: datetime,
    zone: str,
) -> None:
    frequency, week_days, month_days = days
    # rrule searches for years when a day comes in few months, or in none.
    month_days = tuple(sorted({min(day, 28) for day in month_days}))
    pattern = Pattern(hours, minutes, week_days, month_days)
    recurrence = Recurrence(frequency, interval, pattern, start, None, zone)  # type: ignore[arg-type]
    expected = of_rrule(recurrence, start, 60)[:-20]
    after = datetime(2000, 1, 1, tzinfo=UTC)
    found = next_fires(recurrence, after, datetime(2100, 1, 1, tzinfo=UTC), after)
    assert list(itertools.islice(found, len(expected))) == expected


@MODEST
@given(st.sampled_from(["day", "week", "month"]), st.integers(1, 8), WALLS, st.sampled_from(ZONES))
def test_rrule_agrees_without_a_pattern(
    frequency: str, interval: int, start: datetime, zone: str
) -> None:
    start = start if frequency != "month" or start.day < 29 else start.replace(day=28)
    recurrence = Recurrence(frequency, interval, None, start, None, zone)  # type: ignore[arg-type]
    expected = of_rrule(recurrence, start, 40)[:-1]
    after = datetime(2000, 1, 1, tzinfo=UTC)
    found = next_fires(recurrence, after, datetime(2100, 1, 1, tzinfo=UTC), after)
    assert list(itertools.islice(found, len(expected))) == expected


def test_rrule_agrees_on_the_last_days_of_months() -> None:
    for day in (29, 30, 31):
        start = datetime(2024, 1, day, 8)
        recurrence = Recurrence("month", 1, None, start)
        expected = of_rrule(recurrence, start, 200)
        after = datetime(2000, 1, 1, tzinfo=UTC)
        found = next_fires(recurrence, after, datetime(2100, 1, 1, tzinfo=UTC), after)
        assert list(itertools.islice(found, 200)) == expected


@MODEST
@given(st.sampled_from(["minute", "hour"]), st.integers(1, 5000), WALLS, INSTANTS)
def test_minutes_and_hours_are_multiples(
    frequency: str, interval: int, start: datetime, after: datetime
) -> None:
    recurrence = Recurrence(frequency, interval, None, start, None, "America/Chicago")  # type: ignore[arg-type]
    first = start.replace(tzinfo=zones.zone("America/Chicago")).astimezone(UTC)
    step = timedelta(**{f"{frequency}s": interval})
    found = next_fire(recurrence, after, after)
    assert found is not None
    assert (found - first) % step == timedelta(0)
    assert found == first if after < first else after < found <= after + step


# ------------------------------------------------------------------- a cron and its recurrence


@MODEST
@given(
    WEEKDAYS.filter(bool),
    HOURS.filter(bool),
    MINUTES.filter(bool),
    INSTANTS,
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_a_cron_fires_as_the_recurrence_that_says_the_same(
    week_days: tuple[str, ...],
    hours: tuple[int, ...],
    minutes: tuple[int, ...],
    after: datetime,
    zone: str,
    near: bool,
) -> None:
    weekly = Recurrence("week", 1, Pattern(hours, minutes, week_days), time_zone=zone)
    after = near_a_change(weekly, after) if near else after
    fields = minutes, hours, [WEEK_DAYS.index(day) + 1 for day in week_days]
    texts = [",".join(map(str, values)) for values in fields]
    cron = Cron(f"{texts[0]} {texts[1]} * * {texts[2]}", time_zone=zone)
    assert some_fires(cron, after, after) == some_fires(weekly, after, after)
