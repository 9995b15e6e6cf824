"""Schedules of other kinds, and of other people: what is told of them, and what is put back."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn, pipeline
from helpers import OWNER, Done, invoke, schedule, write

from providers.azureml.opened import config_of, provider
from reconciler.apply import apply_plan
from reconciler.model import LiveSchedule
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target

LATER = ("novel", "inner")
CRON = {"triggerType": "Cron", "expression": "15 10 * * 1", "timeZone": "UTC"}
COMMAND = {"jobType": "Command", "command": "echo", "environmentId": "azureml:e:1", "novel": [1]}
MONITOR = {"computeConfiguration": {"computeType": "ServerlessSpark"}, "signals": {}, "novel": 1}
SPARK = {"jobType": "Spark", "codeId": "x", "entry": {"sparkJobEntryType": "SparkJobPythonEntry"}}
SWEEP = {"jobType": "Sweep", "trial": {"command": "x", "environmentId": "e"}, "novel": 1.0}
ACTIONS: dict[str, dict[str, Any]] = {
    "monitor": {"actionType": "CreateMonitor", "monitorDefinition": MONITOR},
    "data": {"actionType": "ImportData", "dataImportDefinition": {"dataType": "uri_folder"}},
    "batch": {"actionType": "InvokeBatchEndpoint", "endpointInvocationDefinition": {"x": None}},
    "command": {"actionType": "CreateJob", "jobDefinition": COMMAND},
    "spark": {"actionType": "CreateJob", "jobDefinition": SPARK},
    "sweep": {"actionType": "CreateJob", "jobDefinition": SWEEP},
}


def recurrence() -> dict[str, Any]:
    """With members that nobody knows, in all its parts."""
    pattern = {"hours": [6], "minutes": [30], "weekDays": ["Sunday"], "novel": {"inner": []}}
    return {
        "triggerType": "Recurrence",
        "frequency": "Week",
        "interval": 2,
        "timeZone": "UTC",
        "schedule": pattern,
        "startTime": "2026-01-04T00:00:00",
        "novel": None,
    }


def without_state(live: dict[str, Any] | None, **changed: Any) -> dict[str, Any]:
    """What is compared of a schedule: all but how the service's work stands."""
    assert live is not None
    properties = {**live["properties"], **changed}
    properties.pop("provisioningState")
    return properties


def listed(one: AzureMLProvider, name: str) -> LiveSchedule:
    return next(live for live in one.list() if live.key.name == name)


@pytest.mark.parametrize("kind", sorted(ACTIONS))
def test_others_are_switched_and_put_back_as_they_were(kind: str) -> None:
    action = copy.deepcopy(ACTIONS[kind])
    with StandIn(later=LATER) as arm:
        made = pipeline(action=action, trigger=recurrence(), tags={"a": "b"}, novel={"x": [None]})
        before = copy.deepcopy(arm.put_live("a", made))
        one = provider(arm)
        one.disable(listed(one, "a"), by_hand=True)
        assert without_state(arm.live("a")) == without_state(before, isEnabled=False)
        one.enable(listed(one, "a"))
        assert without_state(arm.live("a")) == without_state(before)
        assert arm.counts["PUT schedule"] == 2


def test_ours_are_put_back_as_they_were() -> None:
    with StandIn(later=LATER) as arm:
        declared = schedule("a", trigger={"type": "recurrence", "frequency": "day", "interval": 2})
        one = provider(arm)
        apply_plan(plan_target([declared], one, owner=OWNER), one)
        arm.edit("a", lambda properties: properties.update(novel=[1], trigger=recurrence()))
        before = copy.deepcopy(arm.live("a"))
        one.disable(listed(one, "a"), by_hand=True)
        one.enable(listed(one, "a"))
        assert without_state(arm.live("a")) == without_state(before)


