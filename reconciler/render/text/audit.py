"""An audit as text: a line of marks for each schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.audit.records import ScheduleAudit, Verdict
from reconciler.render.plain_text import Paint, counted, plain, printable, table

MARKS = 48
"""In a line, at most; more fires are put together, and the worst of them is shown."""
WORST = (
    *(Verdict.DOUBLED, Verdict.MISSING, Verdict.FAILED, Verdict.CANCELED, Verdict.UNEXPECTED),
    *(Verdict.LATE, Verdict.BY_HAND, Verdict.WAITING, Verdict.RAN, Verdict.ON_TIME),
)
_ORDER = "".join(verdict.value for verdict in WORST)
_ENDED_BADLY = (Verdict.FAILED, Verdict.CANCELED)
_SHOWN = 10


def render_audit(
    audits: Sequence[ScheduleAudit], since: datetime, until: datetime, paint: Paint = plain
) -> str:
    """All of it: a table, what is wrong by its instants, and what is not known."""
    rows = [
        (printable(str(one.key)), short_marks(one.marks) or "-", counts_line(one)) for one in audits
    ]
    lines = [f"from {time_words(since)} to {time_words(until)} UTC\n\n"]
    lines.append(table(("SCHEDULE", "FIRES", ""), rows, paint))
    used = {verdict for one in audits for verdict in one.counts}
    lines.append("\n" + "  ".join(f"{v.value} {v.words}" for v in WORST if v in used) + "\n")
    for one in audits:
        faults = fault_lines(one)
        if faults:
            lines.append(f"\n{printable(str(one.key))}\n")
            lines += [f"  {line}\n" for line in faults]
    lines.append(f"\n{counted(len(audits), 'schedule')}: {_verdict(audits)}\n")
    return "".join(lines)


def _verdict(audits: Sequence[ScheduleAudit]) -> str:
    """Whether all ran; what ran and failed is told apart from it."""
    wrong = sum(one.is_wrong for one in audits)
    if wrong:
        return f"{counted(wrong, 'schedule')} with missing or doubled runs"
    ended = [(v, sum(one.counts.get(v, 0) for one in audits)) for v in _ENDED_BADLY]
    bad = [f"{number:,} {verdict.words}" for verdict, number in ended if number]
    return f"no run is missing or doubled; {', '.join(bad)}" if bad else "all is well"


def short_marks(marks: str, most: int = MARKS) -> str:
    """One for each fire, or for some that follow each other; `most` of them."""
    size = -(-len(marks) // most) or 1
    return "".join(
        min(marks[at : at + size], key=_ORDER.index) for at in range(0, len(marks), size)
    )


def counts_line(one: ScheduleAudit) -> str:
    """How often each verdict was given, the worst first."""
    counts = one.counts
    said = [f"{counts[verdict]:,} {verdict.words}" for verdict in WORST if verdict in counts]
    if not one.foretold:
        said.append("fires when files change, which is not foretold")
    elif not said:
        said.append("nothing was to fire" if not one.unknown else "not known")
    return ", ".join(said)


def fault_lines(one: ScheduleAudit) -> list[str]:
    """What is wrong with it, by its instants, and the spans that are not known."""
    wrong = [each for each in one.judged if each.verdict in WORST[:5]]
    spans = one.unknown if one.foretold else ()
    lines = [
        f"not known from {time_words(since)} to {time_words(until)} UTC" for since, until in spans
    ]
    for each in wrong[:_SHOWN]:
        runs = f"  {', '.join(printable(run) for run in each.runs)}" if each.runs else ""
        lines.append(f"{time_words(each.at)} UTC  {each.verdict.words}{runs}")
    if len(wrong) > _SHOWN:
        lines.append(f"and {len(wrong) - _SHOWN:,} more: --format json has all")
    return lines


def time_words(at: datetime) -> str:
    """An instant, without seconds where there are none."""
    return f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
