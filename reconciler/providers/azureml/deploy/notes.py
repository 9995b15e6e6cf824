"""What will be put before a schedule, for whoever reviews the plan: what of it is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model import Note
from reconciler.providers.azureml.deploy.deployer import Needs
from reconciler.providers.azureml.deploy.lookups import Code
from reconciler.providers.azureml.deploy.questions.changed_files import changed_files
from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import Asset

Look = Callable[[str], Mapping[str, Any] | None]
"""The path of an asset below the workspace -> its properties; None where there is none to see."""

_ENVIRONMENT = {"condaFile": "conda file", "image": "image", "build": "folder it is built from"}
_TOLD = ("command", "code", "environment", "entry")
"""Texts of a specification: the service may well write the rest of it in another way."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is live: its job, and the commit that it was applied from."""

    definition: Mapping[str, Any]
    commit: str | None


def deployed_notes(
    used_by: Mapping[str, str],
    needs: Needs,
    root: str,
    before: Before | None,
    look: Look,
    workspace: Workspace,
) -> Iterator[Note]:
    """`used_by`: by the path of code, the step; `root`: the repository."""
    for path, code in needs.codes.items():
        if not code.is_there:
            yield _note(f"code of {used_by.get(path) or path}: {_files(code, root, before)} {path}")
    for path, data in needs.data.items():
        yield _note(f"data: {_size(data.snapshot.size)} to upload from {path}")
    for asset in needs.assets:
        if asset.path not in needs.there:
            spec = _spec_before(asset.used_by, before, look, workspace)
            what = asset.kind.removesuffix("s")
            whose = f"{what} of {asset.used_by}" if asset.used_by else f"{what} of the job"
            yield _note(f"{whose}: {_what_is_new(asset, spec, look, workspace)}")


def _note(message: str) -> Note:
    return Note("deployed", "create_job.job", message)


def _files(code: Code, root: str, before: Before | None) -> str:
    snapshot = code.snapshot
    changed = changed_files(root, before.commit, snapshot) if before is not None else None
    number = changed or len(snapshot.files)
    files = "1 file" if number == 1 else f"{number:,} files"
    return f"{files}{' changed' if changed else ''}, {_size(snapshot.size)} to upload from"


def _spec_before(
    step: str, before: Before | None, look: Look, workspace: Workspace
) -> Mapping[str, Any] | None:
    """The specification of the component that the live step of that name runs."""
    live = ((before.definition.get("jobs") if before else None) or {}).get(step)
    holder = live.get("trial", live) if isinstance(live, Mapping) else None
    identifier = holder.get("componentId") if isinstance(holder, Mapping) else None
    found = look(path) if (path := _own(identifier, workspace)) else None
    spec = (found or {}).get("componentSpec")
    return spec if isinstance(spec, Mapping) else None


def _what_is_new(
    asset: Asset, spec: Mapping[str, Any] | None, look: Look, workspace: Workspace
) -> str:
    if spec is None:
        return "new"
    if asset.kind == "environments":
        path = _own(spec.get("environment"), workspace)
        live = (look(path) if path else None) or {}
        pairs = [(word, live.get(key), asset.properties.get(key)) for key, word in _WORDS]
        changed = [word for word, was, shall_be in pairs if was != shall_be]
        return f"{_all_of(changed)} changed" if live and changed else "new"
    wanted = asset.properties["componentSpec"]
    others = [key for key in _TOLD if _plain(wanted.get(key)) != _plain(spec.get(key))]
    return f"new, with another {_all_of(others)}" if others else "new"


_WORDS = tuple(_ENVIRONMENT.items())


def _plain(value: Any) -> str:
    return str(value or "").removeprefix(PREFIX)


def _own(identifier: Any, workspace: Workspace) -> str | None:
    """The path of an asset of this workspace below it."""
    text = str(identifier or "").removeprefix(PREFIX)
    home = f"{workspace.id}/"
    is_own = text[: len(home)].lower() == home.lower() and "/versions/" in text
    return text[len(home) :] if is_own else None


def _all_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _size(size: int) -> str:
    for unit, bytes_of in (("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= bytes_of:
            return f"{size / bytes_of:,.0f} {unit}"
    return f"{size} B"
