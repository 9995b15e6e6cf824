"""Microsoft's client sends local files with code to `reconciler serve`, which runs that code."""

from __future__ import annotations

from pathlib import Path

from helpers import invoke, write
from serving import serving, workspace

from interop.judge import microsoft, needed
from interop.test_server import ok

SCHEDULE = """\
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: sent
trigger: {type: cron, expression: "0 0 1 1 *", time_zone: UTC}
create_job: ./job.yml
"""
JOB = """\
type: pipeline
display_name: made elsewhere
experiment_name: elsewhere
inputs: {who: world, times: 2}
outputs: {said: {type: uri_folder, mode: rw_mount}}
settings: {default_compute: azureml:cpu-cluster, continue_on_step_failure: false}
jobs:
  say:
    type: command
    code: ./src
    command: bash say.sh ${{inputs.who}} ${{inputs.times}} ${{outputs.text}}
    environment: {image: "python:3.11", conda_file: ./conda.yml}
    inputs: {who: "${{parent.inputs.who}}", times: "${{parent.inputs.times}}"}
    outputs: {text: "${{parent.outputs.said}}"}
    limits: {timeout: 900}
  count:
    type: command
    component: ./count/component.yml
    inputs: {text: "${{parent.jobs.say.outputs.text}}"}
  again:
    type: pipeline
    component: ./nested.yml
    inputs: {text: "${{parent.jobs.say.outputs.text}}"}
"""
COMPONENT = """\
type: command
name: count
version: "1"
inputs: {text: {type: uri_folder}, suffix: {type: string, default: lines}}
code: ./code
command: python3 count.py ${{inputs.text}} ${{inputs.suffix}}
environment: azureml:AzureML-sklearn-1.0@latest
"""
NESTED = """\
type: pipeline
inputs: {text: {type: uri_folder}}
jobs:
  deep:
    type: command
    component: ./count/component.yml
    inputs: {text: "${{parent.inputs.text}}", suffix: deep}
"""
FILES = {
    "sent/schedule.yml": SCHEDULE,
    "sent/job.yml": JOB,
    "sent/conda.yml": "name: x\ndependencies: [python=3.11]\n",
    "sent/src/say.sh": (
        '. lib/words.sh\nfor i in $(seq "$2"); do echo "$(greet "$1")" >> "$3/t"; done\n'
    ),
    "sent/src/lib/words.sh": 'greet() { echo "hello $1"; }\n',
    "sent/count/component.yml": COMPONENT,
    "sent/count/code/count.py": (
        "import sys\nprint(len(open(sys.argv[1] + '/t').readlines()), sys.argv[2])\n"
    ),
    "sent/nested.yml": NESTED,
}


@needed
def test_the_code_that_was_sent_runs(tmp_path: Path) -> None:
    repo = workspace(tmp_path / "repo")
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere, FILES)
    file = str(elsewhere / "sent/schedule.yml")
    with serving(repo, "--port", "0") as serve:
        address = serve.wait("serving")["address"]
        token = (repo / "workspace.db.token").read_text().strip()
        made, read, triggered, off, on, listed = microsoft(
            address,
            [
                {"do": "create", "file": file},
                {"do": "get", "name": "sent"},
                {"do": "trigger", "name": "sent"},
                {"do": "disable", "name": "sent"},
                {"do": "enable", "name": "sent"},
                {"do": "list"},
            ],
            f"--token={token}",
        )
        assert ok(made) == ok(read)
        assert ok(off) == {**ok(made), "is_enabled": False}
        assert ok(on) == ok(made)
        assert "sent" in {one["name"] for one in ok(listed)}
        run = ok(triggered)["job_name"]
        assert serve.wait("run_ended", run=run)["status"] == "Completed"
    logs = invoke(repo, "runs", "logs", run).out
    assert "2 lines" in logs
    assert "2 deep" in logs
