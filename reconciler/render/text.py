"""Plans and results -> text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.firing.words import describe
from reconciler.model import Action, Change, FieldChange, Outcome, Plan, Result
from reconciler.render.words import Paint, clip_pair, counted, pad, plain, printable, value, width
from reconciler.secrets import MASK, is_secret, mask

_SHOWN = (Action.CREATE, Action.UPDATE, Action.DISABLE, Action.SKIP)
_VALUE_COLUMNS = 160
_NAME_COLUMNS = 32


def render_plan(plan: Plan, paint: Paint = plain) -> str:
    """The changes of one target, and a line that counts them."""
    shown = [change for change in plan.changes if change.action in _SHOWN]
    parts = [_change(change, paint) for change in shown]
    parts.append("".join(_notes(shown, paint)))
    parts.append("".join(f"{paint('refused:', 'error')} {printable(r)}\n" for r in plan.refusals))
    parts.append(_summary(plan, paint))
    return "\n".join(part for part in parts if part)


def _change(change: Change, paint: Paint) -> str:
    head = f"{change.action.value} {printable(str(change.key))}"
    source = change.source
    after = printable(str(source)) if change.after is not None and source else change.reason
    lines = [f"{paint(pad(head, _NAME_COLUMNS), change.action.name.lower())}  {after}".rstrip()]
    if change.after is not None and change.reason:
        lines.append(f"    {printable(change.reason)}")
    if change.action is Action.CREATE:
        assert change.after is not None
        state = "" if change.after.enabled else "; disabled"
        lines.append(f"    {printable(describe(change.after.trigger))}{state}")
        lines.append(f"    runs {printable(change.after.job.reference)}")
    names = max((width(printable(field.name)) for field in change.fields), default=0)
    lines += [_field(field, names) for field in change.fields]
    return "\n".join(lines) + "\n"


def _field(field: FieldChange, columns: int) -> str:
    before, after = _masked(field)
    hidden = "  (they differ in what is masked)" if before == after else ""
    before, after = clip_pair(before, after, _VALUE_COLUMNS)
    return f"    {pad(printable(field.name), columns)}  {before} -> {after}{hidden}"


def _masked(field: FieldChange) -> tuple[str, str]:
    if any(is_secret(part) for part in field.path):
        shown = ["(none)" if v is None else MASK for v in (field.before, field.after)]
        return shown[0], shown[1]
    name = field.path[-1]
    return value(mask(name, field.before)), value(mask(name, field.after))


def _notes(changes: Sequence[Change], paint: Paint) -> list[str]:
    """What the target rewrites or approximates, each said once."""
    counts = Counter(note.message for change in changes for note in change.notes)
    return [
        f"{paint('note:', 'hint')} {printable(message)} ({counted(number, 'schedule')})\n"
        for message, number in counts.items()
    ]


def _summary(plan: Plan, paint: Paint) -> str:
    counted_actions = (
        (Action.CREATE, "to create"),
        (Action.UPDATE, "to update"),
        (Action.DISABLE, "to disable"),
        (Action.SKIP, "skipped"),
        (Action.NOOP, "unchanged"),
    )
    numbers = [(plan.count(action), words) for action, words in counted_actions]
    numbers.append((plan.unmanaged, "unmanaged"))
    text = ", ".join(f"{number:,} {words}" for number, words in numbers if number)
    if not plan.pending:
        text = f"nothing to change{', ' if text else ''}{text}"
    return paint(f"{plan.target}: {text}", "heading") + "\n"


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
