"""Plans, results and schedules -> JSON, with secret values masked. `format_version` counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.document import document_from_schedule
from reconciler.model import Action, Change, LiveSchedule, Plan, Result, Schedule
from reconciler.secrets import mask

FORMAT_VERSION = "1.0"


def dumps(document: Any) -> str:
    """The text of a JSON document; the same bytes for the same document."""
    return json.dumps(document, indent=2) + "\n"


def plans_document(plans: Sequence[Plan]) -> dict[str, Any]:
    """What `plan --format json` prints: `plan.schema.json` describes it."""
    return {
        "format_version": FORMAT_VERSION,
        "plans": [_plan(plan) for plan in plans],
    }


def results_document(plans: Sequence[Plan], results: Sequence[Sequence[Result]]) -> dict[str, Any]:
    """What `apply --format json` prints: the plans, and the outcome of each change."""
    document = plans_document(plans)
    for plan, outcomes in zip(document["plans"], results, strict=False):
        for change, result in zip(plan["changes"], outcomes, strict=False):
            change["outcome"] = result.outcome.value.replace(" ", "_")
            change["error"] = result.error
    return document


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "target": plan.target,
        "owner": plan.owner,
        "summary": {
            **{action.name.lower(): plan.count(action) for action in Action},
            "unmanaged": plan.unmanaged,
        },
        "refusals": list(plan.refusals),
        "changes": [_change(change) for change in plan.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    source = change.source
    return {
        "action": change.action.name.lower(),
        "target": change.key.target,
        "name": change.key.name,
        "source": {"path": source.path, "line": source.line} if source else None,
        "reason": change.reason,
        "fields": [
            {
                "path": list(field.path),
                "before": _masked(field.path, field.before),
                "after": _masked(field.path, field.after),
            }
            for field in change.fields
        ],
        "notes": [
            {"kind": note.kind, "path": note.path, "message": note.message} for note in change.notes
        ],
        "before": schedule_document(change.before.schedule) if change.before else None,
        "after": schedule_document(change.after) if change.after else None,
    }


def _masked(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = mask(name, value)
    return value


def schedule_document(schedule: Schedule) -> dict[str, Any]:
    """A schedule in the words of a declaration, masked."""
    masked: dict[str, Any] = mask_document(document_from_schedule(schedule))
    return masked


def mask_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with the values of secret-looking names masked, at any depth."""
    return {name: mask(name, value) for name, value in document.items()}


def live_document(live: LiveSchedule) -> dict[str, Any]:
    """A live schedule: who owns it, and what it is."""
    return {
        "target": live.key.target,
        "name": live.key.name,
        "owner": live.owner,
        "enabled": live.schedule.enabled,
        "modified_by": live.modified_by,
        "modified_at": live.modified_at.isoformat() if live.modified_at else None,
        "schedule": schedule_document(live.schedule),
    }
