"""Values as pages show them: numbers, addresses, masked inputs. Filters of templates."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from reconciler.masking import mask
from reconciler.render.fire_words import number
from reconciler.render.plain_text import middle, printable, short_revision
from reconciler.web.times import (
    about,
    ago,
    moment,
    on_clock,
    said,
    seconds,
    sentence,
    took,
    weekday,
)
from reconciler.workspace.store.history.acts import Act

_OUTCOMES = {"NotStarted": "waiting"}


def outcome(status: str) -> str:
    """The status of a run, in a word."""
    return _OUTCOMES.get(status, status.lower())


_ACTS = {
    "create": "made",
    "change": "changed",
    "enable": "enabled",
    "disable": "disabled",
    "delete": "deleted",
    "trigger": "triggered",
    "run again": "run again",
    "submit": "submitted",
    "cancel": "canceled",
}


def act_words(act: Act) -> str:
    """What somebody did, as what was done: "disabled"."""
    return _ACTS[act.what]


def many(count: int) -> str:
    """A number with thousands set apart."""
    return f"{count:,}"


def path_of(*parts: str) -> str:
    """The address of a page: each part is one segment, whatever stands in it."""
    return "/" + "/".join(_segment(part) for part in parts)


@lru_cache(maxsize=8192)
def _segment(part: str) -> str:
    return quote(part, safe="")  # a list says the same names again and again


def query(values: Mapping[str, Any], **changed: Any) -> str:
    """A query string of `values` with some changed; empty values are left out."""
    merged = {**values, **changed}
    kept = {key: value for key, value in merged.items() if value not in (None, "")}
    return "?" + urlencode(kept) if kept else "?"


def inputs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Inputs by name, as text, masked."""
    return [(printable(name), plain(mask(name, value))) for name, value in values.items()]


def plain(value: Any) -> str:
    """A value as text on one line."""
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def document(value: Any) -> str:
    """A document as JSON for people, already masked."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "\n".join(printable(line) for line in text.split("\n"))


def instant(text: str | None) -> datetime | None:
    """The instant that a document says."""
    return datetime.fromisoformat(text) if text else None


def week_later(at: datetime) -> str:
    """The day a week after, as a declaration has it."""
    return (at + timedelta(days=7)).date().isoformat()


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "said": said,
    "sentence": sentence,
    "weekday": weekday,
    "seconds": seconds,
    "on_clock": on_clock,
    "instant": instant,
    "middle": middle,
    "shell_word": shlex.quote,
    "week_later": week_later,
    "ago": ago,
    "many": many,
    "act_words": act_words,
    "outcome": outcome,
    "number": number,
    "printable": printable,
    "about": about,
    "short_revision": short_revision,
}
GLOBALS: dict[str, Callable[..., Any]] = {"path_of": path_of, "query": query, "took": took}
