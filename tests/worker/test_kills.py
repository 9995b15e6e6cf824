"""Server and workers are killed while a schedule fires every second."""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import schedule, with_job_file, write
from providers.temporal.server import NAMESPACES, Server, connected, needed, served

from reconciler.providers.temporal.connection import Background
from worker.killed import Forked
from worker.working import PATIENCE, Site

pytestmark = needed
JOB = (
    '{"type":"command","command":"echo begin $RECONCILER_RUN >> $LEDGER; sleep 0.2;'
    ' echo end $RECONCILER_RUN >> $LEDGER"}'
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "server").mkdir()
    with served(tmp_path / "server", survives=True) as server:
        yield server


def every_second(site: Site) -> None:
    """A schedule of ours, but for how often it fires, which no declaration may."""
    from temporalio.api.schedule.v1 import IntervalSpec
    from temporalio.api.workflowservice.v1 import (
        DescribeScheduleRequest,
        UpdateScheduleRequest,
    )

    provider = site.opened.as_owner()
    made = with_job_file(schedule("tick"), JOB)
    provider.create(provider.canonical(made, None).schedule)
    namespace = NAMESPACES[0]
    found = site.opened.call(
        "describe_schedule", DescribeScheduleRequest(namespace=namespace, schedule_id="tick")
    )
    interval = IntervalSpec()
    interval.interval.FromSeconds(1)
    del found.schedule.spec.structured_calendar[:]
    found.schedule.spec.interval.append(interval)
    site.opened.call(
        "update_schedule",
        UpdateScheduleRequest(
            namespace=namespace, schedule_id="tick", schedule=found.schedule, request_id="often"
        ),
    )


async def runs(site: Site) -> list[Any]:
    client = await connected(site.server.address, NAMESPACES[0]).connection.client()
    return [one async for one in client.list_workflows('TemporalScheduledById = "tick"')]


def story(
    server: Server, folder: Path, kills: Iterable[int], seed: int, pause: float
) -> Counter[str]:
    """What became of the fires, of which none is lost, and none doubled.

    `kills`: 2 is the server, others are one of the workers. `pause`: seconds between them, at most.
    """
    config = (
        "owner: us\nschedules: []\ntargets:\n  prod: {provider: temporal, namespace: one,"
        f' address: "{server.address}", lost_after: 5}}\n'
    )
    write(folder, {"reconciler.yaml": config})
    ledger = folder / "ledger"
    ledger.touch()
    pick = random.Random(seed)
    workers = [Forked(folder, f"w{n}", LEDGER=str(ledger)) for n in range(2)]
    counted = Counter[str]()
    try:
        site = Site(server, folder)
        every_second(site)
        for what in kills:
            time.sleep(pick.uniform(0.1, pause))  # when it hits is what is tried
            if what == 2:
                server.kill()
                server.start()
            else:
                workers[what].kill()
                workers[what] = Forked(folder, f"w{what}", LEDGER=str(ledger))
            counted["server" if what == 2 else "worker"] += 1
        ends = settled(Site(server, folder), ledger)
        sys.stdout.write(f"killed: {dict(counted)}; runs: {dict(ends)}\n")
        return ends
    finally:
        for one in workers:
            one.kill()


def settled(site: Site, ledger: Path) -> Counter[str]:
    provider = site.opened.as_owner()
    [live] = provider.list()
    provider.disable(live)
    deadline = time.monotonic() + PATIENCE
    while not (found := Background.run(runs(site))) or not all(one.close_time for one in found):
        assert time.monotonic() < deadline, [one.id for one in found if not one.close_time]
        time.sleep(0.2)
    instants = sorted(
        datetime.fromisoformat(one.id.removeprefix("tick-").replace("Z", "+00:00")) for one in found
    )
    first, last = instants[0], instants[-1]
    seconds = int((last - first).total_seconds()) + 1
    assert instants == [
        first + timedelta(seconds=n) for n in range(seconds)
    ]  # none lost or doubled
    lines = Counter(ledger.read_text().splitlines())
    assert set(lines.values()) <= {1}  # no step began or ended twice
    names = {f"tick-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for at in instants}
    began = {line.split()[1] for line in lines if line.startswith("begin")}
    assert began <= names
    ends = Counter[str]()
    for one in found:
        run = re.sub(r"[-:]", "", one.id.removeprefix("tick-"))
        memo = Background.run(one.memo()).get("run")
        assert memo is not None, one.id
        [step] = memo["steps"]
        ends[f"{step['status']} {step['message'] or ''}".strip()] += 1
        if step["status"] == "Completed":
            assert f"end tick-{run}" in lines
    return ends


def check(ends: Counter[str]) -> None:
    assert ends["Completed"] > 0
    assert set(ends) <= {
        "Completed",
        "Failed its worker was lost: nothing was heard of it for 5 s",
    }


def chosen(count: int, seed: int) -> list[int]:
    """Ten of a hundred are the server."""
    return random.Random(seed).choices([0, 1, 2], [45, 45, 10], k=count)


def test_kills(server: Server, tmp_path: Path) -> None:
    check(story(server, tmp_path, chosen(30, 1), 1, pause=0.5))


@pytest.mark.torture
def test_many_kills(server: Server, tmp_path: Path) -> None:
    check(story(server, tmp_path, chosen(1000, 3), 2, pause=1.0))
