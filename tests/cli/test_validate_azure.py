"""What `validate` says of a target in Azure that is not asked, and needs no environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import invoke, write

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  prod:
    provider: azureml
    subscription_id: ${{ env.NOT_SET }}
    resource_group: g
    workspace: w
"""
JOB = """\
type: pipeline
inputs: {rows: {type: uri_folder, path: ./data}}
jobs:
  train:
    command: python train.py
    code: ./src
    environment: azureml:env
    inputs: {rows: "${{parent.inputs.rows}}"}
  report:
    component: ./components/report.yml
"""
COMPONENT = """\
type: command
version: 1
command: echo
environment:
  conda_file: ./conda.yml
"""
FILES = {
    "reconciler.yaml": CONFIG,
    "jobs/job.yml": JOB,
    "jobs/src/train.py": "pass\n",
    "jobs/data/rows.csv": "1\n",
    "jobs/components/report.yml": COMPONENT,
    "jobs/components/conda.yml": "name: e\n",
}
CRON = 'trigger: {type: cron, expression: "0 2 * * *"}\n'
MONTHS = """\
name: months
trigger: {type: cron, expression: "0 2 * * *"}
create_job: azureml:train:3
overrides:
  prod:
    trigger: {expression: "0 2 1 3 *"}
---
name: files
trigger:
  type: datastore
  datastore: inbox
create_job: azureml:train
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    runs = {
        f"schedules/{name}.yml": f"name: {name}\n{CRON}create_job: ../jobs/job.yml\n"
        for name in ("a", "b")
    }
    write(tmp_path, {**FILES, **runs})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(repository: Path, *options: str, code: int = 1) -> list[str]:
    done = invoke(repository, "validate", *options, code=code)
    return [line for line in done.out.splitlines() if "[TGT001]" in line or " ^" in line]


def test_what_a_job_file_has_is_said_once_at_its_place(repository: Path) -> None:
    assert said(repository) == [
        "jobs/components/report.yml:4:1: error: prod: an environment has neither an image nor a"
        " folder to build one from [TGT001]",
        "    | ^~~~~~~~~~~",
        'jobs/job.yml:2:41: error: prod: input "rows": "jobs/data" is local data, which is not in'
        " Azure [TGT001]",
        "    |                                         ^~~~~~",
        'jobs/job.yml:7:18: error: prod: step "train": "azureml:env" does not say which version'
        " [TGT001]",
        "    |                  ^~~~~~~~~~~",
    ]


def test_what_the_target_allows_is_right(repository: Path) -> None:
    (repository / "reconciler.yaml").write_text(CONFIG + "    upload_data: true\n")
    assert not any("local data" in line for line in said(repository))


def test_what_a_declaration_has_is_said_of_the_field(repository: Path) -> None:
    write(repository, {"schedules/c.yml": MONTHS})
    assert said(repository, "schedules/c.yml") == [
        "schedules/c.yml:3:13: error: prod/months: jobs in Azure have no versions [TGT001]",
        "    |             ^~~~~~~~~~~~~~~",
        "schedules/c.yml:6:27: error: prod/months: Azure ignores the day of month and month of"
        ' "0 2 1 3 *", and would fire daily [TGT001]',
        "    |                           ^~~~~~~~~~~",
        "schedules/c.yml:9:1: error: prod/files: Azure Machine Learning has no trigger for changes"
        " in a datastore [TGT001]",
        "    | ^~~~~~~",
    ]


def test_a_command_job_is_said_at_its_type(repository: Path) -> None:
    command = "type: command\ncommand: echo\nenvironment: azureml:e:1\n"
    write(repository, {"jobs/job.yml": command})
    assert said(repository)[0].startswith("jobs/job.yml:1:7: error: prod: it is a command")
    (repository / "reconciler.yaml").write_text(CONFIG + "    command_jobs: wrapped\n")
    assert said(repository, code=0) == []


def test_outputs_with_names_need_a_version_of_the_api_that_knows_them(repository: Path) -> None:
    job = "type: pipeline\noutputs: {o: {type: uri_folder, name: model}}\njobs:\n"
    job += '  a: {component: "azureml:c:1", outputs: {x: "${{parent.outputs.o}}"}}\n'
    write(repository, {"jobs/job.yml": job})
    place, caret = said(repository)
    assert place.startswith('jobs/job.yml:2:39: error: prod: the output "o" is registered under a')
    assert caret.endswith("^~~~~")
    config = CONFIG + "    api_version: 2023-06-01-preview\n"
    (repository / "reconciler.yaml").write_text(config)
    assert said(repository, code=0) == []
