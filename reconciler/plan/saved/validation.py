"""What a saved plan shows, where a schema cannot say what is wrong with it. Pure.

It may come from anywhere, and is rendered: moments that are none, and numbers beyond all measure,
would stop a renderer half-way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

Document = Mapping[str, Any]

_YEARS = range(2, 9999)
_MOST = 10**15
_MOST_DAYS = 400
_BOTH = ("before", "after")
_SIDES = {
    "create": ((False, True),),
    "update": ((True, True),),
    "disable": ((True, False),),
    "skip": ((True, True), (False, True)),
    "noop": ((True, True), (True, False)),
}
"""Whether an action has something before, and after."""


def inconsistency(shown: Document) -> str | None:
    """The first thing in a plan document, one of the right shape, that cannot be; None: nothing."""
    return next(_odd(shown), None)


def _odd(shown: Document) -> Iterator[str]:
    for plan in shown["plans"]:
        if plan["impact"] is not None:
            yield from _odd_load(plan["impact"])
        for change in plan["changes"]:
            sides = (change["before"] is not None, change["after"] is not None)
            words = (
                change["trigger"]["before"] is not None,
                change["trigger"]["after"] is not None,
            )
            if sides not in _SIDES[change["action"]] or words != sides:
                yield f"{change['action']} of {change['name'][:60]}: before or after"
            if "outcome" in change:
                yield f"{change['name'][:60]}: an outcome, before anything was applied"
            if change["impact"] is not None:
                yield from _odd_impact(change["impact"])


def _odd_load(load: Document) -> Iterator[str]:
    yield from _moments(load["start"], *(minute["at"] for minute in load["busiest"]))
    heat = load["heat"]
    yield from _moments(heat["first_day"])
    rows = (len(heat["before"]), len(heat["after"]))
    if rows[0] != rows[1] or rows[0] > _MOST_DAYS or load["horizon_days"] > _MOST_DAYS:
        yield "the days of the impact"
    yield from _numbers(*load["per_day"].values())
    yield from _numbers(*(minute[side] for minute in load["busiest"] for side in _BOTH))
    yield from _numbers(*(count for side in _BOTH for row in heat[side] for count in row))


def _odd_impact(impact: Document) -> Iterator[str]:
    yield from _numbers(impact["added"], impact["removed"], impact["moved"])
    yield from _numbers(impact["moved_by_seconds"])
    yield from _moments(*(example[side] for example in impact["examples"] for side in _BOTH))
    for fires in (impact["before"], impact["after"]):
        if fires is not None:
            yield from _moments(fires["first"], *fires["listed"])
            yield from _numbers(fires["count"], fires["per_day"], fires["per_week"])
            if fires.get("rate") is not None:
                yield from _numbers(fires["rate"]["count"], 1 / fires["rate"]["count"])


def _moments(*texts: str | None) -> Iterator[str]:
    """An instant, or a day. The first and the last year cannot be told in every time zone."""
    for text in texts:
        if text is None:
            continue
        try:
            found = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
        except ValueError:
            yield f"{text[:40]} is no moment in time"
        else:
            if found.year not in _YEARS:
                yield f"the year {found.year}"


def _numbers(*values: float | None) -> Iterator[str]:
    for value in values:
        if value is not None and abs(value) > _MOST:
            yield "a number that is too large"
