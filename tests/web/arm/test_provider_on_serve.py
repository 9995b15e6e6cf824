"""The `azureml` provider with its endpoint at `serve`: job files with code deploy, and run."""

from __future__ import annotations

import json
from pathlib import Path

from helpers import invoke, write
from serving import serving, workspace

CONFIG = """\
owner: elsewhere
schedules: [schedules]
targets:
  there:
    provider: azureml
    subscription_id: 00000000-1111-2222-3333-444444444444
    resource_group: test-rg
    workspace: test-ws
    endpoint: {address}
"""
SCHEDULE = """\
name: deployed
trigger: {type: recurrence, frequency: week, interval: 1, start_time: "2099-01-01T00:00:00"}
create_job: ./job.yml
"""
JOB = """\
type: pipeline
inputs: {cluster: cpu-small, who: you}
settings: {default_compute: azureml:cpu, continue_on_step_failure: false}
jobs:
  say:
    type: command
    code: ./src
    command: bash say.sh ${{inputs.who}} > ${{outputs.text}}/t
    environment: azureml:a@latest
    compute: ${{parent.inputs.cluster}}
    inputs: {who: "${{parent.inputs.who}}"}
    outputs: {text: {type: uri_folder, mode: upload}}
    limits: {timeout: 900}
    identity: {type: user_identity}
  show:
    type: command
    component: ./show.yml
    inputs: {text: {type: uri_folder, path: "${{parent.jobs.say.outputs.text}}", mode: download}}
"""
SHOW = """\
type: command
inputs: {text: {type: uri_folder}}
command: cat ${{inputs.text}}/t
environment: {image: python}
"""


def test_a_job_file_with_code_is_deployed_and_runs(tmp_path: Path) -> None:
    served = workspace(tmp_path / "served")
    with serving(served, "--port", "0") as serve:
        address = serve.wait("serving")["address"]
        token = (served / "workspace.db.token").read_text().strip()
        repo = tmp_path / "repo"
        write(
            repo,
            {
                "reconciler.yaml": CONFIG.format(address=address),
                "schedules/s.yaml": SCHEDULE,
                "schedules/job.yml": JOB,
                "schedules/show.yml": SHOW,
                "schedules/src/say.sh": 'echo "hello $1"\n',
            },
        )
        env = {"AZURE_ACCESS_TOKEN": token}
        invoke(repo, "apply", "--yes", env=env)
        plan = json.loads(invoke(repo, "plan", "--format", "json", env=env).out)
        assert {c["action"] for c in plan["plans"][0]["changes"]} <= {"noop"}, plan
        run = invoke(served, "trigger", "deployed").out.split()[-1]
        assert serve.wait("run_ended")["status"] == "Completed", run
        name = serve.wait("run_ended")["run"]
        assert "hello you" in invoke(served, "runs", "logs", name).out
        # Another content of the code is another version, and what runs from then on.
        write(repo, {"schedules/src/say.sh": 'echo "good day $1"\n'})
        changed = json.loads(invoke(repo, "plan", "--format", "json", env=env).out)
        assert changed["plans"][0]["summary"]["update"] == 1
        invoke(repo, "apply", "--yes", env=env)
        invoke(repo, "plan", "--exit-code", env=env)
