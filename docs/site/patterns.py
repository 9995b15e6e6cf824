"""Patterns of what the program parses: names of time zones, and cron expressions, for editors.

They stand in the schemas under `$defs` where a rule has `x-checked`, the code by which `validate`
says the same with a hint; the program itself leaves them out (`reconciler/schemas.py`). None is
narrower than the parser: what holds a variable is taken, as are all blanks, cases and zeros in
front that it takes. Both JavaScript's and Python's expressions read them.
"""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Iterable
from pathlib import Path

from reconciler.firing.clocks import zones
from reconciler.firing.rules.cron_dialect import HIGH, LOW, names_like

_VARIABLE = r"[\s\S]*\$\{\{[\s\S]*"
# What Python's str.split takes for blanks; JavaScript's \s lacks five of them, and has one more.
_BLANK = r"[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_STEP = r"(/[+-]?[0-9]+)?"
_NUMBERS = ("[1-5]?[0-9]", "1?[0-9]|2[0-3]", "[1-9]|[12][0-9]|3[01]", "[1-9]|1[0-2]", "[0-7]")
_DAYS_OF_MONTH, _DAYS_OF_WEEK = 2, 4


def time_zone() -> str:
    """Every name that there is today, in any case."""
    listed = (importlib.resources.files("tzdata") / "zones").read_text("utf-8").split()
    names = {name for name in (*listed, *zones.WINDOWS) if zones.resolve(name) is not None}
    return f"^({_any_of(names)}|{_VARIABLE})$"


def cron() -> str:
    """Five fields, each a list of values, ranges and steps within its bounds."""
    fields = f"{_BLANK}+".join(_field(number) for number in range(5))
    return f"^({_BLANK}*{fields}{_BLANK}*|{_VARIABLE})$"


def _field(number: int) -> str:
    value = f"0*({_NUMBERS[number]})"
    named = names_like(number, "")
    if named:
        value = f"({value}|{_any_of(_beginnings(named))})"
    assert all(re.fullmatch(value, str(end)) for end in (LOW[number], HIGH[number]))
    terms = [rf"\*{_STEP}", f"{value}(-{value})?{_STEP}"]
    if number == _DAYS_OF_MONTH:
        terms.append(f"[Ll][Ww]?{_STEP}")
    if number == _DAYS_OF_WEEK:
        terms += ["0*[0-7][Ll]", f"{value}#0*[1-5]"]
    term = f"({'|'.join(terms)})"
    return f"{term}(,{term})*"


def _beginnings(names: Iterable[str]) -> set[str]:
    return {name[:length] for name in names for length in range(1, len(name) + 1)}


def _any_of(names: Iterable[str]) -> str:
    """One of the names, in any case: an expression that shares what they begin with."""
    following: dict[str, set[str]] = {}
    for name in names:
        following.setdefault(name[:1].lower(), set()).add(name[1:])
    ends = following.pop("", None) is not None
    parts = [_letter(first) + _any_of(rest) for first, rest in sorted(following.items())]
    if not parts:
        return ""
    if len(parts) == 1 and not ends:
        return parts[0]
    return f"({'|'.join(parts)})" + ("?" if ends else "")


def _letter(one: str) -> str:
    if one.isalpha():
        return f"[{one.upper()}{one}]"
    return one if re.match(r"[\w /-]", one) else f"[{one}]"


PATTERNS = {"SCH014": time_zone, "SCH012": cron}
"""`x-checked` -> the pattern that stands beside it."""


def write_patterns(path: Path) -> None:
    """Bring those of a schema up to date; all else of its text stays as it is."""
    text = path.read_text(encoding="utf-8")
    for code, pattern in PATTERNS.items():
        mark = rf'("x-checked": "{code}",\s*"pattern": )"(?:[^"\\]|\\.)*"'
        wanted = json.dumps(pattern())
        text = re.sub(mark, lambda found, wanted=wanted: found[1] + wanted, text)
    path.write_text(text, encoding="utf-8")
