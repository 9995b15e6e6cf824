"""A difference -> edits of the declaration: only what differs, where it is written already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from helpers import OWNER, TARGET
from hypothesis import given
from hypothesis import strategies as st

from reconciler.declare.reading.edits import REMOVE, Edit, EditError, changed
from reconciler.declare.resolve import TargetSettings, resolve
from reconciler.document import schedule_from_document
from reconciler.model import Canonical, Change, Hold, JobDefinition, Key, LiveSchedule, Schedule
from reconciler.plan import make_plan
from reconciler.plan.accept import accept_edits

CRON: dict[str, Any] = {"type": "cron", "expression": "0 2 * * *"}
WEEK: dict[str, Any] = {"type": "recurrence", "frequency": "week", "interval": 1}
DAY: dict[str, Any] = {"type": "recurrence", "frequency": "day", "interval": 1}
JOB = "azureml:train"


def built(document: dict[str, Any], **changes: Any) -> Schedule:
    """As it is in the target, overrides and all."""
    resolved, findings = resolve(document, TargetSettings(TARGET))
    assert not findings
    return replace(schedule_from_document(resolved, Key(TARGET, "a"), None), **changes)


def differing(declared: Schedule, live: Schedule) -> Change:
    found = [LiveSchedule(live, OWNER, "x")]
    [change] = make_plan([Canonical(declared)], found, target=TARGET, owner=OWNER).changes
    return change


def document(**parts: Any) -> dict[str, Any]:
    return {"name": "a", "trigger": CRON, "create_job": JOB, **parts}


def over(**parts: Any) -> dict[str, Any]:
    return {"overrides": {TARGET: parts}}


def accepted(declared: dict[str, Any], live: Schedule, *, alone: bool = True) -> list[Edit]:
    """The edits; with them the declaration is what is live."""
    edits = accept_edits(differing(built(declared), live), declared, alone=alone)
    for one in edits:
        declared = changed(declared, one)
    assert built(declared) == live
    return edits


TABLE: dict[str, tuple[dict[str, Any], dict[str, Any], bool, list[tuple[str, Any]]]] = {
    # what is declared, what is live, whether it lives in this target alone, the edits
    "a value": (
        document(), document(trigger={**CRON, "expression": "0 4 * * *"}), True,
        [("trigger.expression", "0 4 * * *")],
    ),
    "beside other targets": (
        document(), document(trigger={**CRON, "expression": "0 4 * * *"}), False,
        [("overrides.local.trigger.expression", "0 4 * * *")],
    ),
    "where it stands already": (
        document(**over(description="x")), document(description="y"), True,
        [("overrides.local.description", "y")],
    ),
    "not there any more": (
        document(description="x"), document(), True, [("description", REMOVE)],
    ),
    "not there any more, beside other targets": (
        document(description="x"), document(), False, [("overrides.local.description", None)],
    ),
    "not there any more, and only there": (
        document(**over(description="x")), document(), True,
        [("overrides.local.description", REMOVE)],
    ),
    "a tag, beside others that stay": (
        document(tags={"a": "b", "c": "d"}), document(tags={"a": "x", "c": "d"}), True,
        [("tags.a", "x")],
    ),
    "one value stays one value": (
        document(trigger={**WEEK, "schedule": {"hours": 1, "minutes": 0, "week_days": "monday"}}),
        document(trigger={**WEEK, "schedule": {"hours": 2, "minutes": 0, "week_days": "friday"}}),
        True,
        [("trigger.schedule.hours", 2), ("trigger.schedule.week_days", "friday")],
    ),
    "one of several is a list": (
        document(trigger={**DAY, "schedule": {"hours": [1, 2], "minutes": [0]}}),
        document(trigger={**DAY, "schedule": {"hours": [2], "minutes": [0]}}), True,
        [("trigger.schedule.hours", [2])],
    ),
    "a time of day": (
        document(trigger={**DAY, "schedule": {"time_of_day": "18:30"}}),
        document(trigger={**DAY, "schedule": {"time_of_day": "06:05"}}), True,
        [("trigger.schedule.time_of_day", "06:05")],
    ),
    "a time of day that is several": (
        document(trigger={**DAY, "schedule": {"time_of_day": "18:30"}}),
        document(trigger={**DAY, "schedule": {"hours": [6, 18], "minutes": [30]}}), True,
        [
            ("trigger.schedule.hours", [6, 18]),
            ("trigger.schedule.minutes", [30]),
            ("trigger.schedule.time_of_day", REMOVE),
        ],
    ),
    "a time of day, in an override": (
        document(trigger=DAY, **over(trigger={"schedule": {"time_of_day": "18:30"}})),
        document(trigger={**DAY, "schedule": {"time_of_day": "19:30"}}), True,
        [("overrides.local.trigger.schedule.time_of_day", "19:30")],
    ),
    "another kind of trigger": (
        document(), document(trigger={**DAY, "schedule": {"hours": [2], "minutes": [0]}}), True,
        [(
            "trigger",
            {**DAY, "schedule": {"hours": [2], "minutes": [0]}, "time_zone": "UTC"},
        )],
    ),
    "another kind of trigger, and more": (
        document(), document(trigger={**DAY}, description="x"), True,
        [("trigger", {**DAY, "time_zone": "UTC"}), ("description", "x")],
    ),
    "a job that was a word": (
        document(), document(create_job={"job": JOB, "inputs": {"x": 1}, "experiment_name": "e"}),
        True,
        [
            ("create_job", {"job": JOB}),
            ("create_job.experiment_name", "e"),
            ("create_job.inputs.x", 1),
        ],
    ),
    "a job that is a word in the override": (
        document(create_job={"job": JOB, "inputs": {"x": 1}}, **over(create_job=JOB)),
        document(create_job={"job": JOB, "inputs": {"x": 2}}), True,
        [
            ("overrides.local.create_job", {"job": JOB}),
            ("overrides.local.create_job.inputs.x", 2),
        ],
    ),
    "null in the override": (
        document(tags={"a": "b"}, **over(tags=None)), document(tags={"a": "c"}), True,
        [("overrides.local.tags.a", "c")],
    ),
    "another job": (
        document(create_job={"job": JOB}), document(create_job={"job": "azureml:other"}), True,
        [("create_job.job", "azureml:other")],
    ),
    "switched off": (document(), document(is_enabled=False), True, [("is_enabled", False)]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_edits(case: str) -> None:
    declared, live, alone, expected = TABLE[case]
    edits = accepted(declared, built(live), alone=alone)
    assert {(".".join(one.path), repr(one.value)) for one in edits} == {
        (path, repr(value)) for path, value in expected
    }


def test_a_word_is_made_a_mapping_before_anything_is_put_into_it() -> None:
    declared, live, _, expected = TABLE["a job that was a word"]
    assert accepted(declared, built(live))[0] == Edit(("create_job",), expected[0][1])


def test_what_is_live_without_hours() -> None:
    """The interval alone, where the declaration says a time of day."""
    declared = document(trigger={**WEEK, "schedule": {"time_of_day": "18:30"}})
    live = document(trigger={**WEEK, "schedule": {"minutes": [30]}})
    edits = accepted(declared, built(live))
    assert [one.path[-1] for one in edits] == ["minutes", "time_of_day"]


def test_what_is_not_accepted() -> None:
    definition = JobDefinition("train", "d" * 64, "{}", "schedules/job.yml")
    plain = built(document())
    other = replace(plain, job=replace(plain.job, reference="azureml:train:2"))
    cases = [
        (replace(plain, job=replace(plain.job, definition=definition)), other, "holds is not kept"),
        (
            replace(plain, enabled=False, hold=Hold(datetime(2099, 1, 1, tzinfo=UTC))),
            plain,
            "ends the hold",
        ),
        (plain, built(document(create_job={"job": JOB, "inputs": {"api_key": "x"}})), "secret"),
        (plain, built(document(tags={"password": "x"})), "looks secret"),
    ]
    for declared, live, message in cases:
        with pytest.raises(EditError, match=message):
            accept_edits(differing(declared, live), document(), alone=True)


_words = st.sampled_from(["x", "y", "z"])
_patterns = st.one_of(
    st.fixed_dictionaries({"time_of_day": st.sampled_from(["18:30", "00:00"])}),
    st.fixed_dictionaries(
        {"hours": st.sampled_from([[1], [1, 5]]), "minutes": st.sampled_from([[0], [0, 30]])}
    ),
)
_parts = st.fixed_dictionaries(
    {},
    optional={
        "trigger": st.one_of(
            st.just(CRON),
            st.just(DAY),
            st.builds(lambda pattern: {**DAY, "schedule": pattern}, _patterns),
            st.builds(lambda word: {**CRON, "expression": f"0 {len(word)} * * *"}, _words),
        ),
        "description": _words,
        "tags": st.dictionaries(_words, _words, max_size=2),
        "create_job": st.one_of(
            st.just(JOB),
            st.builds(
                lambda inputs: {"job": JOB, "inputs": inputs}, st.dictionaries(_words, _words)
            ),
        ),
        "is_enabled": st.booleans(),
    },
)


@given(_parts, _parts, _parts, st.booleans())
def test_with_its_edits_it_is_what_is_live(
    base: dict[str, Any], override: dict[str, Any], live: dict[str, Any], alone: bool
) -> None:
    """Whatever is declared, in the file or in its override, and whatever became of it."""
    override.pop("trigger", None)  # one of another kind is no override of the first
    if override.get("create_job") == JOB:  # a mapping in its place would show what it hides
        base.pop("create_job", None)
    declared = {**document(), **base, **over(**override)}
    accepted(declared, built({**document(), **live}), alone=alone)
