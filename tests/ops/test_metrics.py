from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from reconciler.ops.metrics import Metrics
from reconciler.state.records import CycleRecord, ResultRecord

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLAN = {"summary": {"create": 2, "update": 1, "disable": 0}}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def cycle(minute: float, **fields: Any) -> CycleRecord:
    began = NOW + timedelta(minutes=minute)
    usual: dict[str, Any] = {
        "target": "prod",
        "started_at": began,
        "ended_at": began + timedelta(seconds=1),
        "outcome": "in_sync",
        "reason": "InSync",
        "message": "",
        "revision": "r1",
    }
    return CycleRecord(**usual | fields)


def values(metrics: Metrics) -> dict[str, float]:
    """Every sample, as `name{the values of its labels, the target first}`."""
    found = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            names = sorted(sample.labels, key=lambda name: (name != "target", name))
            labels = ",".join(sample.labels[name] for name in names)
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_cycles_and_changes_are_counted() -> None:
    metrics = Metrics(Clock())
    results = (
        ResultRecord("a", "create", "created"),
        ResultRecord("b", "create", "failed", "no"),
    )
    metrics.on_cycle(cycle(0, outcome="partial", results=results, plan=PLAN))
    metrics.on_cycle(cycle(1))
    found = values(metrics)
    assert found["reconciler_cycles_total{prod,partial}"] == 1
    assert found["reconciler_cycles_total{prod,in_sync}"] == 1
    assert found["reconciler_changes_total{prod,create,failed}"] == 1
    assert found["reconciler_target_outcome{prod,partial}"] == 0
    assert found["reconciler_target_outcome{prod,in_sync}"] == 1
    assert found["reconciler_cycle_duration_seconds_count{prod}"] == 2
    assert found["reconciler_last_cycle_timestamp_seconds{prod}"] == cycle(1).ended_at.timestamp()


def test_drift_and_its_age() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.on_cycle(cycle(0, outcome="waiting", plan=PLAN))
    metrics.on_cycle(cycle(5, outcome="waiting", plan=PLAN))
    clock.now = NOW + timedelta(minutes=10)
    found = values(metrics)
    assert found["reconciler_drift_schedules{prod}"] == 3
    assert found["reconciler_drift_age_seconds{prod}"] == 600
    metrics.on_cycle(cycle(10, outcome="unavailable"))  # says nothing of drift
    assert values(metrics)["reconciler_drift_age_seconds{prod}"] == 600
    metrics.on_cycle(cycle(11))
    found = values(metrics)
    assert found["reconciler_drift_schedules{prod}"] == 0
    assert found["reconciler_drift_age_seconds{prod}"] == 0


def test_what_is_not_ours_is_counted_beside_what_differs() -> None:
    metrics = Metrics()
    metrics.on_cycle(cycle(0, outcome="waiting", plan=PLAN))
    plan = {"summary": {"create": 1, "update": 0, "disable": 0, "skip": 2}}
    metrics.on_cycle(cycle(1, outcome="stalled", reason="NotOurs", plan=plan))
    found = values(metrics)
    assert found["reconciler_not_ours_schedules{prod}"] == 2
    assert found["reconciler_drift_schedules{prod}"] == 0
    metrics.on_cycle(cycle(2))
    assert values(metrics)["reconciler_not_ours_schedules{prod}"] == 0


def test_suspended_schedules_are_counted_until_they_are_not() -> None:
    metrics = Metrics()
    metrics.on_cycle(cycle(0, suspended=3))
    assert values(metrics)["reconciler_suspended_schedules{prod}"] == 3
    metrics.on_cycle(cycle(1, outcome="unavailable", reason="Unavailable"))
    assert values(metrics)["reconciler_suspended_schedules{prod}"] == 3
    metrics.on_lease("prod", False)
    assert values(metrics)["reconciler_suspended_schedules{prod}"] == 0


def test_how_far_behind_the_branch() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.on_cycle(cycle(0))
    metrics.on_cycle(cycle(5, outcome="broken", wanted="r2", wanted_at=NOW))
    clock.now = NOW + timedelta(minutes=7)
    assert values(metrics)["reconciler_revision_lag_seconds{prod}"] == 420
    metrics.on_cycle(cycle(8, outcome="applied", revision="r2", wanted_at=NOW))
    found = values(metrics)
    assert found["reconciler_revision_lag_seconds{prod}"] == 0
    assert found["reconciler_revision_delay_seconds_count{prod}"] == 1
    assert found["reconciler_revision_delay_seconds_sum{prod}"] == 481


def test_what_is_only_observed_is_not_behind() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.on_cycle(cycle(0))
    observed = {"outcome": "waiting", "reason": "Observed", "plan": PLAN, "revision": "r2"}
    metrics.on_cycle(cycle(5, wanted_at=NOW, **observed))
    clock.now = NOW + timedelta(days=7)
    found = values(metrics)
    assert found["reconciler_revision_lag_seconds{prod}"] == 0
    assert found["reconciler_drift_schedules{prod}"] == 3


def test_who_lost_a_target_knows_of_no_drift() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.on_lease("prod", False)  # before its first cycle
    metrics.on_cycle(cycle(0, outcome="stalled", plan=PLAN, wanted="r2", wanted_at=NOW))
    metrics.on_lease("prod", False)
    metrics.on_lease("prod", False)
    clock.now = NOW + timedelta(days=7)
    found = values(metrics)
    assert found["reconciler_drift_schedules{prod}"] == 0
    assert found["reconciler_drift_age_seconds{prod}"] == 0
    assert found["reconciler_revision_lag_seconds{prod}"] == 0
    assert found["reconciler_target_outcome{prod,stalled}"] == 0


def test_the_first_revision_after_a_start_counts_for_no_delay() -> None:
    metrics = Metrics(Clock())
    metrics.on_cycle(cycle(0, wanted_at=NOW - timedelta(days=30)))
    assert "reconciler_revision_delay_seconds_count{prod}" not in values(metrics)
    metrics.on_cycle(cycle(1, revision="r2", outcome="applied", wanted_at=NOW))
    assert values(metrics)["reconciler_revision_delay_seconds_sum{prod}"] == 61


def test_calls_leases_webhooks_notifications() -> None:
    metrics = Metrics(Clock())
    for event in ("GET", "GET", "PUT", "retry", "throttled"):
        metrics.on_call("prod", event)
    metrics.on_lease("prod", True)
    metrics.on_webhook("github", "push")
    metrics.on_notification("sent")
    found = values(metrics)
    assert found["reconciler_api_calls_total{prod,GET}"] == 2
    assert found["reconciler_api_retries_total{prod}"] == 1
    assert found["reconciler_api_throttled_total{prod}"] == 1
    assert found["reconciler_lease_held{prod}"] == 1
    assert found["reconciler_webhooks_total{github,push}"] == 1
    assert found["reconciler_notifications_total{sent}"] == 1


def test_two_have_nothing_in_common() -> None:
    one, two = Metrics(Clock()), Metrics(Clock())
    one.on_cycle(cycle(0))
    assert "reconciler_cycles_total{prod,in_sync}" not in values(two)
