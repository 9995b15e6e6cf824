"""How a workspace is called by clients of Azure where nothing says so."""

from __future__ import annotations

import re

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = "reconciler"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")


def azure_name_of(target: str) -> tuple[str, str, str]:
    """Subscription, group and workspace to say where any will do."""
    name = _NOT_IN_NAMES.sub("-", target).strip("-")[:32] or "local"
    return SUBSCRIPTION, GROUP, name if len(name) > 1 else f"{name}-workspace"
