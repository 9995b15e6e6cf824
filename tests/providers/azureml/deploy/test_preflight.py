"""Whether what schedules need is there: asked once, said at its place, before anything is put."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import OWNER, write

from providers.azureml.deploy.test_deploying import declared, provider, wrote
from reconciler.apply import apply_plan
from reconciler.errors import DeclarationError
from reconciler.model import Action, Plan, Problem
from reconciler.plan.options import PlanOptions
from reconciler.reconcile import plan_target

JOB = """\
type: pipeline
settings: {default_compute: "azureml:cpu", default_datastore: azureml:lake}
inputs:
  rows: {type: uri_folder, path: azureml:claims:3}
  old: {type: uri_folder, path: azureml://datastores/attic/paths/x/}
jobs:
  train:
    command: python train.py ${{inputs.rows}}
    code: ./src
    environment: azureml:env:2
    compute: azureml:gpu
    inputs: {rows: "${{parent.inputs.rows}}", m: {type: mlflow_model, path: azureml:model:1}}
  score:
    component: azureml:score:4
    compute: serverless
  add:
    component: ./add.yml
    compute: azureml:gpu
"""
ADD = "type: command\nversion: 1\ncommand: echo\nenvironment: azureml:env:2\n"
SCHEDULE = """\
name: NAME
trigger: {type: cron, expression: "0 2 * * *"}
create_job: {job: ./job.yml, compute: "azureml:own"}
"""


def repository(folder: Path, *names: str) -> Path:
    schedules = {f"s/{name}.yml": SCHEDULE.replace("NAME", name) for name in names}
    schedules = {path: text.replace("./job", "../job") for path, text in schedules.items()}
    write(folder, {"job.yml": JOB, "add.yml": ADD, "src/train.py": "pass\n", **schedules})
    return folder


def planned(folder: Path, arm: StandIn) -> Plan:
    options = PlanOptions(preflight=True)
    read = declared(folder, "s")
    return plan_target(read, provider(arm), owner=OWNER, options=options, root=folder)


def refused(folder: Path, arm: StandIn) -> tuple[Problem, ...]:
    with pytest.raises(DeclarationError) as caught:
        planned(folder, arm)
    return tuple(caught.value.problems)


def everything(arm: StandIn) -> None:
    for kind, name, version in (
        ("data", "claims", "3"),
        ("environments", "env", "2"),
        ("components", "score", "4"),
        ("models", "model", "1"),
    ):
        arm.assets.register(kind, name, version, {"componentSpec": {"type": "command"}})


def asked(arm: StandIn) -> list[str]:
    kinds = ("compute", "datastore", "data", "environment", "component", "model", "job")
    return sorted(f"{c.route} {c.name}" for c in arm.calls if c.route in kinds)


def test_what_is_not_there_is_said_at_every_place_that_names_it(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", "b")
    with StandIn() as arm:
        arm.assets.computes = {"cpu"}
        arm.assets.datastores = {"workspaceblobstore"}
        found = [
            (p.code, p.path, p.line, p.column, p.message.partition(": ")[2])
            for p in refused(folder, arm)
        ]
        own = [("TGT002", f"s/{n}.yml", 3, 40, 'the workspace has no compute "own"') for n in "ab"]
        assert found == [
            ("TGT002", "add.yml", 4, 14, 'the workspace has no environment "env:2"'),
            ("TGT002", "job.yml", 2, 63, 'the workspace has no datastore "lake"'),
            ("TGT002", "job.yml", 4, 34, 'the workspace has no data asset "claims:3"'),
            ("TGT002", "job.yml", 5, 33, 'the workspace has no datastore "attic"'),
            ("TGT002", "job.yml", 10, 18, 'the workspace has no environment "env:2"'),
            ("TGT002", "job.yml", 11, 14, 'the workspace has no compute "gpu"'),
            ("TGT002", "job.yml", 12, 77, 'the workspace has no model "model:1"'),
            ("TGT002", "job.yml", 14, 16, 'the workspace has no component "score:4"'),
            ("TGT002", "job.yml", 18, 14, 'the workspace has no compute "gpu"'),
            *own,
        ]
        assert all(p.excerpt for p in refused(folder, arm))
        assert wrote(arm) == []


def test_each_distinct_thing_is_asked_for_once_and_nothing_of_what_is_unchanged(
    tmp_path: Path,
) -> None:
    folder = repository(tmp_path, *"abcde")
    with StandIn() as arm:
        everything(arm)
        plan = planned(folder, arm)
        assert plan.count(Action.CREATE) == 5
        once = asked(arm)
        assert once == sorted(set(once))
        named = [one for one in once if "nonymous" not in one]
        assert named == [
            "component components/score/versions/4",
            "compute computes/cpu",
            "compute computes/gpu",
            "compute computes/own",
            "data data/claims/versions/3",
            "datastore datastores/attic",
            "datastore datastores/lake",
            "environment environments/env/versions/2",
            "model models/model/versions/1",
        ]
        to = provider(arm)
        apply_plan(plan_target(declared(folder, "s"), to, owner=OWNER), to)
        arm.forget()
        assert planned(folder, arm).count(Action.NOOP) == 5
        assert asked(arm) == []
        for path in (folder / "s").glob("*.yml"):
            path.write_text(path.read_text().replace("0 2", "0 3").replace(":own", ":new"))
        assert planned(folder, arm).count(Action.UPDATE) == 5
        assert asked(arm) == ["compute computes/new"]


def test_what_may_not_be_looked_at_is_said_and_hides_nothing(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        everything(arm)
        arm.fail(403, method="GET", route="compute", times=99)
        [change] = planned(folder, arm).changes
        unchecked = [note.message for note in change.notes if note.kind == "unchecked"]
        assert unchecked == [
            f'whether there is a compute "{name}" could not be looked at: it needs the right'
            " Microsoft.MachineLearningServices/workspaces/computes/read"
            for name in ("cpu", "gpu", "own")
        ]
        arm.assets.datastores = set()
        codes = [(p.code, p.severity) for p in refused(folder, arm)]
        assert codes.count(("TGT003", "warning")) == 3
        assert codes.count(("TGT002", "error")) == 2


def test_a_job_that_is_not_there(tmp_path: Path) -> None:
    text = SCHEDULE.replace("NAME", "a").replace("./job.yml", "azureml:train")
    write(tmp_path, {"s/a.yml": text})
    with StandIn() as arm:
        [problem] = refused(tmp_path, arm)
        assert (problem.line, problem.column) == (3, 19)
        assert problem.message == 'local/a: the workspace has no job "train"'
        arm.settings.jobs = {"train"}
        assert planned(tmp_path, arm).count(Action.CREATE) == 1


def test_a_datastore_that_the_service_fills_in_is_none_to_look_for(tmp_path: Path) -> None:
    place = "azureml://datastores/${{default_datastore}}/paths/${{name}}/"
    given = f'    outputs: {{o: {{type: uri_folder, path: "{place}"}}}}\n'
    job = JOB.replace("  score:\n", f"{given}  score:\n")
    folder = repository(tmp_path, "a")
    (folder / "job.yml").write_text(job)
    with StandIn() as arm:
        everything(arm)
        arm.assets.datastores = {"attic", "lake"}
        assert planned(folder, arm).count(Action.CREATE) == 1
        assert [one for one in asked(arm) if one.startswith("datastore ")] == [
            "datastore datastores/attic",
            "datastore datastores/lake",
        ]
