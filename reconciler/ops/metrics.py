"""What Prometheus is told: counted as cycles end, and asked for by /metrics.

Labels are targets, actions and outcomes: a few values each, and never the name of a schedule.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from reconciler import __version__
from reconciler.agent.agent import Turn
from reconciler.audit.records import Verdict
from reconciler.state.records import CycleRecord

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_DELAYS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
_CONVERGED = ("in_sync", "applied")
_OUTCOMES = (
    *_CONVERGED,
    *("partial", "failed", "stalled", "waiting", "unavailable", "broken"),
)


@dataclass(slots=True)
class _Standing:
    """What is known of one target. `drifting`, `behind`: since when."""

    drifting: datetime | None = None
    behind: datetime | None = None
    applied: str | None = None


_DATA = {
    "schedules": "Schedules whose folders the agent looks at.",
    "folders_failing": "Of those, the ones whose folder cannot be listed.",
    "jobs_pending": "Jobs for changed files that are not submitted yet.",
    "jobs_refused": "Schedules whose next job the target does not take.",
}


class Metrics:
    """Counters with a registry of their own. Any thread may use it."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.registry = registry = CollectorRegistry()
        self._clock = clock
        self._lock = threading.Lock()
        self._standing: dict[str, _Standing] = {}
        build = Gauge("reconciler_build_info", "The version.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        self._cycles = Counter(
            "reconciler_cycles", "Cycles by how they ended.", ["target", "outcome"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "reconciler_cycle_duration_seconds", "How long cycles took.", ["target"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._changes = Counter(
            "reconciler_changes", "Changes by what became of them.",
            ["target", "action", "outcome"], registry=registry,
        )  # fmt: skip
        self._state = Gauge(
            "reconciler_target_outcome", "1 for how the last cycle of a target ended.",
            ["target", "outcome"], registry=registry,
        )  # fmt: skip
        self._last = Gauge(
            "reconciler_last_cycle_timestamp_seconds", "When the last cycle ended.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._last_good = Gauge(
            "reconciler_last_converged_timestamp_seconds",
            "When a cycle last found or left the target as the repository says.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._drift = Gauge(
            "reconciler_drift_schedules", "Schedules that differ and are still to be changed.",
            ["target"], registry=registry,
        )  # fmt: skip
        self._not_ours = Gauge(
            "reconciler_not_ours_schedules",
            "Schedules that are declared, and not applied, for they are somebody else's.",
            ["target"], registry=registry,
        )  # fmt: skip
        self._stopped = Gauge(
            "reconciler_suspended_schedules", "Schedules that somebody suspended.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._suspended = Gauge(
            "reconciler_target_suspended", "Whether somebody suspended the target.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._drift_age = Gauge(
            "reconciler_drift_age_seconds", "For how long some schedule has differed.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._lag = Gauge(
            "reconciler_revision_lag_seconds",
            "For how long the newest revision has not been in force; 0: it is.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._delay = Histogram(
            "reconciler_revision_delay_seconds", "From a commit until a target was as it says.",
            ["target"], buckets=_DELAYS, registry=registry,
        )  # fmt: skip
        self._calls = Counter(
            "reconciler_api_calls", "Calls to the API of a target.", ["target", "method"],
            registry=registry,
        )  # fmt: skip
        self._retries = Counter(
            "reconciler_api_retries", "Calls that were made again.", ["target"], registry=registry
        )
        self._throttled = Counter(
            "reconciler_api_throttled", "Calls that the API threw back for being too many.",
            ["target"], registry=registry,
        )  # fmt: skip
        self._lease = Gauge(
            "reconciler_lease_held", "Whether this process works on the target.", ["target"],
            registry=registry,
        )  # fmt: skip
        self._audited = Gauge(
            "reconciler_audited_fires", "Fires of the last day by what became of them.",
            ["target", "verdict"], registry=registry,
        )  # fmt: skip
        self._data = {
            name: Gauge(f"reconciler_data_{name}", words, ["target"], registry=registry)
            for name, words in _DATA.items()
        }
        self._data_jobs = Counter(
            "reconciler_data_jobs_submitted", "Jobs that were submitted for changed files.",
            ["target"], registry=registry,
        )  # fmt: skip
        self._webhooks = Counter(
            "reconciler_webhooks", "Webhooks by what was done.", ["forge", "outcome"],
            registry=registry,
        )  # fmt: skip
        self._notified = Counter(
            "reconciler_notifications", "Notifications by what became of them.", ["outcome"],
            registry=registry,
        )  # fmt: skip

    def on_cycle(self, record: CycleRecord) -> None:
        """A cycle of a target has ended."""
        target, ended = record.target, record.ended_at
        self._cycles.labels(target, record.outcome).inc()
        self._seconds.labels(target).observe(max(0.0, (ended - record.started_at).total_seconds()))
        for result in record.results:
            self._changes.labels(target, result.action, result.outcome).inc()
        for outcome in _OUTCOMES:
            self._state.labels(target, outcome).set(outcome == record.outcome)
        self._suspended.labels(target).set(record.reason == "Suspended")
        self._last.labels(target).set(ended.timestamp())
        if record.plan is not None or record.outcome in _CONVERGED:
            self._not_ours.labels(target).set(record.not_ours)
            self._stopped.labels(target).set(record.suspended)
        with self._lock:
            one = self._standing.setdefault(target, _Standing())
            self._follow_drift(one, record)
            self._follow_revision(one, record)

    def on_turn(self, target: str, turn: Turn) -> None:
        """The agent of a target has made a turn."""
        stand = {
            "schedules": turn.watches - turn.disabled,
            "folders_failing": len(turn.failing),
            "jobs_pending": turn.pending,
            "jobs_refused": len(turn.refused),
        }
        for name, number in stand.items():
            self._data[name].labels(target).set(number)
        self._data_jobs.labels(target).inc(sum(turn.submitted.values()))

    def on_audit(self, target: str, counts: Mapping[Verdict, int]) -> None:
        """The fires of a target were held against its runs."""
        for verdict in Verdict:
            self._audited.labels(target, verdict.words).set(counts.get(verdict, 0))

    def on_call(self, target: str, event: str) -> None:
        """A provider called the API of its target: `event` is the method, retry or throttled."""
        match event:
            case "retry":
                self._retries.labels(target).inc()
            case "throttled":
                self._throttled.labels(target).inc()
            case method:
                self._calls.labels(target, method).inc()

    def on_lease(self, target: str, held: bool) -> None:
        """Whether this process works on the target now. If not, it knows of no drift."""
        self._lease.labels(target).set(held)
        if held:
            return
        with self._lock:
            if self._standing.pop(target, None) is None:
                return
            for gauge in (
                self._drift,
                self._not_ours,
                self._stopped,
                self._suspended,
                self._drift_age,
                self._lag,
            ):
                gauge.labels(target).set(0)
            for outcome in _OUTCOMES:
                self._state.labels(target, outcome).set(0)

    def on_webhook(self, forge: str, outcome: str) -> None:
        """A webhook came in."""
        self._webhooks.labels(forge, outcome).inc()

    def on_notification(self, outcome: str) -> None:
        """A message went out, or did not."""
        self._notified.labels(outcome).inc()

    def text(self) -> bytes:
        """What /metrics answers."""
        now = self._clock()
        with self._lock:
            for target, one in self._standing.items():
                self._drift_age.labels(target).set(_age(one.drifting, now))
                self._lag.labels(target).set(_age(one.behind, now))
        return generate_latest(self.registry)

    def _follow_drift(self, one: _Standing, record: CycleRecord) -> None:
        if record.outcome in _CONVERGED:
            one.drifting = None
            self._drift.labels(record.target).set(0)
            self._last_good.labels(record.target).set(record.ended_at.timestamp())
        elif record.plan is not None and record.reason == "NotOurs":
            # What was to be changed is; what is left is counted beside it.
            one.drifting = None
            self._drift.labels(record.target).set(0)
        elif record.plan is not None and record.pending:
            self._drift.labels(record.target).set(max(0, record.pending - record.changed))
            one.drifting = one.drifting or record.started_at

    def _follow_revision(self, one: _Standing, record: CycleRecord) -> None:
        """A revision is behind from its commit until a cycle ends with the target as it says."""
        reached = record.outcome in _CONVERGED or record.reason == "Observed"
        if record.wanted is not None or (not reached and record.revision != one.applied):
            one.behind = one.behind or record.wanted_at or record.started_at
        elif reached:
            if record.revision != one.applied and (one.behind or one.applied is not None):
                began = one.behind or record.wanted_at or record.started_at
                delay = (record.ended_at - began).total_seconds()
                self._delay.labels(record.target).observe(max(0.0, delay))
            one.behind, one.applied = None, record.revision


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
