"""The `azureml` provider with its endpoint at `serve`: job files with code deploy, and run."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from helpers import invoke, write
from serving import serving, workspace

from web.opened import BASE, VERSION

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


SERVED = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {workspaceblobstore: {url: blob}}
    data: {claims: {url: blob/claims}}
"""
PREP = {
    "type": "command",
    "inputs": {
        name: {"type": kind, "optional": True}
        for name, kind in (("raw", "uri_folder"), ("extra", "uri_file"), ("newest", "mltable"))
    },
    "outputs": {"clean": {"type": "uri_folder"}},
    "command": "cat $[[${{inputs.raw}}/*]] $[[${{inputs.extra}}]] $[[${{inputs.newest}}/*]]"
    " > ${{outputs.clean}}/all; cat ${{outputs.clean}}/all",
}
TRAIN = {
    "type": "command",
    "inputs": {"data": {"type": "uri_folder", "optional": True}},
    "outputs": {"model": {"type": "uri_folder"}, "metrics": {"type": "uri_file"}},
    "command": "cat $[[${{inputs.data}}/all]]; echo 1 > ${{outputs.metrics}}",
}
JOBS = {
    "outputs": """\
jobs:
  train:
    type: command
    component: azureml:train:1
    outputs:
      model: {type: uri_folder, mode: upload}
      metrics:
        type: uri_file
        path: "azureml://datastores/workspaceblobstore/paths/m/${{name}}.json"
""",
    "bindings": """\
inputs: {raw: {type: uri_folder, path: "azureml://datastores/workspaceblobstore/paths/raw/"}}
jobs:
  prep:
    type: command
    component: azureml:prep:1
    inputs: {raw: {type: uri_folder, path: "${{parent.inputs.raw}}", mode: download}}
  train:
    type: command
    component: azureml:train:1
    inputs: {data: {type: uri_folder, path: "${{parent.jobs.prep.outputs.clean}}"}}
""",
    "local-data": """\
inputs: {raw: {type: uri_folder, path: ./data}}
jobs:
  prep:
    type: command
    component: azureml:prep:1
    inputs: {raw: "${{parent.inputs.raw}}", extra: {type: uri_file, path: ./data/x.csv}}
""",
    "data-assets": """\
inputs:
  raw: {type: uri_folder, path: "azureml:claims:3"}
  newest: {type: mltable, path: "azureml:claims@latest"}
jobs:
  prep:
    type: command
    component: azureml:prep:1
    inputs: {raw: "${{parent.inputs.raw}}", newest: "${{parent.inputs.newest}}"}
""",
    "compute": """\
inputs: {cluster: cpu-small}
jobs:
  prep: {type: command, component: azureml:prep:1, compute: "${{parent.inputs.cluster}}"}
""",
    "limits": """\
jobs:
  prep: {type: command, component: azureml:prep:1, limits: {timeout: 900}}
""",
    "identity": """\
jobs:
  prep: {type: command, component: azureml:prep:1, identity: {type: user_identity}}
""",
    "datastore": """\
settings:
  default_compute: azureml:cpu
  default_datastore: azureml:workspaceblobstore
  continue_on_step_failure: false
jobs:
  prep: {type: command, component: azureml:prep:1}
""",
}
PRINTED = {
    "bindings": "raw\n== train ==\nraw\n",
    "local-data": "1,2\n1,2\n",
    "data-assets": "3\n3\n",
}


def test_jobs_with_data_and_settings_of_steps_are_deployed_and_run(tmp_path: Path) -> None:
    served, repo = tmp_path / "served", tmp_path / "repo"
    write(served, {"reconciler.yaml": SERVED, "blob/raw/r": "raw\n", "blob/claims/c": "3\n"})
    (served / "schedules").mkdir()
    files = {f"schedules/{name}.yml": f"type: pipeline\n{text}" for name, text in JOBS.items()}
    _, rest = SCHEDULE.split("\n", 1)
    schedules = "---\n".join(
        f"name: {name}\n{rest}".replace("./job.yml", f"./{name}.yml") for name in JOBS
    )
    with serving(served, "--port", "0") as serve:
        address = serve.wait("serving")["address"]
        token = (served / "workspace.db.token").read_text().strip()
        base = address + BASE
        headers = {"Authorization": f"Bearer {token}"}
        for name, spec in (("prep", PREP), ("train", TRAIN)):
            url = f"{base}/components/{name}/versions/1"
            body = {"properties": {"componentSpec": spec}}
            httpx.put(url, json=body, headers=headers, params=VERSION).raise_for_status()
        config = CONFIG.format(address=address) + "    upload_data: true\n"
        write(repo, {"reconciler.yaml": config, "schedules/data/x.csv": "1,2\n", **files})
        write(repo, {"schedules/all.yaml": schedules})
        env = {"AZURE_ACCESS_TOKEN": token}
        assert "8 created" in invoke(repo, "apply", "--yes", env=env).out
        invoke(repo, "plan", "--exit-code", env=env)
        for name in JOBS:
            run = invoke(served, "trigger", name).out.split()[0]
            assert serve.wait("run_ended", run=run)["status"] == "Completed", name
            logs = invoke(served, "runs", "logs", run).out
            assert PRINTED.get(name, "") in logs
    assert [path.read_text() for path in (served / "blob/m").iterdir()] == ["1\n"]
