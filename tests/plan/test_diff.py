"""Two schedules -> the fields in which they differ, in the words of a declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from helpers import CRON, schedule
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import FieldChange, Schedule
from reconciler.plan.diff import diff_schedules, same

DAILY = {"type": "recurrence", "frequency": "day", "interval": 1}
INBOX = {"type": "datastore", "datastore": "inbox", "path_on_datastore": "images"}


def with_inputs(inputs: Mapping[str, Any]) -> Schedule:
    made = schedule()
    return replace(made, job=replace(made.job, inputs=inputs))


def fields(before: Schedule, after: Schedule) -> list[tuple[str, Any, Any]]:
    return [(field.name, field.before, field.after) for field in diff_schedules(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": 1}, {"a": 1.0}, [("a", 1, 1.0)]),
        ({"a": True}, {"a": "true"}, [("a", True, "true")]),
        ({"a": 0.0}, {"a": -0.0}, [("a", 0.0, -0.0)]),
        ({"a": 10**17}, {"a": 10**17 + 1}, [("a", 10**17, 10**17 + 1)]),
        ({"a": [1, 2]}, {"a": [True, 2]}, [("a", [1, 2], [True, 2])]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1.0}]}, [("a", [{"b": 1}], [{"b": 1.0}])]),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, [("a", [1, 2, 3], [1, 3])]),
        ({"a": {"b": 1}}, {"a": {"b": True}}, [("a.b", 1, True)]),
        ({"a": {"b": {"c": 1}}}, {}, [("a.b.c", 1, None)]),
        ({}, {"a": {"b": 1, "c": {"d": 2}}}, [("a.b", None, 1), ("a.c.d", None, 2)]),
        ({"a": {"b": 1}}, {"a": 1}, [("a", {"b": 1}, 1)]),
        ({"a": {}}, {"a": {"b": 1}}, [("a.b", None, 1)]),
        ({"a": {}}, {}, [("a", {}, None)]),
        ({"a": ""}, {}, [("a", "", None)]),
        ({"__a": 1}, {"__a": 2}, [("__a", 1, 2)]),
        ({"a.b['c']": 1}, {"a.b['c']": 2}, [("a.b['c']", 1, 2)]),
        ({"0": 1}, {"0": 2}, [("0", 1, 2)]),
    ],
)
def test_values_are_compared_with_their_types(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, Any, Any]]
) -> None:
    old, new = with_inputs({"kept": 1} | before), with_inputs({"kept": 1} | after)
    assert not same(old, new)
    found = fields(old, new)
    # `==` alone would let 1, 1.0 and True pass for one another.
    assert repr(found) == repr([(f"create_job.inputs.{n}", b, a) for n, b, a in expected])


def test_a_key_without_a_value_shows_in_its_mapping() -> None:
    assert fields(with_inputs({"a": None, "b": 1}), with_inputs({"b": 1})) == [
        ("create_job.inputs", {"a": None, "b": 1}, {"b": 1})
    ]
    assert fields(with_inputs({}), with_inputs({"a": None})) == [
        ("create_job.inputs", None, {"a": None})
    ]


def test_a_list_is_one_field() -> None:
    before = schedule(trigger=DAILY | {"schedule": {"hours": [6, 18], "minutes": 0}})
    after = schedule(trigger=DAILY | {"schedule": {"hours": [6, 12, 18], "minutes": 0}})
    assert fields(before, after) == [("trigger.schedule.hours", [6, 18], [6, 12, 18])]


def test_a_mapping_that_came_or_went_is_its_fields() -> None:
    before = schedule(trigger=DAILY)
    after = schedule(
        trigger=DAILY | {"schedule": {"hours": 6, "minutes": 30}}, tags={"team": "a", "cost": "b"}
    )
    assert fields(before, after) == [
        ("trigger.schedule.hours", None, [6]),
        ("trigger.schedule.minutes", None, [30]),
        ("tags.cost", None, "b"),
        ("tags.team", None, "a"),
    ]
    assert [name for name, _, _ in fields(after, before)] == [
        "trigger.schedule.hours",
        "trigger.schedule.minutes",
        "tags.cost",
        "tags.team",
    ]


def test_a_trigger_of_another_type() -> None:
    assert fields(schedule(trigger=CRON), schedule(trigger=INBOX)) == [
        ("trigger.type", "cron", "datastore"),
        ("trigger.datastore", None, "inbox"),
        ("trigger.path_on_datastore", None, "images"),
        ("trigger.polling_interval", None, 5),
        ("trigger.expression", "0 2 * * *", None),
        ("trigger.time_zone", "UTC", None),
    ]


def test_everything_that_is_compared_is_shown() -> None:
    plain = schedule()
    for document in (
        {"display_name": "x"},
        {"description": "x"},
        {"trigger": CRON | {"time_zone": "Europe/Lisbon"}},
        {"trigger": CRON | {"start_time": "2026-01-01T00:00:00"}},
        {"trigger": CRON | {"end_time": "2026-01-01T00:00:00"}},
        {"create_job": {"job": "azureml:other"}},
        {"create_job": {"job": "azureml:train", "identity": {"type": "managed"}}},
        {"create_job": {"job": "azureml:train", "settings": {"continue_on_step_failure": False}}},
        {"create_job": {"job": "azureml:train", "outputs": {"model": {"path": "x"}}}},
        {"create_job": {"job": "azureml:train", "tags": {"a": "b"}}},
        {"create_job": {"job": "azureml:train", "compute": "azureml:cpu"}},
        {"is_enabled": False},
        {"properties": {"a": "b"}},
    ):
        other = schedule(**document)
        assert not same(plain, other)
        assert len(diff_schedules(plain, other)) == 1, document


def test_where_a_schedule_stands_is_not_compared() -> None:
    assert same(schedule(), replace(schedule(), source=None))


def test_a_field_has_a_name() -> None:
    assert FieldChange(("trigger", "schedule", "hours"), None, [1]).name == "trigger.schedule.hours"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
INPUTS = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


@given(before=INPUTS, after=INPUTS)
def test_there_are_fields_exactly_where_there_is_a_difference(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    def ordered(value: Any) -> Any:  # as `schedule_from_document` makes them
        if isinstance(value, dict):
            return {key: ordered(value[key]) for key in sorted(value)}
        return [ordered(item) for item in value] if isinstance(value, list) else value

    old, new = with_inputs(ordered(before)), with_inputs(ordered(after))
    assert same(old, new) is (not diff_schedules(old, new))
    assert same(old, old)
    assert all(repr(f.before) != repr(f.after) for f in diff_schedules(old, new))
