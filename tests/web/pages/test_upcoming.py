"""The next fires that pages keep: read again when a schedule is another, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import schedule

from reconciler.document import document_from_schedule
from reconciler.web.pages.upcoming_fires import Upcoming
from reconciler.workspace.store.schedules import NewSchedule, Publication, Store

NOW = datetime(2026, 3, 4, 12, 34, tzinfo=UTC)
JOB = Publication("job", "d" * 64, '{"type": "command", "command": "echo"}', "job.yml")


class Counting(Store):
    """A store that counts how often all marks were read."""

    reads = 0

    def marks(self) -> dict[str, tuple[str, str]]:
        """See Store."""
        self.reads += 1
        return super().marks()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Counting]:
    with closing(Counting(tmp_path / "workspace.db", actor="a test")) as opened:
        yield opened


def put(store: Store, name: str, expected: str | None = None, **declared: Any) -> None:
    made = schedule(name, create_job={"job": "azureml:job"}, **declared)
    new = NewSchedule(name, "us", document_from_schedule(made), "job")
    store.put_schedule(new, expected=expected, publication=JOB, now=NOW)


def test_it_is_read_again_when_a_schedule_is_another(store: Counting) -> None:
    upcoming, workspace = Upcoming(), SimpleNamespace(store=store)

    def times(names: list[str] | None = None) -> list[str]:
        return sorted(upcoming.times(workspace, NOW, names))  # type: ignore[arg-type]

    assert times() == []
    put(store, "a")
    put(store, "b")
    assert times() == ["a", "b"]
    assert times(["b", "none"]) == ["b"]
    assert store.reads == 1
    fingerprint = store.marks()["b"][0]
    put(store, "b", fingerprint, is_enabled=False)
    assert times() == ["a"]
    assert times() == ["a"]
    assert store.reads == 3
    store.delete_schedule("b", expected=store.marks()["b"][0], now=NOW)
    assert (times(), store.reads) == (["a"], 5)
