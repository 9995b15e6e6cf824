"""What a plan says of triggers is what a saved one is checked for: it is always read back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from helpers import OWNER, TARGET, canonical, live, schedule
from hypothesis import given
from hypothesis import strategies as st

from plan.saved.test_planfile import fine, saved_of
from reconciler.firing.words.trigger_words import describe
from reconciler.masking import MASK
from reconciler.model import (
    FREQUENCIES,
    WEEK_DAYS,
    Cron,
    DatastoreChange,
    Pattern,
    Recurrence,
    Trigger,
)
from reconciler.plan import make_plan
from reconciler.plan.saved.planfile import decode, encode, normal
from reconciler.plan.trigger_text import trigger_texts
from reconciler.providers.azureml.wire import Foreign, trigger_from_wire
from reconciler.render.documents import plans_document

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "::error::x",
            "##vso[x]",
            "\x1b[2J",
            "\ud800",
            "sig=abc&x",
            "a b;password=hunter2",
            "https://user:hunter2@host/x",
            "pwd=",
            "/",
            "//a/./b//",
            "AccountKey=",
        ]
    ),
)
MOMENTS = st.none() | st.datetimes(
    timezones=st.none() | st.sampled_from([timezone(timedelta(hours=2))])
)
ZONES = st.sampled_from(["UTC", "utc", "Europe/Lisbon", "europe/lisbon", "GMT Standard Time"])
PATTERNS = st.none() | st.builds(
    Pattern,
    hours=st.lists(st.integers(0, 23), max_size=8).map(tuple),
    minutes=st.lists(st.integers(0, 59), max_size=8).map(tuple),
    week_days=st.lists(st.sampled_from(WEEK_DAYS), max_size=8).map(tuple),
    month_days=st.lists(st.integers(-1, 31), max_size=8).map(tuple),
)
TRIGGERS = st.one_of(
    st.builds(
        Recurrence, st.sampled_from(FREQUENCIES), st.integers(), PATTERNS, MOMENTS, MOMENTS, ZONES
    ),
    st.builds(Cron, st.just("0 2 * * *") | TEXTS, MOMENTS, MOMENTS, ZONES),
    st.builds(DatastoreChange, TEXTS, TEXTS, st.integers(), st.none() | TEXTS),
)


@given(TRIGGERS, TRIGGERS)
def test_every_plan_reads_back(before: Trigger, after: Trigger) -> None:
    made = [replace(schedule(name), trigger=after) for name in ("changed", "new")]
    there = [replace(schedule(name), trigger=before) for name in ("changed", "gone")]
    plan = make_plan(canonical(*made), [live(s) for s in there], target=TARGET, owner=OWNER)
    saved = saved_of(plan)
    assert decode(encode(saved), fine) == saved


@pytest.mark.parametrize(
    ("trigger", "words", "zone"),
    [
        (Cron("0 2 * * *"), "every day at 02:00, UTC (cron 0 2 * * *)", "UTC"),
        (
            Recurrence("day", 2, Pattern((4,), (0,)), time_zone="Europe/Lisbon"),
            "every 2 days at 04:00, Europe/Lisbon, counted from the day of its creation",
            "Europe/Lisbon",
        ),
        (
            DatastoreChange("inbox", "in/sig=abcdef"),
            f"when a file in inbox/in/sig={MASK} is new or changed, polled every 5 minutes",
            "UTC",
        ),
    ],
)
def test_what_is_said(trigger: Trigger, words: str, zone: str) -> None:
    plan = make_plan(
        canonical(replace(schedule(), trigger=trigger)), [], target=TARGET, owner=OWNER
    )
    (change,) = plans_document([plan])["plans"][0]["changes"]
    assert change["trigger"] == {"before": None, "after": words}
    assert change["time_zone"] == zone
    if MASK not in words:
        assert words == describe(trigger)


@pytest.mark.parametrize(
    "trigger",
    [
        {
            "triggerType": "cron",
            "expression": " 0  2 * * * ",
            "timeZone": "W. Europe Standard Time",
        },
        {"triggerType": "cron", "expression": "password=hunter2", "timeZone": "utc"},
        {
            "triggerType": "recurrence",
            "frequency": "month",
            "interval": "3",
            "startTime": "2026-01-01T00:00:00Z",
            "schedule": {"hours": [4, 4, 99], "minutes": [], "monthDays": [31, 31, -1]},
        },
        {
            "triggerType": "recurrence",
            "frequency": "week",
            "interval": 0,
            "schedule": {"hours": []},
        },
    ],
)
def test_odd_triggers_that_are_live(trigger: dict[str, Any]) -> None:
    there = replace(schedule("gone"), trigger=trigger_from_wire(trigger))
    saved = saved_of(make_plan([], [live(there)], target=TARGET, owner=OWNER))
    assert decode(encode(saved), fine) == saved


def test_triggers_of_a_foreign_kind_are_not_read() -> None:
    with pytest.raises(Foreign):
        trigger_from_wire({"triggerType": "cron", "expression": "x", "timeZone": "Mars/Phobos"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
KEYS = ("frequency", "interval", "schedule", "expression", "start_time", "end_time", "time_zone")
MORE = ("datastore", "path_on_datastore", "polling_interval", "data_path_parameter_name")


@given(
    st.sampled_from(["recurrence", "cron", "datastore", "x"]),
    st.dictionaries(st.sampled_from(KEYS + MORE), VALUES),
)
def test_what_is_no_trigger_is_refused(kind: str, content: dict[str, Any]) -> None:
    plan = make_plan(canonical(schedule("new")), [], target=TARGET, owner=OWNER)
    document = normal(plans_document([plan]))["plans"][0]["changes"][0]
    document["after"]["trigger"] = {"type": kind, **content}
    try:
        said = trigger_texts(None, document["after"])
    except ValueError:
        return
    assert json.dumps(said)


def test_words_of_a_file_are_made_anew() -> None:
    saved = saved_of(make_plan(canonical(schedule("new")), [], target=TARGET, owner=OWNER))
    [change] = saved.shown["plans"][0]["changes"]
    words = change["trigger"]["after"]
    change.update(trigger={"before": None, "after": "every day at 04:00, UTC"}, time_zone="x")
    [shown] = decode(encode(saved), fine).shown["plans"][0]["changes"]
    assert shown["trigger"] == {"before": None, "after": words}
    assert shown["time_zone"] == "UTC"
