"""Instants as people say them, on the clock that a person chose.

A person's time zone is a choice in the pages, kept in a cookie; without one it is UTC. While a page
is rendered, `showing` says which clock its filters use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from markupsafe import Markup
from starlette.requests import Request

from reconciler.firing.clocks.zones import resolve, zone

COOKIE = "reconciler-time-zone"
DEFAULT = "UTC"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC\b")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class View:
    """Whose clock a page shows. `now`: of the server, for which year goes without saying."""

    zone: str
    now: datetime
    clock: tzinfo = field(init=False)
    """The zone's rules."""
    year: int = field(init=False)
    """That of `now` there."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "clock", zone(self.zone))  # a page asks a thousand times
        object.__setattr__(self, "year", self.now.astimezone(self.clock).year)


_VIEW: ContextVar[View | None] = ContextVar("view", default=None)


def zone_of(request: Request) -> str:
    """The zone that who asks has chosen; DEFAULT where that is none, or none any more."""
    return resolve(request.cookies.get(COOKIE, DEFAULT)) or DEFAULT


@contextmanager
def showing(view: View) -> Iterator[None]:
    """Render with a person's clock."""
    token = _VIEW.set(view)
    try:
        yield
    finally:
        _VIEW.reset(token)


def view() -> View:
    """What the page that is being rendered shows; in UTC where none is."""
    return _VIEW.get() or View(DEFAULT, datetime.now(UTC))


def moment(at: datetime | None) -> Markup:
    """An instant to the minute, "28 Nov 05:11"; the exact one on hover, and for programs."""
    if at is None:
        return Markup("–")
    return _element(at, said(at))


def weekday(at: datetime | None) -> Markup:
    """The same with its day of the week: of what is to come."""
    if at is None:
        return Markup("–")
    return _element(at, f"{at.astimezone(view().clock):%a} {said(at)}")


def sentence(text: str) -> Markup:
    """A printable sentence, the instants in it on the view's clock: it was written in UTC."""
    told = Markup("")
    end = 0
    for found in _WRITTEN.finditer(text):
        try:
            at = datetime.strptime(found[0], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
        except ValueError:  # digits that are no date
            continue
        told += text[end : found.start()] + moment(at)
        end = found.end()
    return told + text[end:]


def said(at: datetime) -> str:
    """An instant on the view's clock; the year only where it is another than now."""
    seen = view()
    here = at.astimezone(seen.clock)
    year = "" if here.year == seen.year else f" {here.year}"
    return f"{here.day} {_MONTHS[here.month - 1]}{year} {here.hour:02}:{here.minute:02}"


def on_clock(at: datetime, name: str) -> str:
    """The instant on a schedule's own clock, "07:00 WET"; empty where the view's says the same."""
    here, there = at.astimezone(view().clock), at.astimezone(zone(name))
    if here.utcoffset() == there.utcoffset():
        return ""
    day = "" if here.date() == there.date() else f"{there:%a} "
    return f"{day}{there:%H:%M} {there.tzname()}"


def about(span: timedelta) -> str:
    """A span of time in its largest unit and the next one: 3 d 4 h, 12 min 5 s, 2 d, 0.4 s."""
    total = max(0.0, span.total_seconds())
    if 0 < total < 1:
        return f"{max(0.1, round(total, 1))} s" if total < 0.95 else "1 s"
    seconds = int(total)
    for place, (size, unit) in enumerate(_UNITS):
        number, left = divmod(seconds, size)
        if number:
            below, name = _UNITS[place + 1] if place + 1 < len(_UNITS) else (1, "")
            rest = f" {left // below} {name}" if name and left >= below else ""
            return f"{number} {unit}{rest}"
    return "0 s"


def ago(at: datetime | None, now: datetime) -> Markup:
    """How long before `now`, or after; the exact instant on hover."""
    if at is None:
        return Markup("never")
    span = abs(at - now)
    if span >= timedelta(minutes=1):  # nobody counts its seconds
        span -= span % timedelta(minutes=1)
    return _element(at, f"in {about(span)}" if at > now else f"{about(span)} ago")


def took(start: datetime | None, end: datetime | None, now: datetime) -> str:
    """How long it took, or has taken so far."""
    if start is None:
        return "–"
    return about((end or now) - start) + ("" if end else " so far")


def seconds(length: float | None) -> str:
    """A number of seconds in words; a dash where it is not known."""
    return "–" if length is None else about(timedelta(seconds=length))


def _element(at: datetime, words: str) -> Markup:
    here = at.astimezone(view().clock)
    exact = f"{here:%A %Y-%m-%d %H:%M:%S} {here.tzname()}"
    instant = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(instant, exact, words)
