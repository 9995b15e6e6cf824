"""Plans and results -> text for people.

A plan is rendered from its document: one that was saved, or is history, reads as it did when it was
made. Everything in a document is masked; here it is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.masking import MASK
from reconciler.model import Action, Outcome, Plan, Result
from reconciler.render.content_lines import content_lines
from reconciler.render.documents import ChangeDocuments, plan_frame
from reconciler.render.field_lines import unsaid
from reconciler.render.plain_text import (
    Paint,
    aligned,
    clip,
    clip_pair,
    counted,
    inert,
    pad,
    plain,
    printable,
    value,
)
from reconciler.render.text.fires import fires_line, load_lines

Document = Mapping[str, Any]

_SYMBOLS = {action.name.lower(): action.value for action in Action}
_SHOWN = ("create", "update", "disable", "skip")
_COUNTS = {
    "create": "to create",
    "update": "to update",
    "disable": "to disable",
    "skip": "skipped",
    "noop": "unchanged",
    "unmanaged": "unmanaged",
}
_VALUE_COLUMNS = 160
_NAME_COLUMNS = 32
_FACTS = 30


def render_plan(plan: Plan | Document, paint: Paint = plain) -> str:
    """The changes of one target, what will fire, and a line that counts the changes."""
    return "".join(plan_parts(plan, paint))


def plan_parts(plan: Plan | Document, paint: Paint = plain) -> Iterator[str]:
    """The same bit by bit, so that nobody has all of a large plan as text."""
    between = ""
    for part in _parts(plan, paint):
        if part:
            yield between + part
            between = "\n"


def _parts(plan: Plan | Document, paint: Paint) -> Iterator[str]:
    if isinstance(plan, Plan):
        document: Document = plan_frame(plan)
        changes: Sequence[Document] = ChangeDocuments(plan, quiet=False)
    else:
        document, changes = plan, plan["changes"]
    start = document["impact"]["start"] if document["impact"] else None
    notes: Counter[tuple[bool, str]] = Counter()
    fires = False
    for change in changes:
        notes.update((n["kind"] in ("unchecked", "waiting"), n["message"]) for n in change["notes"])
        if change["action"] in _SHOWN:
            fires = fires or bool(change["impact"])
            yield _change(change, start, paint)
    yield "".join(_notes(notes, paint))
    refusals = [f"{paint('refused:', 'error')} {printable(r)}\n" for r in document["refusals"]]
    yield "".join(refusals)
    if fires:
        yield "".join(f"{line}\n" for line in load_lines(document["impact"]))
    yield _summary(document, paint)


def _change(change: Document, start: str | None, paint: Paint) -> str:
    action, after, reason = change["action"], change["after"], printable(change["reason"])
    head = f"{_SYMBOLS[action]} {printable(change['target'] + '/' + change['name'])}"
    source = change["source"]
    place = printable(f"{source['path']}:{source['line']}") if source else ""
    beside = place if after is not None and source else reason
    lines = [f"{paint(pad(head, _NAME_COLUMNS), action)}  {beside}".rstrip()]
    if after is not None and reason:
        lines.append(f"    {reason}")
    if action == "create":
        state = "" if after["is_enabled"] else "; disabled"
        lines.append(f"    {printable(change['trigger']['after'])}{state}")
        lines.append(f"    runs {printable(str(after['create_job']['job']))}")
    rows = [(printable(".".join(field["path"])), _field(field)) for field in change["fields"]]
    if action == "create":
        rows += _created(after)
    rows += content_lines(change)
    said = fires_line(change, start)
    if said:
        rows.append(("fires", said))
    lines += aligned(rows)
    lines += _warnings(change, paint)
    return "".join(f"{inert(line)}\n" for line in lines)


def _created(schedule: Document) -> list[tuple[str, str]]:
    """What no words say of a schedule that is new."""
    facts = unsaid(schedule)
    rows = [(name, clip(text, _VALUE_COLUMNS)) for name, text in facts[:_FACTS]]
    more = len(facts) - _FACTS
    return [*rows, ("...", f"and {counted(more, 'more field')}")] if more > 0 else rows


def _field(field: Document) -> str:
    hidden = "  (they differ in what is masked)" if field["masked"] else ""
    before, after = (MASK if v == MASK else value(v) for v in (field["before"], field["after"]))
    before, after = clip_pair(before, after, _VALUE_COLUMNS)
    return f"{before} -> {after}{hidden}"


def _warnings(change: Document, paint: Paint) -> list[str]:
    impact = change["impact"]
    found = impact["warnings"] if impact else ()
    return [f"    {paint('warning:', 'warning')} {printable(w['message'])}" for w in found]


def _notes(counts: Mapping[tuple[bool, str], int], paint: Paint) -> list[str]:
    """What the target rewrites or approximates, and what could not be looked at, each said once."""
    return [
        f"{paint('warning:', 'warning') if is_open else paint('note:', 'hint')}"
        f" {printable(message)} ({counted(number, 'schedule')})\n"
        for (is_open, message), number in counts.items()
    ]


def _is_pending(document: Document) -> bool:
    return any(document["summary"][action] for action in ("create", "update", "disable"))


def _summary(document: Document, paint: Paint) -> str:
    counts = document["summary"]
    text = ", ".join(f"{counts[key]:,} {words}" for key, words in _COUNTS.items() if counts[key])
    if not _is_pending(document) and not counts["skip"]:
        text = f"nothing to change{', ' if text else ''}{text}"
    return paint(inert(f"{printable(document['target'])}: {text}"), "heading") + "\n"


def render_result(result: Result, paint: Paint = plain) -> str:
    """One line for a change that was carried out; empty where nothing was to be done."""
    if result.outcome in (Outcome.UNCHANGED, Outcome.SKIPPED):
        return ""
    key = printable(str(result.change.key))
    if result.error is None:
        action = result.change.action.name.lower()
        return f"{paint(result.outcome.value, action)} {key}\n"
    return f"{paint(result.outcome.value, 'error')} {key}: {printable(result.error)}\n"


def render_results(results: Sequence[Result], paint: Paint = plain) -> str:
    """A line that counts what became of the changes."""
    counts = Counter(result.outcome for result in results)
    order = [outcome for outcome in Outcome if outcome is not Outcome.UNCHANGED]
    said = [f"{counts[outcome]:,} {outcome.value}" for outcome in order if counts[outcome]]
    return paint(", ".join(said) or "nothing was to be done", "heading") + "\n"
