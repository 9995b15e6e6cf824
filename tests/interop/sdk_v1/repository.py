"""A repository with schedules that v1 has no words for, applied, and served to the SDK v1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers import invoke, write
from serving import Serve, serving

from interop.sdk_v1.notebook import Notebook

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {workspaceblobstore: {url: blob}, other: {url: other}}
"""
DEMO = """\
type: pipeline
description: Prints what it is given.
inputs:
  input_data: {type: uri_file, path: data/none}
  threshold: 0.5
  text: default
jobs:
  first:
    type: command
    command: echo ${{inputs.path}} ${{inputs.threshold}} ${{inputs.text}}
    inputs:
      path: ${{parent.inputs.input_data}}
      threshold: ${{parent.inputs.threshold}}
      text: ${{parent.inputs.text}}
  second: {type: command, command: echo second}
"""
FAILS = """\
type: command
command: echo about to fail; exit 3
"""
SLOW = """\
type: command
command: echo up; sleep 600
"""
SCHEDULES = """\
name: cron
trigger: {type: cron, expression: "30 7 * * 1-5", time_zone: Europe/Lisbon}
create_job: {job: ./demo.yml, inputs: {threshold: 0.75, text: true}}
---
name: cron-of-dates
trigger: {type: cron, expression: "0 6 L * *"}
create_job: {job: ./demo.yml}
---
name: odd-zone
trigger:
  type: recurrence
  frequency: day
  interval: 1
  time_zone: Antarctica/Troll
  schedule: {hours: [3], minutes: [0]}
create_job: {job: ./demo.yml, inputs: {threshold: 3}}
---
name: days-of-the-month
trigger:
  type: recurrence
  frequency: month
  interval: 1
  schedule: {hours: [3], minutes: [0], month_days: [1, 15]}
create_job: {job: ./demo.yml, inputs: {text: "@runId()"}}
---
name: ends
trigger:
  type: recurrence
  frequency: hour
  interval: 7
  start_time: "2030-01-01T00:00:00"
  end_time: "2031-01-01T00:00:00"
create_job: {job: ./demo.yml, experiment_name: another, settings: {continue_on_step_failure: true}}
description: With words.
tags: {team: a}
properties: {made: by hand}
---
name: path-outside
trigger: {type: cron, expression: "0 3 * * *"}
create_job: {job: ./demo.yml, inputs: {input_data: {type: uri_folder, path: /elsewhere/images}}}
---
name: path-of-a-datastore
trigger: {type: cron, expression: "0 3 * * *"}
create_job:
  job: ./demo.yml
  inputs:
    input_data:
      type: uri_file
      path: azureml://datastores/workspaceblobstore/paths/images/one.txt
---
name: path-inside
trigger: {type: cron, expression: "0 3 * * *"}
create_job: {job: ./demo.yml, inputs: {input_data: {type: uri_folder, path: FOLDER/blob/images}}}
---
name: on-change
trigger:
  type: datastore
  datastore: other
  path_on_datastore: in
  polling_interval: 3
  data_path_parameter_name: input_data
create_job: {job: ./demo.yml}
"""
FILES = {
    "reconciler.yaml": CONFIG,
    "schedules/demo.yml": DEMO,
    "schedules/all.yaml": SCHEDULES,
    "fails.yml": FAILS,
    "slow.yml": SLOW,
}


@contextmanager
def served(folder: Path) -> Iterator[tuple[Serve, Notebook]]:
    """The workspace, and a notebook that is connected to it."""
    write(folder, {name: text.replace("FOLDER", str(folder)) for name, text in FILES.items()})
    for name in ("blob/file", "other/in"):
        (folder / name).mkdir(parents=True)
    (folder / "blob/file/x.csv").write_text("x,y\n")
    (folder / "first.yml").write_text(DEMO.replace("echo second", "echo 2"))
    (folder / "first.yml").rename(folder / "demo.yml")
    for name in ("demo", "fails", "slow"):
        invoke(folder, "pipelines", "publish", f"{name}.yml")
    invoke(folder, "apply", "--yes")  # publishes the second version of demo
    with (
        serving(folder, "--port", "0", "--sdk-config", "sdk") as serve,
        Notebook(folder / "sdk", folder / "home") as sdk,
    ):
        sdk.open()
        yield serve, sdk
