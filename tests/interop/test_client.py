"""Microsoft's client and the stand-in understand each other, so that it can judge."""

from __future__ import annotations

from typing import Any

from fakes.arm import StandIn, pipeline

from interop.judge import microsoft, needed

WEEKLY = {
    "type": "recurrence",
    "frequency": "week",
    "interval": 1,
    "schedule": {"hours": [10], "minutes": [0, 30], "week_days": ["monday"]},
    "start_time": "2022-03-10T10:15:00",
    "time_zone": "Pacific Standard Time",
}
MADE = {
    "name": "made",
    "display_name": "Made",
    "tags": {"a": "b"},
    "trigger": WEEKLY,
    "create_job": "azureml:train",
}


def _ok(result: dict[str, Any]) -> Any:
    assert "ok" in result, result
    return result["ok"]


@needed
def test_the_clients_whole_round() -> None:
    with StandIn(page_size=1, polls=1) as arm:
        arm.put_live("nightly", pipeline(description="words"))
        arm.put_live("off", pipeline(isEnabled=False))
        results = microsoft(
            arm.address,
            [
                {"do": "list"},
                {"do": "list", "view": "All"},
                {"do": "get", "name": "nope"},
                {"do": "create", "schedule": MADE},
                {"do": "delete", "name": "made"},
                {"do": "disable", "name": "made"},
                {"do": "update", "name": "made", "set": {"description": "new"}},
                {"do": "enable", "name": "nightly"},
                {"do": "delete", "name": "made"},
            ],
        )
        enabled, everything, missing, made, refused, disabled, updated, nightly, gone = results
        assert [schedule["name"] for schedule in _ok(enabled)] == ["nightly"]
        assert [schedule["name"] for schedule in _ok(everything)] == ["nightly", "off"]
        assert missing["error"]["type"] == "ResourceNotFoundError"
        assert _ok(made)["trigger"]["time_zone"] == "Pacific Standard Time"
        assert _ok(made)["trigger"]["schedule"]["hours"] == [10]
        assert _ok(made)["create_job"]["id"] == "train"
        assert "Cannot delete an active trigger made" in refused["error"]["message"]
        assert _ok(disabled)["is_enabled"] is False
        assert (_ok(updated)["description"], _ok(updated)["is_enabled"]) == ("new", False)
        assert _ok(nightly)["description"] == "words"
        assert _ok(gone) is None
        assert arm.names() == ["nightly", "off"]
        assert arm.violations == []
