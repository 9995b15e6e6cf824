"""Documents <-> Schedules: every key has its place, and what is written comes back."""

# ruff: noqa: E501

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.declare.checking.json_schema import schema_findings
from reconciler.document import (
    as_bool,
    as_list,
    document_from_schedule,
    document_from_trigger,
    normal_path,
    scalar_text,
    schedule_digest,
    schedule_from_document,
    time_of_day,
    trigger_from_document,
)
from reconciler.model import (
    WEEK_DAYS,
    Cron,
    DatastoreChange,
    Job,
    Key,
    Pattern,
    Recurrence,
    Schedule,
    Trigger,
)

KEY = Key("local", "nightly")


def made(**document: Any) -> Schedule:
    whole = {"name": "nightly", "trigger": {"type": "cron", "expression": "0 6 * * *"}}
    return schedule_from_document({**whole, "create_job": "azureml:job", **document}, KEY)


@pytest.mark.parametrize(
    ("document", "trigger"),
    [
        (
            {"type": "Recurrence", "frequency": "Week", "interval": "2", "schedule": {"hours": "6", "minutes": [30, "0", 30], "week_days": ["SUNDAY", "monday"], "month_days": 5}},
            Recurrence("week", 2, Pattern((6,), (0, 30), ("monday", "sunday"), (5,))),
        ),
        ({"type": "recurrence", "frequency": "day", "interval": 1.0, "schedule": {"hours": [], "minutes": []}}, Recurrence("day", 1)),
        ({"type": "recurrence", "frequency": "day", "interval": 1, "schedule": None}, Recurrence("day", 1)),
        ({"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"time_of_day": "6:05"}}, Recurrence("day", 1, Pattern((6,), (5,)))),
        (
            {"type": "CRON", "expression": "  0  6 * * *  ", "start_time": "2026-01-01T10:00:00", "end_time": "2026-02-01 10:00", "time_zone": "W. Europe Standard Time"},
            Cron("0 6 * * *", datetime(2026, 1, 1, 10), datetime(2026, 2, 1, 10), "Europe/Berlin"),
        ),
        ({"type": "datastore", "datastore": "inbox"}, DatastoreChange("inbox")),
        (
            {"type": "datastore", "datastore": "inbox", "path_on_datastore": "/a//./b/", "polling_interval": "7", "data_path_parameter_name": "data"},
            DatastoreChange("inbox", "a/b", 7, "data"),
        ),
    ],
)  # fmt: skip
def test_triggers(document: dict[str, Any], trigger: Trigger) -> None:
    assert trigger_from_document(document) == trigger
    assert trigger_from_document(document_from_trigger(trigger)) == trigger


@pytest.mark.parametrize(
    "document",
    [
        {"type": "event"},
        {"type": "cron", "expression": "* * * * *", "time_zone": "Mars/Phobos"},
        {"type": "cron", "expression": "* * * * *", "start_time": "tomorrow"},
        {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"time_of_day": "24:00"}},
    ],
)  # fmt: skip
def test_what_was_not_checked(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        trigger_from_document(document)


def test_what_is_not_set() -> None:
    schedule = made(display_name="", description=None, tags=None, properties=None)
    assert schedule == Schedule(KEY, Cron("0 6 * * *"), Job("azureml:job"))
    assert document_from_schedule(schedule) == {
        "name": "nightly",
        "trigger": {"type": "cron", "expression": "0 6 * * *", "time_zone": "UTC"},
        "create_job": {"job": "azureml:job"},
        "is_enabled": True,
    }


def test_everything_that_can_be_set() -> None:
    document = {
        "name": "nightly",
        "display_name": "Nightly",
        "description": "Every night.",
        "trigger": {"type": "cron", "expression": "0 6 * * *", "time_zone": "Europe/Lisbon"},
        "create_job": {
            "job": "azureml:job",
            "experiment_name": "e",
            "display_name": "d",
            "description": "of the run",
            "compute": "cpu",
            "inputs": {"a": 1, "b": None, "c": {"path": "x", "type": "uri_file"}, "d": [1]},
            "outputs": {"model": None},
            "settings": {"continue_on_step_failure": False, "force_rerun": True},
            "tags": {"t": "1"},
            "environment_variables": {"A": [1, {"b": 2}]},
            "identity": {"type": "managed"},
        },
        "is_enabled": False,
        "tags": {"a": "1"},
        "properties": {"a": "1", "b": None},
    }
    schedule = schedule_from_document(document, KEY)
    assert schedule.job.settings == {"force_rerun": True}
    assert schedule.job.extra == {
        "environment_variables": {"A": [1, {"b": 2}]},
        "identity": {"type": "managed"},
    }
    assert document_from_schedule(schedule) == document


def test_one_form_for_what_means_the_same() -> None:
    """What people write in several ways is one value, whatever the order of its keys."""
    one = made(
        is_enabled="TRUE",
        tags={"b": True, "a": 1, "c": 1.5, "d": "x"},
        properties={"z": None, "a": False},
        create_job={
            "type": "pipeline",
            "job": "azureml:job",
            "settings": {"force_rerun": "True", "continue_on_step_failure": "false"},
            "inputs": {"b": 1, "a": {"d": 1, "c": 2}},
            "limits": None,
        },
    )
    two = made(
        is_enabled=True,
        properties={"a": "false", "z": None},
        tags={"a": "1", "b": "true", "c": "1.5", "d": "x"},
        create_job={
            "inputs": {"a": {"c": 2, "d": 1}, "b": 1},
            "settings": {"continue_on_step_failure": False, "force_rerun": True},
            "job": "azureml:job",
        },
    )
    assert one == two
    assert repr(one) == repr(two)
    assert schedule_digest(one) == schedule_digest(two)
    assert schedule_digest(one) != schedule_digest(made())
    assert list(one.job.inputs) == ["a", "b"]


def test_small_things() -> None:
    assert as_list(None) == []
    assert as_list(0) == [0]
    assert as_list([1]) == [1]
    assert [as_bool(value) for value in (True, False, "True", "FALSE")] == [
        True,
        False,
        True,
        False,
    ]
    assert scalar_text(True) == "true"
    assert scalar_text(1.0) in ("1", "1.0")
    assert normal_path("///") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:30", (18, 30)),
        ("0:00", (0, 0)),
        ("23:59", (23, 59)),
        *((text, None) for text in ("24:00", "1:60", "1:5", "001:05", "", ":", ":30", "18", "18:30:00")),
        *((text, None) for text in ("-1:30", "1 :30", "١٢:٠٠", "1:3０", "+1:30", "18.30")),
    ],
)  # fmt: skip
def test_time_of_day(text: str, expected: tuple[int, int] | None) -> None:
    assert time_of_day(text) == expected


