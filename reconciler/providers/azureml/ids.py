"""`azureml:NAME` <-> ARM ids of a workspace. Pure.

On the wire jobs, components and computes are ARM ids; in values and plans those of the target's
own workspace are `azureml:NAME[:VERSION]`, for that is what people write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

PREFIX = "azureml:"


@dataclass(frozen=True, slots=True)
class Workspace:
    """An Azure Machine Learning workspace. `endpoint`: of ARM, without a slash at its end."""

    subscription: str
    resource_group: str
    name: str
    endpoint: str = "https://management.azure.com"

    @property
    def id(self) -> str:
        """Its ARM id."""
        return _workspace_id(self.subscription, self.resource_group, self.name)


@lru_cache(maxsize=64)
def _workspace_id(subscription: str, group: str, name: str) -> str:
    subscription, group, name = (quote(part, safe="") for part in (subscription, group, name))
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
        f"/Microsoft.MachineLearningServices/workspaces/{name}"
    )


def to_id(reference: str, kind: str, workspace: Workspace) -> str:
    """The ARM id of `azureml:NAME[:VERSION]` as one of `kind` (jobs, computes, components).

    What is an id, or of a registry, already, stays.
    """
    if "://" in reference:
        return reference
    text = reference.removeprefix(PREFIX)
    if text.startswith("/"):
        return text
    name, at, label = text.partition("@")
    if at:
        return f"{workspace.id}/{kind}/{name}/labels/{label}"
    name, _, version = text.partition(":")
    suffix = f"/versions/{version}" if version else ""
    return f"{workspace.id}/{kind}/{name}{suffix}"


def from_id(identifier: str, kind: str, workspace: Workspace) -> str:
    """The short form of an id of this workspace; another id as it is, after `azureml:`."""
    own = re.escape(f"{workspace.id}/{kind}/")
    match = re.fullmatch(
        rf"{own}(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+)|/labels/(?P<label>[^/]+))?",
        identifier,
        re.IGNORECASE,
    )
    if match is None:
        if identifier.startswith("/"):
            return PREFIX + identifier
        # Microsoft's client sends a short name as it is.
        return identifier if ":" in identifier else PREFIX + identifier
    if match["label"]:
        return f"{PREFIX}{match['name']}@{match['label']}"
    version = f":{match['version']}" if match["version"] else ""
    return f"{PREFIX}{match['name']}{version}"
