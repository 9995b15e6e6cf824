"""The environment of a step -> its id, or text that Azure reads as it is. Pure."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import (
    ANONYMOUS_ENVIRONMENT,
    Asset,
    Collected,
    Files,
    Ids,
    Unsendable,
    about,
)
from reconciler.providers.azureml.jobs.terms.references import file_path, is_address, version_id

_CURATED = f"{PREFIX}AzureML-"


def environment(
    given: Any,
    folder: str,
    workspace: Workspace,
    files: Files,
    ids: Ids,
    collected: Collected,
    used_by: str,
) -> str | None:
    """`azureml:ARM-ID`, or the text of one in a registry; Unsendable. None: none is named."""
    if given is None:
        return None
    if isinstance(given, str):
        if is_address(given):
            return given
        if given.startswith(_CURATED):  # with a label too: the service knows what it means
            return given
        if given.startswith((PREFIX, "/")):
            return PREFIX + version_id(given, "environments", workspace, ids)
        path = file_path(given, folder)
        with about(given):
            given, folder = files.document(path), posixpath.dirname(path)
    if not isinstance(given, Mapping):
        raise Unsendable("an environment is a reference, or a mapping")
    version, properties = _anonymous(given, folder, files, ids)
    asset = Asset("environments", ANONYMOUS_ENVIRONMENT, version, properties, used_by)
    collected.add(asset)
    return f"{PREFIX}{workspace.id}/{asset.path}"


def _anonymous(
    given: Mapping[str, Any], folder: str, files: Files, ids: Ids
) -> tuple[str, dict[str, Any]]:
    """The version that the content has, and the properties to put."""
    sent: dict[str, Any] = {
        "condaFile": _conda(given.get("conda_file"), folder, files),
        "image": given.get("image"),
        "osType": _lower(given.get("os_type")),
        "description": given.get("description"),
        "tags": given.get("tags") or None,
        "properties": given.get("properties") or None,
        "inferenceConfig": _inference(given.get("inference_config")),
    }
    build = given.get("build")
    if isinstance(build, Mapping) and build.get("path"):
        version, sent["build"] = _build(build, folder, ids)
    elif given.get("image"):
        version = _image_version(
            str(given["image"]), given.get("inference_config"), sent["condaFile"]
        )
    else:
        raise Unsendable(
            "an environment has neither an image nor a folder to build one from",
            "give it an image, or build: {path: ...}",
        )
    kept = {key: value for key, value in sent.items() if value is not None}
    return version, {**kept, "isAnonymous": True, "isArchived": False}


def _image_version(image: str, inference: Any, conda: str | None) -> str:
    """As azure-ai-ml 1.35 has it, `Environment._generate_anonymous_name_version`: each further hash
    is joined by what there is already.
    """
    text = _sha256(image)
    if inference:
        text = text.join(_sha256(_inference_text(inference)))
    if conda:
        text = text.join(_sha256(conda))
    return _sha256(text)


def _build(build: Mapping[str, Any], folder: str, ids: Ids) -> tuple[str, dict[str, Any]]:
    dockerfile = build.get("dockerfile_path")
    path = str(build["path"])
    named = {"dockerfilePath": dockerfile} if dockerfile else {}
    if "://" in path:
        raise Unsendable(
            "an environment that is built from an address needs a name",
            "register it, and refer to it",
            value=path,
        )
    with about(path):
        uri, content = ids.build_context(file_path(path, folder), dockerfile)
    text = _sha256(content)
    if dockerfile:
        text = text.join(_sha256(dockerfile))
    return _sha256(text), {"contextUri": uri, **named}


def _conda(given: Any, folder: str, files: Files) -> str | None:
    """Its text, with the keys sorted, as Azure's client sends it."""
    if not given:
        return None
    if isinstance(given, str):
        with about(given):
            given = files.document(file_path(given, folder))
    return yaml.safe_dump(dict(given), sort_keys=True, default_flow_style=False)


def _inference(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        return None
    return {f"{name}Route": _route(given.get(f"{name}_route")) for name in _ROUTES}


def _route(given: Any) -> Any:
    if isinstance(given, Mapping) and str(given.get("port")).isdecimal():
        return {**given, "port": int(given["port"])}
    return given


_ROUTES = ("liveness", "readiness", "scoring")
_MODELS = "!!python/object:azure.ai.ml._restclient.arm_ml_service.models._models"


def _inference_text(given: Any) -> str:
    """What is hashed of it: PyYAML's text of the client's own objects."""
    lines = [f"{_MODELS}.InferenceContainerProperties", "_data:"]
    for name in _ROUTES:
        lines += [f"  {name}Route: {_MODELS}.Route", "    _data:"]
        route = yaml.safe_dump(_route(given.get(f"{name}_route")), sort_keys=True)
        lines += [f"      {line}" for line in route.splitlines()]
    return "\n".join([*lines, ""])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
