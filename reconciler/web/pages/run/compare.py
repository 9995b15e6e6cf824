"""A run beside the last good one before it: what was another, in version, inputs and code."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.masking import mask
from reconciler.model import ContentChange
from reconciler.plan.contents import content_changes
from reconciler.web.template_filters import plain
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.code import code_files
from reconciler.workspace.store.listings.outcomes import Outcomes
from reconciler.workspace.store.records import RunRow

_NONE = "–"


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that was another, masked; a dash where it was not given."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from the last good run to this one."""

    good: RunRow
    inputs: tuple[InputChange, ...]
    contents: tuple[ContentChange, ...]
    """Of the job and its code, where the version is another."""

    @property
    def is_alike(self) -> bool:
        """Whether nothing that is known differs: it was given the same to run."""
        return not self.inputs and not self.contents


def compare(workspace: Workspace, row: RunRow) -> Comparison | None:
    """None: no run before it completed, as far as runs are kept."""
    name = Outcomes(workspace.store.database).last_good(row.name)
    good = workspace.runs.get(name) if name is not None else None
    if good is None:
        return None
    names = sorted({*good.inputs, *row.inputs})
    changed = [key for key in names if good.inputs.get(key) != row.inputs.get(key)]
    inputs = tuple(InputChange(plain(key), _shown(good, key), _shown(row, key)) for key in changed)
    return Comparison(good, inputs, _contents(workspace, good, row))


def _shown(row: RunRow, key: str) -> str:
    return plain(mask(key, row.inputs[key])) if key in row.inputs else _NONE


def _contents(workspace: Workspace, good: RunRow, row: RunRow) -> tuple[ContentChange, ...]:
    if (good.pipeline, good.version) == (row.pipeline, row.version):
        return ()
    before = workspace.store.version(good.pipeline, good.version)
    after = workspace.store.version(row.pipeline, row.version)
    if before is None or after is None:
        return (ContentChange(f"job {row.pipeline}", "key", changed=("its version",)),)
    files = [
        {path: file.digest for path, file in code_files(found.values())}
        for found in (
            workspace.store.code.of(good.pipeline, good.version),
            workspace.store.code.of(row.pipeline, row.version),
        )
    ]
    return content_changes(row.pipeline, before.document, after.document, *files)
