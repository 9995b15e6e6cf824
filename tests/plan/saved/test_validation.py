"""What cannot be in a plan document of the right shape; and that all else can be rendered."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers import OWNER, TARGET, canonical, live, schedule
from jsonschema_rs import Draft202012Validator

from reconciler.model import Plan
from reconciler.plan import make_plan
from reconciler.plan.impact.impact import with_impact
from reconciler.plan.saved.planfile import normal
from reconciler.plan.saved.validation import inconsistency
from reconciler.providers.memory import MemoryProvider
from reconciler.render.documents import plans_document
from reconciler.render.formats import FORMATS, render_document
from reconciler.render.text.plan_text import render_plan
from reconciler.schemas import schema

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
INBOX = {"type": "datastore", "datastore": "inbox"}


def made() -> Plan:
    hourly = {"type": "cron", "expression": "0 * * * *", "time_zone": "Europe/Lisbon"}
    desired = canonical(
        schedule("new"),
        schedule("changed", trigger=hourly),
        schedule("same"),
        schedule("watches", trigger=INBOX),
        schedule("theirs"),
    )
    there = [live(schedule(name)) for name in ("changed", "same", "gone", "watches")]
    off = live(schedule("off", is_enabled=False))
    plan = make_plan(
        desired,
        [*there, off, live(schedule("theirs"), None)],
        target=TARGET,
        owner=OWNER,
    )
    firing = MemoryProvider(TARGET, owner=OWNER).firing_trigger
    return with_impact(plan, firing=firing, now=NOW, horizon=timedelta(days=14))


DOCUMENT = normal(plans_document([made()]))


def edited(*path: str | int, to: Any) -> dict[str, Any]:
    document = json.loads(json.dumps(DOCUMENT))
    inner = document["plans"][0]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return dict(document)


CHANGED = next(i for i, c in enumerate(DOCUMENT["plans"][0]["changes"]) if c["name"] == "changed")
NEVER = "9999-99-99T99:99:99+00:00"
ODD = {
    "the start": (("impact", "start"), NEVER, f"{NEVER} is no moment in time"),
    "the last year": (("impact", "start"), "9999-12-31T23:00:00+00:00", "the year 9999"),
    "a day": (("impact", "heat", "first_day"), "2026-02-30", "2026-02-30 is no moment in time"),
    "a busy minute": (
        ("impact", "busiest", 0, "at"),
        NEVER,
        f"{NEVER} is no moment in time",
    ),
    "fewer days": (("impact", "heat", "before"), [], "the days of the impact"),
    "an eternity": (("impact", "horizon_days"), 10**6, "the days of the impact"),
    "runs a day": (("impact", "per_day", "after"), 1e300, "a number that is too large"),
    "an hour": (("impact", "heat", "after", 0, 3), 10**30, "a number that is too large"),
    "moved": (
        ("changes", CHANGED, "impact", "moved_by_seconds"),
        -1e300,
        "a number that is too large",
    ),
    "the first fire": (
        ("changes", CHANGED, "impact", "after", "first"),
        NEVER,
        f"{NEVER} is no moment in time",
    ),
    "seldom": (
        ("changes", CHANGED, "impact", "after", "rate", "count"),
        1e-300,
        "a number that is too large",
    ),
    "nothing said": (
        ("changes", CHANGED, "trigger", "after"),
        None,
        "update of changed: before or after",
    ),
    "nothing after": (("changes", CHANGED, "after"), None, "update of changed: before or after"),
}


def test_a_plan_is_not_odd() -> None:
    assert inconsistency(DOCUMENT) is None
    assert (
        inconsistency(normal(plans_document([make_plan([], [], target=TARGET, owner=OWNER)])))
        is None
    )


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd(name: str) -> None:
    path, value, reason = ODD[name]
    assert inconsistency(edited(*path, to=value)) == reason


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*path, key))


VALUES: tuple[Any, ...] = (
    None,
    "",
    "\x1b[2J<script>##[x]",
    0,
    1,
    -1,
    0.5,
    10**30,
    1e15,
    True,
    [],
    {},
    "Mars/Phobos",
    "0001-01-01T00:00:00+00:00",
    "2026-01-01T24:61:00+00:00",
    "2026-01-01T00:00:00+00:00",
)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_shown_can_be_rendered(seed: int) -> None:
    """By every renderer, as long as the file is one that is read."""
    chance = random.Random(seed)
    paths = list(leaves(DOCUMENT["plans"][0]))
    validator = Draft202012Validator(schema("plan"))
    rendered = 0
    while rendered < 25:
        document = edited(*chance.choice(paths), to=chance.choice(VALUES))
        if odd_or_misshapen(document, validator):
            continue
        rendered += 1
        for plan in document["plans"]:
            assert "\x1b" not in render_plan(plan)
        texts = {form: render_document(document, form) for form in FORMATS}
        assert "<script>#" not in texts["html"]
        assert "##[" not in "".join(texts.values())


def odd_or_misshapen(document: dict[str, Any], validator: Draft202012Validator) -> bool:
    return not validator.is_valid(document) or inconsistency(document) is not None
