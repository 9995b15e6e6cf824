"""The specification of a component that has no name -> the document of its file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.declare.reading.yaml_loader import parse
from reconciler.providers.azureml.deploy.questions.client_reading import as_client_reads
from reconciler.providers.azureml.ids import PREFIX
from reconciler.providers.azureml.jobs.assets import ANONYMOUS, ANONYMOUS_ENVIRONMENT
from reconciler.providers.azureml.jobs.reading import partition_keys
from reconciler.providers.azureml.returning.jobs import without_nulls
from reconciler.providers.capabilities import Unsayable

_OWN = ("name", "version", "id", "_source", "sourceJobId", "jobs", "is_anonymous")


def component_document(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What `properties` of a component version say, without its steps; references as they are."""
    spec = properties.get("componentSpec")
    if not isinstance(spec, Mapping) or not isinstance(spec.get("type"), str):
        raise Unsayable("it is a component without a type")
    spec = without_nulls(spec)
    if spec.get("additional_includes"):
        # They are part of the hash of the component, and the folders that they name are not there.
        raise Unsayable("additional_includes are in its code, and where they lay is not known")
    document = {"type": spec["type"], **{k: v for k, v in spec.items() if k not in _OWN}}
    if document.get("is_deterministic") is True:
        del document["is_deterministic"]  # as it is without being said
    if "partition_keys" in document:
        document["partition_keys"] = partition_keys(document["partition_keys"])
    tags = properties.get("tags")
    if isinstance(tags, Mapping) and {k: str(v) for k, v in tags.items()} == document.get("tags"):
        document["tags"] = tags  # a number is one there, and text in the specification
    for key in ("description", "tags", "properties"):
        if properties.get(key) and key not in document:
            document[key] = properties[key]
    return {key: value for key, value in document.items() if value not in ({}, [])}


def environment_document(properties: Mapping[str, Any]) -> dict[str, Any]:
    """An environment that has no name, as it stands in what runs in it; Unsayable.

    The folder that it is built from is the address where that lies.
    """
    given = without_nulls(properties)
    build = given.get("build")
    document = {
        "build": _build(build) if isinstance(build, Mapping) else None,
        "image": given.get("image"),
        "conda_file": _conda(given.get("condaFile")),
        "os_type": given.get("osType"),
        "description": given.get("description"),
        "tags": given.get("tags"),
        "properties": given.get("properties"),
        "inference_config": _inference(given.get("inferenceConfig")),
    }
    return {key: value for key, value in document.items() if value}


def _conda(text: Any) -> Any:
    if not text:
        return None
    content = str(text).encode("utf-8", "replace")
    documents, faults = parse(content)  # which knows what aliases cost before it is paid
    if faults or len(documents) != 1:
        raise Unsayable("its conda file cannot be read")
    if not isinstance(documents[0].data, dict):
        raise Unsayable("its conda file is no mapping")
    return as_client_reads(content, documents[0].data)


def _build(given: Mapping[str, Any]) -> dict[str, Any]:
    named = {"dockerfile_path": given.get("dockerfilePath")}
    return {"path": given.get("contextUri"), **{k: v for k, v in named.items() if v}}


def _inference(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return None
    routes = ("liveness", "readiness", "scoring")
    return {f"{name}_route": given.get(f"{name}Route") for name in routes}


def anonymous_component(reference: Any) -> str | None:
    """The version that a reference to a component without a name has, short or as an id."""
    return _version(reference, "components", ANONYMOUS)


def anonymous_environment(reference: Any) -> str | None:
    """The same of an environment."""
    return _version(reference, "environments", ANONYMOUS_ENVIRONMENT)


def _version(reference: Any, kind: str, name: str) -> str | None:
    if not isinstance(reference, str):
        return None
    text = reference.removeprefix(PREFIX)
    if text.startswith(f"{name}:"):
        return text.removeprefix(f"{name}:")
    before, found, version = text.partition(f"/{kind}/{name}/versions/")
    return version if found and before.startswith("/") and "/" not in version else None


def code_name(reference: Any) -> tuple[str, str] | None:
    """(name, version) of the code that a reference leads to."""
    if not isinstance(reference, str):
        return None
    text = reference.removeprefix(PREFIX)
    before, found, rest = text.partition("/codes/")
    name, middle, version = rest.partition("/versions/")
    whole = found and middle and before.startswith("/") and name and version
    return (name, version) if whole and "/" not in name + version else None
