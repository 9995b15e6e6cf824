"""Plans, results and schedules -> JSON, with secret values masked. `format_version` counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, overload

from reconciler.document import document_from_schedule
from reconciler.masking import mask
from reconciler.model import Action, Change, FieldChange, LiveSchedule, Plan, Result, Schedule
from reconciler.plan.decision_table import NAMED
from reconciler.plan.trigger_text import trigger_texts
from reconciler.render.content_lines import content_document
from reconciler.render.holds import hold_document
from reconciler.render.impact_document import impact_document, load_document

FORMAT_VERSION = "1.1"


def dumps(document: Any) -> str:
    """The text of a JSON document; the same bytes for the same document."""
    # A CI runner takes `##[` and `##vso[` for the start of a command, wherever they stand in what
    # is printed. `#` only stands in strings, which mean the same with an escape.
    return json.dumps(document, indent=2).replace("##", "#\\u0023") + "\n"


def plans_document(plans: Sequence[Plan]) -> dict[str, Any]:
    """What `plan --format json` prints: `plan.schema.json` describes it."""
    return {
        "format_version": FORMAT_VERSION,
        "plans": [plan_document(plan) for plan in plans],
    }


def results_document(plans: Sequence[Plan], results: Sequence[Sequence[Result]]) -> dict[str, Any]:
    """What `apply --format json` prints: the plans, and the outcome of each change."""
    document = plans_document(plans)
    for plan, outcomes in zip(document["plans"], results, strict=False):
        for change, result in zip(plan["changes"], outcomes, strict=False):
            change["outcome"] = result.outcome.value.replace(" ", "_")
            change["error"] = result.error
    return document


def plan_document(plan: Plan, *, quiet: bool = True) -> dict[str, Any]:
    """The plan of one target, masked: what every rendering of it is made from.

    `quiet` False leaves out the changes that are none, as people do not look at them.
    """
    return {**plan_frame(plan), "changes": list(ChangeDocuments(plan, quiet=quiet))}


def plan_frame(plan: Plan) -> dict[str, Any]:
    """The same without the changes, of which a plan may have a hundred thousand."""
    return {
        "target": plan.target,
        "owner": plan.owner,
        "summary": {
            **{action.name.lower(): plan.count(action) for action in Action},
            "unmanaged": plan.unmanaged,
        },
        **_named(plan),
        "refusals": list(plan.refusals),
        "impact": load_document(plan.impact) if plan.impact is not None else None,
    }


def _named(plan: Plan) -> dict[str, dict[str, Any]]:
    """What the summary counts and no change tells of, where there is any: the first by name."""
    gone = [c.key.name for c in plan.changes if c.action is Action.NOOP and c.after is None]
    some = {"unmanaged": (plan.unmanaged, plan.others), "gone": (len(gone), gone[:NAMED])}
    return {
        key: {"count": count, "names": list(names)} for key, (count, names) in some.items() if names
    }


class ChangeDocuments(Sequence[dict[str, Any]]):
    """The changes of a plan document, each made when it is looked at and not kept: a document is as
    large as all that the plan has of a schedule.
    """

    def __init__(self, plan: Plan, *, quiet: bool = True) -> None:
        self._shown = [
            each for each in plan.changes if quiet or each.action is not Action.NOOP or each.notes
        ]

    def __len__(self) -> int:
        return len(self._shown)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [_change(each) for each in self._shown[index]]
        return _change(self._shown[index])


def _change(change: Change) -> dict[str, Any]:
    source = change.source
    before = schedule_document(change.before.schedule) if change.before else None
    after = schedule_document(change.after) if change.after else None
    return {
        "action": change.action.name.lower(),
        "target": change.key.target,
        "name": change.key.name,
        "source": {"path": source.path, "line": source.line} if source else None,
        "reason": change.reason,
        "fields": [_field(field) for field in change.fields],
        "notes": [
            {"kind": note.kind, "path": note.path, "message": note.message} for note in change.notes
        ],
        **(
            {"contents": [content_document(one) for one in change.contents]}
            if change.contents
            else {}
        ),
        **({"undoes": change.cause} if _undoes(change) else {}),
        **_job_file(change),
        **(
            {"hold": hold_document(change.after)}
            if change.after is not None and change.after.hold is not None
            else {}
        ),
        **trigger_texts(before, after),
        "impact": impact_document(change.impact) if change.impact is not None else None,
        "before": before,
        "after": after,
    }


def _undoes(change: Change) -> bool:
    return change.action is Action.UPDATE and change.cause in ("live", "both")


def _job_file(change: Change) -> dict[str, str]:
    definition = change.after.job.definition if change.after is not None else None
    is_other = any(field.path == ("create_job", "job") for field in change.fields)
    if change.action is not Action.UPDATE or definition is None or not is_other:
        return {}
    return {"job_file": definition.path}


def _field(field: FieldChange) -> dict[str, Any]:
    """`masked`: the values differ in what is masked, so that what is shown of them does not."""
    before, after = _masked(field.path, field.before), _masked(field.path, field.after)
    alike = json.dumps(before, default=str) == json.dumps(after, default=str)
    return {"path": list(field.path), "before": before, "after": after, "masked": alike}


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
