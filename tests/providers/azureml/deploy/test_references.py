"""Schedules that run a job of the workspace: what they give it is settled as that of a job file."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import OWNER, write

from providers.azureml.deploy.test_deploying import declared, provider, wrote
from providers.azureml.deploy.test_preflight import asked
from reconciler.errors import DeclarationError
from reconciler.model import Action
from reconciler.plan.options import PlanOptions
from reconciler.reconcile import plan_target, reconcile

SCHEDULE = """\
name: NAME
trigger: {type: cron, expression: "0 2 * * *"}
create_job:
  type: pipeline
  job: azureml:train
  inputs: {claims: {type: uri_folder, path: PATH}, rate: 3}
"""


def repository(folder: Path, path: str, *names: str) -> Path:
    made = {f"s/{name}.yml": SCHEDULE.replace("NAME", name) for name in names}
    write(folder, {name: text.replace("PATH", path) for name, text in made.items()})
    return folder


def test_a_label_is_asked_for_once_and_pinned(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    repo = repository(tmp_path, "azureml:claims@latest", *names)
    with StandIn(jobs={"train"}) as arm:
        arm.assets.register("data", "claims", "3", {})
        made = reconcile(declared(repo, "s"), provider(arm), owner=OWNER)
        assert [one.error for one in made] == [None] * 3
        assert asked(arm) == ["data data/claims"]
        inputs = arm.live("a")["properties"]["action"]["jobDefinition"]["inputs"]
        assert inputs["claims"]["uri"].endswith("/data/claims/versions/3")
        arm.assets.register("data", "claims", "4", {})
        plan = plan_target(declared(repo, "s"), provider(arm), owner=OWNER)
        changed = [(field.before, field.after) for one in plan.changes for field in one.fields]
        assert changed == [("azureml:claims:3", "azureml:claims:4")] * 3


def test_local_data_is_uploaded_or_refused_at_its_place(tmp_path: Path) -> None:
    repo = repository(tmp_path, "./rows", "a")
    write(repo, {"s/rows/x.csv": "1\n"})
    with StandIn(jobs={"train"}) as arm:
        with pytest.raises(DeclarationError) as caught:
            plan_target(declared(repo, "s"), provider(arm), owner=OWNER, root=repo)
        [problem] = caught.value.problems
        assert (problem.path, problem.line, problem.column) == ("s/a.yml", 6, 45)
        made = reconcile(declared(repo, "s"), provider(arm, upload_data=True), owner=OWNER)
        assert [one.error for one in made] == [None]
        assert [kind for kind in wrote(arm) if "blob" in kind] != []
        again = plan_target(declared(repo, "s"), provider(arm, upload_data=True), owner=OWNER)
        assert [change.action for change in again.changes] == [Action.NOOP]


def test_a_job_that_is_live_by_its_name_alone_is_not_asked_for(tmp_path: Path) -> None:
    """As Azure's client sends it."""
    repo = repository(tmp_path, "azureml:claims:3", "a")
    with StandIn() as arm:
        arm.put_live(
            "a",
            {
                "trigger": {"triggerType": "Cron", "expression": "0 2 * * *"},
                "action": {
                    "actionType": "CreateJob",
                    "jobDefinition": {"jobType": "Pipeline", "sourceJobId": "train"},
                },
            },
        )
        arm.assets.register("data", "claims", "3", {})
        arm.forget()
        options = PlanOptions(preflight=True, adopt=("a",))
        plan = plan_target(declared(repo, "s"), provider(arm), owner=OWNER, options=options)
        assert plan.changes[0].action is Action.UPDATE
        assert asked(arm) == ["data data/claims/versions/3"]
