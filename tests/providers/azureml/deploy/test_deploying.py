"""Job files with commands and code against the stand-in: what is put, once, and what goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.arm import StandIn
from fakes.messages import Call
from helpers import OWNER, TARGET, write

from providers.azureml.opened import client
from reconciler.apply import apply_plan
from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import DeclarationError
from reconciler.model import Action, Outcome, Plan, Result, Schedule
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.deploy.deployments import DeployOptions
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target

JOB = """\
type: pipeline
settings: {default_compute: "azureml:cpu"}
jobs:
  train:
    command: python train.py
    code: ./src
    environment: {image: "python:3.11"}
  report:
    command: echo done
    environment: {image: "python:3.11"}
"""
SCHEDULE = """\
name: NAME
trigger: {type: cron, expression: "0 2 * * *"}
create_job: ./job.yml
"""


def repository(folder: Path, *names: str, job: str = JOB) -> Path:
    schedules = {f"{name}.yml": SCHEDULE.replace("NAME", name) for name in names}
    files = {"job.yml": job, "src/train.py": "pass\n", "src/lib/a.py": "a = 1\n"}
    write(folder, {**files, **schedules})
    return folder


def declared(folder: Path, pattern: str = ".") -> list[Schedule]:
    found = read_declarations(
        [pattern],
        base=folder,
        root=folder,
        targets=[TargetSettings(TARGET)],
        known_targets=[TARGET],
        now=datetime.now(UTC),
    )
    assert [p for p in found.problems if p.severity == "error"] == []
    return list(found.schedules)


def provider(arm: StandIn, **options: bool) -> AzureMLProvider:
    return AzureMLProvider(TARGET, client(arm), owner=OWNER, options=DeployOptions(**options))


def planned(folder: Path, to: AzureMLProvider, *adopt: str) -> Plan:
    return plan_target(declared(folder), to, owner=OWNER, options=PlanOptions(adopt=adopt))


def applied(folder: Path, arm: StandIn, **options: bool) -> list[Result]:
    to = provider(arm, **options)
    return apply_plan(planned(folder, to), to)


def wrote(arm: StandIn) -> list[str]:
    """The calls that wrote, each by what it is of."""
    return [
        f"{call.method} {call.route}" for call in arm.calls if call.method not in ("GET", "HEAD")
    ]


def test_the_plan_writes_nothing_and_says_what_will_be_put(tmp_path: Path) -> None:
    with StandIn() as arm:
        [change] = planned(repository(tmp_path, "a"), provider(arm)).changes
        assert change.action is Action.CREATE
        assert [(note.kind, note.message) for note in change.notes] == [
            ("deployed", "code of train: 2 files, 11 B to upload from src"),
            ("deployed", "environment of train: new"),
            ("deployed", "component of train: new"),
            ("deployed", "component of report: new"),
        ]
        assert wrote(arm) == []


def test_each_thing_is_put_once_and_before_the_schedules(tmp_path: Path) -> None:
    with StandIn() as arm:
        results = applied(repository(tmp_path, "a", "b", "c"), arm)
        assert [result.outcome for result in results] == [Outcome.CREATED] * 3
        assert wrote(arm) == [
            "POST code",
            "PUT blob",
            "PUT blob",
            "PUT blob",
            "PUT code",
            "PUT environment",
            "PUT component",
            "PUT component",
            *["PUT schedule"] * 3,
        ]
        assert arm.assets.blobs == {"src/train.py": b"pass\n", "src/lib/a.py": b"a = 1\n"}
        assert arm.violations == []


def test_unchanged_it_is_asked_for_its_folder_alone(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", "b")
    with StandIn() as arm:
        applied(folder, arm)
        arm.forget()
        plan = planned(folder, provider(arm))
        assert [change.action for change in plan.changes] == [Action.NOOP] * 2
        assert [(c.method, c.route) for c in arm.calls] == [("GET", "list"), ("GET", "code")]


def test_one_changed_file_is_one_upload_and_one_component(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", "b")
    with StandIn() as arm:
        applied(folder, arm)
        (folder / "src" / "train.py").write_text("changed = 1\n")
        arm.forget()
        plan = planned(folder, provider(arm))
        assert [change.action for change in plan.changes] == [Action.UPDATE] * 2
        assert [note.message for note in plan.changes[0].notes] == [
            "code of train: 2 files, 18 B to upload from src",
            "component of train: new, with another code",
        ]
        assert [field.name for field in plan.changes[0].fields] == [
            "create_job.jobs.train.componentId"
        ]
        arm.forget()
        applied(folder, arm)
        puts = [one for one in wrote(arm) if not one.endswith("blob")]
        assert puts == ["POST code", "PUT code", "PUT component", *["PUT schedule"] * 2]


def test_code_that_is_there_under_another_name_is_used(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        applied(folder, arm)
        [path] = arm.assets.names("codes")
        found = arm.assets.versions.pop(path)
        arm.assets.register("codes", "somebody-elses", "1", found)
        arm.forget()
        applied(folder, arm)
        assert [one for one in wrote(arm) if one.endswith(("code", "blob"))] == []


def test_no_token_goes_to_the_storage(tmp_path: Path) -> None:
    with StandIn() as arm:
        applied(repository(tmp_path, "a"), arm)
        sent = arm.called(route="blob")
        assert sent
        assert all("Authorization" not in call.headers for call in sent)


def test_an_address_that_expires_is_asked_for_again(tmp_path: Path) -> None:
    with StandIn() as arm:

        def expire(_: Call) -> None:
            arm.assets.expired.add("s1")

        arm.before(expire, route="blob")
        [result] = applied(repository(tmp_path, "a"), arm)
        assert (result.outcome, result.error) == (Outcome.CREATED, None)
        assert wrote(arm).count("POST code") == 2


def test_a_storage_that_refuses_is_said_and_the_next_apply_converges(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", "b")
    with StandIn() as arm:
        for number in range(1, 10):
            arm.assets.expired.add(f"s{number}")
        results = applied(folder, arm)
        assert [result.outcome for result in results] == [Outcome.FAILED] * 2
        assert "the storage does not take src/" in str(results[0].error)
        assert arm.names() == []
        arm.assets.expired.clear()
        assert [result.outcome for result in applied(folder, arm)] == [Outcome.CREATED] * 2
        assert [c.action for c in planned(folder, provider(arm)).changes] == [Action.NOOP] * 2


@pytest.mark.parametrize("route", ["code", "environment", "component", "schedule"])
def test_after_a_failure_anywhere_the_next_apply_converges(tmp_path: Path, route: str) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        arm.fail(400, method="PUT", route=route, times=1)
        [result] = applied(folder, arm)
        assert result.outcome is Outcome.FAILED
        assert arm.names() == []
        [result] = applied(folder, arm)
        assert (result.outcome, result.error) == (Outcome.CREATED, None)
        assert arm.violations == []


def test_what_another_deployer_put_meanwhile_is_used(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        to = provider(arm)
        plan = planned(folder, to)
        applied(folder, arm)
        for schedule in arm.names():
            arm.remove(schedule)
        arm.fail(409, method="PUT", route="component", times=2)
        [result] = apply_plan(plan, to)
        assert (result.outcome, result.error) == (Outcome.CREATED, None)


def test_code_that_changes_after_the_plan_is_refused(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        to = provider(arm)
        plan = planned(folder, to)
        (folder / "src" / "train.py").write_text("another = 1\n")
        [result] = apply_plan(plan, to)
        assert "src was changed after the plan was made" in str(result.error)
        assert arm.names() == []


def test_files_of_another_revision_than_was_read_are_refused(tmp_path: Path) -> None:
    job = JOB.replace("  report:\n", "  report:\n    component: ./c.yml\n  last:\n")
    folder = repository(tmp_path, "a", job=job)
    write(folder, {"c.yml": "type: command\ncommand: echo\nenvironment: azureml:e:1\n"})
    read = declared(folder, "a.yml")
    with StandIn() as arm:
        for path, text in (("src/train.py", "new = 1\n"), ("c.yml", "type: command\n")):
            before = (folder / path).read_text()
            (folder / path).write_text(text)
            with pytest.raises(DeclarationError) as refused:
                plan_target(read, provider(arm), owner=OWNER)
            [problem] = refused.value.problems
            assert "was changed since the declarations were read" in problem.message
            (folder / path).write_text(before)
        assert len(plan_target(read, provider(arm), owner=OWNER).changes) == 1


def test_without_the_right_it_is_said_which_one_is_needed(tmp_path: Path) -> None:
    with StandIn() as arm:
        arm.fail(403, method="GET", route="code", times=9)
        with pytest.raises(DeclarationError) as refused:
            planned(repository(tmp_path, "a"), provider(arm))
        [problem] = refused.value.problems
        assert problem.hint is not None
        assert problem.hint.endswith("/workspaces/codes/versions/read")


DATA = """\
type: pipeline
inputs: {rows: {type: uri_folder, path: ./src}}
jobs: {a: {command: "echo ${{inputs.r}}", environment: "azureml:e:1",
  inputs: {r: "${{parent.inputs.rows}}"}}}
