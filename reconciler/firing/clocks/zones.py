"""Time zone names: IANA and Windows ones to the IANA name that everything else uses, and back.

Azure names zones by Windows id, people by either. Text goes in; a name that the zone database has,
or None, comes out. Clock changes are in `offsets.py` and offered here too.
"""

from __future__ import annotations

import re
import zoneinfo
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reconciler.firing.clocks import windows_zones
from reconciler.firing.clocks.instants import DAY, wall_seconds
from reconciler.firing.clocks.offsets import Change, Transition, clock, transitions

if TYPE_CHECKING:
    from difflib import SequenceMatcher

__all__ = ["WINDOWS", "Transition", "nearest", "resolve", "transitions", "windows_name", "zone"]

_MEMBERS = {
    id_: names.split() for id_, names in (windows_zones.AZURE | windows_zones.NEWER).items()
}

WINDOWS: Mapping[str, str] = MappingProxyType({id_: names[0] for id_, names in _MEMBERS.items()})
"""Windows id -> the IANA zone that it means."""

_COMMON = {name: id_ for id_, names in reversed(_MEMBERS.items()) for name in names}
"""IANA name -> Windows id by CLDR, for nearly every name: known without asking the database."""
_COMMON_LOWER = {name.lower(): name for name in _COMMON}
_WINDOWS_LOWER = {id_.lower(): iana for id_, iana in WINDOWS.items()}

# Longer than any name there is; and no "..", no leading "/", no NUL: zoneinfo turns names to paths.
_LONGEST = 64
_IANA = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}")
# Not zones, although the database may hold files of these names: what this machine is set to, the
# mark of a machine that is set to nothing, and copies of the database with other rules for seconds.
_NOT_ZONES = re.compile(r"(localtime|posixrules|factory|(posix|right)/.*)", re.IGNORECASE)


def resolve(name: str) -> str | None:
    """The IANA name, in its proper case, of an IANA or Windows name in any case; None if unknown.

    Never raises. "UTC", which is both, stays "UTC".
    """
    return _resolve(name) if len(name) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _resolve(name: str) -> str | None:
    lower = name.lower()
    # A table has to say what the proper case is: on some file systems any case finds the file.
    found = _COMMON_LOWER.get(lower) or _WINDOWS_LOWER.get(lower)
    if found is None and _IANA.fullmatch(name) and not _NOT_ZONES.fullmatch(name):
        found = _database().get(lower)
    return found if found is not None and _is_loadable(found) else None


@lru_cache(maxsize=1)
def _database() -> dict[str, str]:
    """Every IANA name by its lower-case form. Slow the first time: it walks the database."""
    names = zoneinfo.available_timezones()
    return {name.lower(): name for name in sorted(names) if not _NOT_ZONES.fullmatch(name)}


