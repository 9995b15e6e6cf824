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
    columns_of,
    counted,
    inert,
    middle,
    pad,
    plain,
    printable,
    value,
    width,
    wrapped,
)
from reconciler.render.text.fires import fires_line, load_lines
from reconciler.render.text.folded import MANY, Folded, stands_alone

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
_FEW = 3


def render_plan(plan: Plan | Document, paint: Paint = plain) -> str:
    """The changes of one target, what will fire, and a line that counts the changes."""
    return "".join(plan_parts(plan, paint))


def plan_parts(plan: Plan | Document, paint: Paint = plain, *, full: bool = True) -> Iterator[str]:
    """The same bit by bit, so that nobody has all of a large plan as text. Not `full`: of more than
    MANY changes only those that stand alone are told one by one.
    """
    between = ""
    for part in _parts(plan, paint, full):
        if part:
            yield between + part
            between = "\n"


def _parts(plan: Plan | Document, paint: Paint, full: bool) -> Iterator[str]:
    if isinstance(plan, Plan):
        document: Document = plan_frame(plan)
        changes: Sequence[Document] = ChangeDocuments(plan, quiet=False)
    else:
        document, changes = plan, plan["changes"]
    load = document["impact"]
    notes: Counter[tuple[bool, str]] = Counter()
    fires = False
    folded = None if full or _shown_of(document) <= MANY else Folded()
    alone = 0
    for change in changes:
        for note in change["notes"]:
            notes[note["kind"] in ("unchecked", "waiting"), note["message"]] += 1
        if change["action"] not in _SHOWN:
            continue
        fires = fires or bool(change["impact"])
        if folded is None or (stands_alone(change) and alone < MANY):
            alone += 1
            yield _change(change, load, paint)
        else:
            folded.add(change, load)
    if folded is not None:
        yield from folded.parts(_SYMBOLS, _COUNTS, paint)
        yield f"{paint('note:', 'hint')} told in short; --full shows all, `plan NAME` one of them\n"
    yield "".join(_notes(notes, paint))
    within = columns_of(paint)
    refusals = [wrapped(printable(reason), within, 9) for reason in document["refusals"]]
    yield "".join(f"{paint('refused:', 'error')} {reason}\n" for reason in refusals)
    if fires:
        yield "".join(f"{wrapped(line, within, 0)}\n" for line in load_lines(document["impact"]))
    yield _summary(document, paint)


def _shown_of(document: Document) -> int:
    return sum(document["summary"][action] for action in _SHOWN)


def _change(change: Document, load: Document | None, paint: Paint) -> str:
    action, after, reason = change["action"], change["after"], printable(change["reason"])
    within = columns_of(paint)
    head = f"{_SYMBOLS[action]} {printable(change['target'] + '/' + change['name'])}"
    source = change["source"]
    place = printable(f"{source['path']}:{source['line']}") if source else ""
    beside = place if after is not None and source else reason
    lines = _head(head, beside, action, paint)
    if after is not None and reason:
        lines.append(f"    {wrapped(reason, within, 4)}")
    if action == "create":
        state = "" if after["is_enabled"] else "; disabled"
        lines.append(f"    {wrapped(printable(change['trigger']['after']) + state, within, 4)}")
        lines.append(
            f"    {wrapped('runs ' + printable(str(after['create_job']['job'])), within, 4)}"
        )
    columns = _VALUE_COLUMNS if within is None else max(within // 3, 16)
    rows = [
        (printable(".".join(field["path"])), _field(field, columns)) for field in change["fields"]
    ]
    if action == "create":
        rows += _created(after)
    rows += content_lines(change)
    said = fires_line(change, load)
    if said:
        rows.append(("fires", said))
    lines += aligned(rows, within)
    lines += _warnings(change, paint)
    return "".join(f"{inert(line)}\n" for line in lines)


def _head(head: str, beside: str, action: str, paint: Paint) -> list[str]:
    """The line that a change begins with; on a terminal its place is below it where it is long."""
    within = columns_of(paint)
    if within is None or max(width(head), _NAME_COLUMNS) + 2 + width(beside) <= within:
        return [f"{paint(pad(head, _NAME_COLUMNS), action)}  {beside}".rstrip()]
    lines = [paint(middle(head, within), action)]
    return [*lines, f"    {middle(beside, within - 4)}"] if beside else lines


def _created(schedule: Document) -> list[tuple[str, str]]:
    """What no words say of a schedule that is new."""
    facts = unsaid(schedule)
    rows = [(name, clip(text, _VALUE_COLUMNS)) for name, text in facts[:_FACTS]]
    more = len(facts) - _FACTS
    return [*rows, ("...", f"and {counted(more, 'more field')}")] if more > 0 else rows


def _field(field: Document, columns: int) -> str:
    hidden = "  (they differ in what is masked)" if field["masked"] else ""
    before, after = (MASK if v == MASK else value(v) for v in (field["before"], field["after"]))
    before, after = clip_pair(before, after, columns)
    return f"{before} -> {after}{hidden}"


def _warnings(change: Document, paint: Paint) -> list[str]:
    impact = change["impact"]
    found = impact["warnings"] if impact else ()
    within = columns_of(paint)
    return [
        f"    {paint('warning:', 'warning')} {wrapped(printable(w['message']), within, 13)}"
        for w in found
    ]


def _notes(counts: Mapping[tuple[bool, str], int], paint: Paint) -> list[str]:
    """What the target rewrites or approximates, and what could not be looked at, each said once."""
    within, lines = columns_of(paint), []
    for (is_open, message), number in counts.items():
        label, role = ("warning:", "warning") if is_open else ("note:", "hint")
        text = f"{printable(message)} ({counted(number, 'schedule')})"
        lines.append(f"{paint(label, role)} {wrapped(text, within, len(label) + 1)}\n")
    return lines


def _is_pending(document: Document) -> bool:
    return any(document["summary"][action] for action in ("create", "update", "disable"))


def _named(document: Document, key: str) -> str:
    """In brackets, who is counted there and told of nowhere else: the first of them."""
    some = document.get("gone" if key == "noop" else key)
    if not some:
        return ""
    names = [printable(name) for name in some["names"][:_FEW]]
    more = some["count"] - len(names)
    told = ", ".join(names) + (f" and {more:,} more" if more else "")
    return (
        f" ({some['count']:,} removed, and disabled already: {told})"
        if key == "noop"
        else f" ({told})"
    )


def _summary(document: Document, paint: Paint) -> str:
    counts = document["summary"]
    text = ", ".join(
        f"{counts[key]:,} {words}{_named(document, key)}"
        for key, words in _COUNTS.items()
        if counts[key]
    )
    if not _is_pending(document) and not counts["skip"]:
        text = f"nothing to change{', ' if text else ''}{text}"
    if document["refusals"]:
        text += "; refused, so apply changes nothing"
    line = inert(f"{printable(document['target'])}: {text}")
    return paint(wrapped(line, columns_of(paint), 0), "heading") + "\n"


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
