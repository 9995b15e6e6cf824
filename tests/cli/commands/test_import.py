"""`reconciler import`, and the samples of Azure ML, by the command line against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from fakes.arm import StandIn, pipeline
from helpers import Done, environment, run, write
from providers.azureml.opened import config_of

from reconciler.declare.checking.two_readings import two_readings

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT.parent / "shared/corpus/azureml-examples/cli/schedules"
NAMES = ["cron-job-schedule", "cron-with-settings-job-schedule", "recurrence-job-schedule"]
TOKEN = "a-very-secret-token"
needed = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples of Azure ML are not here")


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(token=TOKEN, jobs=None) as arm:
        yield arm
        assert arm.violations == []


MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def repository(folder: Path, arm: StandIn) -> Path:
    write(folder, {"reconciler.yaml": config_of(arm)})
    (folder / "schedules").mkdir()
    return folder


def call(folder: Path, *args: str, code: int = 0) -> Done:
    """A command in a process of its own; the token is in nothing that it prints."""
    done = run(folder, *args, env=environment(AZURE_ACCESS_TOKEN=TOKEN))
    assert TOKEN not in done.text
    assert done.code == code, done.text
    return done


# ---------------------------------------------------------------------------------------- samples


@needed
@pytest.mark.parametrize("name", NAMES)
def test_samples_of_azure_ml(tmp_path: Path, arm: StandIn, name: str) -> None:
    """Applied, then planned, then imported elsewhere and planned there: no difference."""
    folder = repository(tmp_path / "first", arm)
    text = (SAMPLES / f"{name}.yml").read_text("utf-8")
    text = text.replace("./simple-pipeline-job.yml", "azureml:simple-pipeline-job")
    write(folder, {f"schedules/{name}.yml": text})
    applied = call(folder, "apply", "--yes")
    assert "1 created" in applied.out
    planned = call(folder, "plan", "--exit-code")
    assert planned.out == "prod: nothing to change, 1 unchanged\n"

    other = repository(tmp_path / "second", arm)
    imported = call(other, "import")
    live = yaml.safe_load(text)["name"]
    assert f"wrote schedules/{live}.yml\n1 schedule\n" in imported.out
    planned = call(other, "plan", "--exit-code")
    assert planned.out == "prod: nothing to change, 1 unchanged\n"


@needed
@pytest.mark.parametrize(
    "name",
    [NAMES[0], *(pytest.param(name, marks=pytest.mark.torture) for name in NAMES[1:])],
)
def test_samples_with_inline_commands(tmp_path: Path, arm: StandIn, name: str) -> None:
    """Their components go first; imported elsewhere the steps are as they are live."""
    folder = repository(tmp_path / "first", arm)
    for file in (name, "simple-pipeline-job"):
        write(folder, {f"schedules/{file}.yml": (SAMPLES / f"{file}.yml").read_text("utf-8")})
    planned = call(folder, "plan")
    assert "note: component of a: new" in planned.out
    assert not [route for route in arm.counts if route.startswith(("PUT", "PATCH"))]
    assert "1 created" in call(folder, "apply", "--yes").out
    assert call(folder, "plan", "--exit-code").out == "prod: nothing to change, 1 unchanged\n"

    other = repository(tmp_path / "second", arm)
    assert "1 schedule\n" in call(other, "import").out
    assert call(other, "plan", "--exit-code").out == "prod: nothing to change, 1 unchanged\n"


# -------------------------------------------------------------------------------- from the target


def test_import_takes_over_what_was_made_by_hand(tmp_path: Path, arm: StandIn) -> None:
    """Every kind of schedule; the plan has only the owner in it, and an adopting apply nothing."""
    weekly = pipeline(isEnabled=False, tags={"team": "x"}, description="By hand: at 18:30")
    weekly["trigger"] |= {
        "frequency": "Week",
        "schedule": {"hours": [18], "minutes": [30], "weekDays": ["Monday"]},
        "timeZone": "W. Europe Standard Time",
    }
    cron = pipeline(trigger={"triggerType": "Cron", "expression": "0 2 * * 1-5"})
    component = f"{arm.workspace_id}/components/prepare/versions/1"
    whole = pipeline()
    whole["action"]["jobDefinition"] = {
        "jobType": "Pipeline",
        "experimentName": "e",
        "inputs": {"n": {"jobInputType": "literal", "value": "18:30"}},
        "settings": {"continue_on_step_failure": True},
        "jobs": {
            "s": {
                "componentId": component,
                "name": "s",
                "type": "command",
                "inputs": {"x": {"job_input_type": "literal", "value": "${{parent.inputs.n}}"}},
            },
            "shared": {
                "componentId": "azureml://registries/r/components/c/versions/1",
                "computeId": "/subscriptions/other/computes/cpu",
                "name": "shared",
                "type": "command",
            },
        },
    }
    monitor = pipeline(action={"actionType": "CreateMonitor", "monitorDefinition": {"x": 1}})
    for name, made in {"weekly": weekly, "cron": cron, "whole": whole, "mon": monitor}.items():
        arm.put_live(name, made)
    folder = repository(tmp_path, arm)
    done = call(folder, "import", "--target", "prod")
    assert "prod/mon: not imported, and left as it is: CreateMonitor" in done.err
    assert "3 schedules" in done.out
    assert done.out.endswith("prod: 3 to update, 1 unmanaged (mon)\n")
    assert done.out.count("owner") == done.out.count(" -> ") == 3
    assert "step" not in done.err
    assert (
        (folder / "schedules/weekly.yml")
        .read_text("utf-8")
        .startswith(
            "# yaml-language-server: $schema=../schemas/schedule.schema.json\nname: weekly\n"
        )
    )
    adopt = [f"--adopt={name}" for name in ("weekly", "cron", "whole")]
    assert "3 updated" in call(folder, "apply", "--yes", "--ignore-limits", *adopt).out
    planned = call(folder, "plan", "--exit-code")
    assert planned.out == "prod: nothing to change, 3 unchanged, 1 unmanaged (mon)\n"


ODD = {
    "both-days": ("0 9 1 * 1", "0 9 * * 1"),
    "one-day": ("0 9 1 * *", "0 9 * * *"),
    "one-month": ("0 9 * 6 *", "0 9 * * *"),
    "never-by-cron": ("0 9 31 2 *", "0 9 * * *"),
    "odd-days": ("0 9 */2 * 1", "0 9 * * 1"),
    "every-day-by-cron": ("0 9 1-31 * 1", "0 9 * * 1"),
    "names": ("0 9 * * Monday,FRI", None),
    "prefix": ("0 9 * * t", None),
    "backwards": ("0 22-2 * * FRI-MON", None),
    "steps": ("1/20 9-9/2 * * MON/2", None),
    "no-step": ("*/0 9 * * *", None),
    "any-day": ("0 9 *,5 1-12 1", None),
    "blanks": ("0  9 * *  1", "0 9 * * 1"),
}
"""What is live, and what is written of it if it is not that."""


def test_import_of_odd_crons_fires_as_before(tmp_path: Path, arm: StandIn) -> None:
    """As Azure reads them: without day of month and month, and by the rules of NCrontab."""
    from providers.azureml import ncrontab
    from providers.azureml.opened import provider

    def fires() -> dict[str, list[datetime]]:
        opened, found = provider(arm, "us"), {}
        for live in opened.list():
            until = MONDAY + timedelta(days=35)
            found[live.key.name] = list(opened.next_fires(live.schedule, MONDAY, until))
        return found

    for name, (expression, _) in ODD.items():
        trigger = {"triggerType": "Cron", "expression": expression}
        arm.put_live(name, pipeline(trigger={**trigger, "startTime": "2026-01-01T00:00:00"}))
    before = fires()
    for name, (expression, _) in ODD.items():
        minutes, hours, _, _, week = ncrontab.read(expression)
        assert {(at.hour, at.minute) for at in before[name]} == {
            (hour, minute) for hour in hours for minute in minutes
        }
        assert {at.isoweekday() % 7 for at in before[name]} == set(week)

    folder = repository(tmp_path, arm)
    done = call(folder, "import", "--target", "prod")
    for name, (expression, written) in ODD.items():
        text = (folder / f"schedules/{name}.yml").read_text("utf-8")
        declared = yaml.safe_load(text)["trigger"]["expression"]
        assert declared == (written or expression)
        note = f'the live cron "{expression}" fires as "{written}" does, which is written here'
        assert (f"{name}: {note}\n" in done.err) == (f"# {note}\n" in text)
        assert (f"# {note}\n" in text) == (written is not None and name != "blanks")
    told = [line for line in done.out.splitlines() if line.startswith("    fires")]
    assert len(told) == done.out.count("trigger.expression  ") == 5
    assert all(", as before; next " in line for line in told)
    assert "warning" not in done.out

    adopt = [f"--adopt={name}" for name in ODD]
    applied = call(folder, "apply", "--yes", "--ignore-limits", *adopt).out
    assert f"{len(ODD)} updated" in applied
    planned = call(folder, "plan", "--exit-code")
    assert planned.out == f"prod: nothing to change, {len(ODD)} unchanged\n"
    assert fires() == before


def test_import_writes_nothing_over(tmp_path: Path, arm: StandIn) -> None:
    arm.put_live("a", pipeline())
    arm.put_live("b", pipeline())
    folder = repository(tmp_path, arm)
    write(folder, {"schedules/b.yml": "mine"})
    done = call(folder, "import", code=1)
    assert "b.yml exists already" in done.err
    assert [path.name for path in (folder / "schedules").iterdir()] == ["b.yml"]


def test_values_of_secret_names_become_variables(tmp_path: Path, arm: StandIn) -> None:
    live = pipeline()
    live["action"]["jobDefinition"]["inputs"] = {
        "api_key": {"jobInputType": "literal", "value": "hunter2"}
    }
    arm.put_live("a", live)
    folder = repository(tmp_path, arm)
    done = call(folder, "import", "--out", "elsewhere")
    text = (folder / "elsewhere/a.yml").read_text("utf-8")
    assert "${{ vars.a_api_key }}" in text
    assert "set the variable a_api_key" in done.err
    assert "hunter2" not in done.text + text


def test_what_was_left_out_is_given_and_nothing_differs(tmp_path: Path, arm: StandIn) -> None:
    """Credentials by shape and by name, in a job that is registered and in one sent whole."""
    url, key = "https://me:hunter2@host/x", "hunter2"
    registered, whole = pipeline(description=f"from {url}"), pipeline()
    registered["action"]["jobDefinition"]["inputs"] = {
        "source": {"jobInputType": "literal", "value": url}
    }
    step = {"componentId": f"{arm.workspace_id}/components/c/versions/1", "name": "s"}
    whole["action"]["jobDefinition"] = {
        "jobType": "Pipeline",
        "experimentName": "e",
        "inputs": {"api_key": {"jobInputType": "literal", "value": key}},
        "jobs": {"s": {**step, "type": "command"}},
    }
    arm.put_live("a", registered)
    arm.put_live("b", whole)
    folder = repository(tmp_path, arm)
    done = call(folder, "import")
    assert "then: reconciler plan" in done.err
    written = "".join(path.read_text("utf-8") for path in folder.rglob("*.yml"))
    assert "hunter2" not in done.text + written
    assert "the variable" in call(folder, "plan", code=1).text  # refused, until it is said
    config = (folder / "reconciler.yaml").read_text("utf-8")
    config += "variables:\n  a_description: ${{ env.A }}\n  a_source: ${{ env.B }}\n"
    config += "  b_api_key: ${{ env.C }}\n"
    write(folder, {"reconciler.yaml": config})
    secrets = {"AZURE_ACCESS_TOKEN": TOKEN, "A": f"from {url}", "B": url, "C": key}
    adopt = ("apply", "--yes", "--ignore-limits", "--adopt=a", "--adopt=b")
    for command in (("plan", "--adopt=a", "--adopt=b"), adopt, ("plan", "--exit-code")):
        done = run(folder, *command, env=environment(**secrets))
        assert done.code == 0, done.text
        assert "hunter2" not in done.text
    assert done.out == "prod: nothing to change, 2 unchanged\n"


def test_files_are_all_written_or_none(tmp_path: Path, arm: StandIn) -> None:
    whole = pipeline()
    step = {"componentId": f"{arm.workspace_id}/components/c/versions/1", "name": "s"}
    jobs = {"s": {**step, "type": "command"}}
    whole["action"]["jobDefinition"] = {"jobType": "Pipeline", "jobs": jobs}
    arm.put_live("a", pipeline())
    arm.put_live("b", whole)
    folder = repository(tmp_path, arm)
    write(folder, {"schedules/pipelines": "a file where a folder is to be"})
    assert "pipelines" in call(folder, "import", code=1).err
    assert [path.name for path in (folder / "schedules").iterdir()] == ["pipelines"]


def test_a_name_that_looks_like_a_credential(tmp_path: Path, arm: StandIn) -> None:
    name = "AKIA" + "Z7" * 8
    arm.put_live(name, pipeline())
    folder = repository(tmp_path, arm)
    done = call(folder, "import")
    assert "prod/****: not imported: its name looks like a credential" in done.err
    assert list((folder / "schedules").iterdir()) == []
    write(folder, {"old.yml": f"name: {name}\ntrigger: {{type: cron}}\ncreate_job: azureml:t\n"})
    assert "looks like a credential" in call(folder, "import", "old.yml", code=1).err
    assert name not in done.text


# ------------------------------------------------------------------------------------- from files


def test_import_from_cli_files(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    text = """\
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
create_job: azureml:train
trigger: {type: cron, expression: "0 2 * * *", time_zone: "Pacific Standard Time"}
name: nightly
"""
    write(folder, {"old/nightly.yaml": text, "old/other.yaml": "x: 1\n"})
    done = call(folder, "import", "old/nightly.yaml", "old/other.yaml")
    assert "old/other.yaml: holds a document that is no schedule" in done.err
    assert (
        (folder / "schedules/nightly.yml").read_text("utf-8")
        == """\
