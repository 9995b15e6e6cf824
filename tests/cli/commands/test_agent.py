"""`reconciler agent` and `run`: files that land in a datastore of a target in Azure."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import environment, run, write
from providers.azureml.opened import config_of

SCHEDULE = """\
name: claims
trigger:
  type: datastore
  datastore: claims
  path_on_datastore: in
  polling_interval: 1
  data_path_parameter_name: claim_file
create_job: azureml:train
"""
AGENT = """\
    data_changes: agent
    datastores: {claims: {url: landing}}
"""


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(jobs={"train"}) as arm:
        yield arm
        assert arm.violations == []


def repository(folder: Path, arm: StandIn, more: str = AGENT) -> Path:
    write(folder, {"reconciler.yaml": config_of(arm) + more, "schedules/claims.yaml": SCHEDULE})
    (folder / "landing/in").mkdir(parents=True)
    return folder


def env(arm: StandIn) -> dict[str, str]:
    return environment(AZURE_ACCESS_TOKEN=arm.settings.token)


def test_without_an_agent_it_is_refused_with_a_hint(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm, "")
    done = run(folder, "validate")
    assert done.code == 1
    assert "has no trigger for changes in a datastore" in done.out
    assert "data_changes: agent" in done.out
    done = run(folder, "agent", "--once", env=env(arm))
    assert (done.code, "no target needs an agent" in done.err) == (1, True)


def test_a_file_lands(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    (folder / "landing/in/old.csv").write_text("x")
    done = run(folder, "plan", env=env(arm))
    assert "looks at the folder and submits its job" in done.out
    assert run(folder, "apply", "--yes", env=env(arm)).code == 0
    assert run(folder, "plan", "--exit-code", env=env(arm)).code == 0
    done = run(folder, "agent", "--once", "--log-format", "json", env=env(arm))
    assert done.code == 0, done.err
    assert arm.jobs.made == {}
    done = run(folder, "status", env=env(arm))
    assert "prod/claims" in done.out
    assert "prod: 1 folder looked at, last 2" in done.out
    assert re.search(r"prod/claims .* -  +on a change ", done.out)
    assert "when a file in " in run(folder, "next", env=env(arm)).out
    assert "it fires when a file changes" in run(folder, "next", "claims", env=env(arm)).out
    (folder / "landing").rename(folder / "gone")
    with sqlite3.connect(folder / ".reconciler/state.db") as state:
        state.execute("UPDATE watches SET looked_at = 0")
    assert run(folder, "agent", "--once", env=env(arm)).code == 1
    done = run(folder, "status", env=env(arm))
    assert f"failing prod/claims: there is no folder {folder}/landing (1 time)" in done.out
    document = json.loads(run(folder, "status", "--format", "json", env=env(arm)).out)
    assert document["agents"][0]["schedules"]["claims"]["failures"] == 1
    assert run(folder, "plan", "--exit-code", env=env(arm)).code == 0


def test_runs_and_a_trigger_by_hand(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    assert run(folder, "apply", "--yes", env=env(arm)).code == 0
    (folder / "landing/in/new.csv").write_text("x")
    assert run(folder, "agent", "--once", env=env(arm)).code == 0
    done = run(folder, "trigger", "claims", "--input", "claim_file=azureml://a", env=env(arm))
    assert (done.code, done.out[:7]) == (0, "claims-")
    by_hand = done.out.strip()
    done = run(folder, "runs", "list", "--schedule", "claims", env=env(arm))
    assert [line.split()[1:3] for line in done.out.splitlines()[1:]] == [
        ["NotStarted", "manual"],
        ["NotStarted", "data"],
    ]
    assert "NotStarted " in run(folder, "status", env=env(arm)).out
    done = run(folder, "runs", "show", by_hand, env=env(arm))
    assert '"azureml://a"' in done.out
    assert "https://ml.azure.com/runs/claims-" in done.out
    done = run(folder, "runs", "logs", by_hand, env=env(arm))
    assert "is in the studio: https://ml.azure.com/runs/claims-" in done.out
    assert run(folder, "runs", "cancel", by_hand, env=env(arm)).out == f"canceled {by_hand}\n"
    done = run(folder, "audit", "--since", "1d", env=env(arm))
    assert done.code == 0, done.out


def test_beside_the_loop(tmp_path: Path, arm: StandIn) -> None:
    folder = repository(tmp_path, arm)
    assert run(folder, "apply", "--yes", env=env(arm)).code == 0
    (folder / "landing/in/new.csv").write_text("x")
    command = [sys.executable, "-m", "reconciler", "run", "--interval", "1s", "--log-format=json"]
    process = subprocess.Popen(
        command, cwd=folder, env=env(arm), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if '"submitted"' in line:
                break
        assert '"submitted"' in line, line
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    [job] = arm.jobs.made.values()
    given = job["properties"]["inputs"]["claim_file"]["uri"]
    assert given == "azureml://datastores/claims/paths/in/new.csv"
    assert os.path.exists(folder / ".reconciler/state.db")
