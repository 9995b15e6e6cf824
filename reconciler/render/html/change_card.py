"""One change of the plan document -> what its card in the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.render import fire_words
from reconciler.render.content_lines import content_lines
from reconciler.render.field_lines import facts_of, is_short, lines_of, name_of
from reconciler.render.html.word_diff import word_diff
from reconciler.render.plain_text import clip, clip_pair, counted, printable, value

Document = Mapping[str, Any]
View = dict[str, Any]

ACTIONS = {
    "disable": ("-", "disable", "to disable"),
    "update": ("~", "update", "to update"),
    "create": ("+", "create", "to create"),
    "skip": ("!", "skipped", "skipped, not ours"),
}
"""In the order of the page: the symbol, the word on a card, the words of a count."""
_FIELDS = 60
_EXAMPLES = 5
_COLUMNS = 400
_NAME = 200


def card_of(change: Document, load: Document | None) -> View:
    """The line of a change; `load`: that of the plan."""
    symbol, words, _ = ACTIONS[change["action"]]
    source, effect = change["source"], fire_words.in_a_line(change, load)
    if not effect and change["fields"]:
        effect = counted(len(change["fields"]), "field")
    found = change["impact"]["warnings"] if change.get("impact") else []
    name = clip(printable(change["name"]), _NAME)
    return {
        "action": change["action"],
        "symbol": symbol,
        "verb": words,
        "name": name if name.strip() else f'"{name}"',
        "place": clip(printable(f"{source['path']}:{source['line']}"), _NAME) if source else "",
        "effect": effect,
        "warnings": [warning["message"] for warning in found],
        "warned": counted(len(found), "warning"),
    }


def details_of(change: Document, load: Document | None) -> View:
    """What a card shows when it is opened."""
    words = change.get("trigger") or {"before": None, "after": None}
    impact = change.get("impact")
    facts = _facts(change)
    return {
        "reason": change["reason"],
        "fields": [_field(field) for field in change["fields"][:_FIELDS]],
        "more_fields": _more(len(change["fields"])),
        "facts": facts[:_FIELDS],
        "more_facts": _more(len(facts)),
        "when": (words["before"], words["after"]),
        "fires": _fires(change, impact, load) if impact and load else None,
        "timeline": None,
        "contents": _contents(change),
        "notes": [(note["path"], note["message"]) for note in change["notes"]],
    }


def _contents(change: Document) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What is another within the job that it runs, in words, and its lines with their marks."""
    told = zip(content_lines(change), change.get("contents") or (), strict=True)
    return [
        (what, text, [_marked(line) for line in one.get("diff", ())]) for (what, text), one in told
    ]


def _marked(line: str) -> tuple[str, str]:
    shown = clip(printable(line.expandtabs(4)), _COLUMNS)
    return (shown[0], shown[2:]) if shown[:2] in ("- ", "+ ", "  ") else (" ", shown)


def _more(number: int) -> str:
    return counted(number - _FIELDS, "more field") if number > _FIELDS else ""


def _field(field: Document) -> View:
    """A pair of values with their words marked, or lines where they are long."""
    shown: View = {"name": name_of(field), "lines": None, "masked": False}
    before, after = value(field["before"]), value(field["after"])
    if before == after:
        return shown | {"masked": True, "before": ((clip(before, _COLUMNS), False),)}
    if not is_short(field):
        return shown | {"lines": lines_of(field)}
    left, right = word_diff(*clip_pair(before, after, _COLUMNS))
    return shown | {
        "before": left if field["before"] is not None else None,
        "after": right if field["after"] is not None else None,
    }


def _facts(change: Document) -> list[tuple[str, str]]:
    """What is created, or what was there, key by key; an update shows what differs instead."""
    document = {"create": change["after"], "disable": change["before"]}.get(change["action"])
    return facts_of(document) if document is not None else []


def _fires(change: Document, impact: Document, load: Document) -> View:
    """A table of the sides that there are, and the first fires that differ."""
    zone, name = fire_words.zone_of(change)
    start = load["start"]
    sides = {"before": impact["before"], "after": impact["after"]}
    shown = {"create": ["after"], "disable": ["before"]}.get(change["action"], list(sides))

    def said(instant: str | None) -> str | None:
        return fire_words.when(instant, zone, start) if instant else None

    return {
        "zone": name,
        "days": fire_words.days(load["horizon_days"]),
        "rates": {side: fire_words.rate(sides[side]) for side in shown},
        "counts": [fire_words.count(sides[side]) for side in shown],
        "next": [fire_words.following(sides[side], zone, start) for side in shown],
        "told": any(sides[side] and sides[side]["first"] for side in shown),
        "differences": fire_words.differences(impact) if len(shown) > 1 else [],
        "examples": [
            (said(one["before"]), said(one["after"]))
            for one in impact["examples"][:_EXAMPLES]
            if len(shown) > 1
        ],
    }
