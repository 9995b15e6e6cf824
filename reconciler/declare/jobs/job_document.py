"""A pipeline or command job document -> what is wrong with it, and its JobDefinition."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from reconciler.declare.checking.json_schema import IDENTITY, MOST_ERRORS, schema_findings
from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, Path
from reconciler.declare.jobs.bindings import Interface, binding_findings, job_inputs
from reconciler.declare.jobs.local_paths import Brought
from reconciler.model import Job, JobDefinition


@dataclass(frozen=True, slots=True)
class JobFile:
    """A job file that was read. `findings` holds what is wrong with it."""

    definition: JobDefinition
    inputs: Mapping[str, bool]
    """By name, whether a value has to be given."""
    findings: tuple[Finding, ...] = ()


def read_job(document: Mapping[str, Any], path: str, brought: Brought | None = None) -> JobFile:
    """A job document that stands in the file `path` (relative to the repository).

    `brought`: the components and the code that it leads to, and what is wrong with its paths.
    """
    brought = brought or Brought()
    findings = document_findings(document, "job", brought)
    return JobFile(_definition(document, path, brought), job_inputs(document), tuple(findings))


def document_findings(document: Mapping[str, Any], schema: str, brought: Brought) -> list[Finding]:
    """All that is wrong with the document of a job or a component, whatever else is."""
    findings = schema_findings(document, schema) + _misplaced(document)
    found = binding_findings(document, _interfaces(brought), schema)
    wrong = {finding.path for finding in findings}
    others = [*brought.findings, *islice(found, MOST_ERRORS)]
    return findings + [finding for finding in others if finding.path not in wrong]


def _misplaced(document: Mapping[str, Any]) -> list[Finding]:
    settings = document.get("settings")
    if not isinstance(settings, dict) or "identity" not in settings:
        return []
    what = "identity has no effect under settings"
    return [Finding("SCH059", ("settings", "identity"), what, IDENTITY, "key")]


def _interfaces(brought: Brought) -> Mapping[Path, Interface]:
    return {place: component.interface for place, component in brought.components.items()}


def _definition(document: Mapping[str, Any], path: str, brought: Brought) -> JobDefinition:
    text = canonical_text(document)
    components = brought.all_components()
    snapshots = brought.all_snapshots()
    whole: Any = text
    if components or snapshots:
        whole = json.dumps(
            [
                text,
                {at: component.document for at, component in components.items()},
                {at: snapshot.digest for at, snapshot in snapshots.items()},
            ],
            sort_keys=True,
        )
    name = document.get("name")
    return JobDefinition(
        name=_name(name if isinstance(name, str) and name else PurePosixPath(path).stem),
        digest=hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest(),
        document=text,
        path=path,
        components=components,
        snapshots=snapshots,
    )


def canonical_text(document: Mapping[str, Any]) -> str:
    """The JSON text of a document, the same for all that mean the same."""
    content = {key: value for key, value in document.items() if key != "$schema"}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _name(text: str) -> str:
    """A name that can stand in `azureml:NAME:VERSION`; a file may be called anything."""
    return re.sub(r"[\s:@/\\]+", "-", text)[:255]


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
