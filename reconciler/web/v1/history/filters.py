"""The filters by which the SDK asks for runs: comparisons, joined by `and`, or by `or` in brackets.

Pure.

    (RunType eq azureml.PipelineRun or Properties/azureml.runsource eq azureml.PipelineRun)
    ParentRunId eq null and Status eq 'Failed'

What is none of these is refused: a filter that is not understood must not be taken for none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.web.v1.errors import bad

LONGEST = 4000
_PART = re.compile(r"(\w+(?:/[\w.-]+)?) (eq|ne|ge|le|gt|lt) ('[^']*'|null|[\w:.+-]+)")
_FIELDS = {
    "runid": "runId",
    "runtype": "runType",
    "status": "status",
    "parentrunid": "parentRunId",
    "rootrunid": "rootRunId",
    "createdutc": "createdUtc",
    "hidden": "hidden",
    "target": "target",
    "name": "name",
}

Wanted = Callable[[Mapping[str, Any]], bool]


def read_filter(text: Any) -> Wanted:
    """What lets a RunDto through; V1Error."""
    if text is None or text == "":
        return lambda dto: True
    if not isinstance(text, str) or len(text) > LONGEST:
        raise bad("The filter is not a text of a few comparisons")
    parts = [_either(part.strip()) for part in text.split(" and ")]
    return lambda dto: all(part(dto) for part in parts)


def _either(text: str) -> Wanted:
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    parts = [_part(part.strip()) for part in text.split(" or ")]
    return lambda dto: any(part(dto) for part in parts)


def _part(text: str) -> Wanted:
    found = _PART.fullmatch(text)
    if found is None:
        raise bad(f"The filter {text[:200]!r} is not known here: FIELD eq 'VALUE', joined by and")
    name, sign, given = found.groups()
    value = None if given == "null" else given.strip("'")
    if "/" in name:
        group, _, key = name.partition("/")
        if group.lower() not in ("tags", "properties"):
            raise bad(f"The filter has no field {name!r}")
        return lambda dto: _compare(dto[group.lower()].get(key), sign, value)
    if name.lower() not in _FIELDS:
        raise bad(f"The filter has no field {name!r}")
    return lambda dto: _compare(dto[_FIELDS[name.lower()]], sign, value)


def _compare(held: Any, sign: str, value: str | None) -> bool:
    text = str(held).lower() if isinstance(held, bool) else held
    if sign in ("eq", "ne"):
        return bool((text == value) == (sign == "eq"))
    if text is None or value is None:
        return False
    return bool(text >= value if sign in ("ge", "gt") else text <= value)