def test_members_of_a_pattern_survive_an_update() -> None:
    with StandIn(later=LATER) as arm:
        arm.put_live("a", pipeline(trigger=recurrence()))
        one = provider(arm)
        trigger = {"type": "recurrence", "frequency": "week", "interval": 3}
        declared = schedule("a", trigger={**trigger, "schedule": {"hours": 7, "minutes": 0}})
        plan = plan_target([declared], one, owner=OWNER, options=PlanOptions(adopt=("a",)))
        apply_plan(plan, one)
        found = without_state(arm.live("a"))["trigger"]["schedule"]
        assert found["novel"] == {"inner": []}
        assert found["hours"] == [7]


@pytest.mark.parametrize("given", ["(alone)", None, "", "Default", "mine"])
@pytest.mark.parametrize("live", ["", "Default", "mine"])
def test_the_default_experiment_and_none_are_two_things(live: str, given: str | None) -> None:
    """A file that names none leaves what stands for none as it is."""
    with StandIn() as arm:
        made = pipeline()
        made["action"]["jobDefinition"]["experimentName"] = live
        arm.put_live("a", made)
        one = provider(arm)
        job: Any = {"job": "azureml:train", "experiment_name": given}
        if given == "(alone)":
            job, given = "azureml:train", ""
        declared = schedule(
            "a",
            create_job=job,
            trigger={
                "type": "recurrence",
                "frequency": "day",
                "interval": 1,
                "schedule": {"hours": 2, "minutes": 0},
            },
        )
        plan = plan_target([declared], one, owner=OWNER, options=PlanOptions(adopt=("a",)))
        fields = {field.name for field in plan.changes[0].fields}
        apply_plan(plan, one)
        found = without_state(arm.live("a"))["action"]["jobDefinition"]["experimentName"]
        wanted = given or live
        if not given and live == "mine":
            wanted = "Default" if given is None else ""
        assert found == wanted
        assert ("create_job.experiment_name" in fields) == (live != wanted)
        assert plan_target([declared], one, owner=OWNER).pending == ()


# --------------------------------------------------------------------------------- what is told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {"schedules/mine.yml": MINE})
    return tmp_path


MINE = """\
name: mine
trigger: {type: cron, expression: "0 2 * * *"}
create_job: azureml:train
"""


def call(arm: StandIn, folder: Path, *args: str) -> Done:
    write(folder, {"reconciler.yaml": config_of(arm)})
    return invoke(folder, *args, env={"AZURE_ACCESS_TOKEN": arm.settings.token})


def test_when_others_fire_is_told_in_words(folder: Path) -> None:
    with StandIn(later=LATER, jobs={"train"}) as arm:
        arm.put_live("weekly", pipeline(action=ACTIONS["command"], trigger=CRON))
        arm.put_live(
            "watch",
            pipeline(
                action=ACTIONS["monitor"],
                trigger=recurrence()
                | {"schedule": {"hours": [6], "minutes": [30], "weekDays": ["Sunday"]}},
            ),
        )
        odd = {**CRON, "timeZone": "Nowhere Standard Time"}
        arm.put_live("odd", pipeline(trigger=odd))
        told = call(arm, folder, "status").out
        assert "at 10:15 on Monday, UTC" in told
        assert "06:30" in told
        theirs = [line for line in told.splitlines() if "prod/mine" not in line]
        assert "every day" not in "\n".join(theirs)
        assert "not known" in told
        assert "10:15:00" in call(arm, folder, "next", "weekly").out
        unread = call(arm, folder, "next", "odd").out
        assert unread == "prod/odd: not known\n  its trigger cannot be read\n"
        shown = call(arm, folder, "schedules", "show", "weekly").out
        assert "expression: 15 10 * * 1" in shown
        assert "every day" not in shown
        assert "trigger" not in call(arm, folder, "schedules", "show", "odd").out.split("job")[0]
        assert "disabled prod/watch" in call(arm, folder, "schedules", "disable", "watch").out
        assert "enabled prod/watch" in call(arm, folder, "schedules", "enable", "watch").out
        assert "1 to create" in call(arm, folder, "plan").out
