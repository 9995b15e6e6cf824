"""The address of a call -> what it is about: subscription, group, workspace, and the path below.

Names of kinds are read without regard to case, as Azure does; names of things are as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from reconciler.providers.azureml.ids import Workspace
from reconciler.web.arm.errors import refused

PROVIDER = "Microsoft.MachineLearningServices"
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview|-privatepreview)?")
_SUBSCRIPTION = re.compile(r"[A-Za-z0-9-]{1,64}")
_GROUP = re.compile(r"[\w().-]{1,90}")
_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,63}")


@dataclass(frozen=True, slots=True)
class Address:
    """What a call is about."""

    subscription: str
    group: str | None
    """None: an address of the subscription."""
    workspace: str | None
    """None: an address of the group, or the list of its workspaces."""
    location: str | None
    """Of an operation."""
    rest: tuple[str, ...]
    """Below that: ("schedules", "nightly")."""
    version: str

    def place(self, endpoint: str) -> Workspace:
        """The workspace, for ids; its names are those that the call was made with."""
        return Workspace(self.subscription, self.group or "", self.workspace or "", endpoint)


def read_address(
    path: str, query: Mapping[str, str] | None, served: tuple[str, str, str] | None
) -> Address:
    """The address of a call; ArmError. `query` None: of an API that has no versions. `served`:
    what is answered to, None: every name.
    """
    segments = [unquote(part) for part in path.strip("/").split("/")]
    lower = [segment.lower() for segment in segments]
    if len(segments) < 2 or lower[0] != "subscriptions":
        raise refused(404, "NotFound", f"No HTTP resource was found at {path}")
    subscription = segments[1]
    _known(_SUBSCRIPTION, subscription, "subscription", "SubscriptionNotFound")
    if served is not None and subscription.lower() != served[0].lower():
        words = f"The subscription '{subscription}' could not be found."
        raise refused(404, "SubscriptionNotFound", words)
    group, workspace, location, rest = _below(segments[2:], lower[2:], path)
    _check_names(group, workspace, served)
    version = _version(query) if query is not None else ""
    return Address(subscription, group, workspace, location, tuple(rest), version)


def _below(
    segments: list[str], lower: list[str], path: str
) -> tuple[str | None, str | None, str | None, list[str]]:
    """Group, workspace, location and what is below them."""
    if lower[:1] == ["resourcegroups"] and len(lower) >= 2:
        group, segments, lower = segments[1], segments[2:], lower[2:]
        if lower[:3] == ["providers", PROVIDER.lower(), "workspaces"]:
            return group, segments[3] if len(segments) > 3 else None, None, segments[4:]
        return group, None, None, ["?", *segments]
    if lower[:3] == ["providers", PROVIDER.lower(), "locations"] and len(lower) >= 4:
        return None, None, segments[3], segments[4:]
    if lower[:3] == ["providers", PROVIDER.lower(), "workspaces"] and len(lower) == 3:
        return None, None, None, []
    return None, None, None, ["?", *segments]


def _check_names(
    group: str | None, workspace: str | None, served: tuple[str, str, str] | None
) -> None:
    if group is not None:
        _known(_GROUP, group, "resource group", "ResourceGroupNotFound")
        if served is not None and group.lower() != served[1].lower():
            words = f"Resource group '{group}' could not be found."
            raise refused(404, "ResourceGroupNotFound", words)
    if workspace is not None:
        name = f"{PROVIDER}/workspaces/{workspace}"
        words = f"The Resource '{name}' under resource group '{group}' was not found."
        if _NAME.fullmatch(workspace) is None or (
            served is not None and workspace.lower() != served[2].lower()
        ):
            raise refused(404, "ResourceNotFound", words)


def _known(pattern: re.Pattern[str], name: str, kind: str, code: str) -> None:
    if pattern.fullmatch(name) is None:
        raise refused(404, code, f"The {kind} {name!r} could not be found.")


def _version(query: Mapping[str, str]) -> str:
    version = query.get("api-version")
    if version is None:
        words = "The api-version query parameter (?api-version=) is required for all requests."
        raise refused(400, "MissingApiVersionParameter", words)
    if _VERSION.fullmatch(version) is None:
        words = f"The api-version '{version[:40]}' is invalid. The format is YYYY-MM-DD."
        raise refused(400, "InvalidApiVersionParameter", words)
    return version
