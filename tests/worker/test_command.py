"""`reconciler worker`, in processes of its own, at a repository whose schedules it runs."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import forks
import pytest
from helpers import environment, invoke, write
from providers.temporal.server import Server, needed, served

from reconciler.providers.temporal.connection import Background
from worker.test_runs import until
from worker.working import PATIENCE, Site, pipeline

pytestmark = needed
SCHEDULE = """\
name: nightly
trigger: {type: cron, expression: "0 2 * * *"}
create_job: ./job.yml
"""
JOB = """\
type: pipeline
jobs:
  show:
    type: command
    code: ./src
    command: sh show.sh ${{name}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def repository(server: Server, tmp_path: Path) -> Path:
    config = (
        "owner: us\nschedules: [schedules]\ntargets:\n"
        f'  prod: {{provider: temporal, address: "{server.address}", namespace: one}}\n'
    )
    secret = "echo [$TEMPORAL_API_KEY] $RECONCILER_RUN $1\n"
    write(
        tmp_path,
        {
            "reconciler.yaml": config,
            "schedules/nightly.yaml": SCHEDULE,
            "schedules/job.yml": JOB,
            "schedules/src/show.sh": secret,
        },
    )
    return tmp_path


class Worker:
    """One that runs as a process."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        self.log = folder / f"worker-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = forks.popen(
                ["worker", "--log-format", "json", *options],
                cwd=folder,
                env=environment(TEMPORAL_API_KEY="a-secret", TEMPORAL_TLS="false", **variables),
                log=log,
            )
        until(lambda: "worker_started" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.log.read_text().splitlines()]


@contextmanager
def worker(folder: Path, *options: str) -> Iterator[Worker]:
    made = Worker(folder, *options)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait(PATIENCE)


def test_what_is_applied_runs(server: Server, repository: Path) -> None:
    done = invoke(repository, "apply", "--yes", "--target", "prod")
    assert "1 created" in done.text
    assert "nothing to change" in invoke(repository, "plan").text
    site = Site(server, repository / ".reconciler")
    with worker(repository) as made:

        async def trigger() -> str:
            client = await site.connection.client()
            await client.get_schedule_handle("nightly").trigger()
            while not (
                found := [
                    one async for one in client.list_workflows('TemporalScheduledById = "nightly"')
                ]
            ):
                pass
            result = await client.get_workflow_handle(found[0].id).result()
            assert result["status"] == "Completed"
            return found[0].id

        name = Background.run(trigger()).replace("-", "").replace(":", "")
        run = f"nightly-{name.removeprefix('nightly')}"
        log = repository / ".reconciler/store/runs" / run / "logs/show/00000001"
        assert log.read_text() == f"[] {run} {run}\n"
        made.process.send_signal(signal.SIGTERM)
        assert made.process.wait(PATIENCE) == 0
        assert made.events() == ["worker_started", "worker_stopped"]


def test_a_run_of_the_past_has_the_time_that_it_is_for(server: Server, repository: Path) -> None:
    script = "echo at ${{creation_context.trigger_time}} ${{name}}"
    job = repository / "schedules/job.yml"
    job.write_text(f"type: command\ncommand: {script}\n", "utf-8")
    config = repository / "reconciler.yaml"
    config.write_text(config.read_text("utf-8").replace("one}", "two}"), "utf-8")
    invoke(repository, "apply", "--yes")
    span = ("--from", "2026-02-02T00:00", "--to", "2026-02-04T00:00", "--yes")
    with worker(repository):
        said = invoke(repository, "backfill", "nightly", *span).text
        assert "2 runs" in said
        for day in ("02", "03"):
            run = f"nightly-202602{day}T020000Z"
            log = invoke(repository, "runs", "logs", run, "--follow", "--raw").text
            assert f"at 2026-02-{day}T02:00:00Z {run}" in log
        again = invoke(repository, "backfill", "nightly", *span).text
        assert "0 runs to start, 2 fires left out" in again
    Site(server, repository / ".reconciler", namespace="two").opened.empty()


def test_who_is_missing_is_said_with_the_command(server: Server, repository: Path) -> None:
    job = repository / "schedules/job.yml"
    step = "  train: {type: command, command: 'true', compute: azureml:gpu}\n"
    job.write_text(job.read_text("utf-8") + step, "utf-8")
    nobody = "no worker runs what its schedules start: they wait until one does, "
    nobody += "`reconciler worker --target prod`"
    gpu = 'no worker takes the steps of the compute "gpu": they wait until one does, '
    gpu += "`reconciler worker --target prod --compute gpu` on a machine of it"
    site = Site(server, repository / ".reconciler", namespace="three")
    config = repository / "reconciler.yaml"
    config.write_text(config.read_text("utf-8").replace("one}", "three}"), "utf-8")
    assert f"warning: {nobody}" in invoke(repository, "plan").text
    assert f"prod: {nobody}" not in invoke(repository, "status").text  # nothing is live
    with site.machine("here"):
        said = invoke(repository, "plan").text
        assert f"warning: {gpu}" in said
        assert nobody not in said
        invoke(repository, "apply", "--yes")
        assert f"warning: prod: {gpu}" in invoke(repository, "status").text
        found = json.loads(invoke(repository, "status", "--format", "json").text)
        assert found["workers"] == [
            {"target": "prod", "unserved": [gpu], "unknown": None, "failing": []}
        ]
    with site.machine("one"), site.machine("two", "gpu"):
        assert "warning" not in invoke(repository, "status").text
    site.opened.empty()


def test_a_worker_that_is_killed_is_noticed(server: Server, repository: Path) -> None:
    """And nothing of its step goes on without it."""
    site = Site(server, repository / ".reconciler")
    slow = {"command": "echo $$; exec sleep 600", "compute": "gpu"}
    job = pipeline(slow=slow, after={"command": "true"})
    with site.machine("here", lost_after=3.0), worker(repository, "--compute", "gpu") as made:
        run = site.start(job)
        until(lambda: run.log("slow").endswith("\n"))
        made.process.kill()
        assert run.ended() == {
            "slow": ("Failed", "its worker was lost: nothing was heard of it for 3 s"),
            "after": ("Completed", None),
        }
        until(lambda: not os.path.exists(f"/proc/{int(run.log('slow'))}"))


def test_nobody_answers(repository: Path) -> None:
    config = repository / "reconciler.yaml"
    config.write_text(config.read_text().replace("127.0.0.1:", "127.0.0.1:1#"), "utf-8")
    assert "address" in invoke(repository, "worker", code=1).text
    local = "owner: us\nschedules: []\ntargets: {local: {provider: local}}\n"
    config.write_text(local, "utf-8")
    assert "is no namespace of Temporal" in invoke(repository, "worker", code=1).text


@pytest.mark.torture
def test_workers_are_killed_while_they_look(server: Server, repository: Path) -> None:
    """Each file has its run, and one."""
    config = repository / "reconciler.yaml"
    text = config.read_text("utf-8").replace("one}", "two, datastores: {inbox: {url: inbox}}}")
    config.write_text(text, "utf-8")
    trigger = "trigger: {type: datastore, datastore: inbox, polling_interval: 1}"
    declared = f"name: files\n{trigger}\ncreate_job: ./job.yml\n"
    job = "type: command\ncommand: 'true'\n"
    write(repository, {"schedules/nightly.yaml": declared, "schedules/job.yml": job})
    (repository / "inbox").mkdir()
    invoke(repository, "apply", "--yes")
    site = Site(server, repository / ".reconciler", namespace="two")

    async def runs() -> list[str]:
        client = await site.connection.client()
        query = 'WorkflowType = "ReconcilerRun"'
        return [one.id async for one in client.list_workflows(query)]

    number = 0
    chosen = random.Random(1)
    for _ in range(10):
        with worker(repository):
            for _ in range(100):
                (repository / f"inbox/{number}.txt").write_text("x")
                number += 1
            settled = time.monotonic() + 2.5  # what is written is left alone for 2 s
            until(lambda settled=settled: time.monotonic() > settled)
            provider = site.opened.as_owner()
            provider.look_now(next(iter(provider.list())))
            before = len(Background.run(runs()))
            wanted = before + chosen.randrange(100)
            until(lambda wanted=wanted: len(Background.run(runs())) >= wanted)
    with worker(repository):
        until(lambda: len(Background.run(runs())) >= number)
        found = Background.run(runs())
        assert (len(found), len(set(found))) == (number, number)
    site.opened.empty()
