"""What a change, or a plan, does to fires -> the lines that say so beneath it in text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any

from reconciler.render.fire_words import (
    day_and_time,
    differences,
    moved_by,
    numbers,
    rate,
    runs_a_day,
    unwatched,
    when,
    within,
    zone_of,
)
from reconciler.render.plain_text import counted

Document = Mapping[str, Any]
_BUSIEST = 3


def fires_line(change: Document, load: Document | None) -> str:
    """`7 a week, one hour later; next Mon 23 Nov 03:00 (was 02:00) Europe/Lisbon`.

    `load`: that of the plan. It has the moment that it was made for, of which a year is said where
    something is far from it, and the days within which fires are counted.
    """
    start = load["start"] if load is not None else None
    impact = change["impact"]
    if impact is None:
        return ""
    before, after = impact["before"], impact["after"]
    if change["action"] == "create":
        if after is None or not change["after"]["is_enabled"]:
            return ""  # its trigger stands there in words already
        said = rate(after)
    elif rate(before) != rate(after):
        folder = unwatched(change)
        said = f"{rate(before)} -> {rate(after)}" + (f": {folder}" if folder else "")
        if _fires(before) and _fires(after):
            said += within(differences(impact), load)
    else:
        by, told = moved_by(impact), _differences(impact)
        alone = told in (["as before"], [by], [])
        said = ", ".join([rate(after), *told]) if alone else rate(after) + within(told, load)
    return said + _next(before, after, start, *zone_of(change))


def _fires(side: Document | None) -> bool:
    return side is not None and side["first"] is not None


def _differences(impact: Document) -> list[str]:
    by = moved_by(impact)
    if by and not impact["added"] and not impact["removed"]:
        return [by]
    # Examples without a number are behind the horizon.
    return differences(impact) or ([] if impact["examples"] else ["as before"])


def _next(
    before: Document | None, after: Document | None, start: str | None, zone: tzinfo, name: str
) -> str:
    """When it fires next, and would have; nothing where it never does, or that is not known."""
    if after is None:
        return ""
    if after["first"] is None:
        lost = before["first"] if before is not None else None
        return f"; was next {when(lost, zone, start)} {name}" if lost else ""
    day, time = day_and_time(after["first"], zone, start)
    was_day, was_time = day, time
    if before is not None and before["first"] is not None:
        was_day, was_time = day_and_time(before["first"], zone, start)
    if (was_day, was_time) == (day, time):
        return f"; next {day} {time} {name}"
    was = was_time if was_day == day else f"{was_day} {was_time}"
    return f"; next {day} {time} (was {was}) {name}"


def load_lines(impact: Document | None) -> list[str]:
    """Runs a day before and after, and the busiest minutes if they get busier."""
    if impact is None:
        return []
    before, after = numbers(*(impact["per_day"][side] for side in ("before", "after")))
    lines = [f"{runs_a_day(impact)}: {before}" + (f" -> {after}" if before != after else "")]
    peak = max((minute["before"] for minute in impact["busiest"]), default=0)
    busier = [m for m in impact["busiest"] if m["after"] > max(peak, 1)][:_BUSIEST]
    for minute in busier:
        at = when(minute["at"], UTC, impact["start"])
        runs = counted(minute["after"], "run")
        lines.append(f"busier: {at} UTC, {runs} (was {minute['before']:,})")
    return lines
