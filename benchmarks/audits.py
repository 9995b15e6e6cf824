"""An audit of 10,000 schedules over a week: of a workspace of Azure, page by page.

    python -m benchmarks.audits [SCHEDULES]

The stand-in for Azure has a process of its own; CPU and memory are those of the audit alone.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)
MADE = SINCE - timedelta(days=30)


def serve(number: int, pipe: Connection) -> None:
    """A workspace whose schedules fire each day, one in a hundred of them not."""
    arm_of = import_module("fakes.arm")  # of the tests
    pipeline = arm_of.pipeline
    with arm_of.StandIn(jobs={"train"}) as arm:
        arm.settings.now = lambda: MADE
        for at in range(number):
            cron = {"triggerType": "Cron", "expression": f"{at % 60} {at // 60 % 24} * * *"}
            arm.put_live(f"s{at:05}", pipeline() | {"trigger": {**cron, "timeZone": "UTC"}})
        for day in range(8):
            for at in range(number):
                due = (SINCE + timedelta(days=day)).replace(
                    hour=at // 60 % 24, minute=at % 60, second=0
                )
                if due > NOW or (at + day) % 100 == 0:
                    continue
                shown = {
                    "jobType": "Pipeline",
                    "displayName": f"s{at:05}-{due:%Y%m%dT%H%M%SZ}",
                    "properties": {"StartTimeUtc": f"{due:%Y-%m-%d %H:%M:%S}"},
                }
                arm.jobs.add(f"j{day}-{at}", shown, due, "Completed")
        pipe.send((arm.address, arm.settings.token, arm.settings.subscription))
        pipe.recv()


def main() -> None:
    """Print what one audit took."""
    from reconciler.audit.audit import audit
    from reconciler.providers.azureml.client import Client, Limits
    from reconciler.providers.azureml.credentials import fixed_token
    from reconciler.providers.azureml.ids import Workspace
    from reconciler.providers.azureml.provider import AzureMLProvider

    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(number, theirs))
    server.start()
    address, token, subscription = ours.recv()
    workspace = Workspace(subscription, "test-rg", "test-ws", address)
    # As fast as it goes: the bucket of Azure is worked out below.
    limits = Limits(reads=(1e9, 1e9))
    client = Client(workspace, fixed_token(token), target="prod", limits=limits)
    provider = AzureMLProvider("prod", client, owner="us")
    before, began = time.process_time(), time.monotonic()
    missing = fires = 0
    for one in audit(
        list(provider.list()), {}, provider.runs_of, since=SINCE, now=NOW,
        firing=provider.firing_trigger,
    ):  # fmt: skip
        missing += one.marks.count("M")
        fires += len(one.marks)
    seconds, cpu = time.monotonic() - began, time.process_time() - before
    pages = client.counters.calls["GET"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours.send(None)
    server.join()
    print(f"{number:,} schedules, {fires:,} fires, {missing:,} missing")
    print(f"{pages:,} pages; {max(0.0, (pages - 250) / 25):.0f} s under Azure's bucket")
    print(f"{cpu:.1f} s of CPU, {seconds:.1f} s with the stand-in, {memory:.0f} MiB")


if __name__ == "__main__":
    main()
