"""Whether the instant at which a run was woken is a fire."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("temporalio")

from reconciler.providers.temporal.queues.names import compute_of, queue_of
from reconciler.worker.activities import verdict
from reconciler.worker.orders import is_named

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_SECOND_DAY = {
    "trigger": {
        "type": "recurrence",
        "frequency": "day",
        "interval": 2,
        "start_time": "2026-01-05T08:30:00",
        "time_zone": "Europe/Lisbon",
    }
}


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (datetime(2026, 1, 5, 8, 30), "fire"),
        (datetime(2026, 1, 6, 8, 30), "wake"),
        (datetime(2026, 1, 7, 8, 30), "fire"),
        (datetime(2026, 7, 4, 7, 30), "fire"),  # an hour earlier in UTC, in summer
        (datetime(2026, 7, 4, 8, 30), "wake"),
        (datetime(2026, 7, 4, 8, 31), "hand"),
        (datetime(2026, 7, 4, 8, 30, 1), "hand"),
        (datetime(2026, 1, 4, 8, 30), "hand"),  # before its start nothing wakes
    ],
)
def test_what_is_asked(at: datetime, wanted: str) -> None:
    assert verdict(EVERY_SECOND_DAY, CREATED, at.replace(tzinfo=UTC), True) == wanted


def test_what_is_not_asked_fires() -> None:
    at = datetime(2026, 1, 6, 8, 30, tzinfo=UTC)
    assert verdict(EVERY_SECOND_DAY, CREATED, at, False) == "fire"


@pytest.mark.parametrize(
    ("compute", "wanted"),
    [
        ("azureml:gpu", "gpu"),
        ("gpu", "gpu"),
        ("azureml:/subscriptions/s/computes/gpu", "gpu"),
        ("", None),
        (None, None),
    ],
)
def test_the_queue_of_a_compute(compute: str | None, wanted: str | None) -> None:
    assert compute_of({"jobs": {"a": {"compute": compute}}}, "a", None) == wanted
    assert compute_of({"jobs": {"a": {}}, "settings": {"default_compute": compute}}, "a", None) == (
        wanted
    )
    assert compute_of({"command": "x", "compute": compute}, "command", None) == wanted
    assert compute_of({"jobs": {"a": {}}}, "a", compute) == wanted
    assert queue_of("q", wanted) == ("q" if wanted is None else "q.gpu")


def test_a_path_is_not_the_beginning_of_another() -> None:
    assert is_named("/r/out", "cat /r/out/a.txt")
    assert is_named("/r/out", "/r/out2 /r/out")
    assert not is_named("/r/out", "/r/out2 /r/out-b /r/out.c")
