"""Job files: what they publish, their inputs, their bindings."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.declare.jobs.job_document import (
    definition_inputs,
    input_findings,
    job_inputs,
    read_job,
)
from reconciler.model import Job

COMMAND = {"type": "command", "command": "echo"}


def pipeline(**steps: Any) -> dict[str, Any]:
    inputs = {"data": None, "rate": 0.1}
    return {"type": "pipeline", "inputs": inputs, "outputs": {"model": None}, "jobs": steps}


def messages(document: dict[str, Any], code: str = "SCH032") -> list[str]:
    found = read_job(document, "job.yml").findings
    assert {finding.code for finding in found} <= {code}
    return [finding.message for finding in found]


def test_definition() -> None:
    one = read_job({**COMMAND, "$schema": "x", "inputs": {"b": 1, "a": 2}}, "jobs/train.v2.yml")
    two = read_job({"inputs": {"a": 2, "b": 1}, "command": "echo", "type": "command"}, "other.yml")
    assert one.definition.name == "train.v2"
    assert one.definition.digest == two.definition.digest
    assert one.definition.document == '{"command":"echo","inputs":{"a":2,"b":1},"type":"command"}'
    assert read_job({**COMMAND, "name": "é"}, "x.yml").definition.name == "é"
    assert read_job({**COMMAND, "name": ""}, "x.yml").definition.name == "x"
    assert read_job({**COMMAND, "name": 5}, "x.yml").definition.name == "x"
    assert definition_inputs(one.definition.document) == {"a": False, "b": False}


@pytest.mark.parametrize(
    ("declared", "needed"),
    [
        (None, True),
        ({}, True),
        ({"type": "string"}, True),
        ({"type": "string", "optional": True}, False),
        ({"type": "string", "optional": "True"}, False),
        ({"type": "string", "optional": False}, True),
        ({"type": "string", "default": "x"}, False),
        ({"type": "string", "default": None}, True),
        ({"type": "number", "value": 0}, False),
        ({"type": "uri_file", "path": "x"}, False),
        (0, False),
        ("", False),
        (False, False),
    ],
)
def test_inputs_that_need_a_value(declared: Any, needed: bool) -> None:
    assert job_inputs({"inputs": {"x": declared}}) == {"x": needed}


def test_no_inputs() -> None:
    assert job_inputs({}) == job_inputs({"inputs": None}) == job_inputs({"inputs": [1]}) == {}


def test_input_findings() -> None:
    inputs = {"data": True, "rate": False, "file": True}

    def found(given: dict[str, Any], data_path: str | None = None) -> list[tuple[str, str]]:
        job = Job("job.yml", inputs=given)
        return [(f.code, f.message) for f in input_findings(job, inputs, data_path)]

    assert found({"data": 1, "rate": 2, "file": "x"}) == []
    assert found({"data": 0}, "file") == []
    assert found({"data": None, "file": ""}) == [
        ("SCH033", 'the input "data" of the job has no value')
    ]
    assert found({"data": 1, "fil": 1}, "fiel") == [
        ("SCH030", 'the job declares no input "fil"'),
        ("SCH030", 'the job declares no input "fiel"'),
        ("SCH033", 'the input "file" of the job has no value'),
    ]


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ("${{parent.inputs.data}}", None),
        ("${{ parent.inputs.data }}", None),
        ("${{parent.inputs.data.path}}", None),
        ("${{parent.inputs.x}}", 'the pipeline has no input "x"'),
        ("a ${{parent.inputs.x}} b ${{parent.inputs.rate}}", 'the pipeline has no input "x"'),
        ("${{parent.outputs.model}}", None),
        ("${{parent.outputs.x}}", 'the pipeline has no output "x"'),
        ("${{parent.jobs.first.outputs.out}}", None),
        ("${{parent.jobs.first.outputs.x}}", 'the step "first" has no output "x"'),
        ("${{parent.jobs.x.outputs.out}}", 'the pipeline has no step "x"'),
        ("${{parent.jobs.component.outputs.anything}}", None),
        # what Azure would say about these is left to Azure
        ("${{parent.inputs}}", None),
        ("${{parent.jobs.first}}", None),
        ("${{parent.jobs.first.inputs.x}}", None),
        ("${{name}}", None),
        ("${{}}", None),
        (5, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("section", ["inputs", "outputs"])
def test_bindings(section: str, binding: Any, message: str | None) -> None:
    first = {"command": "echo", "outputs": {"out": None}}
    component = {"component": "azureml:c:1", "inputs": None}
    for value in (binding, {"path": binding, "mode": "x"}):
        if section == "outputs" and isinstance(value, int):
            continue
        second = {"command": "echo", section: {"a": value}}
        found = messages(pipeline(first=first, component=component, second=second))
        assert found == ([message] if message else [])


@pytest.mark.parametrize(
    ("binding", "now", "also"),
    [
        ("inputs.rate", "parent.inputs.rate", []),
        ("inputs.x", "parent.inputs.x", ['the pipeline has no input "x"']),
        ("outputs.model", "parent.outputs.model", []),
        ("jobs.first.outputs.out", "parent.jobs.first.outputs.out", []),
        ("jobs.x.outputs.y", "parent.jobs.x.outputs.y", ['the pipeline has no step "x"']),
    ],
)
def test_bindings_of_an_old_form(binding: str, now: str, also: list[str]) -> None:
    first = {"command": "echo", "outputs": {"out": None}}
    second = {"command": "echo", "inputs": {"a": f"${{{{{binding}}}}}"}}
    found = read_job(pipeline(first=first, second=second), "job.yml").findings
    assert [(f.code, f.message) for f in found] == [
        ("SCH045", f'"${{{{{binding}}}}}" is of an old form, which Azure does not take any more'),
        *(("SCH032", message) for message in also),
    ]
    assert found[0].hint == f'write "${{{{{now}}}}}"'


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"type": "Command", "command": "x"}, None),
        ({"type": "CommandComponent@1-legacy", "component": "azureml:a:1"}, None),
        ({"type": "if_else", "condition": "x"}, None),
        ({"type": "sweep"}, None),
        ({"type": "component", "component": "azureml:a:1"}, 'the type "component" of a step'),
        ({"type": "command"}, "a step of the type command needs a command or a component"),
        ({"type": "pipeline"}, "a step of the type pipeline needs a component"),
        ({"type": "pipeline", "jobs": {}}, "a step of the type pipeline needs a component"),
        ({"jobs": {}}, "a step of the type pipeline needs a component"),
    ],
)
def test_kinds_of_steps(step: dict[str, Any], expected: str | None) -> None:
    found = messages(pipeline(a=step), "SCH044")
    assert len(found) == (expected is not None)
    assert found == [] or found[0].startswith(str(expected))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("echo ${{inputs.a}} ${{outputs.b}} ${{ inputs.a.path }}", []),
        ("echo ${{name}} ${{creation_context.trigger_time}}", []),
        ("echo ${{inputs.b}} ${{outputs.a}}", ['has no input "b"', 'has no output "a"']),
    ],
)
def test_commands(command: str, expected: list[str]) -> None:
    step = {"command": command, "inputs": {"a": 1}, "outputs": {"b": None}}
    assert messages({"type": "command", **step}) == [f"the job {text}" for text in expected]
    assert messages(pipeline(s=step)) == [f"the step {text}" for text in expected]
    bare = {"command": command, "inputs": None}
    assert (messages(pipeline(s=bare)) == []) == ("${{inputs.a}}" not in command and not expected)


def test_pipeline_without_inputs_and_outputs() -> None:
    step = {"command": "x", "inputs": {"a": "${{parent.inputs.a}}", "b": "${{parent.outputs.b}}"}}
    assert messages({"type": "pipeline", "jobs": {"s": step}}) == [
        'the pipeline has no input "a"',
        'the pipeline has no output "b"',
    ]


def test_cycles() -> None:
    def step(*others: str) -> dict[str, Any]:
        inputs = {f"i{n}": f"${{{{parent.jobs.{o}.outputs.o}}}}" for n, o in enumerate(others)}
        return {"command": "echo", "inputs": inputs, "outputs": {"o": None}}

    assert messages(pipeline(a=step(), b=step("a"), c=step("a", "b"), d=step("c", "a"))) == []
    assert messages(pipeline(a=step("a"))) == ["these steps wait for one another: a -> a"]
    (message,) = messages(pipeline(a=step("c"), b=step("a"), c=step("b"), d=step()))
    assert message == "these steps wait for one another: a -> c -> b -> a"


def test_bindings_are_looked_at_only_where_the_schema_is_content() -> None:
    found = read_job({"type": "pipeline", "jobs": {"a": 5}}, "x.yml").findings
    assert [finding.code for finding in found] == ["SCH010"]


def test_bindings_of_environment_variables() -> None:
    job = {**COMMAND, "inputs": {"a": 1}, "environment_variables": {"A": "${{inputs.a}}"}}
    assert read_job(job, "x.yml").findings == ()
    job["environment_variables"] = {"A": "${{inputs.b}}"}
    [finding] = read_job(job, "x.yml").findings
    assert (finding.code, finding.path) == ("SCH032", ("environment_variables", "A"))


@pytest.mark.parametrize(
    ("binding", "hint"),
    [
        ("inputs", "a command has ${{inputs.NAME}} and ${{outputs.NAME}}"),
        ("inputs.", "a command has ${{inputs.NAME}} and ${{outputs.NAME}}"),
        ("var.x", "a command has ${{inputs.NAME}} and ${{outputs.NAME}}"),
        ("parent.inputs.a", 'write "${{inputs.a}}"'),
        (
            "parent.jobs.a.outputs.b",
            "declare an input, bind it to that, and write ${{inputs.NAME}}",
        ),
    ],
)
def test_what_stands_for_nothing(binding: str, hint: str) -> None:
    command = f"echo ${{{{{binding}}}}}"
    found = read_job({"type": "command", "command": command, "inputs": {"a": 1}}, "job.yml")
    assert [(f.code, f.message, f.hint) for f in found.findings] == [
        ("SCH032", f'"${{{{{binding}}}}}" stands for nothing in a command', hint)
    ]