# yaml-language-server: $schema=../schemas/schedule.schema.json
name: nightly
trigger:
  type: cron
  expression: "0 2 * * *"
  time_zone: Pacific Standard Time
create_job: azureml:train
"""
    )
    assert "1 to create" in call(folder, "plan").out


READ_OTHERWISE = """\
x: 1
---
name: nightly
description: 1_000
tags: {a: no, b: 01234, c: "010"}
trigger: {type: recurrence, frequency: day, interval: 010, schedule: {hours: [011], minutes: 5}}
create_job: {type: pipeline, job: azureml:train, inputs: {d: 12:30:45, e: 1e3, f: 2026-01-02}}
"""


def test_import_writes_what_az_ml_reads(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    write(folder, {"old.yml": READ_OTHERWISE})
    done = call(folder, "import", "old.yml")
    said = "nightly: tags.b in line 5 is the number 668, as `az ml` reads it; by YAML 1.2 it would"
    assert f"{said} be the number 1234" in done.err
    assert done.err.count("as `az ml` reads it") == 6
    written = folder / "schedules/nightly.yml"
    read = yaml.safe_load(written.read_text("utf-8"))
    assert read["description"] == "1_000"
    assert read["tags"] == {"a": False, "b": 668, "c": "010"}
    assert read["trigger"]["interval"] == 8
    assert read["trigger"]["schedule"] == {"hours": [9], "minutes": 5}
    assert read["create_job"]["inputs"] == {"d": 45045, "e": "1e3", "f": "2026-01-02"}
    assert two_readings(written.read_bytes(), "nightly.yml") == []


def test_import_from_v1_files(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    text = """\
Schedule:
    description: "Test create with recurrence"
    recurrence:
        frequency: Week
        interval: 1
        start_time: 2019-06-07T10:50:00
        time_zone: UTC
        hours: [1]
        minutes: [0, 30]
        time_of_day:
        week_days: [Monday]
    pipeline_parameters: {'a': 1}
    wait_for_provisioning: True
    wait_timeout: 3600
    datastore_name: ~
    polling_interval: ~
    data_path_parameter_name: ~
    continue_on_step_failure: None
    path_on_datastore: ~
