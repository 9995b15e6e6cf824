"""Microsoft's client on `reconciler serve`: what it writes fires, and is what it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import invoke
from serving import serving, workspace

from interop.judge import microsoft, needed

WEEKLY = {
    "type": "recurrence",
    "frequency": "week",
    "interval": 2,
    "schedule": {"hours": [10, 12], "minutes": [0, 30], "week_days": ["monday", "friday"]},
    "start_time": "2022-03-10T10:15:00",
    "end_time": "2099-06-01T00:00:01",
    "time_zone": "Pacific Standard Time",
}
MADE = {
    "name": "made",
    "display_name": "Made",
    "description": "by Microsoft's client",
    "tags": {"a": "b"},
    "properties": {"p": "q"},
    "trigger": WEEKLY,
    "create_job": {
        "type": "pipeline",
        "job": "azureml:hello",
        "experiment_name": "greetings",
        "inputs": {"who": "there"},
        "settings": {"continue_on_step_failure": True},
    },
}
NOW = {
    "name": "now",
    "trigger": {"type": "recurrence", "frequency": "day", "interval": 1},
    "create_job": "azureml:hello",
}
CRON = {
    "name": "cron",
    "trigger": {"type": "cron", "expression": "*/5 * * * *", "time_zone": "UTC"},
    "create_job": "azureml:hello",
}
MONITOR = {
    "name": "bad",
    "trigger": {"type": "cron", "expression": "*/5 * * * *", "time_zone": "UTC"},
    "create_job": "azureml:nothing-like-it",
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return workspace(tmp_path)


def ok(result: dict[str, Any]) -> Any:
    assert "ok" in result, result
    return result["ok"]


@needed
def test_the_clients_whole_round(repo: Path) -> None:
    with serving(repo, "--port", "0") as serve:
        address = serve.wait("serving")["address"]
        token = (repo / "workspace.db.token").read_text().strip()
        results = microsoft(
            address,
            [
                {"do": "create", "schedule": MADE},
                {"do": "create", "schedule": NOW},
                {"do": "create", "schedule": CRON},
                {"do": "create", "schedule": MONITOR},
                {"do": "get", "name": "made"},
                {"do": "get", "name": "nope"},
                {"do": "delete", "name": "made"},
                {"do": "disable", "name": "made"},
                {"do": "list"},
                {"do": "list", "view": "All"},
                {"do": "list", "view": "DisabledOnly"},
                {"do": "enable", "name": "made"},
                {"do": "trigger", "name": "made"},
                {"do": "update", "name": "made", "set": {"description": "new"}},
                {"do": "disable", "name": "cron"},
                {"do": "delete", "name": "cron"},
                {"do": "get", "name": "cron"},
            ],
            f"--token={token}",
        )
        made, now, cron, bad, read, missing, refused, disabled = results[:8]
        enabled, everything, only_disabled, again, triggered, updated, _, gone, absent = results[8:]
        assert ok(made) == ok(read)
        assert _meaning(ok(made)) == _meaning(MADE)
        assert ok(made)["is_enabled"] is True
        assert ok(made)["create_job"]["inputs"]["who"] == "there"
        assert ok(made)["create_job"]["experiment_name"] == "greetings"
        assert ok(cron)["trigger"]["expression"] == "*/5 * * * *"
        assert ok(now)["provisioning_state"] == "Succeeded"
        assert 'no pipeline "nothing-like-it" is published' in bad["error"]["message"]
        assert missing["error"]["type"] == "ResourceNotFoundError"
        assert "Cannot delete an active trigger made" in refused["error"]["message"]
        assert ok(disabled)["is_enabled"] is False
        assert {**ok(disabled), "is_enabled": True} == ok(made)
        names = {schedule["name"] for schedule in ok(everything)}
        assert {"made", "now", "cron", "greet", "files"} <= names
        assert {schedule["name"] for schedule in ok(enabled)} == names - {"made"}
        assert [schedule["name"] for schedule in ok(only_disabled)] == ["made"]
        assert ok(again) == ok(made)
        assert ok(updated) == {**ok(made), "description": "new"}
        assert ok(gone) is None
        assert absent["error"]["type"] == "ResourceNotFoundError"
        # They fire: the one without a start when it was made, the other when it was triggered.
        fired = serve.wait("fired", schedule="now")["run"]
        assert serve.wait("run_ended", run=fired)["status"] == "Completed"
        run = ok(triggered)["job_name"]
        assert serve.wait("run_ended", run=run)["status"] == "Completed"
        assert invoke(repo, "runs", "logs", run).out == "hello there\n"
    plan = json.loads(invoke(repo, "plan", "--format", "json").out)
    assert plan["plans"][0]["summary"]["unmanaged"] == 2


def _meaning(schedule: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, in the words of whoever asked."""
    trigger = schedule["trigger"]
    times = {name: str(trigger[name]).replace(" ", "T") for name in ("start_time", "end_time")}
    pattern = {k: sorted(v) for k, v in trigger["schedule"].items() if v}
    return {
        **{key: schedule[key] for key in ("name", "display_name", "description", "tags")},
        "properties": schedule["properties"],
        "trigger": {
            **times,
            **{key: trigger[key] for key in ("frequency", "interval", "time_zone")},
            "frequency": trigger["frequency"].lower(),
            "schedule": {k: [str(one).lower() for one in v] for k, v in pattern.items()},
        },
    }
