"""One change of the plan document -> Markdown, at the three lengths that a budget may leave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from reconciler.render import fire_words
from reconciler.render.content_lines import content_lines
from reconciler.render.field_lines import lines_of, name_of, unsaid
from reconciler.render.markdown.escaping import code, fence, markup, prose
from reconciler.render.markdown.links import FileLinks, place_link
from reconciler.render.plain_text import clip, counted, printable

Document = Mapping[str, Any]
_FIELDS = 30
_EXAMPLES = 3
_COLUMNS = 300


@dataclass(frozen=True, slots=True)
class Lengths:
    """A change in full, in a line, and by its name alone."""

    full: str
    line: str
    name: str


def lengths_of(
    change: Document, load: Document | None, *, opened: bool, links: FileLinks | None = None
) -> Lengths:
    """A change at each length; `opened`: in full it is shown without being opened first."""
    name, effect = change["name"], _effect(change, load)
    tail = f": {effect}" if effect else ""
    source = change["source"]
    place = f" ({place_link(source, links)})" if source else ""
    full = folded(f"<code>{markup(name)}</code>{tail}", _body(change, load, links), opened=opened)
    return Lengths(full, f"- {code(name)}{place}{tail}\n", code(name))


def folded(summary: str, body: str, *, opened: bool) -> str:
    """A block that is opened by its summary, which is HTML of ours."""
    mark = " open" if opened else ""
    return f"<details{mark}>\n<summary>{summary}</summary>\n\n{body}\n</details>\n"


def _effect(change: Document, load: Document | None) -> str:
    """What a reviewer has to know, in words of ours alone: they stand in HTML and in Markdown."""
    warnings = len(change["impact"]["warnings"]) if change.get("impact") else 0
    said = [fire_words.in_a_line(change, load)]
    if not said[0] and change["fields"]:
        said = [counted(len(change["fields"]), "field")]
    if warnings:
        said.append(f"<b>{counted(warnings, 'warning')}</b>")
    return "; ".join(part for part in said if part)


def _body(change: Document, load: Document | None, links: FileLinks | None) -> str:
    source, reason = change["source"], change["reason"]
    place = f"declared at {place_link(source, links)}" if source and change["after"] else ""
    said = "; ".join(part for part in (place, prose(reason) if reason else "") if part)
    parts = [said + "\n" if said else "", _diff(change), _fires(change, load)]
    return "\n".join(part for part in parts if part)


def _diff(change: Document) -> str:
    lines: list[str] = []
    words = change.get("trigger") or {"before": None, "after": None}
    if words["before"] != words["after"]:
        pairs = (("-", words["before"]), ("+", words["after"]))
        _add(lines, "when", [(mark, printable(text)) for mark, text in pairs if text is not None])
    if change["action"] == "create":
        _add(lines, "runs", [("+", printable(str(change["after"]["create_job"]["job"])))])
        facts = unsaid(change["after"])
        if facts:
            _add(lines, "with", [("+", f"{name}: {text}") for name, text in facts[:_FIELDS]])
        _more(lines, len(facts))
    add_fields(lines, change)
    add_contents(lines, change)
    return fence(lines, "diff") if lines else ""


def add_fields(lines: list[str], change: Document) -> None:
    """The fields that differ, as lines of a diff."""
    for field in change["fields"][:_FIELDS]:
        _add(lines, name_of(field), lines_of(field))
    _more(lines, len(change["fields"]))


def add_contents(lines: list[str], change: Document) -> None:
    """What is another within the job that it runs: which files and steps, and their lines."""
    for (what, text), one in zip(content_lines(change), change.get("contents") or (), strict=True):
        _add(lines, what, [("!", text)])
        for line in one.get("diff", ()):
            shown = printable(line.expandtabs(4))
            is_ours = shown[:2] in ("- ", "+ ", "  ", "@@")
            lines.append(clip(shown if is_ours else f"  {shown}", _COLUMNS))


def _more(lines: list[str], number: int) -> None:
    if number > _FIELDS:
        lines.append(f"  ... and {counted(number - _FIELDS, 'more field')}")


def _add(lines: list[str], name: str, marked: list[tuple[str, str]]) -> None:
    # Every line starts with a mark of ours, so that none can be a fence or a command of a runner.
    lines.append(f"@@ {name} @@")
    lines += [f"{mark} {clip(text, _COLUMNS)}" for mark, text in marked]


def _fires(change: Document, load: Document | None) -> str:
    impact = change.get("impact")
    if impact is None or load is None:
        return ""
    zone, name = fire_words.zone_of(change)
    clock = _Clock(zone, name, load["start"], fire_words.days(load["horizon_days"]))
    lines = []
    if change["action"] in ("update", "skip"):
        lines += _table(impact, clock)
    else:
        side = impact["before" if change["action"] == "disable" else "after"]
        lines += _sentence(side, change["action"], clock)
    if impact["examples"] and change["action"] == "update":
        shown = impact["examples"][:_EXAMPLES]
        lines += ["", "First to differ: " + "; ".join(_example(one, clock) for one in shown)]
    if impact["warnings"]:
        lines += ["", *(f"- **Warning:** {prose(w['message'])}" for w in impact["warnings"])]
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def _table(impact: Document, clock: _Clock) -> list[str]:
    before, after = impact["before"], impact["after"]
    rows = [("fires", fire_words.rate(before), fire_words.rate(after))]
    if before is not None or after is not None:
        rows.append((f"in {clock.days}", fire_words.count(before), fire_words.count(after)))
        following = [
            fire_words.following(side, clock.zone, clock.start) for side in (before, after)
        ]
        rows.append((f"next, {clock.name}", following[0], following[1]))
    table = ["| | before | after |", "|---|---|---|"]
    table += [f"| {a} | {b} | {c} |" for a, b, c in rows]
    differences = ", ".join(fire_words.differences(impact))
    return [*table, "", f"In {clock.days}: {differences}."] if differences else table


def _sentence(side: Document | None, action: str, clock: _Clock) -> list[str]:
    if side is None or side["first"] is None:
        return []
    verb = "Would have fired" if action == "disable" else "Fires"
    count = f"{counted(side['count'], 'time')} in {clock.days}"
    return [f"{verb} {count}; next {clock.says(side['first'])} {clock.name}."]


def _example(example: Document, clock: _Clock) -> str:
    before, after = (
        clock.says(example[side]) if example[side] else "nothing" for side in ("before", "after")
    )
    return f"{before} -> {after}"


@dataclass(frozen=True, slots=True)
class _Clock:
    """How instants are said: in a zone, near the start of a plan that looks some days ahead."""

    zone: tzinfo
    name: str
    start: str
    days: str

    def says(self, instant: str) -> str:
        return fire_words.when(instant, self.zone, self.start)