"""
    write(folder, {"old/my weekly.yml": text})
    assert "does not say what it runs" in call(folder, "import", "old/my weekly.yml", code=1).err
    call(folder, "import", "old/my weekly.yml", "--job", "azureml:train")
    text = (folder / "schedules/my-weekly.yml").read_text("utf-8")
    assert "# wait_timeout is not kept: apply always waits" in text
    assert "continue_on_step_failure" not in text
    assert "1 to create" in call(folder, "plan").out


# -------------------------------------------------------------------------------------- messages


def test_messages_hold_no_token(tmp_path: Path, arm: StandIn) -> None:
    """Each way in which a command fails; `call` looks for the token."""
    folder = repository(tmp_path, arm)
    sample = 'name: a\ntrigger: {type: cron, expression: "0 2 * * *"}\ncreate_job: azureml:t\n'
    write(folder, {"schedules/a.yml": sample})
    arm.fail(403, times=1)
    denied = call(folder, "plan", code=1)
    assert "[correlation id " not in denied.err or "list: " in denied.err
    arm.fail_operations("no quota")
    failed = call(folder, "apply", "--yes", code=1)
    assert "failed prod/a: no quota [correlation id " in failed.out
    arm.expire_token()
    expired = call(folder, "apply", "--yes", code=1)
    assert "The access token has expired. (ExpiredAuthenticationToken)" in expired.err


def test_files_keep_their_secrets_out_and_their_jobs_in_reach(tmp_path: Path) -> None:
    """Secrets become variables, and the path of a job file leads there from the new folder."""
    write(
        tmp_path,
        {
            "reconciler.yaml": "owner: us\nschedules: [schedules]\n"
            "targets: {local: {provider: local}}\n",
            "schedules/pipelines/report.yml": "type: command\ncommand: echo\n",
            "v1.yml": "Schedule:\n  name: Old\n  recurrence: {frequency: Day, interval: 1}\n"
            "  pipeline_parameters: {a: 1, password: hunter2}\n",
            "v2.yml": "name: ../../new\ntrigger: {type: cron, expression: '0 6 * * *'}\n"
            "create_job:\n  job: ./schedules/pipelines/report.yml\n  inputs: {api_key: hunter2}\n",
        },
    )
    run(tmp_path, "import", "--job", "schedules/pipelines/report.yml", "v1.yml", "v2.yml")
    first = (tmp_path / "schedules/v1.yml").read_text()
    second = (tmp_path / "schedules/new.yml").read_text()
    assert "hunter2" not in first + second
    assert "${{ vars.v1_password }}" in first
    assert "${{ vars.new_api_key }}" in second
    for text in (first, second):
        [document] = yaml.safe_load_all(text)
        assert document["create_job"]["job"] == "./pipelines/report.yml"


def test_a_live_cron_of_which_azure_ignores_a_part(tmp_path: Path, arm: StandIn) -> None:
    """It fires every day, whatever it says, and so do the words for it."""
    folder = repository(tmp_path, arm)
    off = "name: off\nis_enabled: false\ntrigger: {type: cron, expression: 0 6 * * *}\n"
    write(folder, {"schedules/off.yml": off + "create_job: azureml:simple-pipeline-job\n"})
    cron = {"triggerType": "Cron", "expression": "0 6 1 * *", "timeZone": "UTC"}
    cron["startTime"] = "2026-01-01T00:00:00"
    arm.put_live("monthly", pipeline(trigger=cron))
    words = (
        "every day at 06:00, UTC, from 2026-01-01 00:00 (cron 0 6 * * *), though it says:"
        " at 06:00 on day 1 of every month"
    )
    for command in ("next monthly", "schedules list", "schedules show monthly", "status"):
        assert words in call(folder, *command.split()).out
    for command in ("next", "status"):
        listed = json.loads(call(folder, command, "--format", "json").out)["schedules"]
        assert next(one["trigger"] for one in listed if one["name"] == "monthly").startswith(words)


def test_import_says_what_numbers_lose_as_text(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    trigger = 'trigger: {type: cron, expression: "0 2 * * *"}\ncreate_job: azureml:train\n'
    text = f"name: other\n{trigger}---\nname: nightly\ntags: {{version: 1.10, whole: 2}}\n{trigger}"
    write(folder, {"old.yml": text})
    err = call(folder, "import", "old.yml").err
    said = 'nightly: tags.version in line 6: 1.10 is a number, and so the text "1.1"'
    assert f"{said}; quote it if that is not meant" in err
    assert err.count("quote it") == 1
