"""An audit as text: a line of marks for each schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.audit.records import ScheduleAudit, Verdict
from reconciler.render.plain_text import Paint, counted, plain, printable, table

MARKS = 48
"""In a line, at most; more fires are put together, and the worst of them is shown."""
_WORST = (
    *(Verdict.DOUBLED, Verdict.MISSING, Verdict.FAILED, Verdict.CANCELED, Verdict.UNEXPECTED),
    *(Verdict.LATE, Verdict.BY_HAND, Verdict.WAITING, Verdict.RAN, Verdict.ON_TIME),
)
_ORDER = "".join(verdict.value for verdict in _WORST)
_SHOWN = 10


def render_audit(
    audits: Sequence[ScheduleAudit], since: datetime, until: datetime, paint: Paint = plain
) -> str:
    """All of it: a table, what is wrong by its instants, and what is not known."""
    rows = [(printable(str(one.key)), _marks(one.marks) or "-", _counts(one)) for one in audits]
    lines = [f"from {_time(since)} to {_time(until)} UTC\n\n"]
    lines.append(table(("SCHEDULE", "FIRES", ""), rows, paint))
    used = {verdict for one in audits for verdict in one.counts}
    lines.append("\n" + "  ".join(f"{v.value} {v.words}" for v in _WORST if v in used) + "\n")
    for one in audits:
        lines += _faults(one)
    wrong = sum(one.is_wrong for one in audits)
    fault = f"{counted(wrong, 'schedule')} with missing or doubled runs" if wrong else "all is well"
    lines.append(f"\n{counted(len(audits), 'schedule')}: {fault}\n")
    return "".join(lines)


def _marks(marks: str) -> str:
    """One for each fire, or for some that follow each other."""
    size = -(-len(marks) // MARKS) or 1
    return "".join(
        min(marks[at : at + size], key=_ORDER.index) for at in range(0, len(marks), size)
    )


def _counts(one: ScheduleAudit) -> str:
    counts = one.counts
    said = [f"{counts[verdict]:,} {verdict.words}" for verdict in _WORST if verdict in counts]
    if not one.foretold:
        said.append("fires when files change, which is not foretold")
    elif not said:
        said.append("nothing was to fire" if not one.unknown else "not known")
    return ", ".join(said)


def _faults(one: ScheduleAudit) -> list[str]:
    wrong = [each for each in one.judged if each.verdict in _WORST[:5]]
    spans = one.unknown if one.foretold else ()
    if not wrong and not spans:
        return []
    lines = [f"\n{printable(str(one.key))}\n"]
    for since, until in spans:
        lines.append(f"  not known from {_time(since)} to {_time(until)} UTC\n")
    for each in wrong[:_SHOWN]:
        runs = f"  {', '.join(printable(run) for run in each.runs)}" if each.runs else ""
        lines.append(f"  {_time(each.at)} UTC  {each.verdict.words}{runs}\n")
    if len(wrong) > _SHOWN:
        lines.append(f"  and {len(wrong) - _SHOWN:,} more: --format json has all\n")
    return lines


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
