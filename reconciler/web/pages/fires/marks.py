"""The fires of a day as SVG, written here: one that fires each minute has hundreds of marks."""

from __future__ import annotations

from urllib.parse import quote_plus

from markupsafe import Markup, escape

from reconciler.web.pages.charts import DayRow, Mark
from reconciler.web.template_filters import path_of

LEFT, SLOT, ROW = 86, 5, 18
"""Where the marks begin, the width of a slot, and the height of a day."""


def marks_of(day: DayRow, y: int, schedule: str) -> Markup:
    """The marks of a day whose row begins at `y`; each leads to the runs behind it."""
    label = escape(day.label)
    listed = f"/runs?schedule={quote_plus(schedule)}"
    return Markup("".join(_drawn(mark, y, label, listed) for mark in day.marks))


def _drawn(mark: Mark, y: int, label: Markup, listed: str) -> str:
    title = escape(mark.title)
    drawn = (
        f'<rect x="{LEFT + mark.x * SLOT}" y="{y + 2}" width="{mark.slots * SLOT - 0.5}"'
        f' height="14" rx="1.5" class="mark {mark.kind}"><title>{title}</title></rect>'
    )
    if not mark.since:
        return drawn
    failed = mark.kind == "failed"
    span = f"&amp;since={mark.since.replace(':', '%3A')}&amp;until={mark.until.replace(':', '%3A')}"
    address = path_of("runs", mark.run) if mark.run else listed + span
    if failed and not mark.run:
        address += "&amp;status=Failed"
    reached = "" if failed else ' tabindex="-1"'
    return f'<a href="{address}" aria-label="{label}, {title}"{reached}>{drawn}</a>'
