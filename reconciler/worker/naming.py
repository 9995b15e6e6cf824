"""What runs of a target of Temporal are called. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.workspace.store.records import run_stamp


def run_name(schedule: str, workflow_id: str, scheduled: datetime | None) -> str:
    """As in every target: the schedule and the instant; of one that somebody started, its id."""
    if scheduled is None:
        return workflow_id
    return f"{schedule}-{run_stamp(scheduled.astimezone(UTC))}"
