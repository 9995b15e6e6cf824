"""The repository's own examples on Temporal, from the command line, as somebody would do it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT, invoke

from providers.temporal.server import NAMESPACES, Server, connected, needed, served
from providers.temporal.test_provider import edit

pytestmark = needed
NAMES = [
    "full-retrain",
    "hello",
    "monthly-report",
    "refresh-features",
    "retrain-biweekly",
    "score-new-images",
    "weekday-report",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def repository(server: Server, tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "schedules", tmp_path / "schedules")
    (tmp_path / "reconciler.yaml").write_text(
        "owner: example-team\nschedules: [schedules]\n"
        "targets:\n"
        f'  prod: {{provider: temporal, address: "{server.address}", namespace: two,'
        " datastores: {inbox: {url: inbox}}}\n",
        "utf-8",
    )
    return tmp_path


def test_a_life(server: Server, repository: Path) -> None:
    """On Temporal's default engine; test_provider.py has what may differ on the other."""
    opened = connected(server.address, NAMESPACES[1])

    def by_hand(name: str, change: Callable[[Any], None]) -> None:
        edit(opened, name, change)

    def plan(code: int = 3) -> str:
        return invoke(repository, "plan", "--exit-code", code=code).text

    def apply(*more: str, code: int = 0) -> str:
        return invoke(repository, "apply", "--yes", *more, code=code).text

    first = plan()
    assert "7 to create" in first
    assert "Temporal cannot say every 2 weeks: it wakes more often" in first
    assert "7 created" in apply()
    assert "nothing to change, 7 unchanged" in plan(0)
    assert [one.key.name for one in opened.as_owner("x").list()] == NAMES

    by_hand("monthly-report", lambda live: setattr(live.state, "paused", True))
    seen = invoke(repository, "drift", code=None).text
    assert "prod/monthly-report" in seen
    assert "is_enabled" in seen
    assert "1 updated" in apply()
    assert "nothing to change" in plan(0)

    def every_minute(live: Any) -> None:
        while len(live.spec.structured_calendar) > 1:
            live.spec.structured_calendar.pop()
        calendar = live.spec.structured_calendar[0]
        del calendar.minute[1:], calendar.hour[1:]
        calendar.minute[0].start, calendar.minute[0].end, calendar.minute[0].step = 0, 59, 1
        calendar.hour[0].start, calendar.hour[0].end, calendar.hour[0].step = 0, 23, 1

    by_hand("weekday-report", every_minute)
    assert "prod/weekday-report" in plan()
    assert "1 updated" in apply()
    assert "nothing to change" in plan(0)

    (repository / "schedules/refresh-features.yml").unlink()
    invoke(repository, "plan", "--out", "saved.json")
    by_hand("refresh-features", lambda live: live.policies.catchup_window.FromSeconds(5))
    assert "refused" in apply("saved.json", code=4)
    assert "1 disabled" in apply()
    assert "nothing to change" in plan(0)
    by_name = {one.key.name: one.schedule.enabled for one in opened.as_owner("x").list()}
    assert [name for name, enabled in by_name.items() if not enabled] == [
        "full-retrain",  # as it is declared
        "refresh-features",
    ]
    opened.empty()
