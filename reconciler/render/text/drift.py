"""Differences by their cause -> JSON, and text for people; secret values are masked.

The document is made from that of the plan, so that what is said of a change is said once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model import Action, Change, Plan
from reconciler.plan.causes import who_and_when
from reconciler.render.documents import FORMAT_VERSION, plan_document
from reconciler.render.holds import hold_document
from reconciler.render.plain_text import Paint, counted, pad, plain, printable, value, width

TITLES = {
    "live": "changed live",
    "both": "changed in the repository and live",
    "repository": "changed in the repository",
    "over": "a hold or suspension is over",
    "new": "not live yet",
    "removed": "removed from the repository",
    "unknown": "differs; what was last applied is not known",
    "not_ours": "declared, but not ours",
}
"""The causes, in the order in which they are shown."""


def differs(change: Change) -> bool:
    """Whether a change is a difference: all but what is the same, and what cannot be applied."""
    return change.action in (Action.CREATE, Action.UPDATE, Action.DISABLE)


def drift_document(plans: Sequence[Plan]) -> dict[str, Any]:
    """What `drift --format json` prints."""
    found = [one for plan in plans for one in _of_plan(plan)]
    order = list(TITLES)
    found.sort(key=lambda one: (order.index(one["cause"]), one["target"], one["name"]))
    return {"format_version": FORMAT_VERSION, "drift": found}


def _of_plan(plan: Plan) -> list[dict[str, Any]]:
    shown = plan_document(plan)["changes"]
    return [
        _one(change, document)
        for change, document in zip(plan.changes, shown, strict=True)
        if change.action is not Action.NOOP
    ]


def _one(change: Change, document: Mapping[str, Any]) -> dict[str, Any]:
    live, after = change.before, change.after
    cause = change.cause or "not_ours"
    blamed = live if cause in ("live", "both") else None
    return {
        "target": document["target"],
        "name": document["name"],
        "cause": cause,
        "by": blamed.modified_by if blamed else None,
        "at": blamed.modified_at.isoformat() if blamed and blamed.modified_at else None,
        "source": document["source"],
        "mode": after.mode if after is not None else None,
        "hold": hold_document(after) if after is not None else None,
        "words": who_and_when(blamed).strip() if blamed else document["reason"],
        "fields": [
            {
                "path": field["path"],
                "repository": field["after"],
                "live": field["before"],
                "masked": field["masked"],
            }
            for field in document["fields"]
        ],
    }


def render_drift(document: Mapping[str, Any], paint: Paint = plain) -> str:
    """The same for people, under a heading for each cause."""
    found = document["drift"]
    if not found:
        return "no drift: what is live is as declared\n"
    parts: list[str] = []
    for cause, title in TITLES.items():
        group = [one for one in found if one["cause"] == cause]
        if group:
            heading = f"{title} ({counted(len(group), 'schedule')})"
            parts.append(paint(heading, "heading") + "\n" + "".join(map(_text, group)))
    answers = "reconciler drift accept|revert NAME, or reconciler hold NAME"
    if any(one["cause"] in ("live", "both", "unknown") for one in found):
        parts.append(f"answer with {answers}\n")
    return "\n".join(parts)


def _text(one: Mapping[str, Any]) -> str:
    name = printable(f"{one['target']}/{one['name']}")
    source = one["source"]
    place = printable(f"{source['path']}:{source['line']}") if source else ""
    lines = [f"  {pad(name, 32)}  {place}".rstrip()]
    worded = ("live", "both", "over", "not_ours")
    said = [one["words"] if one["cause"] in worded else ""]
    said += [one["hold"]["words"] if one["hold"] else ""]
    if one["mode"] not in (None, "heal"):
        said.append(f"reconcile: {one['mode']}")
    lines += [f"      {printable(words)}" for words in said if words]
    names = [".".join(field["path"]) for field in one["fields"]]
    columns = max((width(printable(name)) for name in names), default=0)
    for name, field in zip(names, one["fields"], strict=True):
        hidden = "  (they differ in what is masked)" if field["masked"] else ""
        shown = f"live {value(field['live'])}, repository {value(field['repository'])}"
        lines.append(f"      {pad(printable(name), columns)}  {shown}{hidden}")
    return "\n".join(lines) + "\n"
