"""Which task queue a step waits in. Pure: runs are decided by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMPUTE_PREFIX = "azureml:"


def compute_of(document: Mapping[str, Any], step: str, schedule_compute: str | None) -> str | None:
    """The name of the compute that a step asks for; None: any worker that takes such steps."""
    settings = document.get("settings")
    default = settings.get("default_compute") if isinstance(settings, Mapping) else None
    jobs = document.get("jobs")
    own = jobs[step].get("compute") if isinstance(jobs, Mapping) and step in jobs else None
    found = own or schedule_compute or document.get("compute") or default
    if not isinstance(found, str) or not found:
        return None
    return found.removeprefix(COMPUTE_PREFIX).rstrip("/").rpartition("/")[2] or None


def queue_of(task_queue: str, compute: str | None) -> str:
    """The task queue of the steps of a compute."""
    return task_queue if compute is None else f"{task_queue}.{compute}"


def looks_queue_of(task_queue: str) -> str:
    """The task queue of the looks at folders. No compute has such a name."""
    return f"{task_queue}/looks"
