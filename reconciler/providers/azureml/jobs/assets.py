"""What a job needs to be there before it: environments, code, components; and who knows their ids.

Pure: the ids are asked of an `Ids`, the files of a `Files`, which are handed in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from reconciler.declare.jobs.document_paths import path_in_repository
from reconciler.declare.jobs.local_paths import code_key
from reconciler.model import JobDefinition

ANONYMOUS = "azureml_anonymous"
"""The name of every component that was not registered under one of its own."""
ANONYMOUS_ENVIRONMENT = "CliV2AnonymousEnvironment"


Keys = tuple[str | int, ...]
IN_SCHEDULE = ""
"""In place of the path of a file: the schedule's own."""


class Unsendable(Exception):
    """A part of a job that cannot be sent: a sentence, and what to do about it.

    Whoever raises it knows the value that it is about; where that stands is found on the way out.
    """

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        value: Any = None,
        keys: Keys | None = None,
        file: str | None = None,
    ) -> None:
        """`keys`: of the field, in `file`; None: not known yet, `file`: the job's own then."""
        super().__init__(message)
        self.hint = hint
        self.value = value
        self.keys = keys
        self.file = file
        self.others: tuple[Unsendable, ...] = ()
        """What else of the same job cannot be."""

    def within(
        self, document: Any, keys: Keys = (), *, prefix: str = "", file: str | None = None
    ) -> Unsendable:
        """The same, said of a part of a job: of `document`, which stands at `keys` in `file`.

        The `prefix` says which part; what stands in a file of its own needs none.
        """
        found = self.keys
        if found is None:
            found = (*keys, *(keys_of(document, self.value) or ()))
        where = file if self.file is None else self.file
        text = f"{prefix}{self}" if self.file is None else str(self)
        made = Unsendable(text, self.hint, value=self.value, keys=found, file=where)
        made.others = tuple(
            one.within(document, keys, prefix=prefix, file=file) for one in self.others
        )
        return made


def raise_all(problems: list[Unsendable]) -> None:
    """Raise them as one, if there are any."""
    if problems:
        every = [each for one in problems for each in (one, *one.others)]
        every[0].others = tuple(every[1:])
        raise every[0]


def gathered(problems: list[Unsendable], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What it makes; where it cannot, nothing, and its problem is one of the `problems`."""
    try:
        return make()
    except Unsendable as problem:
        problems.append(problem)
        return {}


@contextmanager
def about(value: Any) -> Iterator[None]:
    """What is Unsendable in here is so for `value`, unless it says for which."""
    try:
        yield
    except Unsendable as problem:
        if problem.value is None:
            problem.value = value
        raise


def keys_of(document: Any, value: Any) -> Keys | None:
    """Where `value` stands in a document for the first time."""
    if value is None:
        return None
    if type(document) is type(value) and document == value:
        return ()
    if isinstance(document, Mapping):
        items: Any = document.items()
    else:
        items = enumerate(document) if isinstance(document, list) else ()
    for key, inner in items:
        found = keys_of(inner, value)
        if found is not None:
            return (key, *found)
    return None


@dataclass(frozen=True, slots=True)
class CodePath:
    """Where code lies: a folder or a file of the repository, and what is added to it."""

    path: str | None
    """None: there is nothing but what is added."""
    includes: tuple[str, ...] = ()
    """As written, relative to `folder`."""
    folder: str = ""
    """That of the component's document, relative to the repository."""

    @property
    def key(self) -> str:
        """What tells it apart, as the snapshots of a JobDefinition have it."""
        added = [path_in_repository(self.folder, one) for one in self.includes]
        return code_key(self.path, added) or ""


class Files(Protocol):
    """The files of the repository, by their paths relative to it, with `/`."""

    def document(self, path: str) -> Mapping[str, Any]:
        """The mapping that a YAML file holds; Unsendable."""
        ...

    def job(self, definition: JobDefinition) -> Mapping[str, Any]:
        """The document of the job itself; Unsendable."""
        ...


class Ids(Protocol):
    """Ids that only the workspace knows, or the content of a folder. Unsendable."""

    def code(self, code: CodePath) -> str:
        """The ARM id of the code in a folder, or a file."""
        ...

    def version(self, kind: str, name: str, label: str) -> str:
        """Which version `NAME@LABEL` is; `kind`: environments, components, data, models."""
        ...

    def data(self, path: str, datastore: str | None) -> str:
        """Where local data is, as a URI."""
        ...

    def build_context(self, path: str, dockerfile: str | None) -> tuple[str, str]:
        """Where the folder of a Dockerfile is, as a URI, and the hash of what is in it."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a translation asks."""

    files: Files
    ids: Ids


class Nowhere:
    """The sources of a translation that may ask nobody: what needs an answer is Unsendable."""

    def document(self, path: str) -> Mapping[str, Any]:
        """No file is at hand."""
        raise Unsendable(f'the file "{path}" is not at hand')

    def job(self, definition: JobDefinition) -> Mapping[str, Any]:
        """As it was declared."""
        document: Mapping[str, Any] = json.loads(definition.document)
        return document

    def code(self, code: CodePath) -> str:
        """No folder is at hand."""
        raise Unsendable(f'the code "{code.key}" is not at hand')

    def version(self, kind: str, name: str, label: str) -> str:
        """No label is known."""
        raise Unsendable(f'what "{name}@{label}" is, is not known')

    def data(self, path: str, datastore: str | None) -> str:
        """No data is at hand."""
        raise Unsendable(f'the data "{path}" is not at hand')

    def build_context(self, path: str, dockerfile: str | None) -> tuple[str, str]:
        """No folder is at hand."""
        raise Unsendable(f'the folder "{path}" is not at hand')


@dataclass(frozen=True, slots=True)
class Asset:
    """Something to put before the job: an environment or a component, under its content's hash."""

    kind: str
    """environments, or components."""
    name: str
    version: str
    properties: Mapping[str, Any]
    used_by: str
    """The step that needs it first, for people."""

    @property
    def path(self) -> str:
        """Below the workspace."""
        return f"{self.kind}/{self.name}/versions/{self.version}"


@dataclass(slots=True)
class Collected:
    """The assets of a job, each once, in the order in which they have to be put."""

    assets: dict[str, Asset] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    """By path, the step that needs the code first."""

    def add(self, asset: Asset) -> None:
        """Keep it, unless it is there."""
        self.assets.setdefault(asset.path, asset)


def content_version(spec: Mapping[str, Any]) -> str:
    """The version of a component with this content: azure-ai-ml 1.35, `hash_dict`."""
    kept = {key: value for key, value in spec.items() if key not in ("name", "id", "version")}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    return str(UUID(digest.hexdigest()[:32]))


def without_empty(value: Any) -> Any:
    """Without members that are null or an empty map or list, at any depth."""
    if isinstance(value, Mapping):
        kept = {key: without_empty(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if not _is_empty(inner)}
    if isinstance(value, (list, tuple)):
        return [item for item in map(without_empty, value) if not _is_empty(item)]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and not value)
