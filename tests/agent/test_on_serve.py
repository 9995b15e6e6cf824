"""An agent whose Azure is `serve`: a file lands, and the schedule's own job runs with it."""

from __future__ import annotations

import json
from pathlib import Path

from helpers import environment, invoke, run, write
from serving import serving
from web.arm.test_provider_on_serve import CONFIG

SERVED = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db, datastores: {claims: {url: landing}}}
"""
AGENT = """\
    data_changes: agent
    datastores: {{claims: {{url: "{landing}"}}}}
"""
SCHEDULE = """\
name: claims
trigger:
  type: datastore
  datastore: claims
  path_on_datastore: in
  data_path_parameter_name: claim_file
create_job: ./job.yml
"""
JOB = """\
type: pipeline
inputs:
  claim_file: {type: uri_file}
  at: ${{creation_context.trigger_time}}
settings: {default_compute: azureml:cpu}
jobs:
  read:
    type: command
    command: cat ${{inputs.claim}}; echo at ${{inputs.at}}
    environment: azureml:a@latest
    inputs: {claim: "${{parent.inputs.claim_file}}", at: "${{parent.inputs.at}}"}
"""


def test_a_file_that_lands_is_read_by_its_job(tmp_path: Path) -> None:
    served, repo = tmp_path / "served", tmp_path / "repo"
    write(served, {"reconciler.yaml": SERVED, "schedules/.keep": ""})
    (served / "landing/in").mkdir(parents=True)
    with serving(served, "--port", "0") as serve:
        address = serve.wait("serving")["address"]
        token = (served / "workspace.db.token").read_text().strip()
        env = environment(AZURE_ACCESS_TOKEN=token)
        config = (CONFIG + AGENT).format(address=address, landing=served / "landing")
        files = {"reconciler.yaml": config, "schedules/s.yaml": SCHEDULE, "schedules/job.yml": JOB}
        write(repo, files)
        invoke(repo, "apply", "--yes", env=env)
        invoke(repo, "plan", "--exit-code", env=env)
        (served / "landing/in/new.csv").write_text("a claim\n")
        for _ in range(2):  # the second time, there is nothing to do
            assert run(repo, "agent", "--once", "--log-format", "json", env=env).code == 0
        ended = serve.wait("run_ended")
        assert ended["status"] == "Completed"
        said = invoke(served, "runs", "logs", str(ended["run"])).out
        assert said.startswith("a claim\nat 20")
        listed = json.loads(invoke(served, "runs", "list", "--format", "json").out)["runs"]
        assert [one["name"] for one in listed] == [ended["run"]]
        [seen] = json.loads(invoke(repo, "runs", "list", "--format", "json", env=env).out)["runs"]
        assert (seen["schedule"], seen["cause"], seen["status"]) == ("claims", "data", "Completed")
        invoke(repo, "schedules", "disable", "claims", env=env)
        (served / "landing/in/more.csv").write_text("x")
        assert run(repo, "agent", "--once", env=env).code == 0
        assert len(json.loads(invoke(served, "runs", "list", "--format", "json").out)["runs"]) == 1
