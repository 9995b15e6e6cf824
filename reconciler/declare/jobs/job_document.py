"""A pipeline or command job document -> what is wrong with it, and its JobDefinition.

Checked is what the schedules and the embedded workspace use: inputs, steps, and the bindings
between them (`${{inputs.x}}`, `${{parent.inputs.x}}`, `${{parent.jobs.a.outputs.y}}`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from reconciler.declare.checking.json_schema import MOST_ERRORS, schema_findings
from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, Path, clip
from reconciler.declare.jobs.command_findings import command_findings
from reconciler.model import Job, JobDefinition
from reconciler.shell.binding import BINDING


@dataclass(frozen=True, slots=True)
class JobFile:
    """A job file that was read. `findings` holds what is wrong with it."""

    definition: JobDefinition
    inputs: Mapping[str, bool]
    """By name, whether a value has to be given."""
    findings: tuple[Finding, ...] = ()


def read_job(document: Mapping[str, Any], path: str) -> JobFile:
    """A job document that stands in the file `path` (relative to the repository)."""
    findings = schema_findings(document, "job")
    if not findings:
        findings = list(islice(_check_bindings(document), MOST_ERRORS))
    return JobFile(_definition(document, path), job_inputs(document), tuple(findings))


def _definition(document: Mapping[str, Any], path: str) -> JobDefinition:
    content = {key: value for key, value in document.items() if key != "$schema"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    name = document.get("name")
    return JobDefinition(
        name=_name(name if isinstance(name, str) and name else PurePosixPath(path).stem),
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        document=text,
        path=path,
    )


def _name(text: str) -> str:
    """A name that can stand in `azureml:NAME:VERSION`; a file may be called anything."""
    return re.sub(r"[\s:@/\\]+", "-", text)[:255]


def job_inputs(document: Mapping[str, Any]) -> dict[str, bool]:
    """The inputs a job declares, and whether each needs a value."""
    inputs = document.get("inputs")
    if not isinstance(inputs, dict):
        return {}
    return {str(name): _needs_value(value) for name, value in inputs.items()}


def _needs_value(declared: Any) -> bool:
    if isinstance(declared, dict):
        has_value = any(declared.get(key) is not None for key in ("default", "value", "path"))
        return not has_value and declared.get("optional") not in (True, "true", "True")
    return declared is None


@cache
def definition_inputs(document: str) -> dict[str, bool]:
    """`job_inputs` of a definition's canonical JSON text; kept, for many schedules run one job."""
    return job_inputs(json.loads(document))


def input_findings(job: Job, inputs: Mapping[str, bool], data_path: str | None) -> list[Finding]:
    """Inputs that a schedule gives and its job does not declare, and those it fails to give.

    `data_path` is the input that a datastore trigger fills, if any.
    """
    findings = [
        Finding(
            "SCH030",
            ("create_job", "inputs", name),
            f'the job declares no input "{name}"',
            _input_hint(name, inputs),
            "key",
        )
        for name in islice((name for name in job.inputs if name not in inputs), MOST_ERRORS)
    ]
    if data_path is not None and data_path not in inputs:
        findings.append(
            Finding(
                "SCH030",
                ("trigger", "data_path_parameter_name"),
                f'the job declares no input "{data_path}"',
                _input_hint(data_path, inputs),
            )
        )
    missing = [
        name
        for name, needed in inputs.items()
        if needed and job.inputs.get(name) is None and name != data_path
    ]
    findings += [
        Finding(
            "SCH033", ("create_job",), f'the input "{name}" of the job has no value', None, "key"
        )
        for name in missing[:MOST_ERRORS]
    ]
    return findings


def _input_hint(name: str, inputs: Mapping[str, bool]) -> str | None:
    return nearest(name, list(inputs)) if inputs else "it declares none"


# -------------------------------------------------------------------------------------- bindings


def _check_bindings(document: Mapping[str, Any]) -> Iterator[Finding]:
    if document.get("type") == "command":
        yield from _command(document, (), document)
        return
    steps: Mapping[str, Any] = document["jobs"]
    needs: dict[str, set[str]] = {name: set() for name in steps}
    for name, step in steps.items():
        path: Path = ("jobs", name)
        if isinstance(step.get("command"), str):
            yield from _command(step, path, step)
        for section in ("inputs", "outputs"):
            for key, value in (step.get(section) or {}).items():
                for text in _texts(value):
                    for binding in BINDING.findall(text):
                        where = (*path, section, key)
                        yield from _step_binding(binding, where, document, needs[name])
    yield from _cycle(needs)


def _command(step: Mapping[str, Any], path: Path, owner: Mapping[str, Any]) -> Iterator[Finding]:
    """`${{inputs.x}}` and `${{outputs.y}}` of a step name what it declares."""
    yield from command_findings(step, path)
    texts: list[tuple[Path, str]] = [((*path, "command"), step["command"])]
    for key, value in (step.get("environment_variables") or {}).items():
        texts.append(((*path, "environment_variables", key), str(value)))
    for where, text in texts:
        for binding in dict.fromkeys(BINDING.findall(text)):
            section, _, name = binding.partition(".")
            declared = owner.get(section) or {}
            name = name.split(".")[0]
            if section in ("inputs", "outputs") and name and name not in declared:
                yield Finding(
                    "SCH032",
                    where,
                    f'the {"step" if path else "job"} has no {section[:-1]} "{clip(name)}"',
                    nearest(name, list(declared)),
                )


def _step_binding(
    binding: str, where: Path, document: Mapping[str, Any], needs: set[str]
) -> Iterator[Finding]:
    parts = binding.split(".")
    if parts[:2] == ["parent", "inputs"] and len(parts) >= 3:
        declared = document.get("inputs") or {}
        if parts[2] not in declared:
            yield _unbound(where, "the pipeline has no input", parts[2], declared)
    elif parts[:2] == ["parent", "outputs"] and len(parts) >= 3:
        declared = document.get("outputs") or {}
        if parts[2] not in declared:
            yield _unbound(where, "the pipeline has no output", parts[2], declared)
    elif parts[:2] == ["parent", "jobs"] and len(parts) >= 5 and parts[3] == "outputs":
        steps = document["jobs"]
        if parts[2] not in steps:
            yield _unbound(where, "the pipeline has no step", parts[2], steps)
            return
        needs.add(parts[2])
        outputs = steps[parts[2]].get("outputs") or {}
        # The outputs of a component are declared in a file or registry that is not at hand.
        if "component" not in steps[parts[2]] and parts[4] not in outputs:
            yield _unbound(where, f'the step "{parts[2]}" has no output', parts[4], outputs)


def _unbound(where: Path, message: str, name: str, choices: Mapping[str, Any]) -> Finding:
    return Finding("SCH032", where, f'{message} "{clip(name)}"', nearest(name, list(choices)))


def _cycle(needs: Mapping[str, set[str]]) -> Iterator[Finding]:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        yield Finding(
            "SCH032",
            ("jobs", ring[0]),
            "these steps wait for one another: " + " -> ".join(ring),
            "take one of the bindings out",
            "key",
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
