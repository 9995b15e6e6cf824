"""The plan of one target -> what its part of the page shows, ready to be placed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from reconciler.render import fire_words
from reconciler.render.html.change_card import ACTIONS, card_of, details_of
from reconciler.render.html.heatmap import heat_map
from reconciler.render.html.timeline import timeline
from reconciler.render.plain_text import clip, counted

Document = Mapping[str, Any]
View = dict[str, Any]

_PICTURES = 200
"""So many timelines are drawn in a plan."""
_DETAILED = 2_000
"""So many changes can be opened; of more, the line is all there is."""
_OPENED = 8
_NAME = 200


def totals(plans: Sequence[Document]) -> list[tuple[str, str, int]]:
    """How many changes there are of each action, in all plans: action, words, number."""
    total: Counter[str] = Counter()
    for plan in plans:
        total.update(plan["summary"])
    return [(action, words, total[action]) for action, (_, _, words) in ACTIONS.items()]


def view_of(plan: Document, number: int) -> View:
    """A plan; `number` tells its anchors from those of others."""
    changes = sorted((c for c in plan["changes"] if c["action"] in ACTIONS), key=_order)
    impact = plan.get("impact")
    notes = Counter(note["message"] for change in changes for note in change["notes"])
    cards = list(_cards(changes, impact, number))
    drawn = sum(card.get("timeline") is not None for card in cards)
    pictured = sum(bool(c.get("impact")) for c in changes)
    return {
        "id": f"target-{number}",
        "target": clip(plan["target"], _NAME),
        "owner": clip(plan["owner"], _NAME),
        "counts": totals([plan]),
        "unchanged": plan["summary"]["noop"],
        "unmanaged": plan["summary"]["unmanaged"],
        "named": list(_named(plan)),
        "refusals": plan["refusals"],
        "load": _load(impact) if impact else None,
        "warnings": sum(len(c["impact"]["warnings"]) for c in changes if c.get("impact")),
        "changes": cards,
        "detailed": _DETAILED,
        "drawn": drawn,
        "undrawn": pictured - drawn if drawn == _PICTURES else 0,
        "notes": [(text, counted(times, "schedule")) for text, times in notes.items()],
    }


def _named(plan: Document) -> Iterator[tuple[str, list[str], int]]:
    """What is counted and told of nowhere else: a label, the first names, and how many more."""
    for kind, label in (("unmanaged", "Unmanaged"), ("gone", "Removed, and disabled already")):
        if some := plan.get(kind):
            names = [clip(name, _NAME) for name in some["names"]]
            yield label, names, some["count"] - len(names)


def _order(change: Document) -> tuple[int, bool, str]:
    """What stops firing first; in each action, what there are warnings about."""
    warned = bool(change.get("impact") and change["impact"]["warnings"])
    return (list(ACTIONS).index(change["action"]), not warned, change["name"])


def _load(impact: Document) -> View:
    a_day = impact["per_day"]
    by = a_day["after"] - a_day["before"]
    before, after, difference = fire_words.numbers(a_day["before"], a_day["after"], abs(by))
    most = max((max(m["before"], m["after"]) for m in impact["busiest"]), default=0) or 1
    return {
        "from": f"{fire_words.when(impact['start'], UTC)} UTC",
        "days": fire_words.days(impact["horizon_days"]),
        "before": before,
        "after": after,
        "difference": _difference(by, difference) if before != after else "as before",
        "busiest": [
            {
                "at": fire_words.when(minute["at"], UTC, impact["start"]),
                "before": minute["before"],
                "after": minute["after"],
                "before_width": round(minute["before"] / most * 100, 1),
                "after_width": round(minute["after"] / most * 100, 1),
            }
            for minute in impact["busiest"]
        ],
        "heat": heat_map(impact["heat"]),
    }


def _difference(by: float, shown: str) -> str:
    return f"{shown} {'more' if by > 0 else 'fewer'}"


def _cards(changes: Sequence[Document], impact: Document | None, number: int) -> Iterator[View]:
    pictures = _PICTURES
    for index, change in enumerate(changes):
        card = card_of(change, impact)
        card["id"] = f"change-{number}-{index + 1}"
        card["open"] = len(changes) <= _OPENED
        card["detailed"] = index < _DETAILED
        if card["detailed"]:
            card |= details_of(change, impact)
            if impact and pictures and change.get("impact"):
                card["timeline"] = timeline(change, impact["start"], impact["horizon_days"])
                pictures -= card["timeline"] is not None
        yield card