def _is_loadable(name: str) -> bool:
    """Whether the database of this machine has the zone; old ones lack new names."""
    try:
        zone(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # also a damaged file
        return False
    return True


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of a name that `resolve` gave."""
    return ZoneInfo(name)


# -------------------------------------------------------------------------------- did you mean ...


_OFFSET = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?00)?", re.IGNORECASE)


# "Pacific Time", "Central European Summer Time" and "Berlin Standard Time" are all said by people.
_KIND_OF_TIME = re.compile(r"_?(standard|summer|daylight)?_?time$")
_ALIKE = 0.5
"""Below this likeness (1: equal) a suggestion is noise."""
_PLACE = 0.95
"""What likeness of the place alone is worth."""
_INITIALS = 0.9
"""What it is worth to be the initials of a Windows name, such as PST."""
_MOST = 10
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789+/-_"
"""What a name has when it is compared."""


def nearest(name: str, count: int = 3) -> list[str]:
    """Up to `count` known names, IANA and Windows, that are like `name`, the likest first."""
    return list(_ranked(name[:_LONGEST].strip())[:count])


@lru_cache(maxsize=1024)
def _ranked(name: str) -> tuple[str, ...]:
    offset = _OFFSET.fullmatch(name)
    if offset is not None and int(offset[2]) <= 12:
        # Etc/GMT-2 is what people call UTC+2: these names count as POSIX does, to the west.
        hours = int(offset[2])
        return (f"Etc/GMT{'-' if offset[1] == '+' else '+'}{hours}" if hours else "UTC",)
    from difflib import SequenceMatcher  # slow to import, and only a mistake needs it

    mistaken = _Spelling.of(name)
    text, place = SequenceMatcher(b=mistaken.text), SequenceMatcher(b=mistaken.place)
    candidates = [
        (most, known, spelling)
        for known, spelling in _known_spellings()
        if (most := _at_most(mistaken, spelling)) >= _ALIKE
    ]
    ranked: list[tuple[float, bool, str]] = []
    for most, known, spelling in sorted(candidates, key=itemgetter(0), reverse=True):
        if len(ranked) >= _MOST and most < -ranked[_MOST - 1][0]:
            break  # no other can be among the likest
        score = max(_ratio(text, spelling.text), _PLACE * _ratio(place, spelling.place))
        if spelling.initials == mistaken.text:
            score = max(score, _INITIALS)
        if score >= _ALIKE:
            insort(ranked, (-score, known not in _COMMON, known))
    return tuple(known for *_, known in ranked[:_MOST])


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A name as it is compared."""

    text: str
    """`europe/lisbon`"""
    place: str
    """`lisbon`"""
    text_letters: int
    place_letters: int
    initials: str | None
    """Those of a Windows name."""

    @classmethod
    def of(cls, name: str) -> _Spelling:
        text = re.sub(r"[^a-z0-9+/-]+", "_", name.lower())
        place = _KIND_OF_TIME.sub("", text.rpartition("/")[2])
        initials = "".join(word[:1] for word in text.split("_")) if name in WINDOWS else None
        return cls(text, place, _letters(text), _letters(place), initials)


@lru_cache(maxsize=1)
def _known_spellings() -> tuple[tuple[str, _Spelling], ...]:
    known = {*_database().values(), *_COMMON, *WINDOWS}
    return tuple((name, _Spelling.of(name)) for name in known)


def _letters(text: str) -> int:
    """The letters of a text with how often each is there: a bit for each first, second ..."""
    bits = 0
    for character in set(text):
        column = _ALPHABET.index(character) * _LONGEST
        bits |= ((1 << text.count(character)) - 1) << column
    return bits


def _at_most(mistaken: _Spelling, known: _Spelling) -> float:
    """How alike they may be: as they are when the order of letters is left aside.

    It is what `SequenceMatcher.quick_ratio` answers, in a hundredth of its time.
    """
    texts = 2 * (mistaken.text_letters & known.text_letters).bit_count()
    places = 2 * (mistaken.place_letters & known.place_letters).bit_count()
    most = max(
        texts / max(1, len(mistaken.text) + len(known.text)),
        _PLACE * places / max(1, len(mistaken.place) + len(known.place)),
    )
    return max(most, _INITIALS) if known.initials == mistaken.text else most


def _ratio(matcher: SequenceMatcher[str], candidate: str) -> float:
    matcher.set_seq1(candidate)
    return matcher.ratio()


# ------------------------------------------------------------------------------------- for Azure


def windows_name(iana: str, year: int = 2026) -> str | None:
    """The Windows id to give Azure for an IANA zone; None if none has the same clock.

    The id that means the zone, or that CLDR puts it under, if the clocks agree all of `year` and
    the next; else another id whose clock does, of the same part of the world if there is one. Ids
    that the SDKs of Azure know come first, as the service may not take others; the v1 SDK even
    fails to list the schedules of a workspace when one of them has an id that it does not know.
    """
    proper = resolve(iana)
    return None if proper is None else _windows_name(proper, year)


@lru_cache(maxsize=2048)
def _windows_name(iana: str, year: int) -> str | None:
    if iana == "UTC":
        return "UTC"
    clocks = _course(iana, year)
    meant = _COMMON.get(iana)
    area = iana.partition("/")[0]

    def order(id_: str) -> tuple[bool, bool, bool, bool, str]:
        other = WINDOWS[id_]
        same_area = other.partition("/")[0] == area
        return (id_ not in windows_zones.AZURE, other != iana, id_ != meant, not same_area, id_)

    for id_ in sorted(WINDOWS.keys() - windows_zones.OBSOLETE, key=order):
        if _is_loadable(WINDOWS[id_]) and _course(WINDOWS[id_], year) == clocks:
            return id_
    return None


@lru_cache(maxsize=2048)
def _course(iana: str, year: int) -> tuple[int, tuple[Change, ...]]:
    """The offset at the start of `year` and every change of it in that year and the next."""
    start, stop = (wall_seconds(datetime(at, 1, 1)) - DAY for at in (year, year + 2))
    course = clock(iana)
    return course.offset(start), tuple(course.changes(start, stop))
