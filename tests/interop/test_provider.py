"""Microsoft's client as judge: what this provider writes it reads with the same meaning, and what
it writes this provider reads and plans without a phantom change."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.arm import StandIn
from helpers import OWNER, schedule

from interop.judge import microsoft, needed
from reconciler.model import Action, Outcome, Schedule
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.credentials import fixed_token
from reconciler.providers.azureml.deploy.deployments import DeployOptions
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target, reconcile

RECURRENCE = {
    "type": "recurrence",
    "frequency": "week",
    "interval": 2,
    "schedule": {"week_days": ["monday", "wednesday"], "time_of_day": "18:30"},
    "start_time": "2026-01-05T00:00:00",
    "time_zone": "Europe/Lisbon",
}
CRON = {"type": "cron", "expression": "30 7 * * 1-5", "time_zone": "Pacific Standard Time"}
MONTHLY = {"type": "cron", "expression": "0 6 1 * *"}
JOB = {
    "job": "azureml:train",
    "experiment_name": "retraining",
    "inputs": {"epochs": 20, "full": True, "name": "a"},
    "settings": {"continue_on_step_failure": False},
}


def provider(
    arm: StandIn, owner: str | None = OWNER, options: DeployOptions | None = None
) -> AzureMLProvider:
    settings = arm.settings
    workspace = Workspace(settings.subscription, settings.group, settings.workspace, arm.address)
    client = Client(workspace, fixed_token(settings.token), target="local")
    return AzureMLProvider("local", client, owner=owner, options=options)


def ok(result: dict[str, Any]) -> Any:
    assert "ok" in result, result
    return result["ok"]


@needed
@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (
            RECURRENCE,
            {
                "type": "recurrence",
                "frequency": "week",
                "interval": 2,
                "time_zone": "GMT Standard Time",
                "schedule": {
                    "hours": [18],
                    "minutes": [30],
                    "week_days": ["monday", "wednesday"],
                },
            },
        ),
        (
            CRON,
            {
                "type": "cron",
                "expression": "30 7 * * 1-5",
                "time_zone": "Pacific Standard Time",
            },
        ),
        (
            MONTHLY,
            {
                "type": "recurrence",
                "frequency": "month",
                "interval": 1,
                "schedule": {"hours": [6], "minutes": [0], "month_days": [1]},
            },
        ),
    ],
    ids=["recurrence", "cron", "monthly"],
)
def test_what_we_write_is_read(trigger: dict[str, Any], expected: dict[str, Any]) -> None:
    with StandIn(jobs={"train"}) as arm:
        made = schedule(
            "made", trigger=trigger, create_job=JOB, display_name="Made", tags={"team": "x"}
        )
        results = reconcile([made], provider(arm), owner=OWNER)
        assert [(r.outcome, r.error) for r in results] == [(Outcome.CREATED, None)]
        read = ok(microsoft(arm.address, [{"do": "get", "name": "made"}])[0])
        assert read["is_enabled"] is True
        assert read["display_name"] == "Made"
        assert read["tags"]["team"] == "x"
        found = read["trigger"]
        assert {key: lowered(found[key]) for key in expected} == lowered(expected)
        assert arm.violations == []


def lowered(value: Any) -> Any:
    """Without regard to case, and without what is not set: the client keeps what it was sent."""
    if isinstance(value, dict):
        return {k: lowered(v) for k, v in value.items() if v not in (None, [])}
    if isinstance(value, list):
        return [lowered(item) for item in value]
    return value.lower() if isinstance(value, str) and " " not in value else value


@needed
def test_what_it_writes_is_planned_without_a_phantom() -> None:
    """Created, switched off and on again by Microsoft's client, then adopted and left alone."""
    with StandIn(jobs={"train"}) as arm:
        made = {
            "name": "made",
            "display_name": "Made",
            "tags": {"a": "b"},
            "trigger": {
                "type": "recurrence",
                "frequency": "week",
                "interval": 1,
                "schedule": {"hours": [10], "minutes": [0, 30], "week_days": ["monday"]},
                "start_time": "2022-03-10T10:15:00",
                "time_zone": "Pacific Standard Time",
            },
            "create_job": "azureml:train",
        }
        steps = [
            {"do": "create", "schedule": made},
            {"do": "disable", "name": "made"},
            {"do": "enable", "name": "made"},
        ]
        for result in microsoft(arm.address, steps):
            ok(result)
        declared = schedule(**made)  # type: ignore[arg-type]
        plan = plan_target([declared], provider(arm), owner=OWNER)
        [change] = plan.changes
        assert (change.action, change.fields) == (Action.SKIP, ())
        taken = plan_target(
            [declared], provider(arm), owner=OWNER, options=PlanOptions(adopt=("made",))
        )
        assert [field.name for field in taken.changes[0].fields] == ["owner"]
        adopt(arm, declared)
        # And what we left there, switched off and on by Microsoft's client, is still the same.
        for result in microsoft(arm.address, steps[1:]):
            ok(result)
        again = plan_target([declared], provider(arm), owner=OWNER)
        assert [change.action for change in again.changes] == [Action.NOOP]
        assert arm.violations == []


def adopt(arm: StandIn, declared: Schedule) -> None:
    from reconciler.apply import apply_plan

    ours = provider(arm)
    plan = plan_target(
        [declared], ours, owner=OWNER, options=PlanOptions(adopt=(declared.key.name,))
    )
    assert [result.error for result in apply_plan(plan, ours)] == [None]


@needed
def test_a_data_trigger_passes_through_the_client() -> None:
    """Read, listed, switched off and on, and edited there: it stays what it is."""
    trigger = {
        "type": "datastore",
        "datastore": "claims",
        "path_on_datastore": "in/2026",
        "polling_interval": 5,
        "data_path_parameter_name": "claim_file",
    }
    with StandIn(jobs={"train"}) as arm:
        made = [schedule("made", trigger=trigger, create_job=JOB), schedule("other")]
        options = DeployOptions(data_changes=True)

        def pending() -> list[Any]:
            plan = plan_target(made, provider(arm, options=options), owner=OWNER)
            return [
                (change.key.name, [f.path[0] for f in change.fields]) for change in plan.pending
            ]

        reconcile(made, provider(arm, options=options), owner=OWNER)
        assert pending() == []
        steps = [{"do": "list"}, {"do": "get", "name": "made"}]
        listed, read = map(ok, microsoft(arm.address, steps))
        assert {one["name"] for one in listed} == {"made", "other"}
        assert read["trigger"]["start_time"].startswith("2999-01-01")
        assert read["tags"]["reconciler-datastore"] == "claims"
        assert read["create_job"]["inputs"]["claim_file"]["path"].endswith("/paths/in/2026/")
        ok(microsoft(arm.address, [{"do": "disable", "name": "made"}])[0])
        assert pending() == [("made", ["is_enabled"])]
        assert not provider(arm, options=options).data_watches()[0].enabled
        ok(microsoft(arm.address, [{"do": "enable", "name": "made"}])[0])
        assert pending() == []
        step = {"do": "update", "name": "made", "set": {"description": "by hand"}}
        ok(microsoft(arm.address, [step])[0])
        assert pending() == [("made", ["description"])]
        assert arm.violations == []
