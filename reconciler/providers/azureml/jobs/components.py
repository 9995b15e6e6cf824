"""A component file, or an inline step, -> the specification under which it is put. Pure.

Keys that are not known here are sent as they stand.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import (
    ANONYMOUS,
    Asset,
    CodePath,
    Collected,
    Files,
    Ids,
    Unsendable,
    about,
    content_version,
    without_empty,
)
from reconciler.providers.azureml.jobs.environments import environment
from reconciler.providers.azureml.jobs.interface import declared_input, declared_output
from reconciler.providers.azureml.jobs.spark import component_conf
from reconciler.providers.azureml.jobs.terms.references import (
    file_path,
    is_address,
    is_reference,
    version_id,
)
from reconciler.providers.azureml.jobs.terms.values import typed

INLINE, FROM_FILE = "YAML.JOB", "YAML.COMPONENT"


@dataclass(frozen=True, slots=True)
class Context:
    """What a translation works with."""

    workspace: Workspace
    files: Files
    ids: Ids
    collected: Collected


@dataclass(frozen=True, slots=True)
class Component:
    """What a step runs. `document` is None where only Azure knows it."""

    id: str
    source: str
    document: Mapping[str, Any] | None = None


def registered(reference: str, context: Context) -> Component:
    """A component by its reference; Unsendable."""
    if "registries/" in reference:
        return Component(reference, "REMOTE.REGISTRY")
    found = version_id(reference, "components", context.workspace, context.ids)
    return Component(found, "REMOTE.WORKSPACE.COMPONENT")


def put_component(
    document: Mapping[str, Any], folder: str, source: str, used_by: str, context: Context
) -> Component:
    """A component that is no pipeline; `folder`: where its document stands. Unsendable."""
    document = typed(document)
    spec = _specification(document, folder, used_by, context)
    return add_component(spec, source, used_by, context, document, {"isArchived": False})


def add_component(
    spec: dict[str, Any],
    source: str,
    used_by: str,
    context: Context,
    document: Mapping[str, Any],
    more: Mapping[str, Any],
) -> Component:
    """Collect a component under the hash of its specification."""
    version = content_version(_as_hashed(spec))
    # The version in the specification is the client's default, whatever the hash is.
    named = {**spec, "name": ANONYMOUS, "version": "1", "_source": source}
    properties: dict[str, Any] = {
        "componentSpec": named,
        "isAnonymous": True,
        "properties": dict(document.get("properties") or {}),
        "tags": dict(document.get("tags") or {}),
        **more,
    }
    if document.get("description"):
        properties["description"] = document["description"]
    asset = Asset("components", ANONYMOUS, version, properties, used_by)
    context.collected.add(asset)
    return Component(f"{context.workspace.id}/{asset.path}", source, document)


def _as_hashed(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Azure's client takes the hash before keys of partitions become text."""
    keys = spec.get("partition_keys")
    return {**spec, "partition_keys": json.loads(keys)} if isinstance(keys, str) else spec


_INCLUDES = "additional_includes"
_OWN = ("name", "version", "id", "inputs", "outputs", "code", "environment", "tags")


def _specification(
    document: Mapping[str, Any], folder: str, used_by: str, context: Context
) -> dict[str, Any]:
    kind = str(document.get("type") or "command")
    spec = {key: value for key, value in document.items() if key not in _OWN}
    match kind:
        case "command":
            spec.pop("environment_variables", None)
            if isinstance(spec.get("distribution"), Mapping):
                spec["distribution"] = _distribution(spec["distribution"])
        case "parallel":
            spec |= parallel_settings(document, for_component=True)
            spec["task"] = put_task(document.get("task"), folder, used_by, context)
        case "spark":
            spec["conf"] = component_conf(document)
    if isinstance(spec.get("resources"), Mapping):  # their properties stand at the step alone
        spec["resources"] = {k: v for k, v in spec["resources"].items() if k != "properties"}
    spec |= {
        "type": kind,
        "is_deterministic": document.get("is_deterministic", True),
        "tags": _texts(document.get("tags")),
        "code": put_code(_code(document, kind), folder, used_by, context, document.get(_INCLUDES)),
        "environment": put_environment(document.get("environment"), folder, used_by, context),
        **interface(document),
    }
    sent: dict[str, Any] = without_empty(spec)
    return sent


