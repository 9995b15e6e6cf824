"""What a target in Azure refuses of declarations, as far as that is known without asking it.

Whatever is refused here is refused by a plan in the same words; what a plan refuses beyond it, only
the workspace knows.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model import JobDefinition, Note, Schedule, Snapshot, data_path_of
from reconciler.providers.azureml.canonical import job_notes, notes_of
from reconciler.providers.azureml.deploy.files import RepositoryFiles
from reconciler.providers.azureml.deploy.questions.refusals import (
    check_label,
    local_context,
    local_data,
    no_files,
)
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.jobs.assets import CodePath, Sources, Unsendable

_SOME = Workspace("0", "any", "any")
_ANY = "0"
"""In place of a version, a hash or a name that the workspace gives."""


class OfflineNotes:
    """Looks at one schedule after the other. A job that many run is looked at once."""

    def __init__(
        self,
        *,
        upload_data: bool = False,
        wrap_commands: bool = False,
        named_outputs: bool = True,
        data_changes: bool = False,
    ) -> None:
        """All of them: as the target says."""
        self._data_changes = data_changes
        self._named_outputs = named_outputs
        self._upload_data = upload_data
        self._wrap_commands = wrap_commands
        self._files: dict[str, RepositoryFiles] = {}
        self._jobs: dict[tuple[str, ...], tuple[Note, ...]] = {}

    def __call__(self, schedule: Schedule) -> Sequence[Note]:
        """What is refused, rewritten or approximated."""
        return notes_of(schedule, self._of_job(schedule), data_changes=self._data_changes)

    def _of_job(self, schedule: Schedule) -> tuple[Note, ...]:
        job, source = schedule.job, schedule.source
        asked: OfflineSources | None = None
        made_by: tuple[str, ...] = (job.reference, "", "")
        if job.definition is not None:
            made_by = (job.definition.path, job.definition.digest, job.definition.root)
            files = self._files.get(job.definition.root)
            if files is None:
                files = self._files[job.definition.root] = RepositoryFiles(job.definition.root)
            asked = OfflineSources(job.definition, files, self._upload_data)
        folder = posixpath.dirname(source.path) if source is not None else ""
        given = json.dumps(
            [job.inputs, job.outputs, sorted(job.extra)], sort_keys=True, default=str
        )
        key = (*made_by, folder, given, str(data_path_of(schedule.trigger)))
        found = self._jobs.get(key)
        if found is None:
            nowhere = OfflineSources(None, None, self._upload_data)
            sources = Sources(asked or nowhere, asked or nowhere)
            found = job_notes(
                schedule,
                _SOME,
                sources,
                wrap_commands=self._wrap_commands,
                named_outputs=self._named_outputs,
            )
            self._jobs[key] = found
        return found


class OfflineSources:
    """The files of one job; whatever the workspace has to say, it has said."""

    def __init__(
        self, definition: JobDefinition | None, files: RepositoryFiles | None, upload_data: bool
    ) -> None:
        self._definition = definition
        self._files = files
        self._upload_data = upload_data
        self.codes: dict[CodePath, Snapshot | None] = {}
        """The code that was asked for, and what was declared of it."""
        self.labels: dict[tuple[str, str, str], None] = {}
        """Kinds, names and labels of what was."""

    def document(self, path: str) -> Mapping[str, Any]:
        """See Files."""
        known = self._definition.components.get(path) if self._definition is not None else None
        if known is not None:
            found: Mapping[str, Any] = json.loads(known.document)
            return found
        if self._files is None:
            raise Unsendable(f'the file "{path}" is not at hand')
        return self._files.document(path).sent

    def job(self, definition: JobDefinition) -> Mapping[str, Any]:
        """See Files."""
        found: Mapping[str, Any] = json.loads(definition.document)
        return found

    def code(self, code: CodePath) -> str:
        """See Ids."""
        known = self._definition.snapshots.get(code.key) if self._definition is not None else None
        if known is not None and not known.files:
            raise no_files(code.key)
        self.codes[code] = known
        return f"{_SOME.id}/codes/{_ANY}/versions/1"

    def version(self, kind: str, name: str, label: str) -> str:
        """See Ids."""
        check_label(name, label)
        self.labels[kind, name, label] = None
        return _ANY

    def data(self, path: str, datastore: str | None) -> str:
        """See Ids."""
        if not self._upload_data:
            raise local_data(path)
        return f"azureml://datastores/{datastore or _ANY}/paths/{path}"

    def build_context(self, path: str, dockerfile: str | None) -> tuple[str, str]:
        """See Ids."""
        if not self._upload_data:
            raise local_context(path)
        return f"https://{_ANY}/{path}/", _ANY
