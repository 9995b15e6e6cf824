"""Runs through MLClient, which signs in with what `reconciler serve --sdk-config` wrote."""

from __future__ import annotations

from pathlib import Path

from helpers import invoke, write
from serving import serving

from interop.judge import PYTHON, needed
from interop.sdk_v1.notebook import IN_DOCUMENT, Notebook

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {inbox: {url: inbox}, workspaceblobstore: {url: blob}}
"""
JOB = """\
type: pipeline
inputs: {who: you}
jobs:
  greet:
    command: echo "hello ${{inputs.who}}"
    inputs: {who: "${{parent.inputs.who}}"}
  part: {command: "echo bye; exit ${{inputs.code}}", inputs: {code: 0}}
"""
SCHEDULES = """\
name: greet
trigger: {type: cron, expression: "0 0 1 1 *"}
create_job: ./job.yml
---
name: slow
trigger: {type: cron, expression: "0 0 1 1 *"}
create_job: ./slow.yml
"""
SLOW = """\
type: command
command: echo up; sleep 600
"""
FILES = {
    "train.yml": "type: command\ncommand: echo trained\n",
    "reconciler.yaml": CONFIG,
    "schedules/job.yml": JOB,
    "schedules/slow.yml": SLOW,
    "schedules/all.yaml": SCHEDULES,
}

ENDED = """\
import time
deadline = time.monotonic() + 60
while client.jobs.get(RUN).status.value in ("NotStarted", "Running"):
    assert time.monotonic() < deadline
    time.sleep(0.1)
client.jobs.get(RUN).status.value
"""
"""How a run ended."""
FOLLOW = """\
import contextlib, io, threading, time
out, deadline = io.StringIO(), time.monotonic() + 60
def follow():
    with contextlib.redirect_stdout(out):
        client.jobs.stream(RUN)
thread = threading.Thread(target=follow)
thread.start()
while "up" not in out.getvalue() and time.monotonic() < deadline:
    time.sleep(0.1)
client.jobs.begin_cancel(RUN).result()
thread.join(60)
out.getvalue()
"""
"""Streams a run, and cancels it when it has printed something."""


@needed
def test_runs(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    invoke(tmp_path, "apply", "--yes")
    invoke(tmp_path, "pipelines", "publish", "train.yml")
    with (
        serving(tmp_path, "--port", "0", "--sdk-config", "sdk") as serve,
        Notebook(tmp_path / "sdk", tmp_path / "home", python=PYTHON) as sdk,
    ):
        # Its own waiting prints dots.
        assert sdk.said(IN_DOCUMENT[1]).strip(".") == "by-time\ngreet\nslow\n"
        run = sdk.value('client.schedules.trigger("greet").job_name')
        assert sdk.value(ENDED.replace("RUN", repr(run))) == "Completed"
        assert sdk.value(f'sorted(client.jobs.get("{run}").jobs)') == ["greet", "part"]
        assert "inputs:\n  who: you\n" in sdk.value(f'str(client.jobs.get("{run}"))')
        assert "component: azureml:" in sdk.value('str(client.jobs.get("job"))')
        assert run in sdk.value("[job.name for job in client.jobs.list()]")
        of_greet = '[job.name for job in client.jobs.list(scheduled_job_name="greet")]'
        assert sdk.value(of_greet) == [run]
        of_run = f'[(job.name, job.status) for job in client.jobs.list(parent_job_name="{run}")]'
        assert sdk.value(of_run) == [[f"{run}.greet", "Completed"], [f"{run}.part", "Completed"]]
        assert sdk.value(f'client.jobs.get("{run}.greet").status.value') == "Completed"

        slow = sdk.value('client.schedules.trigger("slow").job_name')
        followed = sdk.value(FOLLOW.replace("RUN", repr(slow)))
        page = f"{serve.wait('serving')['address']}/runs/{slow}"
        assert f"RunId: {slow}\nWeb View: {page}\n" in followed
        assert "Streaming logs/azureml/executionlogs.txt" in followed
        assert "--- command\nup\n" in followed
        assert sdk.value(ENDED.replace("RUN", repr(slow))) == "Canceled"

        assert sdk.value("[d.name for d in client.datastores.list()]") == [
            "inbox",
            "workspaceblobstore",
        ]
        assert sdk.value("client.datastores.get_default().name") == "workspaceblobstore"
        assert "not found" in sdk.error('client.datastores.get("nothing")')
