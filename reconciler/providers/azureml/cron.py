"""A cron expression -> what Azure will really do with it. Pure.

Azure reads an expression with NCrontab, and ignores the day-of-month and month fields, as its
documentation says: `0 6 1 * *` fires every day there. What is sent has to fire as is declared. The
text itself, if it does; else one that says the same of the week, or a monthly recurrence; else
nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from reconciler.firing.rules.cron_dialect import DAYS_OF_WEEK, is_ncrontab
from reconciler.firing.rules.cron_expression import Fields, parse
from reconciler.firing.rules.days import MonthMask, month_mask
from reconciler.model import Cron, Pattern, Recurrence, Trigger

_OTHER_BLANKS = re.compile(r"[^\S ]")
"""NCrontab splits an expression at spaces alone."""
_WITH_BLANKS = "its fields are sent with blanks between them: Azure reads no tabs"


def settle_cron(cron: Cron) -> tuple[Cron | Recurrence, str | None, str | None]:
    """What is sent for `cron`, with a sentence if it was rewritten, or one if it is refused."""
    if not _OTHER_BLANKS.search(cron.expression):
        return _settle(cron)
    sent, note, refusal = _settle(replace(cron, expression=" ".join(cron.expression.split())))
    return sent, note or _WITH_BLANKS, refusal


def _settle(cron: Cron) -> tuple[Cron | Recurrence, str | None, str | None]:
    fields = parse(cron.expression)
    if fields is None:
        return cron, None, "the expression never fires"
    week_days = _week_days(fields)
    if week_days is not None:
        return _weekly(cron, fields, week_days)
    month_days = _month_days(fields)
    if month_days is not None:
        return _monthly(cron, fields, month_days)
    return cron, None, _refusal(cron.expression, fields)


def as_fired(cron: Cron) -> Cron:
    """What Azure makes of an expression that is live there: its days and months are any.

    It stays as it is where it says nothing else, as `0 9 *,5 1-12 *` does.
    """
    texts = cron.expression.split()
    if len(texts) != 5 or texts[2:4] == ["*", "*"]:
        return cron
    fields = parse(cron.expression)
    if fields is not None and fields.weekdays is not None and _week_days(fields) == fields.weekdays:
        return cron
    return replace(cron, expression=f"{texts[0]} {texts[1]} * * {texts[4]}")


def carry_spelling(trigger: Trigger, live: Trigger | None) -> Trigger:
    """`trigger` in the words of what is live, if these are another spelling of the same.

    `Monday` in place of `MON`, or `0-59/15` of `*/15`, is no difference.
    """
    if not isinstance(trigger, Cron) or not isinstance(live, Cron):
        return trigger
    if trigger.expression == live.expression or not _is_same(trigger.expression, live.expression):
        return trigger
    return replace(trigger, expression=live.expression)


def _is_same(one: str, other: str) -> bool:
    """Whether NCrontab makes the same of both, with nothing in the fields that Azure ignores."""
    first, second = _read_there(one), _read_there(other)
    return first is not None and first == second


def _read_there(expression: str) -> tuple[tuple[int, ...] | None, ...] | None:
    """Minutes, hours and days of the week; None where the other fields are not all there is."""
    fields = parse(expression)
    if fields is None or len(fields.month_days) < 31 or len(fields.months) < 12:
        return None
    if not all(is_ncrontab(*field) for field in enumerate(expression.split())):
        return None
    return fields.minutes, fields.hours, fields.weekdays


# ----------------------------------------------------------------------------- what it is sent as


def _weekly(
    cron: Cron, fields: Fields, week_days: tuple[int, ...]
) -> tuple[Cron, str | None, str | None]:
    """One that fires on these days of every week, as an expression."""
    texts = cron.expression.split()
    is_read = [is_ncrontab(field, text) for field, text in enumerate(texts)]
    is_any_day = len(fields.month_days) == 31 and fields.weekdays == week_days
    if all(is_read) and is_any_day:
        return cron, None, None
    minutes = texts[0] if is_read[0] else _list(fields.minutes)
    hours = texts[1] if is_read[1] else _list(fields.hours)
    # Sunday is 0 there. Monday is 0 here.
    days = "*" if len(week_days) == 7 else _list(sorted((day + 1) % 7 for day in week_days))
    sent = f"{minutes} {hours} * * {days}"
    why = "Azure ignores a cron's day of month" if not is_any_day else "Sunday is 0 in Azure"
    if not all(is_read) and "7" not in texts[DAYS_OF_WEEK]:
        why = f'Azure does not read "{texts[is_read.index(False)]}"'
    return replace(cron, expression=sent), f'"{cron.expression}" is sent as "{sent}": {why}', None


def _list(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in numbers)


def _monthly(
    cron: Cron, fields: Fields, month_days: tuple[int, ...]
) -> tuple[Recurrence, str, str | None]:
    pattern = Pattern(fields.hours, fields.minutes, (), month_days)
    recurrence = Recurrence("month", 1, pattern, cron.start_time, cron.end_time, cron.time_zone)
    days = ", ".join(str(number) for number in month_days)
    how = f'"{cron.expression}" is sent as a monthly recurrence on day {days}'
    why = "Azure ignores a cron's day of month"
    if fields.is_hourly and cron.time_zone != "UTC":
        why += ". In an hour that the clock repeats it fires once"
    return recurrence, f"{how}: {why}", None


def _refusal(expression: str, fields: Fields) -> str:
    week_day = expression.split()[DAYS_OF_WEEK]
    if fields.weekdays is None:
        return f'Azure does not know "{week_day}" as a day of the week'
    day, month = len(fields.month_days) < 31, len(fields.months) < 12
    ignored = "day of month and month" if day and month else "month" if month else "day of month"
    often = "daily" if len(fields.weekdays) == 7 else "on these days of every week"
    return f'Azure ignores the {ignored} of "{expression}", and would fire {often}'


# ----------------------------------------------------------------------------- what days it means


def _week_days(fields: Fields) -> tuple[int, ...] | None:
    """The days of the week, Monday 0, on all of which it fires, and on no other day."""
    first_week = fields.month_mask(0, 31)
    days = tuple(day for day in range(7) if first_week >> (day + 1) & 1)
    return days if _is_mask(fields, month_mask((), days)) else None


def _month_days(fields: Fields) -> tuple[int, ...] | None:
    """The days of the month on all of which it fires, and on no other day."""
    days = tuple(day for day in fields.month_days if day > 0)
    return days if _is_mask(fields, month_mask(days, ())) else None


def _is_mask(fields: Fields, mask: MonthMask) -> bool:
    """Whether it fires on the days of a mask, in every month."""
    kinds = product(range(7), range(28, 32))
    return len(fields.months) == 12 and all(
        fields.month_mask(first, length) == mask(first, length) for first, length in kinds
    )
