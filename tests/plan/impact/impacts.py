"""What one change of a trigger does to fires, as a plan tells it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from helpers import OWNER, TARGET, canonical, schedule

from reconciler.model import (
    Cron,
    DatastoreChange,
    Impact,
    LiveSchedule,
    Plan,
    Schedule,
    Trigger,
)
from reconciler.plan import make_plan
from reconciler.plan.impact.impact import with_impact

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
OLD = datetime(2026, 1, 1, 0, 7, tzinfo=UTC)
LISBON = "Europe/Lisbon"
INBOX = DatastoreChange("inbox")


def at(hour: int, minute: int = 0, day: int = 23, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def with_trigger(trigger: Trigger, name: str = "a", *, enabled: bool = True) -> Schedule:
    return replace(schedule(name), trigger=trigger, enabled=enabled)


def planned(
    before: list[Schedule],
    after: list[Schedule],
    now: datetime = MONDAY,
    days: float = 14,
    created: datetime | None = OLD,
) -> Plan:
    live = [LiveSchedule(one, OWNER, "x", created_at=created) for one in before]
    plan = make_plan(canonical(*after), live, target=TARGET, owner=OWNER)
    horizon = timedelta(days=days)
    return with_impact(plan, firing=lambda made: made.trigger, now=now, horizon=horizon)


def impact_of(
    before: Trigger | None,
    after: Trigger | None,
    now: datetime = MONDAY,
    days: float = 14,
    created: datetime | None = OLD,
) -> Impact:
    """Of a change of one trigger to another; None: there is no such schedule."""
    plan = planned(
        [with_trigger(before)] if before is not None else [],
        [with_trigger(after)] if after is not None else [],
        now,
        days,
        created,
    )
    [change] = plan.changes
    assert change.impact is not None
    return change.impact


def cron(expression: str, zone: str = "UTC") -> Cron:
    return Cron(expression, time_zone=zone)


def warnings(
    before: Trigger | None, after: Trigger | None, now: datetime = MONDAY, days: float = 14
) -> list[tuple[str, str]]:
    found = impact_of(before, after, now, days).warnings
    return [(each.kind, each.message) for each in found]
