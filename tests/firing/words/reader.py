"""The words of a trigger -> a trigger that does the same, as a person would write it down again.

The words of a cron are those before its expression.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from reconciler.model import (
    FREQUENCIES,
    WEEK_DAYS,
    Cron,
    DatastoreChange,
    Frequency,
    Pattern,
    Recurrence,
    Trigger,
)

Bounds = tuple[datetime | None, datetime | None, str]
Numbers = tuple[int, ...]

_MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?"
_NAME = r'("(?:[^"\\]|\\.)*"|[^\s,"/]+)'
_PATH = r'("(?:[^"\\]|\\.)*"|[^\s,"]+)'
_FOLDER = re.compile(
    rf"when a file in {_NAME}(?:/{_PATH})? is new or changed, polled every (\d*) ?minutes?"
    rf"(?:; its path is passed as {_PATH})?"
)
_WHOLE = re.compile(
    rf"(?P<main>.+?)(?:, (?P<zone>[A-Z][\w/]+))?"
    rf"(?:, (?:from|(?P<after>after)) (?P<start>{_MOMENT}))?"
    rf"(?:(?:,| and) counted from (?:that|the) \w+(?: of its creation)?)?"
    rf"(?:, until (?P<end>{_MOMENT}))?"
)
_PERIOD = re.compile(r"every (?:(\d+) )?(minute|hour|day|week|month)s?")
_NUMBERS = r"[\d, ]+(?:(?:to|and|\.\.\.) [\d, ]*)*"
_TIMES = (
    r"at (?P<list>\d\d:\d\d(?::\d\d)?(?:(?:, | and )(?:\.\.\. )?\d\d:\d\d)*)(?: \([\d,]+ times\))?"
    rf"|at minutes? (?P<minutes>{_NUMBERS}) of hours? (?P<hours>{_NUMBERS}) \([\d,]+ times\)"
    rf"|at the minute of its creation in hours? (?P<only_hours>{_NUMBERS})"
    rf"|at minutes? (?P<only_minutes>{_NUMBERS}) of the hour of its creation"
    r"|at the hour and minute of its creation"
)
_DAYS_FIRST = re.compile(rf"(?P<days>.+?),? (?:{_TIMES})")
_TIMES_FIRST = re.compile(rf"(?:{_TIMES}) (?P<days>.+)")
_HOURLY = re.compile(
    r"every (?:minute|(?P<step>\d+) minutes"
    rf"|hour at minutes? (?P<listed>{_NUMBERS}))(?: (?P<days>(?:on|in|from) [^m].+))?"
)
_WEEK = tuple(name.capitalize() for name in WEEK_DAYS)
_YEAR = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def read(words: str) -> Trigger:
    """The trigger of its words."""
    if words.startswith("when a file"):
        return _folder(words)
    found = _WHOLE.fullmatch(words)
    assert found, words
    start, end = (
        datetime.fromisoformat(text) if text else None for text in found.group("start", "end")
    )
    bounds, main = (start, end, found["zone"] or "UTC"), found["main"]
    if elapsed := re.fullmatch(rf"(.+) counted from (?:({_MOMENT})|its creation)", main):
        start = datetime.fromisoformat(elapsed[2]) if elapsed[2] else None
        return _period(elapsed[1], None, (start, *bounds[1:]))
    if that := re.fullmatch(r"(.+) from its creation, (?:at|on) that .+", main):
        return _period(that[1], None, bounds)
    if hourly := _HOURLY.fullmatch(main):
        return _hourly(hourly, bounds)
    if times := _TIMES_FIRST.fullmatch(main):
        hours, minutes, _ = _times(times)
        return Cron(f"{_texts(minutes)} {_texts(hours)} {_cron_days(times['days'])}", *bounds)
    if seasonal := re.fullmatch(rf"(every day (?:in|from) .+?) (?:{_TIMES})", main):
        hours, minutes, _ = _times(seasonal)
        return Cron(f"{_texts(minutes)} {_texts(hours)} {_cron_days(seasonal[1])}", *bounds)
    days_first = _DAYS_FIRST.fullmatch(main)
    assert days_first, words
    return _recurrence(days_first, bounds, is_after=bool(found["after"]))


def _folder(words: str) -> DatastoreChange:
    found = _FOLDER.fullmatch(words)
    assert found, words
    store, path, polled, given = found.groups()
    return DatastoreChange(_name(store) or "", _name(path) or "", int(polled or 1), _name(given))


def _name(text: str | None) -> str | None:
    return json.loads(text) if text and text.startswith('"') else text


# --------------------------------------------------------------------------------- lists and times


def _items(text: str) -> list[str]:
    return re.split(r", | and ", text)


def _numbers(text: str | None) -> Numbers:
    """Numbers, "2 to 5", and what is evenly spread and cut short."""
    items = _items(text) if text else []
    if items and items[-1].startswith("..."):
        first, second, last = int(items[0]), int(items[1]), int(items[-1].split()[-1])
        return tuple(range(first, last + 1, second - first))
    ends = [item.partition(" to ")[::2] for item in items]
    return tuple(n for first, last in ends for n in range(int(first), int(last or first) + 1))


def _named(text: str, names: tuple[str, ...]) -> Numbers:
    """The places of names in their order: "Monday to Friday and Sunday"."""
    ends = [item.partition(" to ")[::2] for item in _items(text)]
    return tuple(
        number
        for first, last in ends
        for number in range(names.index(first), names.index(last or first) + 1)
    )


def _times(found: re.Match[str]) -> tuple[Numbers, Numbers, int]:
    """Hours, minutes, and the second of a single time; what the creation decides is empty."""
    if not found["list"]:
        hours = _numbers(found["hours"] or found["only_hours"])
        return hours, _numbers(found["minutes"] or found["only_minutes"]), 0
    listed = [[int(part) for part in item.split()[-1].split(":")] for item in _items(found["list"])]
    times = [at[0] * 60 + at[1] for at in listed]
    if "..." in found["list"]:
        times = list(range(times[0], times[-1] + 1, times[1] - times[0]))
    hours, minutes = sorted({at // 60 for at in times}), sorted({at % 60 for at in times})
    assert len(hours) * len(minutes) == len(times), found[0]
    return tuple(hours), tuple(minutes), sum(listed[0][2:])


def _texts(numbers: Numbers) -> str:
    return ",".join(str(number) for number in numbers)


# ------------------------------------------------------------------------------------ recurrences


def _period(text: str, pattern: Pattern | None, bounds: Bounds) -> Recurrence:
    found = _PERIOD.fullmatch(text)
    assert found, text
    return Recurrence(_frequency(found[2]), int(found[1] or 1), pattern, *bounds)


def _frequency(name: str) -> Frequency:
    return next(each for each in FREQUENCIES if each == name)


def _recurrence(found: re.Match[str], bounds: Bounds, is_after: bool) -> Recurrence:
    days, (hours, minutes, second), start = found["days"], _times(found), bounds[0]
    text, week_days, month_days = _days(days)
    if (
        start
        and not is_after
        and (hours, minutes, second)
        == (
            (start.hour,),
            (start.minute,),
            start.second,
        )
    ):
        return _period(text, None, bounds)  # the first fire is the start
    if not hours and not minutes and not week_days and not month_days:
        week_days = tuple(range(7))  # a pattern of every day: without one it would fire at once
    names = tuple(WEEK_DAYS[day] for day in week_days)
    return _period(text, Pattern(hours, minutes, names, month_days), bounds)


def _days(text: str) -> tuple[str, Numbers, Numbers]:
    """The period, the days of the week and those of the month."""
    if only := re.fullmatch(r"(.+), but only on (.+?)(?: of the month)?", text):
        return only[1], *_chosen(only[2])
    if created := re.fullmatch(r"(.+) on the (?:weekday|day of the month) of its creation", text):
        return created[1], (), ()
    if weekly := re.fullmatch(r"(every (?:\d+ )?weeks?) on (.+)", text):
        return weekly[1], _named(weekly[2], _WEEK), ()
    if _PERIOD.fullmatch(text):
        return text, (), ()
    if text == "on 29 February, in leap years":
        return "every 12 months", (), (29,)
    if date := re.fullmatch(r"on (\d+) [A-Z]\w+ of every (\d*)(?:\w\w )?year(?:, if leap)?", text):
        return f"every {12 * int(date[2] or 1)} months", (), (int(date[1]),)
    if named := re.fullmatch(r"on (.+) of [A-Z]\w+(?: in every (\d+)\w\w year)?", text):
        return f"every {12 * int(named[2] or 1)} months", *_chosen(named[1])
    monthly = re.fullmatch(r"on (.+) of every (?:(\d+)\w\w )?month", text)
    assert monthly, text
    return f"every {monthly[2] or 1} months", *_chosen(monthly[1])


def _chosen(text: str) -> tuple[Numbers, Numbers]:
    """Days of the week, and of the month: "day 1 and each Monday", "Monday", "every day"."""
    if text == "every day":
        return tuple(range(7)), ()
    days, _, weeks = text.rpartition("each ")
    if not days and not weeks.startswith("day"):
        return _named(weeks, _WEEK), ()
    days, weeks = (days.removesuffix(" and "), weeks) if days else (weeks, "")
    return _named(weeks, _WEEK) if weeks else (), _numbers(re.sub("days? ", "", days))


# ------------------------------------------------------------------------------------------ crons


def _hourly(found: re.Match[str], bounds: Bounds) -> Cron:
    minutes = "*"
    if found["step"]:
        minutes = _texts(tuple(range(0, 60, int(found["step"]))))
    elif found["listed"]:
        minutes = _texts(_numbers(found["listed"]))
    days = found["days"]
    if days and not days.startswith("on "):
        days = f"every day {days}"
    return Cron(f"{minutes} * {_cron_days(days) if days else '* * *'}", *bounds)


def _months(text: str) -> str:
    if text in ("every month", "the month"):
        return "*"
    names = text.removeprefix("every month from ")
    return _texts(tuple(number + 1 for number in _named(names, _YEAR)))


def _cron_days(text: str) -> str:
    """The last three fields."""
    if found := re.fullmatch(r"every day (?:in|from) (.+)", text):
        return f"* {_months(found[1])} *"
    if text == "on 29 February, in leap years":
        return "29 2 *"
    if found := re.fullmatch(r"on (\d+) (\w+) of every year", text):
        return f"{found[1]} {_months(found[2])} *"
    if found := re.fullmatch(r"on ([A-Z][\w, ]+?)(?: (?:in|from) ([A-Z].+))?", text):
        return f"* {_months(found[2] or 'every month')} {_week(found[1])}"
    chosen, _, months = text.removeprefix("on ").rpartition(" of ")
    month = _months(months)
    if " that falls on " in chosen:
        weeks, days = (part.removeprefix("one of ") for part in chosen.split(" that falls on "))
        day, week = _month_days(days), _week(weeks)
        # Which of the two begins with a star has it in its list already, as it counts from there.
        if "1" in day.split(","):
            return f"*/31,{day} {month} {week}"
        return f"{day} {month} */7,{week}"
    if found := re.fullmatch(
        r"((?:day|the last [dw]).*?) and ((?:each|the \d|the last [A-Z]).+)", chosen
    ):
        return f"{_month_days(found[1])} {month} {_week(found[2])}"
    if re.match(r"day|the last [dw]", chosen):
        return f"{_month_days(chosen)} {month} *"
    return f"* {month} {_week(chosen)}"


def _month_days(text: str) -> str:
    marks = {"the last working day (Monday to Friday)": "LW", "the last day": "L"}
    found = []
    for words, mark in marks.items():
        if words in text:
            found.append(mark)
            text = text.replace(words, "").strip().removesuffix("and").strip()
    return ",".join([*found, *([_texts(_numbers(re.sub("days? ", "", text)))] if text else [])])


def _week(text: str) -> str:
    """Days of the week, in every week, or in one of the month."""
    found = []
    for number, name in re.findall(r"the (\w+) ([A-Z]\w+)", text):
        day = (_WEEK.index(name) + 1) % 7
        found.append(f"{day}L" if number == "last" else f"{day}#{number[0]}")
    plain = re.sub(r"(?:, | and )?the \w+ [A-Z]\w+", "", text).removeprefix("each ")
    if plain:
        found += [str((day + 1) % 7) for day in _named(plain, _WEEK)]
    return ",".join(found)
