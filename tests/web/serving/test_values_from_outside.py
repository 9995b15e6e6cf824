"""The attack that the README's outside event invites: a value, sent over HTTP, that bash would run.

Each place of which it is known that bash evaluates what stands there is a published pipeline of one
`serve`, a process as it is run; the value makes a file if it is ever evaluated.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers import ROOT, invoke, write
from serving import CONFIG, Serve, serving

from web.opened import V1

PLACES = [
    line.replace("⏎", "\n")
    for line in (ROOT / "tests/shell/evaluating.txt").read_text("utf-8").splitlines()
    if "X" in line and not line.startswith("#")
]
VALUES = ("a[$(touch {0})]", "x[$(touch {0})0]", "$(touch {0})", "`touch {0}`", "0;touch {0}")
SCHEDULE = """\
name: p{number}
trigger: {{type: cron, expression: "0 0 1 1 *"}}
create_job: ./p{number}.yml
"""


def _published(folder: Path, places: list[str]) -> None:
    files = {"reconciler.yaml": CONFIG}
    for number, place in enumerate(places):
        command = place.replace("X", "${{inputs.seed}}")
        job = {"type": "command", "command": command, "inputs": {"seed": 1}}
        files[f"schedules/p{number}.yml"] = json.dumps(job)
        files[f"schedules/s{number}.yaml"] = SCHEDULE.format(number=number)
    write(folder, files)
    (folder / "inbox").mkdir()
    invoke(folder, "apply", "--yes", "--ignore-limits")


def _submitted(api: httpx.Client, pipeline: str, value: str) -> str:
    body = {"ExperimentName": "outside", "ParameterAssignments": {"seed": value}}
    answer = api.post(f"{V1}/PipelineRuns/PipelineSubmit/{pipeline}", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["Id"])


def _end(serve: Serve, run: str) -> dict[str, Any]:
    return serve.until(
        lambda: serve.events("run_failed", run=run) + serve.events("run_ended", run=run)
    )[0]


def test_a_value_that_comes_over_http_never_runs(tmp_path: Path) -> None:
    attack(tmp_path, PLACES[::5])


@pytest.mark.torture
def test_a_value_that_comes_over_http_never_runs_anywhere(tmp_path: Path) -> None:
    attack(tmp_path, PLACES)


def attack(tmp_path: Path, places: list[str]) -> None:
    assert places[0].startswith("RANDOM=X")
    _published(tmp_path, places)
    canary = tmp_path / "PWNED"
    with serving(tmp_path, "--port", "0", "--max-runs", "8") as serve:
        token = (tmp_path / "workspace.db.token").read_text().strip()
        address = serve.wait("serving")["address"]
        with httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60
        ) as api:
            pipelines = {one["Name"]: one["Id"] for one in api.get(f"{V1}/Pipelines").json()}
            assert len(pipelines) == len(places) > 30
            runs = [
                _submitted(
                    api, pipelines[f"p{number}"], VALUES[number % len(VALUES)].format(canary)
                )
                for number in range(len(places))
            ]
            plain = _submitted(api, pipelines["p0"], "42")
            ends = [_end(serve, run) for run in runs]
            assert _end(serve, plain)["status"] == "Completed"
    assert list(tmp_path.rglob("PWNED*")) == []
    # Refused before it started, and said by step and input; but for places that take it for text.
    refused = [end["error"] for end in ends if end["event"] == "run_failed"]
    assert len(refused) > 0.9 * len(places)
    assert all(error.startswith('step "command": the input "seed" ') for error in refused)
    shown = json.loads(invoke(tmp_path, "runs", "show", runs[0], "--format", "json").out)
    assert "hand" in json.dumps(shown)
