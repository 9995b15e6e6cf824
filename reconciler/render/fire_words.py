"""What a change does to fires, in words: from a change of the plan document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from reconciler.firing.clocks.zones import resolve, zone
from reconciler.firing.words.phrases import in_months, length

Document = Mapping[str, Any]
_ON_CHANGE = "when a file changes"
_UNWATCHED = "it does not look at its folder any more"
_NEAR = timedelta(days=180)
_ONCE = 0.95
"""Fires a year: of what fires less, the years from one to the next are told."""
_DECIMALS = 4


def when(instant: str, in_zone: tzinfo, start: str | None = None) -> str:
    """`Mon 23 Nov 03:00`: the day and the time."""
    return " ".join(day_and_time(instant, in_zone, start))


def day_and_time(instant: str, in_zone: tzinfo, start: str | None = None) -> tuple[str, str]:
    """`Mon 23 Nov` and `03:00` on the clock of a zone, with seconds where there are any.

    `start`: the moment that the plan was made for; a year is said of what is far from it.
    """
    at = datetime.fromisoformat(instant)
    local = at.astimezone(in_zone)
    is_near = start is not None and abs(at - datetime.fromisoformat(start)) < _NEAR
    year = "" if is_near else f" {local.year}"
    time = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b}{year}", time


def zone_of(change: Document) -> tuple[tzinfo, str]:
    """The time zone of a change and its name; UTC for one that is not known here."""
    known = resolve(str(change.get("time_zone") or "UTC"))
    return (zone(known), known) if known else (UTC, "UTC")


def rate(fires: Document | None) -> str:
    """`24 a day`, `2 a week in June`, `2.4 a month on average`, `once in 2 years`, `none`; for a
    datastore trigger, `when a file changes`.
    """
    if fires is None:
        return _ON_CHANGE
    told = fires["rate"] if "rate" in fires else _mean(fires)
    if told is None:
        return "none"
    times, mean = told["count"], " on average" if told["is_mean"] else ""
    if told["unit"] == "year" and times < _ONCE:
        return f"once in {number(1 / times)} years{mean}"
    within = f" {in_months(told['months'])}" if told["months"] else ""
    return f"{number(times)} a {told['unit']}{within}{mean}"


def _mean(fires: Document) -> Document | None:
    """What a plan that was saved before there were rates says of one: a mean, by day or longer."""
    if fires["first"] is None and not fires["count"]:
        return None
    a_year = fires["per_week"] * 365.25 / 7
    units = {"day": fires["per_day"] / 2, "week": fires["per_week"], "month": a_year / 11.5}
    unit = next((unit for unit, times in units.items() if times >= 1), "year")
    per = {"day": fires["per_day"], "week": fires["per_week"], "month": a_year / 12}
    return {"count": per.get(unit, a_year), "unit": unit, "months": [], "is_mean": False}


def unwatched(change: Document) -> str:
    """That a folder is not looked at any more, where its schedule goes or is disabled; or empty."""
    before, after = change.get("before"), change.get("after")
    if before is None or before["trigger"].get("type") != "datastore" or not before["is_enabled"]:
        return ""
    stays = change["action"] != "disable" and after is not None and after["is_enabled"]
    return "" if stays else _UNWATCHED


def following(fires: Document | None, in_zone: tzinfo, start: str | None) -> str:
    """When a side fires next; `never`, or `not known` where a file decides."""
    if fires is None:
        return "not known"
    return when(fires["first"], in_zone, start) if fires["first"] else "never"


def count(fires: Document | None) -> str:
    """How often a side fires within the horizon."""
    return "not known" if fires is None else f"{fires['count']:,}"


def number(value: float) -> str:
    """A count, or a mean with one decimal."""
    return numbers(value)[0]


def numbers(*values: float) -> list[str]:
    """Numbers that stand beside each other, in one format: `13.7` and `13.0`, `0` and `1,440`.

    With a decimal unless all are whole, and with more where two that differ, or one and nothing,
    would read the same.
    """
    exact = [round(value, _DECIMALS) for value in values]
    shown: list[str] = []
    for decimals in range(_DECIMALS + 1):
        shown = [f"{value:,.{decimals}f}" for value in exact]
        if decimals == 0:
            is_told = all(value == int(value) for value in exact)
        else:
            is_told = len({*shown, f"{0:.{decimals}f}"}) == len({*exact, 0})
        if is_told:
            break
    return shown


def days(horizon: float) -> str:
    """The horizon of a plan: `14 days`, `1 day`."""
    return f"{number(horizon)} {'day' if horizon == 1 else 'days'}"


def runs_a_day(load: Document) -> str:
    """Of what the numbers are that tell how much runs: `runs a day, mean of 14 days`."""
    return f"runs a day, mean of {days(load['horizon_days'])}"


def moved_by(impact: Document) -> str:
    """`1 hour later`, `30 minutes earlier`; empty where fires move by different lengths."""
    seconds = impact["moved_by_seconds"]
    if not seconds:
        return ""
    return f"{length(seconds)} {'later' if seconds > 0 else 'earlier'}"


def differences(impact: Document) -> list[str]:
    """How many fires are moved, added and removed, each in a few words."""
    said = []
    if impact["moved"]:
        by = moved_by(impact)
        said.append(f"{impact['moved']:,} moved{', ' if by else ''}{by}")
    said += [f"{impact[kind]:,} {kind}" for kind in ("added", "removed") if impact[kind]]
    return said


def within(said: Sequence[str], load: Document | None) -> str:
    """Counts beside a rate, with the days that they are of: `; in 14 days 3 moved, 2 added`.

    `load`: that of the plan.
    """
    if not said:
        return ""
    span = f"in {days(load['horizon_days'])} " if load is not None else ""
    return f"; {span}{', '.join(said)}"


def in_a_line(change: Document, load: Document | None) -> str:
    """`fires 7 a week, 1 hour later`, `fires 7 a week; in 14 days 3 moved`; empty where there is
    nothing to say. `load`: that of the plan.
    """
    impact = change.get("impact")
    if impact is None:
        return ""
    before, after = rate(impact["before"]), rate(impact["after"])
    action = change["action"]
    if action == "create":
        if not change["after"]["is_enabled"]:
            return "disabled: does not fire"
        return f"fires {after}" if after != "none" else "does not fire"
    folder = unwatched(change)
    if folder:
        return f"fires {before}, then never: {folder}"
    if action == "disable":
        return f"fires {before}, then none"
    what = f"fires {before}" if before == after else f"fires {before}, then {after}"
    by = moved_by(impact)
    if by and before == after and not impact["added"] and not impact["removed"]:
        return f"{what}, {by}"
    return what + within(differences(impact), load)
