"""What stands for nothing in a run is found in the document, and is what the run fails on."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.workspace.execution.run_inputs import Context, JobError
from reconciler.workspace.execution.steps import plan_run
from reconciler.workspace.execution.unbound import unbound


def job(value: Any, section: str = "inputs") -> dict[str, Any]:
    return {
        "type": "pipeline",
        "inputs": {"rate": 1},
        "outputs": {"all": None},
        "jobs": {
            "a": {"command": "echo", "outputs": {"o": None}},
            "b": {"command": "echo", section: {"x": value}},
        },
    }


@pytest.mark.parametrize(
    ("binding", "is_bound"),
    [
        ("parent.inputs.rate", True),
        ("parent.jobs.a.outputs.o", True),
        ("parent.outputs.all", True),
        ("name", True),
        ("creation_context.trigger_time", True),
        ("parent.inputs.rate.path", False),
        ("parent.jobs.a.o", False),
        ("parent.jobs.a", False),
        ("parent", False),
        ("default_datastore", False),
        ("x", False),
    ],
)
def test_inputs_of_a_step(binding: str, is_bound: bool) -> None:
    for text in (f"${{{{{binding}}}}}", f"a ${{{{ {binding} }}}} b"):
        for value in (text, {"path": text}, {"type": "string", "default": text}):
            document = job(value)
            where = ("jobs", "b", "inputs", "x")
            assert list(unbound(document)) == ([] if is_bound else [(where, binding)])
            try:
                plan_run(document, {}, Context("r", "now"), "/run")
            except JobError:
                assert not is_bound
            else:
                assert is_bound


def test_outputs() -> None:
    where = ("jobs", "b", "outputs", "x")
    address = "azureml://datastores/${{default_datastore}}/paths/${{name}}/${{output_name}}"
    assert list(unbound(job({"path": address}, "outputs"))) == []
    assert list(unbound(job("${{parent.outputs.all}}", "outputs"))) == []
    assert list(unbound(job("${{parent.jobs.a.outputs.o}}", "outputs"))) == [
        (where, "parent.jobs.a.outputs.o")
    ]
    document = job(None)
    document["outputs"]["all"] = {"path": "${{parent.jobs.a.outputs.o}}"}
    assert list(unbound(document)) == [(("outputs", "all"), "parent.jobs.a.outputs.o")]


def test_what_does_not_run_here_is_left_alone() -> None:
    document = job("${{x}}")
    del document["jobs"]["b"]["command"]
    assert list(unbound(document)) == []
    assert list(unbound({"type": "command", "command": "x", "inputs": {"a": "${{x}}"}})) == []
