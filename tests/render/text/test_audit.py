"""An audit as text: what its last line says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.audit.records import Judged, ScheduleAudit, Verdict
from reconciler.model import Key
from reconciler.render.text.audit import render_audit

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        ((Verdict.ON_TIME, Verdict.BY_HAND), "all is well"),
        (
            (Verdict.FAILED, Verdict.ON_TIME, Verdict.FAILED, Verdict.CANCELED),
            "no run is missing or doubled; 2 failed, 1 canceled",
        ),
        ((Verdict.FAILED, Verdict.MISSING), "1 schedule with missing or doubled runs"),
    ],
)
def test_the_last_line(verdicts: tuple[Verdict, ...], says: str) -> None:
    """A run that failed is not missing; but not all is well then."""
    judged = tuple(Judged(NOW - timedelta(hours=1), verdict) for verdict in verdicts)
    one = ScheduleAudit(Key("local", "a"), "".join(v.value for v in verdicts), judged)
    said = render_audit([one], NOW - timedelta(days=7), NOW)
    assert said.splitlines()[-1] == f"1 schedule: {says}"
