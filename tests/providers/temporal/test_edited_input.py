"""Whoever may edit a schedule in Temporal may write anything into its input: it is still listed."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from helpers import OWNER, TARGET, schedule

from reconciler.providers.temporal.canonical import settle
from reconciler.providers.temporal.payload import Pipeline, payload_of

pytest.importorskip("temporalio")
NOW = datetime(2026, 11, 28, tzinfo=UTC)
MADE = schedule("a")
PAYLOAD = payload_of(MADE, NOW, False, Pipeline({"jobs": {"a": {"command": "x"}}}, {"./src": "d"}))
BODY: dict[str, Any] = json.loads(PAYLOAD.to_bytes())
PLACES = (
    ("schedule",),
    ("schedule", "name"),
    ("schedule", "trigger"),
    ("schedule", "create_job"),
    ("schedule", "create_job", "job"),
    ("created",),
    ("asks",),
    ("job",),
    ("code",),
    ("source",),
    ("format",),
    ("sum",),
)


def edited(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return body


@pytest.mark.parametrize("value", [..., None, 1, "x", [], {}, True])
@pytest.mark.parametrize("place", PLACES)
def test_an_edited_input_is_drift_and_no_end_of_the_list(
    place: tuple[str, ...], value: object
) -> None:
    from temporalio.api.workflowservice.v1 import DescribeScheduleResponse

    from reconciler.providers.temporal import wire

    made = wire.to_wire(MADE, PAYLOAD, "reconciler")
    body = json.dumps(edited(place, value)).encode()
    made.action.start_workflow.input.payloads[0].data = body
    marks = wire.marks_to_wire({wire.OWNER: OWNER})
    found = DescribeScheduleResponse(schedule=made, search_attributes=marks)
    read = wire.read(TARGET, "a", found, "reconciler")
    assert read.live.owner == OWNER
    if body != json.dumps(BODY).encode() and place != ("asks",):
        assert read.live.schedule.properties["temporal.input"] == "edited"
    settle(MADE, read.payload, NOW, is_live=True)