numbers = st.sets(st.integers(0, 23)).map(lambda found: tuple(sorted(found)))
days = st.sets(st.sampled_from(WEEK_DAYS)).map(
    lambda found: tuple(day for day in WEEK_DAYS if day in found)
)
patterns = st.builds(
    Pattern, numbers, numbers, days, numbers.map(lambda d: tuple(x + 1 for x in d))
)
moments = st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31))
zone_names = st.sampled_from(["UTC", "Europe/Lisbon", "America/New_York"])
triggers = st.one_of(
    st.builds(
        Recurrence,
        st.sampled_from(["minute", "hour", "day", "week", "month"]),
        st.integers(1, 16),
        st.none() | patterns.filter(lambda pattern: pattern != Pattern()),
        moments,
        moments,
        zone_names,
    ),
    st.builds(Cron, st.just("0 6 * * *"), moments, moments, zone_names),
    st.builds(
        DatastoreChange,
        st.just("inbox"),
        st.sampled_from(["", "a", "a/b"]),
        st.integers(1, 99),
        st.none() | st.just("data"),
    ),
)
texts = st.none() | st.text(min_size=1, max_size=5)
labels = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3)
jobs = st.builds(
    Job,
    st.just("azureml:job"),
    texts,
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(), max_size=3).map(
        lambda found: dict(sorted(found.items()))
    ),
    continue_on_step_failure=st.none() | st.booleans(),
    display_name=texts,
    compute=texts,
    tags=labels.map(lambda found: dict(sorted(found.items()))),
)
schedules = st.builds(
    Schedule,
    st.just(KEY),
    triggers,
    jobs,
    st.booleans(),
    texts,
    texts,
    labels,
)


@given(schedules)
def test_round_trip(schedule: Schedule) -> None:
    document = document_from_schedule(schedule)
    assert schema_findings(document, "schedule") == []
    assert schedule_from_document(document, KEY) == schedule