"""


def test_local_data_is_refused_unless_the_target_allows_it(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", job=DATA)
    with StandIn() as arm:
        with pytest.raises(DeclarationError) as refused:
            planned(folder, provider(arm))
        [problem] = refused.value.problems
        assert '"src" is local data, which is not in Azure' in problem.message
        assert "upload_data: true" in str(problem.hint)
        [result] = applied(folder, arm, upload_data=True)
        assert (result.outcome, result.error) == (Outcome.CREATED, None)
        assert sorted(name.split("/", 2)[2] for name in arm.assets.blobs) == [
            "src/lib/a.py",
            "src/train.py",
        ]


COMMAND = """\
type: command
experiment_name: credit
command: echo ${{inputs.n}}
environment: azureml:e:1
compute: azureml:cpu
inputs: {n: 3}
"""


def test_a_command_job_is_wrapped_where_the_target_says_so(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", job=COMMAND)
    with StandIn() as arm:
        with pytest.raises(DeclarationError, match="problem"):
            planned(folder, provider(arm))
        [result] = applied(folder, arm, wrap_commands=True)
        assert (result.outcome, result.error) == (Outcome.CREATED, None)
        live = arm.live("a")
        assert live is not None
        job = live["properties"]["action"]["jobDefinition"]
        assert job["inputs"]["n"]["value"] == "3"
        assert job["experimentName"] == "credit"
        assert job["jobs"]["job"]["inputs"]["n"]["value"] == "${{parent.inputs.n}}"


MERGED = """\
type: command
command: python train.py
environment: azureml:e:1
code: ./src
additional_includes: [./shared/util.py, ./shared/packed.zip]
"""


def test_what_is_included_is_sent_with_the_code(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a", job="type: pipeline\njobs: {s: {component: ./c.yml}}\n")
    write(folder, {"c.yml": MERGED, "shared/util.py": "u = 1\n", "shared/packed/x": "x"})
    with StandIn() as arm:
        to = provider(arm)
        [change] = planned(folder, to).changes
        assert change.notes[0].message == (
            "code of s: 4 files, 222 B to upload from src + shared/util.py + shared/packed.zip"
        )
        assert [result.error for result in applied(folder, arm)] == [None]
        [code] = arm.assets.names("codes")
        uri = arm.assets.versions[code]["codeUri"]
        assert uri.endswith("/code_with_additional_includes")
        names = sorted(c.path.partition("_includes/")[2] for c in arm.called("PUT", "blob"))
        assert [*dict.fromkeys(names)] == ["lib/a.py", "packed.zip", "train.py", "util.py"]
        assert [c.action for c in planned(folder, provider(arm)).changes] == [Action.NOOP]