def interface(document: Mapping[str, Any]) -> dict[str, Any]:
    """The declared inputs and outputs of a component's document."""
    return {
        "inputs": {k: declared_input(v) for k, v in (document.get("inputs") or {}).items()},
        "outputs": {k: declared_output(v) for k, v in (document.get("outputs") or {}).items()},
    }


def _code(document: Mapping[str, Any], kind: str) -> Any:
    return document.get("code", "." if kind == "spark" else None)


def put_code(
    given: Any, folder: str, used_by: str, context: Context, includes: Any = None
) -> str | None:
    """`azureml:ARM-ID` of the code that a step runs; `includes`: its `additional_includes`."""
    added = _included(includes)
    if given is None and not added:
        return None
    if given is not None and not isinstance(given, str):
        hint = "write the path alone: code: ./src"
        raise Unsendable("code is the path of a folder", hint, keys=("code",))
    if given is not None and (is_address(given) or is_reference(given)):
        if added:
            what = "additional_includes can be added to a folder of the repository alone"
            raise Unsendable(what, keys=(_INCLUDES,))
        if is_address(given):
            return given
        return PREFIX + version_id(given, "codes", context.workspace, context.ids)
    code = CodePath(None if given is None else file_path(given, folder), added, folder)
    context.collected.codes.setdefault(code.key, used_by)
    with about(given or added[0]):
        return PREFIX + context.ids.code(code)


def _included(given: Any) -> tuple[str, ...]:
    if not given:
        return ()
    paths = tuple(one for one in given if isinstance(one, str)) if isinstance(given, list) else ()
    if len(paths) != len(given):
        raise Unsendable(
            "additional_includes are a list of paths",
            "a package of Azure DevOps has to be fetched before, into a folder of the repository",
            keys=(_INCLUDES,),
        )
    return paths


def put_environment(given: Any, folder: str, used_by: str, context: Context) -> str | None:
    """The environment that a step runs in."""
    with about(given):
        return environment(
            given, folder, context.workspace, context.files, context.ids, context.collected, used_by
        )


def put_task(given: Any, folder: str, used_by: str, context: Context) -> Any:
    """What a parallel step does with each batch."""
    if not isinstance(given, Mapping):
        return given
    return without_empty(
        {
            **given,
            "code": put_code(given.get("code"), folder, used_by, context),
            "environment": put_environment(given.get("environment"), folder, used_by, context),
        }
    )


def parallel_settings(document: Mapping[str, Any], *, for_component: bool) -> dict[str, Any]:
    """How a parallel step is cut into batches."""
    size = batch_size(document.get("mini_batch_size"))
    sent: dict[str, Any] = {"mini_batch_size": str(size or 0) if for_component else size}
    if document.get("partition_keys"):
        sent["partition_keys"] = json.dumps(document["partition_keys"])
    return sent


_UNITS = {"": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


def batch_size(given: Any) -> Any:
    """Bytes, or items: `10kb` is 10240; what is no size is left as it is."""
    found = re.fullmatch(r"(\d+)([kKmMgG][bB])?", str(given)) if given is not None else None
    return int(found[1]) * _UNITS[(found[2] or "").lower()] if found else given


def _distribution(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(given.get("type")).lower()
    default = {"parameter_server_count": 0} if kind == "tensorflow" else {}
    return {**default, **given, "type": kind}


def _texts(tags: Any) -> dict[str, str]:
    return {key: literal_text(value) for key, value in (tags or {}).items()}


def literal_text(value: Any) -> str:
    """A tag, which is text."""
    return value if isinstance(value, str) else str(value)


def folder_of(path: str) -> str:
    """The folder that a file stands in."""
    return posixpath.dirname(path)
