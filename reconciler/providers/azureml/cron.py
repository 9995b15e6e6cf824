"""A cron expression -> what Azure will really do with it. Pure.

Azure's documentation: the day-of-month and month fields are ignored, so that `0 6 1 * *` fires
every day. Where a recurrence says the same as such an expression, it takes its place.
"""

from __future__ import annotations

import re
from dataclasses import replace

from reconciler.firing.rules.cron import restricts_days
from reconciler.firing.rules.cron_expression import parse
from reconciler.model import Cron, Pattern, Recurrence

# NCrontab: numbers, names, lists, ranges and steps; no L, W, # or ?, and Sunday is 0, not 7.
_PLAIN = re.compile(r"[0-9*/,\-]+\Z")
_NAMES = re.compile(r"(?i)\b(?:sun|mon|tue|wed|thu|fri|sat)\b")


def settle_cron(cron: Cron) -> tuple[Cron | Recurrence, str | None, str | None]:
    """What is sent for `cron`, with a sentence if it was rewritten, or one if it is refused."""
    fields = parse(cron.expression)
    if fields is None:
        return cron, None, "the expression never fires"
    day, month = restricts_days(cron.expression)
    if not day and not month:
        return _dialect(cron)
    monthly = day and not month and fields.weekdays is not None and len(fields.weekdays) == 7
    if monthly and min(fields.month_days) >= 1 and not fields.either_day:
        pattern = Pattern(fields.hours, fields.minutes, (), fields.month_days)
        recurrence = Recurrence("month", 1, pattern, cron.start_time, cron.end_time, cron.time_zone)
        days = ", ".join(str(number) for number in fields.month_days)
        how = f'"{cron.expression}" is sent as a monthly recurrence on day {days}'
        return recurrence, f"{how}: Azure ignores a cron's day of month", None
    ignored = "day of month and month" if day and month else "month" if month else "day of month"
    return cron, None, f'Azure ignores the {ignored} of "{cron.expression}", and would fire daily'


def as_fired(cron: Cron) -> Cron:
    """What Azure makes of an expression that is live there: its days and months are any."""
    if not any(restricts_days(cron.expression)):
        return cron
    minutes, hours, _, _, week_days = cron.expression.split()
    return replace(cron, expression=f"{minutes} {hours} * * {week_days}")


def _dialect(cron: Cron) -> tuple[Cron, str | None, str | None]:
    """The expression as NCrontab reads it."""
    parts = cron.expression.split()
    week_day = parts[4].replace("?", "*")
    if re.search(r"[lLwW#]", _NAMES.sub("", week_day)):
        return cron, None, f'Azure does not know "{week_day}" as a day of the week'
    plain = _NAMES.sub("0", week_day)
    if any(not _PLAIN.match(part) for part in (*parts[:2], plain)):
        return cron, None, f'Azure does not read "{cron.expression}"'
    fields = parse(cron.expression)
    if fields is not None and fields.weekdays is not None and "7" in plain:
        # Sunday is 0 there. Monday is 0 here.
        numbers = sorted((day + 1) % 7 for day in fields.weekdays)
        sent = " ".join([*parts[:4], ",".join(str(number) for number in numbers)])
        rewritten = Cron(sent, cron.start_time, cron.end_time, cron.time_zone)
        return rewritten, f'"{cron.expression}" is sent as "{sent}": Sunday is 0 in Azure', None
    return cron, None, None
