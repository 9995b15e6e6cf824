"""All runs of a namespace taken together: what they are filed under, and forgetting old ones.

A run that was pruned leaves its name in the store, `pruned/SCHEDULE/NAME`: it had its run, and gets
no other by `backfill`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.service import RPCError, RPCStatusCode

from reconciler.providers.temporal.connection import Connection, translated
from reconciler.providers.temporal.store import Files
from reconciler.workspace.store.records import RunRow

_OPEN = ("NotStarted", "Running")


def by_experiment(rows: Iterable[RunRow]) -> list[tuple[str, int, str, datetime]]:
    """By name: how many runs, the status of the newest, and when it was made."""
    found: dict[str, tuple[int, RunRow]] = {}
    for row in rows:
        number, newest = found.get(row.experiment, (0, row))
        later = max(newest, row, key=lambda one: (one.created_at, one.name))
        found[row.experiment] = number + 1, later
    return [
        (name, number, newest.status, newest.created_at)
        for name, (number, newest) in sorted(found.items())
    ]


def ended_beyond(rows: Iterable[RunRow], keep: int) -> list[RunRow]:
    """All but the newest `keep` ended runs of each schedule."""
    kept: dict[str, int] = {}
    found = []
    for row in sorted(rows, key=lambda one: (one.created_at, one.name), reverse=True):
        if row.status not in _OPEN:
            whose = row.schedule or row.pipeline
            kept[whose] = kept.get(whose, 0) + 1
            if kept[whose] > keep:
                found.append(row)
    return found


class Pruned:
    """Runs that are no more. StoreError."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def names(self, schedule: str) -> Sequence[str]:
        """Of one schedule, sorted."""
        return self._files.names(f"pruned/{schedule}")

    def note(self, run: RunRow) -> None:
        """Take the files of a run away; that it was stays on record."""
        self._files.write(f"pruned/{run.schedule}/{run.name}", b"")
        self._files.remove(f"runs/{run.name}")


async def forget(connection: Connection, workflow: str, execution: str) -> None:
    """Have Temporal forget a run that has ended; nothing if it has. ProviderError."""
    request = DeleteWorkflowExecutionRequest(
        namespace=connection.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow, run_id=execution),
    )
    try:
        await connection.send("delete_workflow_execution", request)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise translated(error, None, "prune runs") from error
