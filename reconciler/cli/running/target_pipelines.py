"""The pipelines of one target, whatever kind it is."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.cli.session import Session
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule
from reconciler.providers import open_temporal
from reconciler.providers.temporal.payload import Payload
from reconciler.workspace.store.references import split_reference
from reconciler.workspace.store.schedules import PipelineRow


def pipelines_of(session: Session, target: Target) -> list[PipelineRow]:
    """Those that can be told of, by name; ReconcilerError where the target keeps none."""
    if target.provider == "azureml":
        raise ReconcilerError(
            f"{target.name}: Azure keeps no pipelines by name: each schedule holds the job that it"
            " runs",
            hint="`reconciler schedules list` lists them, `schedules show NAME` shows one",
        )
    if target.provider != "temporal":
        provider = session.local(target)
        with provider.errors(None, "list pipelines"):
            return provider.store.pipelines()
    temporal = open_temporal(target, session.opening(target, session.config.owner))
    temporal.list()
    return _carried(temporal.payloads())


def _carried(found: Sequence[tuple[LiveSchedule, Payload]]) -> list[PipelineRow]:
    """What schedules of Temporal carry for their runs: there are no other pipelines there."""
    by_name: dict[str, list[tuple[LiveSchedule, Payload]]] = {}
    for live, payload in found:
        name, _ = split_reference(live.schedule.job.reference)
        by_name.setdefault(name, []).append((live, payload))
    return [_row(name, by_name[name]) for name in sorted(by_name)]


def _row(name: str, runs_it: list[tuple[LiveSchedule, Payload]]) -> PipelineRow:
    versions = [split_reference(live.schedule.job.reference)[1] or "" for live, _ in runs_it]
    newest = max(
        range(len(runs_it)),
        key=lambda at: runs_it[at][0].modified_at or runs_it[at][1].created,
    )
    live, payload = runs_it[newest]
    return PipelineRow(
        name,
        True,
        versions[newest],
        versions[newest],
        payload.pipeline.document,
        payload.pipeline.path,
        live.modified_at or payload.created,
        None,
        len(set(versions)),
        sum(live.schedule.enabled for live, _ in runs_it),
    )
