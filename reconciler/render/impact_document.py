"""What a change, or a whole plan, does to fires -> JSON. Instants are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.model import Fires, Impact, PlanImpact, Rate


def impact_document(impact: Impact) -> dict[str, Any]:
    """The fires of one change, before and after."""
    moved_by = impact.moved_by
    return {
        "before": fires_document(impact.before),
        "after": fires_document(impact.after),
        "added": impact.added,
        "removed": impact.removed,
        "moved": impact.moved,
        "moved_by_seconds": moved_by.total_seconds() if moved_by is not None else None,
        "examples": [
            {"before": _instant(each.before), "after": _instant(each.after)}
            for each in impact.examples
        ],
        "warnings": [{"kind": each.kind, "message": each.message} for each in impact.warnings],
    }


def load_document(impact: PlanImpact) -> dict[str, Any]:
    """The fires of everything that is ours, before and after."""
    return {
        "start": _instant(impact.start),
        "horizon_days": impact.horizon / timedelta(days=1),
        "per_day": {"before": impact.per_day_before, "after": impact.per_day_after},
        "busiest": [
            {"at": _instant(each.at), "before": each.before, "after": each.after}
            for each in impact.busiest
        ],
        "heat": {
            "first_day": impact.start.astimezone(UTC).date().isoformat(),
            "before": [list(row) for row in impact.heat_before],
            "after": [list(row) for row in impact.heat_after],
        },
    }


def fires_document(fires: Fires | None) -> dict[str, Any] | None:
    """The fires of one side; None where they cannot be foretold."""
    if fires is None:
        return None
    return {
        "count": fires.count,
        "first": _instant(fires.first),
        "per_day": fires.per_day,
        "per_week": fires.per_week,
        "rate": _rate(fires.rate),
        "listed": [_instant(at) for at in fires.listed],
    }


def _rate(rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    return {
        "count": rate.count,
        "unit": rate.unit,
        "months": list(rate.months),
        "is_mean": rate.is_mean,
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at is not None else None
