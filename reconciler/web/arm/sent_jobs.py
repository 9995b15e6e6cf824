"""A job that is sent whole with a schedule -> the version that is published of it.

Its components take the places of their ids, as those of component files do, and its code is what
was uploaded: so it runs like a job file that was published.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.declare.jobs.job_document import canonical_text
from reconciler.model import Job, JobDefinition, Schedule, Snapshot
from reconciler.providers.azureml.ids import PREFIX, Workspace, from_id
from reconciler.providers.azureml.jobs.definition import DEFAULT_EXPERIMENT, job_from_wire
from reconciler.providers.azureml.jobs.reading import file_steps
from reconciler.snapshots import CodeLimits, SnapshotError, Snapshots
from reconciler.web.arm.errors import bad
from reconciler.web.upload_folders import Uploads
from reconciler.workspace.store.schedules import short_version
from reconciler.workspace.store.sent_assets import SentAssets

KIND = "jobs"
_MOST_STEPS = 1000
_DEEPEST = 16
_LARGEST = 16 << 20
"""Characters of all its components, each as often as a step runs it."""
_MAPPINGS = ("inputs", "outputs", "environment_variables", "limits")
_TEXTS = ("type", "command", "code", "componentId")
_READ_ONLY = ("status", "services", "isArchived", "sourceJobId")


_OF_COMMAND = {
    "command": "command",
    "environment_variables": "environmentVariables",
    "limits": "limits",
}


def is_command(definition: Mapping[str, Any]) -> bool:
    """Whether a definition is of a job of one command, which only `jobs` takes."""
    return str(definition.get("jobType")).lower() == "command"


def is_whole(definition: Mapping[str, Any]) -> bool:
    """Whether a `jobDefinition` has its steps with it, and refers to no job."""
    return not definition.get("sourceJobId") and bool(
        definition.get("jobs") or definition.get("componentId")
    )


def as_sent(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What of a `jobDefinition` is meant: a GET and a PUT of what it gave mean the same."""
    filled_in = {"experimentName": DEFAULT_EXPERIMENT}
    return {
        key: value
        for key, value in definition.items()
        if key not in _READ_ONLY and value not in (None, {}, "", filled_in.get(key))
    }


