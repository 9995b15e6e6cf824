"""Past cycles and applies: what is written down of them, and the documents that show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler.masking import mask_text
from reconciler.model import Action, Outcome, Plan, Result
from reconciler.render.documents import ChangeDocuments, plan_frame
from reconciler.state.records import CycleOutcome, CycleRecord, Entry, ResultRecord

_CHANGED = (Outcome.CREATED, Outcome.UPDATED, Outcome.DISABLED)
_UNDONE = (Outcome.FAILED, Outcome.NOT_TRIED)
_REASONS: dict[CycleOutcome, str] = {
    "in_sync": "InSync",
    "applied": "Applied",
    "partial": "AppliedInPart",
    "failed": "ChangesFailed",
    "stalled": "NotOurs",
}


def apply_record(
    plan: Plan,
    results: Sequence[Result],
    *,
    started_at: datetime,
    ended_at: datetime,
    revision: str | None = None,
    author: str | None = None,
    actor: str | None = None,
) -> CycleRecord:
    """An apply by hand to one target. Nothing secret is in it."""
    tried = [result for result in results if result.change.action not in (Action.NOOP, Action.SKIP)]
    left = len(plan.not_ours)
    outcome = _outcome(tried, left)
    counts = {kind: sum(each.outcome is kind for each in tried) for kind in Outcome}
    said = [f"{counts[kind]} {kind.value}" for kind in (*_CHANGED, *_UNDONE) if counts[kind]]
    said += [f"{left} not ours, left alone"] if left else []
    return CycleRecord(
        target=plan.target,
        started_at=started_at,
        ended_at=ended_at,
        outcome=outcome,
        reason=_REASONS[outcome],
        message=", ".join(said) or "nothing to change",
        revision=revision,
        author=author,
        actor=actor,
        cause="apply",
        # Of a large plan the documents of all changes at once would be most of the memory.
        plan={**plan_frame(plan), "changes": ChangeDocuments(plan, quiet=False)}
        if plan.pending or left
        else None,
        results=tuple(_result(each) for each in tried),
        durations={"apply": (ended_at - started_at).total_seconds()},
    )


def _outcome(tried: Sequence[Result], left: int) -> CycleOutcome:
    done = any(each.outcome in _CHANGED for each in tried)
    if any(each.outcome in _UNDONE for each in tried):
        return "partial" if done else "failed"
    if left:
        return "stalled"
    return "applied" if done else "in_sync"


def _result(result: Result) -> ResultRecord:
    return ResultRecord(
        name=result.change.key.name,
        action=result.change.action.name.lower(),
        outcome=result.outcome.value.replace(" ", "_"),
        error=mask_text(result.error) if result.error else None,
    )


def entry_document(entry: Entry) -> dict[str, Any]:
    """A line of the history as JSON: `history export` and `--format json`."""
    record = entry.record
    return {
        "id": entry.id,
        "target": record.target,
        "cause": record.cause,
        "outcome": record.outcome,
        "reason": record.reason,
        "message": record.message,
        "revision": record.revision,
        "author": record.author,
        "actor": record.actor,
        "started_at": record.started_at.isoformat(),
        "ended_at": record.ended_at.isoformat(),
        "times": entry.count,
        "durations": dict(record.durations),
        "results": [
            {
                "name": each.name,
                "action": each.action,
                "outcome": each.outcome,
                "error": each.error,
            }
            for each in record.results
        ],
        "plan": record.plan,
    }
