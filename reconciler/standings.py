"""How the schedules of a target stand after a cycle: a plan and its results -> rows of the state.

Nothing secret is in them: values are masked as in every document of a plan.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any

from reconciler.firing.words.trigger_words import describe
from reconciler.masking import mask_text
from reconciler.model import Action, Change, Outcome, Plan, Result
from reconciler.render.documents import plan_document, schedule_document
from reconciler.render.holds import hold_document
from reconciler.state.standings import ScheduleRow, Sync

_DONE = (Outcome.CREATED, Outcome.UPDATED, Outcome.DISABLED)
_LIVE_CAUSES = ("live", "both", "unknown")


def schedule_rows(
    plan: Plan,
    results: Sequence[Result] = (),
    waiting: Mapping[str, str] | None = None,
    contended: Mapping[str, str] | None = None,
) -> tuple[dict[str, int], Iterator[ScheduleRow]]:
    """How many stand how, and a row for each. `results`: what became of the changes that were
    made; `waiting` and `contended`: why others were left, by name.
    """
    became = {result.change.key.name: result for result in results}
    waiting, contended = waiting or {}, contended or {}
    counts: Counter[str] = Counter({"unmanaged": plan.unmanaged})
    rows = []
    for change in plan.changes:
        name = change.key.name
        result = became.get(name)
        why = contended.get(name) or (result.error if result is not None else None)
        why = why or waiting.get(name) or ""
        sync = _sync(change, result, name in contended)
        counts[sync] += 1
        rows.append((change, sync, why))
    return dict(counts), (_row(plan, *one) for one in rows)


def _sync(change: Change, result: Result | None, is_contended: bool) -> Sync:
    done = result is not None and result.outcome in _DONE
    if is_contended and not done:
        return "contended"
    if change.action is Action.SKIP:
        return "not_ours"
    if result is not None and result.outcome is Outcome.FAILED:
        return "failed"
    if change.action is not Action.NOOP and not done:
        return "drift" if change.cause in _LIVE_CAUSES else "pending"
    if change.after is None:
        return "removed"
    hold = change.after.hold
    if hold is not None:
        return "suspended" if hold.suspended else "held"
    return "in_sync"


def _row(plan: Plan, change: Change, sync: Sync, why: str) -> ScheduleRow:
    live, after = change.before, change.after
    hold, source = after.hold if after is not None else None, change.source
    parts = [
        change.action.name,
        live.fingerprint if live is not None else "",
        f"{source.path}:{source.line}" if source is not None else "",
        f"{hold.until.isoformat()} {hold.by} {hold.reason}" if hold is not None else "",
        after.mode if after is not None else "",
        why,
    ]
    if change.action is not Action.NOOP or live is None:
        # What is declared is not what is live: it says itself what it is.
        parts += [repr(after), repr(change.fields), change.reason, str(change.cause)]
    mark = blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
    return ScheduleRow(
        change.key.name, sync, f"{sync} {mark}", partial(_entry, plan, change, sync, why)
    )


def _entry(plan: Plan, change: Change, sync: Sync, why: str) -> dict[str, Any]:
    live, after = change.before, change.after
    # After a change was made, what is declared is what is live.
    shown = after if after is not None else live.schedule if live is not None else None
    assert shown is not None
    settled = sync in ("in_sync", "held", "suspended", "removed")
    if not settled and live is not None and sync != "not_ours":
        shown = live.schedule
    source = change.source
    entry: dict[str, Any] = {
        "action": "noop" if settled else change.action.name.lower(),
        "enabled": _is_enabled(change, settled),
        "trigger": schedule_document(shown)["trigger"],
        "words": mask_text(describe(shown.trigger)),
        "job": mask_text(shown.job.reference),
        "description": mask_text(shown.description) if shown.description else None,
        "owner": plan.owner if sync != "not_ours" else (live.owner if live is not None else None),
        "path": source.path if source is not None else None,
        "line": source.line if source is not None else None,
        "by": live.modified_by if live is not None else None,
        "at": live.modified_at.isoformat() if live is not None and live.modified_at else None,
        "created_at": live.created_at.isoformat()
        if live is not None and live.created_at is not None
        else None,
        "hold": hold_document(after) if after is not None else None,
        "mode": after.mode if after is not None else None,
        "why": mask_text(why),
    }
    if not settled:
        entry |= _difference(plan, change)
    return entry


def _is_enabled(change: Change, settled: bool) -> bool:
    """Whether it fires where it lives; what is not declared any more was disabled."""
    if settled:
        return change.after is not None and change.after.enabled
    return change.before is not None and change.before.schedule.enabled


def _difference(plan: Plan, change: Change) -> dict[str, Any]:
    """Its cause and its fields, as the plan document says them."""
    (document,) = plan_document(replace(plan, changes=(change,), impact=None))["changes"]
    fields = json.loads(json.dumps(document["fields"], default=str))
    return {"cause": change.cause, "reason": document["reason"], "fields": fields}
