"""An audit as a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from reconciler.audit.records import Judged, ScheduleAudit, Verdict
from reconciler.model import Key
from reconciler.render.html.audit_page import MARKS, render_audit_html

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)


def page(*audits: ScheduleAudit) -> str:
    return render_audit_html(audits, SINCE, NOW)


def test_what_it_shows() -> None:
    at = NOW - timedelta(hours=3)
    judged = (Judged(at, Verdict.MISSING), Judged(at, Verdict.FAILED, ("<run>",)))
    shown = page(
        ScheduleAudit(Key("prod", "<b>"), "..MF", judged),
        ScheduleAudit(Key("prod", "long"), "." * 10_000 + "M", (judged[0],)),
    )
    assert "From 2026-11-21 12:00 to 2026-11-28 12:00 UTC: 2 of 2 schedules" in shown
    assert "prod/&lt;b&gt;" in shown
    assert "2026-11-28 09:00 UTC  failed  &lt;run&gt;" in shown
    assert shown.count('<span class="verdict missing" title="missing">') == 2
    assert shown.count('class="verdict on-time" title') <= MARKS + 2
    assert "<script" not in shown
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', shown)
    assert policy.startswith("default-src &#39;none&#39;")


def test_nothing_to_show() -> None:
    assert "0 of 0 schedules" in page()