def shown_definition(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The `jobDefinition` of GET, of what was sent."""
    empty: dict[str, Any] = {key: {} for key in ("inputs", "outputs", "settings", "tags")}
    return {**empty, "properties": {}, "sourceJobId": None, **sent}


@dataclass(frozen=True, slots=True)
class SentJob:
    """A job that was sent."""

    pipeline: str
    version: str
    definition: JobDefinition
    sent: Mapping[str, Any]

    def of(self, schedule: Schedule) -> Schedule:
        """The schedule that runs it: what the job says is said in its own version."""
        job = schedule.job
        reference = f"{PREFIX}{self.pipeline}:{self.version}"
        return replace(
            schedule,
            job=Job(
                reference,
                experiment_name=job.experiment_name,
                display_name=job.display_name,
                description=job.description,
                definition=self.definition,
            ),
        )


def read_sent_job(
    name: str,
    definition: Mapping[str, Any],
    place: Workspace,
    assets: SentAssets,
    uploads: Uploads,
    limits: CodeLimits,
) -> SentJob:
    """The job of the schedule `name`; ArmError for what is not here."""
    reader = _Reader(place, assets, uploads, limits)
    sent = as_sent(definition)
    job = job_from_wire(sent, place)
    document: dict[str, Any] = {
        "type": "pipeline",
        "inputs": {key: reader.short(value) for key, value in job.inputs.items()},
        "outputs": {key: _output(value) for key, value in job.outputs.items()},
    }
    if job.experiment_name:
        document["experiment_name"] = job.experiment_name
    if job.continue_on_step_failure is not None:
        document["settings"] = {"continue_on_step_failure": job.continue_on_step_failure}
    if is_command(sent):
        _check_members(sent, "the job")
        kept = {k: sent[w] for k, w in _OF_COMMAND.items() if w in sent}
        document |= {"type": "command", **kept}
        if isinstance(sent.get("codeId"), str):
            document["code"] = reader.code(sent["codeId"])
    elif sent.get("componentId"):
        document["component"] = reader.component(str(sent["componentId"]), 0)
    else:
        document["jobs"] = reader.steps(sent.get("jobs"), 0)
    pipeline = f"sent-{name}"
    snapshots = reader.snapshots
    whole = [sent, document, {path: one.digest for path, one in snapshots.items()}]
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    found = JobDefinition(
        pipeline,
        digest,
        canonical_text(document),
        f"the job of {name}",
        snapshots=snapshots,
    )
    return SentJob(pipeline, short_version(digest), found, sent)


def _output(value: Any) -> Any:
    """Of the output of a job, what the workspace does with it: it names no asset of it."""
    if not isinstance(value, Mapping):
        return value
    return {key: item for key, item in value.items() if key in ("type", "path", "mode")}


def _check_members(unit: Mapping[str, Any], what: str) -> None:
    for members, kind, words in ((_MAPPINGS, dict, "an object"), (_TEXTS, str, "a text")):
        for member in members:
            if not isinstance(unit.get(member), kind | None):
                raise bad(f"The member {member} of {what} is not {words}")


class _Reader:
    """The steps of one job, and what they lead to."""

    def __init__(
        self, place: Workspace, assets: SentAssets, uploads: Uploads, limits: CodeLimits
    ) -> None:
        self._place = place
        self._assets = assets
        self._uploads = uploads
        self._limits = limits
        self._left = _MOST_STEPS
        self._room = _LARGEST
        self.snapshots: dict[str, Snapshot] = {}

    def steps(self, given: Any, depth: int) -> dict[str, Any]:
        """Steps in the words of a job file, with their components in them."""
        if not isinstance(given, Mapping) or not all(isinstance(v, dict) for v in given.values()):
            raise bad("The member jobs is not an object of steps")
        self._left -= len(given)
        if self._left < 0 or depth > _DEEPEST:
            raise bad(f"The job has more than {_MOST_STEPS:,} steps, or {_DEEPEST} levels of them")
        for name, step in given.items():
            _check_members(step, f"the step {name}")
            if "component" in step:  # in place, or a path of files: neither is a way to send one
                raise bad(f"The step {name} has a component, which is sent as its componentId")
        try:
            found = file_steps(given)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise bad("The steps of the job could not be read") from error
        return {name: self._step(step, depth) for name, step in found.items()}

    def _step(self, step: dict[str, Any], depth: int) -> dict[str, Any]:
        inputs = step.get("inputs")
        if isinstance(inputs, dict):
            step["inputs"] = {key: self.short(value) for key, value in inputs.items()}
        if isinstance(step.get("component"), str) and step["type"] in ("command", "pipeline"):
            step["component"] = self.component(step["component"], depth)
        elif isinstance(step.get("code"), str):
            step["code"] = self.code(step["code"])
        return step

    def short(self, value: Any) -> Any:
        """An input with the address of its data, where it names an asset that was sent."""
        path = value.get("path") if isinstance(value, dict) else None
        if not isinstance(path, str):
            return value
        short = from_id(path, "data", self._place) if path.startswith("/") else path
        if not short.startswith(PREFIX) or short.startswith(f"{PREFIX}//"):
            return {**value, "path": short}
        name, _, version = short.removeprefix(PREFIX).partition(":")
        asset = self._assets.get("data", name, version)
        return {**value, "path": asset.properties["dataUri"] if asset is not None else short}

    def component(self, identifier: str, depth: int) -> dict[str, Any]:
        """The document of a component that was sent; ArmError."""
        short = from_id(identifier.removeprefix(PREFIX), "components", self._place)
        name, _, version = short.removeprefix(PREFIX).partition(":")
        asset = self._assets.get("components", name, version)
        if asset is None:
            raise bad(
                f"There is no component {name}:{version} in this workspace: it knows those that"
                " were created in it, and none of Azure or of a registry"
            )
        spec = dict(asset.properties["componentSpec"])
        _check_members(spec, f"the component {name}:{version}")
        self._room -= len(json.dumps(spec))
        if self._room < 0:
            raise bad(f"The components of the job have more than {_LARGEST >> 20} MiB")
        if isinstance(spec.get("code"), str):
            spec["code"] = self.code(spec["code"])
        if spec.get("type") == "pipeline":
            spec["jobs"] = self.steps(spec.get("jobs"), depth + 1)
        return {key: value for key, value in spec.items() if key not in ("name", "version")}

    def code(self, identifier: str) -> str:
        """The path that the code with an id is published under; ArmError."""
        short = from_id(identifier.removeprefix(PREFIX), "codes", self._place)
        name, _, version = short.removeprefix(PREFIX).partition(":")
        asset = self._assets.get("codes", name, version)
        if asset is None or asset.upload is None:
            raise bad(f"There is no code {name}:{version} in this workspace")
        path = f"code/{name}/{version}"
        if path in self.snapshots:
            return f"./{path}"
        upload, _, folder = asset.upload.partition("/")
        root = self._uploads.finished(upload)
        try:
            snapshot = Snapshots(root.resolve(), self._limits).take(str(root.resolve() / folder))
        except SnapshotError as error:
            raise bad(f"The code {name}:{version} cannot be taken: {error}") from error
        self.snapshots[path] = replace(snapshot, path=path)
        return f"./{path}"
