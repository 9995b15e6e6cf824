"""An audit -> one HTML file, as the plan has one: no script, no network, no font."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler import __version__
from reconciler.audit.records import ScheduleAudit, Verdict
from reconciler.render.html.page import environment, policy_for, style
from reconciler.render.text.audit import WORST, counts_line, fault_lines, short_marks, time_words

MARKS = 168
"""Of one schedule, at most: a week of hours; more fires are put together."""


def render_audit_html(audits: Sequence[ScheduleAudit], since: datetime, until: datetime) -> str:
    """The page."""
    from markupsafe import Markup

    css = style("plan.css") + style("audit.css")
    totals: Counter[Verdict] = Counter()
    for one in audits:
        totals.update(one.counts)
    wrong = sum(one.is_wrong for one in audits)
    page = (
        environment()
        .get_template("audit.html.j2")
        .render(
            since=time_words(since),
            until=time_words(until),
            said=f"{wrong:,} of {len(audits):,} schedules with missing or doubled runs",
            key=[
                {"kind": _kind(verdict), "words": verdict.words, "count": f"{totals[verdict]:,}"}
                for verdict in WORST
                if totals[verdict]
            ],
            rows=[_row(one) for one in audits],
            css=Markup(css),
            policy=policy_for(css),
            version=__version__,
        )
    )
    return str(page)


def _row(one: ScheduleAudit) -> dict[str, Any]:
    marks = [Verdict(mark) for mark in short_marks(one.marks, MARKS)]
    return {
        "name": str(one.key),
        "is_wrong": one.is_wrong,
        "counts": counts_line(one),
        "marks": [{"kind": _kind(verdict), "words": verdict.words} for verdict in marks],
        "faults": fault_lines(one),
    }


def _kind(verdict: Verdict) -> str:
    return verdict.words.replace(" ", "-")
