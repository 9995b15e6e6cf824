"""Files of other tools -> declarations: of the Azure ML CLI (v2), and `Schedule:` files of v1."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from reconciler.cli.imports.meant import as_meant
from reconciler.cli.output import say
from reconciler.cli.session import working_folder
from reconciler.declare.jobs.job_files import REGISTERED
from reconciler.declare.reading.yaml_loader import Document, parse
from reconciler.errors import ReconcilerError
from reconciler.importing import Imported, import_document, import_v1, schedule_name
from reconciler.masking import mask_text


def from_file(file: str, job: str | None, schema: str, root: Path) -> list[Imported]:
    """Each schedule in a file; `job`: what those of v1 run; `root`: the folder to write to."""
    path = working_folder() / file
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"{file}: cannot be read") from error
    documents, faults = parse(data)
    if faults:
        raise ReconcilerError(f"{file}:{faults[0].line}: {faults[0].message}")
    return [
        one
        for document in documents
        if isinstance(document.data, dict)
        for one in _from_document(data, document, file, job, schema, root)
    ]


def _from_document(
    data: bytes, read: Document, file: str, job: str | None, schema: str, root: Path
) -> list[Imported]:
    document: dict[str, Any] = read.data
    if "Schedule" in document and "trigger" not in document:
        if job is None:
            raise ReconcilerError(
                f"{file}: a v1 schedule does not say what it runs",
                hint="name it with --job: a job file, or azureml:NAME",
            )
        if not isinstance(document["Schedule"], dict):
            raise ReconcilerError(f"{file}: Schedule is not a mapping")
        for key in ("recurrence", "pipeline_parameters"):
            if not isinstance(document["Schedule"].get(key) or {}, dict):
                raise ReconcilerError(f"{file}: {key} is not a mapping")
        job = _rebased(job, working_folder(), root)
        return [import_v1(document, schedule_name(Path(file).stem), job, schema)]
    if isinstance(document.get("name"), str) and "trigger" in document:
        if mask_text(document["name"]) != document["name"]:
            raise ReconcilerError(f"{file}: the name of the schedule looks like a credential")
        meant, notes = as_meant(data, read.index, document)
        return [import_document(_with_rebased_job(meant, file, root), schema, notes)]
    say(f"{file}: holds a document that is no schedule; left out")
    return []


def _with_rebased_job(document: dict[str, Any], file: str, root: Path) -> dict[str, Any]:
    """The document with the path of its job file as it is from the folder it is written to."""
    folder = (working_folder() / file).parent
    job = document.get("create_job")
    if isinstance(job, str):
        return document | {"create_job": _rebased(job, folder, root)}
    if isinstance(job, dict) and isinstance(job.get("job"), str):
        return document | {"create_job": job | {"job": _rebased(job["job"], folder, root)}}
    return document


def _rebased(reference: str, folder: Path, root: Path) -> str:
    """A path relative to `folder`, relative to `root`; a registered job stays as it is."""
    if reference.startswith(REGISTERED):
        return reference
    path = os.path.relpath(folder / reference, root).replace(os.sep, "/")
    return path if path.startswith("..") else f"./{path}"
