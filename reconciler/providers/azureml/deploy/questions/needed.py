"""What has to be in the workspace for a job to run, by what is sent of it. Pure.

Read off the wire: whatever way a file names something, on the wire it is an id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import ANONYMOUS, ANONYMOUS_ENVIRONMENT, Keys

_VERSIONED = ("components", "environments", "data", "models", "codes")
_PLAIN = ("computes", "datastores", "jobs")
_STORES = "azureml://datastores/"
_TEXT = frozenset({"value", "command", "description", "tags", "properties", "display_name"})
"""Keys under which an id is no more than text."""
_COMPUTE_KEYS = frozenset({"compute", "default_compute"})
_STORE_KEYS = frozenset({"datastore", "default_datastore"})
_ALWAYS_THERE = frozenset({"serverless"})


@dataclass(frozen=True, slots=True, order=True)
class Needed:
    """Something in a workspace. `version`: of an asset."""

    kind: str
    name: str
    version: str | None = None

    @property
    def path(self) -> str:
        """Below the workspace."""
        suffix = f"/versions/{self.version}" if self.version is not None else ""
        return f"{self.kind}/{self.name}{suffix}"

    def __str__(self) -> str:
        kind = "data asset" if self.kind == "data" else self.kind.removesuffix("s")
        return f'{kind} "{self.name}{f":{self.version}" if self.version is not None else ""}"'


def needed(sent: Any, workspace: Workspace) -> Iterator[Needed]:
    """What `sent`, a part of a body, refers to in `workspace` and has to be there."""
    for keys, text in _texts(sent, ()):
        found = _of_wire(text, workspace)
        if keys[-1:] == ("sourceJobId",) and "/" not in text:
            found = Needed("jobs", text)  # so Azure's client sends a name
        if found is not None and not _is_never_looked_for(found):
            yield found


def places_of(thing: Needed, document: Any, workspace: Workspace) -> Iterator[Keys]:
    """Where a document of the repository names it."""
    for keys, text in _texts(document, ()):
        if _of_wire(text, workspace) == thing or _is_short(thing, keys, text):
            yield keys


def _texts(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _TEXT:
                yield from _texts(inner, (*keys, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*keys, number))


def _of_wire(text: str, workspace: Workspace) -> Needed | None:
    if text.startswith(_STORES):
        return Needed("datastores", text.removeprefix(_STORES).partition("/")[0])
    text = text.removeprefix(PREFIX)
    home = f"{workspace.id}/"
    if text[: len(home)].lower() != home.lower():
        return None
    match text[len(home) :].split("/"):
        case [kind, name] if kind in _PLAIN and name:
            return Needed(kind, name)
        case [kind, name, "versions", version] if kind in _VERSIONED:
            return Needed(kind, name, version)
    return None


def _is_never_looked_for(thing: Needed) -> bool:
    """What the service has or fills in (`${{default_datastore}}`), and what is put along."""
    if thing.kind == "computes" and thing.name.lower() in _ALWAYS_THERE:
        return True
    return "${{" in thing.name or thing.name in (ANONYMOUS, ANONYMOUS_ENVIRONMENT)


def _is_short(thing: Needed, keys: Keys, text: str) -> bool:
    name = text.removeprefix(PREFIX)
    if thing.version is not None:
        return text.startswith(PREFIX) and name == f"{thing.name}:{thing.version}"
    last = keys[-1] if keys else ""
    known = {"computes": _COMPUTE_KEYS, "datastores": _STORE_KEYS, "jobs": ("job",)}
    return last in known.get(thing.kind, ()) and name == thing.name
