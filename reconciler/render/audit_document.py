"""An audit as a document: what `audit --format json` prints, and other views are made from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler.audit.records import Judged, ScheduleAudit


def audit_document(
    audits: Sequence[ScheduleAudit], since: datetime, until: datetime
) -> dict[str, Any]:
    """Every schedule with its counts; each fire that was not simply on time."""
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "wrong": sum(one.is_wrong for one in audits),
        "schedules": [_schedule(one) for one in audits],
    }


def _schedule(one: ScheduleAudit) -> dict[str, Any]:
    return {
        "target": one.key.target,
        "name": one.key.name,
        "foretold": one.foretold,
        "unknown": [[since.isoformat(), until.isoformat()] for since, until in one.unknown],
        "counts": {verdict.words: count for verdict, count in one.counts.items()},
        "fires": [_judged(each) for each in one.judged],
    }


def _judged(one: Judged) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "verdict": one.verdict.words,
        "runs": list(one.runs),
        "late_seconds": round(one.late_by.total_seconds()) if one.late_by is not None else None,
    }
