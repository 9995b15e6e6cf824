"""Values as Azure's client reads them; tests/interop has that client itself say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fakes.arm import StandIn
from helpers import write

from providers.azureml.deploy.test_deploying import SCHEDULE, applied
from reconciler.model import Outcome
from reconciler.providers.azureml.deploy.questions.client_reading import as_client_reads

JOB = """\
type: pipeline
inputs: {rate: 1e-3, no: off, day: 2026-01-02, mode: 0644}
jobs: {a: {component: "azureml:c:1", inputs: {lr: 1e-3, y: yes}}}
"""


def sent(folder: Path, arm: StandIn) -> Any:
    [result] = applied(folder, arm)
    assert (result.outcome, result.error) == (Outcome.CREATED, None)
    live = arm.live("a")
    assert live is not None
    return live["properties"]["action"]["jobDefinition"]


def test_values_are_sent_as_the_client_reads_them(tmp_path: Path) -> None:
    write(tmp_path, {"job.yml": JOB, "a.yml": SCHEDULE.replace("NAME", "a")})
    with StandIn() as arm:
        job = sent(tmp_path, arm)
        assert {name: one["value"] for name, one in job["inputs"].items()} == {
            "rate": "1e-3",
            "no": "False",
            "day": "2026-01-02",
            "mode": "420",
        }
        assert job["jobs"]["a"]["inputs"]["lr"]["value"] == "1e-3"
        assert job["jobs"]["a"]["inputs"]["y"]["value"] == "True"


def test_one_of_several_documents_is_sent_as_it_was_declared(tmp_path: Path) -> None:
    schedule = SCHEDULE.replace("NAME", "a")
    write(tmp_path, {"job.yml": f"{JOB}---\n{schedule}"})
    with StandIn() as arm:
        assert sent(tmp_path, arm)["inputs"]["rate"]["value"] == "0.001"


def test_what_pyyaml_does_not_read_stays_as_it_was_read() -> None:
    known = {"a": 1}
    assert as_client_reads(b"a: &x [*x", known) is known
    assert as_client_reads(b"- a", known) is known
