"""Times with an offset: taken where it is the time zone's own, refused where it is another.

And what Azure's tools write of a job that is no part of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from reconciler.declare.checking.lint import lint_document
from reconciler.document import schedule_from_document
from reconciler.model import Cron, Key

_BERLIN = "W. Europe Standard Time"


def trigger(time: str, zone: str | None) -> dict[str, Any]:
    named = {} if zone is None else {"time_zone": zone}
    return {"type": "cron", "expression": "0 2 * * *", "start_time": time, **named}


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("2027-01-01T08:00:00Z", None),
        ("2027-01-01T08:00:00+00:00", "UTC"),
        ("2027-01-01T08:00:00-0000", "UTC"),
        ("2027-01-01T08:00:00+01:00", _BERLIN),
        ("2027-07-01T08:00:00+02:00", "Europe/Berlin"),
        ("2027-10-31T02:30:00+02:00", "Europe/Berlin"),  # its clocks show that twice
        ("2027-10-31T02:30:00+01:00", "Europe/Berlin"),
    ],
)
def test_an_offset_of_the_time_zone_is_taken(time: str, zone: str | None) -> None:
    document = {"name": "x", "trigger": trigger(time, zone), "create_job": "azureml:t"}
    assert lint_document(document) == []
    read = schedule_from_document(document, Key("prod", "x")).trigger
    assert isinstance(read, Cron)
    assert read.start_time == datetime.fromisoformat(time[:19])


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("2027-01-01T08:00:00+02:00", None),
        ("2027-01-01T08:00:00Z", _BERLIN),
        ("2027-07-01T08:00:00+01:00", _BERLIN),
    ],
)
def test_another_offset_is_refused(time: str, zone: str | None) -> None:
    assert [one.code for one in lint_document({"trigger": trigger(time, zone)})] == ["SCH018"]


def test_a_zone_that_is_not_known_has_no_offset() -> None:
    found = lint_document({"trigger": trigger("2027-01-01T08:00:00Z", "Mars/Phobos")})
    assert sorted(one.code for one in found) == ["SCH014", "SCH018"]


def test_what_azures_tools_show_is_no_part_of_the_job() -> None:
    shown = {"name": "a", "id": "azureml:b", "status": "Completed", "$schema": "c"}
    document = {"name": "x", "trigger": trigger("2027-01-01T08:00:00", None)}
    key = Key("prod", "x")
    with_it = schedule_from_document(
        {**document, "create_job": {"job": "azureml:t", **shown}, "provisioning_state": "d"}, key
    )
    assert with_it == schedule_from_document({**document, "create_job": {"job": "azureml:t"}}, key)
