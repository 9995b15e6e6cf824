"""Files of other tools -> declarations: of the Azure ML CLI (v2), and `Schedule:` files of v1."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.cli.imports.file_check import refusals
from reconciler.cli.imports.meant import as_meant
from reconciler.cli.output import say
from reconciler.cli.session import working_folder
from reconciler.declare.jobs.job_files import REGISTERED
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import parse
from reconciler.errors import ReconcilerError
from reconciler.importing import Imported, import_document, import_v1, schedule_name
from reconciler.importing.v1_files import read_v1
from reconciler.masking import mask_text
from reconciler.render.plain_text import printable


def from_file(
    file: str, job: str | None, schema: str, root: Path, repository: Path
) -> tuple[list[Imported], int]:
    """Each schedule in a file, and how many are left out since `validate` would refuse them.

    `job`: what those of v1 run; `root`: the folder to write to; `repository`: what it is in.
    """
    path = working_folder() / file
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise ReconcilerError(f"{printable(file)}: {why}") from error
    documents, faults = parse(data)
    if faults:
        raise ReconcilerError(f"{file}:{faults[0].line}: {faults[0].message}")
    locator = Locator(data)
    found, refused = [], 0
    for document in documents:
        if not isinstance(document.data, dict):
            if document.data is not None:
                _say_no_schedule(file)
            continue
        places = _Places(file, data, locator, document.index)
        for one in _from_document(document.data, places, job, schema, root):
            wrong = refusals(one, root, repository)
            for key, why in wrong:
                say(f"{places.of(key, document.data)}: not imported: {printable(why)}")
            found += [] if wrong else [one]
            refused += bool(wrong)
    return found, refused


class _Places:
    """Where keys of one document of a file stand."""

    def __init__(self, file: str, data: bytes, locator: Locator, document: int) -> None:
        self.file = file
        self.data = data
        self.document = document
        self._locator = locator

    def at(self, path: tuple[str | int, ...]) -> str:
        """FILE:LINE:COLUMN of a key."""
        span = self._locator.find(self.document, path, on_key=True)
        return f"{self.file}:{span.line}:{span.column}"

    def of(self, path: tuple[str | int, ...], document: dict[str, Any]) -> str:
        """The same of what is written at `path`: of v1, of the key that it came from."""
        if "Schedule" not in document or "trigger" in document:
            return self.at(path)
        last = next((part for part in reversed(path) if isinstance(part, str)), "")
        inside = ("Schedule", "recurrence", last)
        has = self._locator.has(self.document, inside)
        return self.at(inside if has else ("Schedule", last))


def _from_document(
    document: dict[str, Any], places: _Places, job: str | None, schema: str, root: Path
) -> list[Imported]:
    file = places.file
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
        old, remarks = read_v1(document)
        for key in ("recurrence", "pipeline_parameters"):
            if not isinstance(old.get(key) or {}, dict):
                raise ReconcilerError(f"{file}: {key} is not a mapping")
        for path, text in remarks:
            say(f"{places.at(path)}: {printable(mask_text(text))}")
        notes = [text for _, text in remarks]
        one = import_v1({"Schedule": old}, schedule_name(Path(file).stem), job, schema, notes)
        # Those are said already, with their places.
        return [replace(one, notes=tuple(note for note in one.notes if note not in notes))]
    if isinstance(document.get("name"), str) and "trigger" in document:
        if mask_text(document["name"]) != document["name"]:
            raise ReconcilerError(f"{file}: the name of the schedule looks like a credential")
        meant, said = as_meant(places.data, places.document, document)
        return [import_document(_with_rebased_job(meant, file, root), schema, said)]
    _say_no_schedule(file)
    return []


def _say_no_schedule(file: str) -> None:
    say(f"{printable(file)}: holds a document that is no schedule; left out")


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
