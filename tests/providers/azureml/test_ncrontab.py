"""What is declared, what is sent, and what is foretold of it: one thing, by a model of NCrontab."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import product
from random import Random

import pytest

from providers.azureml import ncrontab
from reconciler.firing import next_fire, next_fires
from reconciler.firing.rules.cron import check
from reconciler.model import Cron, Recurrence
from reconciler.providers.azureml.cron import as_fired, settle_cron

DAY = timedelta(days=1)
FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
"""Months of 31, 28 and 31 days; in every month of the year, 30 come between."""
Fired = tuple[frozenset[date], frozenset[tuple[int, int]]]


@lru_cache(maxsize=4)
def fired(trigger: Cron | Recurrence) -> Fired:
    """The days on which it fires, by the program, and the times of day."""
    created = FROM - DAY
    days: set[date] = set()
    times: set[tuple[int, int]] = set()
    at = next_fire(trigger, FROM - timedelta(seconds=1), created)
    while at is not None and at < UNTIL:
        day = datetime(at.year, at.month, at.day, tzinfo=UTC)
        if not days:
            of_day = next_fires(trigger, at - timedelta(seconds=1), day + DAY * 0.99999, created)
            times = {(one.hour, one.minute) for one in of_day}
            first = min(times)
        assert (at.hour, at.minute) == first
        days.add(day.date())
        at = next_fire(trigger, day + DAY - timedelta(seconds=1), created)
    return frozenset(days), frozenset(times)


def fired_there(sent: Cron | Recurrence) -> Fired:
    """The same, by what is documented of Azure: NCrontab, without day of month and month."""
    all_days = [FROM.date() + DAY * number for number in range((UNTIL - FROM).days)]
    if isinstance(sent, Recurrence):
        assert (sent.frequency, sent.interval) == ("month", 1)
        pattern = sent.pattern
        assert pattern is not None
        chosen = frozenset(day for day in all_days if day.day in pattern.month_days)
        return chosen, frozenset(product(pattern.hours, pattern.minutes))
    minutes, hours, _, _, week = ncrontab.read(sent.expression)
    chosen = frozenset(day for day in all_days if day.isoweekday() % 7 in week)
    return chosen, frozenset(product(hours, minutes))


def is_taken(expression: str) -> bool:
    try:
        ncrontab.read(expression)
    except ncrontab.NotTaken:
        return False
    return True


def agree(expressions: int, seed: int) -> Counter[str]:
    """How often what came of an expression; AssertionError where two of the three differ."""
    outcomes: Counter[str] = Counter()
    for expression in ncrontab.expressions(Random(seed), expressions):
        cron, taken = Cron(expression), is_taken(expression)
        if taken:
            live = as_fired(cron)
            assert fired(live) == fired_there(cron), expression
            assert fired(live)[0], expression
            outcomes["live"] += 1
        fault = check(expression)
        if fault is not None:
            # All that NCrontab takes is taken, but for what never fires.
            assert not taken or fault.message.startswith("never fires"), expression
            outcomes["never fires" if taken else "not taken"] += 1
            continue
        sent, note, refused = settle_cron(cron)
        if refused is not None:
            outcomes["refused"] += 1
            continue
        foretold = as_fired(sent) if isinstance(sent, Cron) else sent
        assert fired(cron) == fired_there(sent) == fired(foretold), expression
        assert (note is None) == (sent == cron), expression
        outcomes["sent as it stands" if note is None else "rewritten"] += 1
    return outcomes


# ------------------------------------------------------------------------------------- the model


@pytest.mark.parametrize(
    ("expression", "field", "values"),
    [  # those of NCrontab's own tests, and what its README says
        ("* 1-2,3 * * *", 1, "1 2 3"),
        ("* * * */2 *", 3, "1 3 5 7 9 11"),
        ("10-40/15 * * * *", 0, "10 25 40"),
        ("* * * Mar,Jan,Aug Fri,Mon-Tue", 3, "1 3 8"),
        ("* * * Mar,Jan,Aug Fri,Mon-Tue", 4, "1 2 5"),
        ("2/5 * * * *", 0, "2 7 12 17 22 27 32 37 42 47 52 57"),
        (" * 3/4 * * *", 1, "3 7 11 15 19 23"),
        ("10 * * February,April-Jun *", 3, "2 4 5 6"),
        (
            "20 * * january,FeB,Mar,april,May,JuNE,July,Augu,SEPT-October,Nov,DECEM *",
            3,
            "1 2 3 4 5 6 7 8 9 10 11 12",
        ),
        ("30 6 * * SUNDAY", 4, "0"),
        ("40 14/1 * * *", 1, "14 15 16 17 18 19 20 21 22 23"),
        ("0 0 * * FRI-MON", 4, "1 2 3 4 5"),
        ("0 9-9/2 * * *", 1, "9"),
        ("0 0 * * 5/2", 4, "5"),
        ("0 0 *,5 * *", 2, " ".join(str(day) for day in range(1, 32))),
        ("*/0 9 * * *", 0, " ".join(str(minute) for minute in range(60))),
    ],
)
def test_the_model_reads_as_ncrontab(expression: str, field: int, values: str) -> None:
    assert ncrontab.read(expression)[field] == {int(value) for value in values.split()}


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "bad * * * *",
        "* bad * * *",
        "* * * * bad",
        "99 * * * *",
        "* 99 * * *",
        "* * 99 * *",
        "* * * 99 *",
        "* * * * 99",
        "0 0 * * 7",
        "0 0 L * *",
        "0 0 * * 1#2",
        "0 0 ? * *",
        "1,,2 * * * *",
        "*/ * * * *",
        "*-5 * * * *",
        "*/9999999999 * * * *",
        "0 0 * * Sundays",
    ],
)
def test_the_model_refuses_as_ncrontab(expression: str) -> None:
    assert not is_taken(expression)


# --------------------------------------------------------------------------------- the agreement


def test_what_is_declared_is_sent_and_foretold() -> None:
    outcomes = agree(500, seed=1)
    assert min(outcomes[kind] for kind in ("live", "rewritten", "refused", "not taken")) > 20
    assert outcomes["sent as it stands"] > 150


@pytest.mark.parametrize("blank", ["\t", "\xa0", " \t ", "\n", "\u2003"])
def test_fields_are_parted_by_spaces(blank: str) -> None:
    """By any blanks where they are declared, as cron does; NCrontab knows no other than these."""
    declared = Cron(blank.join(["0", "9", "*", "*", "1-5"]))
    assert not is_taken(declared.expression)
    assert settle_cron(declared)[0] == Cron("0 9 * * 1-5")
    assert "blanks" in (settle_cron(declared)[1] or "")
    monthly = settle_cron(Cron(blank.join(["0", "9", "1", "*", "*"])))
    assert monthly == settle_cron(Cron("0 9 1 * *"))


@pytest.mark.torture
def test_what_is_declared_is_sent_and_foretold_of_a_hundred_thousand() -> None:
    outcomes = agree(100_000, seed=2)
    assert outcomes["live"] > 50_000


@pytest.mark.parametrize(
    ("expression", "sent", "why"),
    [
        ("0 9 * * 1/2", None, None),
        ("0 9 * * MON/2", None, None),
        ("0 9 * * 6/1", None, None),
        ("0 9-9/2 * * *", None, None),
        ("0 9 */1 */1 Monday", None, None),
        ("0 9 *,5 * 1", None, None),
        ("0 9 1-31 * *", None, None),
        ("0 9 1-31 * 1", "0 9 * * *", "Azure ignores a cron's day of month"),
        ("0 9 1/1 * 1", "0 9 * * *", "Azure ignores a cron's day of month"),
        ("0 9 1 * 0-6", "0 9 * * *", "Azure ignores a cron's day of month"),
        ("0 9 * * 5-7", "0 9 * * 0,5,6", "Sunday is 0 in Azure"),
        ("0 9 1-31 * 7", "0 9 * * *", "Azure ignores a cron's day of month"),
        ("*/9999999999 9 * * 1", "0 9 * * 1", 'Azure does not read "*/9999999999"'),
        ("0 */9999999999 * * 7", "0 0 * * 0", "Sunday is 0 in Azure"),
    ],
)
def test_what_is_sent(expression: str, sent: str | None, why: str | None) -> None:
    found, note, refused = settle_cron(Cron(expression, time_zone="Asia/Tokyo"))
    assert refused is None
    assert found == Cron(sent or expression, time_zone="Asia/Tokyo")
    assert note == (f'"{expression}" is sent as "{sent}": {why}' if sent else None)


def test_hours_of_a_day_of_the_month_become_times_of_day() -> None:
    sent, note, refused = settle_cron(Cron("0 * 1 * *", time_zone="Europe/Lisbon"))
    assert isinstance(sent, Recurrence)
    assert refused is None
    assert note == (
        '"0 * 1 * *" is sent as a monthly recurrence on day 1: Azure ignores a cron\'s day of'
        " month. In an hour that the clock repeats it fires once"
    )


@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        (
            "0 9 1 * 1",
            'Azure ignores the day of month of "0 9 1 * 1", and would fire on these days of every'
            " week",
        ),
        ("0 9 * 6 *", 'Azure ignores the month of "0 9 * 6 *", and would fire daily'),
        (
            "0 9 1 6 *",
            'Azure ignores the day of month and month of "0 9 1 6 *", and would fire daily',
        ),
        ("0 9 * * 5L", 'Azure does not know "5L" as a day of the week'),
        ("0 9 31 2 *", "the expression never fires"),
    ],
)
def test_what_is_refused(expression: str, refused: str) -> None:
    assert settle_cron(Cron(expression)) == (Cron(expression), None, refused)


@pytest.mark.parametrize(
    "expression", ["0 9 *,5 * *", "0 9 * 1-12 1", "0 9 1-31 1/1 *", "0 9 * * Monday", "0 9 x * 1 2"]
)
def test_what_says_no_more_than_it_does_stays_as_it_is(expression: str) -> None:
    assert as_fired(Cron(expression)) == Cron(expression)
