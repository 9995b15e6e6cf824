"""Jobs by hand: inputs that the job of a schedule does not declare are refused, by those it has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fakes.arm import StandIn
from helpers import OWNER, schedule

from providers.azureml.opened import provider
from reconciler.errors import Rejected
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.providers.azureml.runs.declared_inputs import declared_inputs, undeclared
from reconciler.reconcile import reconcile

NOW = datetime(2026, 11, 25, 6, 10, tzinfo=UTC)


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn() as arm:
        yield arm


def trigger(one: AzureMLProvider, **inputs: str) -> str:
    [live] = one.list()
    return one.trigger(live, inputs, NOW)


def test_the_job_that_a_schedule_refers_to_says_what_it_takes(arm: StandIn) -> None:
    one = provider(arm)
    create_job = {"job": "azureml:train", "inputs": {"rate": 1}}
    reconcile([schedule("nightly", create_job=create_job)], one, owner=OWNER)
    assert trigger(one, rate="2", whatever="x")  # the workspace does not tell of the job
    literal = {"jobInputType": "literal", "value": "1"}
    arm.jobs.add("train", {"jobType": "Pipeline", "inputs": {"data": literal}}, NOW)
    assert trigger(one, rate="2", data="x")
    said = 'the job declares no input "whatever"; it has data, rate'
    with pytest.raises(Rejected, match=said):
        trigger(one, whatever="x")


BOUND = {"only": {"inputs": {"x": {"value": "${{parent.inputs.optional}}"}}, "y": "${{name}}"}}
SAID = {"inputs": {"a": {}}, "jobs": BOUND}
HOME = "/subscriptions/1/resourceGroups/g/providers/p/workspaces/w"
COMPONENT = {"properties": {"componentSpec": {"inputs": {"c": {"type": "string"}}}}}


@pytest.mark.parametrize(
    ("definition", "there", "names"),
    [
        ({}, {}, set()),
        (SAID, {}, {"a", "optional"}),
        ({**SAID, "sourceJobId": "elsewhere"}, {}, None),
        ({"sourceJobId": f"{HOME}/jobs/j"}, {}, None),
        (
            {"sourceJobId": f"{HOME}/jobs/j", "inputs": {"b": {}}},
            {"jobs/j": {"properties": SAID}},
            {"a", "b", "optional"},
        ),
        (
            {"sourceJobId": f"{HOME}/jobs/j"},
            {"jobs/j": {"properties": {"componentId": "x"}}},
            None,
        ),
        (
            {"componentId": f"{HOME}/components/c/versions/1"},
            {"components/c/versions/1": COMPONENT},
            {"c"},
        ),
    ],
)
def test_what_a_job_takes(
    definition: dict[str, object], there: dict[str, object], names: set[str] | None
) -> None:
    assert declared_inputs(definition, there.get) == names


def test_one_without_inputs() -> None:
    assert undeclared({}, {}, {}.get) is None
    assert undeclared({"x": "1"}, {}, {}.get) == ("x", frozenset())
