"""Runs of job files by workers on several machines."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from providers.temporal.server import Server, needed, served

from reconciler import __version__
from reconciler.providers.temporal.connection import Background
from worker.working import PATIENCE, Run, Site, payload, pipeline

pytestmark = needed
OUT = {"out": {"type": "uri_folder"}}
HISTORIES = Path(__file__).parent / "histories"
"""Recorded by RECONCILER_RECORD=1, beside those of earlier versions."""


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def site(a_server: Server, tmp_path: Path) -> Site:
    return Site(a_server, tmp_path)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def of(step: str, output: str = "out") -> str:
    return f"${{{{parent.jobs.{step}.outputs.{output}}}}}"


FIVE = pipeline(
    make={
        "command": 'echo "$HERE made ${{inputs.words}}" > ${{outputs.out}}/a.txt',
        "inputs": {"words": "${{parent.inputs.words}}"},
        "outputs": OUT,
    },
    left={
        "command": "cat ${{inputs.x}}/a.txt; echo left $HERE > ${{outputs.out}}/b.txt",
        "compute": "azureml:cpu",
        "inputs": {"x": of("make")},
        "outputs": OUT,
    },
    right={
        "command": "cat ${{inputs.x}}/a.txt; echo right $HERE > ${{outputs.file}}",
        "compute": "gpu",
        "inputs": {"x": of("make")},
        "outputs": {"file": {"type": "uri_file"}},
    },
    join={
        "command": "cat ${{inputs.a}}/b.txt ${{inputs.b}}; mkdir -p outputs; echo m > outputs/m",
        "inputs": {"a": of("left"), "b": of("right", "file")},
    },
    bad={"command": "echo no; exit 7", "inputs": {"a": of("left")}},
) | {"inputs": {"words": "hello"}}


def test_five_steps_on_three_machines(site: Site) -> None:
    words = "hi; $(touch /tmp/never-run)"
    with site.machine("one"), site.machine("two", "cpu"), site.machine("three", "gpu"):
        run = site.start(FIVE, inputs={"words": words})
        found = run.result()
        assert (found["status"], found["message"]) == ("Failed", "failed: bad")
        assert "note" not in found
        assert [
            (one["name"], one["status"], one["exit_code"], one["worker"]) for one in found["steps"]
        ] == [
            ("bad", "Failed", 7, "one"),
            ("join", "Completed", 0, "one"),
            ("left", "Completed", 0, "two"),
            ("make", "Completed", 0, "one"),
            ("right", "Completed", 0, "three"),
        ]
        assert run.ended()["bad"] == ("Failed", "exit code 7")
    made = f"one made {words}\n"
    assert (run.log("left"), run.log("right")) == (made, made)
    assert (run.log("join"), run.log("bad")) == ("left two\nright three\n", "no\n")
    store = site.folder / "store" / "runs" / run.name
    assert (store / "outputs/make/out/a.txt").read_text() == made
    assert (store / "steps/join/outputs/m").read_text() == "m\n"
    assert not Path("/tmp/never-run").exists()
    record("five-steps", run.history())


def record(name: str, history: str) -> None:
    replay(history)
    if os.environ.get("RECONCILER_RECORD"):
        HISTORIES.mkdir(exist_ok=True)
        history = re.sub(r'("identity": )"[^"]*"', r'\1"a worker"', history)
        history = re.sub(r'("stackTrace": )"(\\.|[^"\\])*"', r'\1""', history)
        history = re.sub(r"\d+@[\w.]+", "1@worker", history)
        history = re.sub(r'(?<="data": ")[^"]*', _without_places, history)
        whole = json.dumps(json.loads(history), separators=(",", ":"))
        (HISTORIES / f"{name}-{__version__}.json").write_text(f"{whole}\n", "utf-8")


def _without_places(match: re.Match[str]) -> str:
    """A payload without the folders of this machine."""
    text = base64.b64decode(match[0])
    return base64.b64encode(re.sub(rb"/[\w./-]*/pytest-[^/]*/[^/]*/", b"/site/", text)).decode()


def replay(history: str) -> None:
    """What was decided then is decided again from its history alone."""
    from temporalio.client import WorkflowHistory
    from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

    from reconciler.worker.look_workflow import ReconcilerLook
    from reconciler.worker.workflow import ReconcilerRun

    workflows = [ReconcilerRun, ReconcilerLook]
    replayer = Replayer(workflows=workflows, workflow_runner=UnsandboxedWorkflowRunner())
    Background.run(replayer.replay_workflow(WorkflowHistory.from_json("replayed", history)))


def test_code_comes_from_the_store(site: Site, tmp_path: Path) -> None:
    from reconciler.model import Key
    from reconciler.snapshots import Snapshots

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "run.sh").write_text("#!/bin/sh\necho from code $1\n", "utf-8")
    snapshot = Snapshots(tmp_path).take(str(tmp_path / "src"))
    site.code._put(Key("local", "nightly"), snapshot)
    job = pipeline(a={"command": "./run.sh 1", "code": "./src"}, b={"command": "ls"})
    with site.machine("one"):
        run = site.start_payload(payload(job, {"./src": snapshot.digest}))
        assert run.result()["status"] == "Completed"
        assert (run.log("a"), run.log("b")) == ("from code 1\n", "logs\noutputs\n")
        lost = site.start_payload(payload(job, {"./src": "0" * 64}))
        assert lost.ended()["a"] == (
            "Failed",
            "the store has no code 000000000000: apply the schedule again",
        )


def test_a_log_can_be_read_while_its_step_runs_and_a_run_be_canceled(site: Site) -> None:
    job = pipeline(
        slow={"command": "echo begun; trap 'echo told; exit 3' TERM; sleep 600 & wait"},
        elsewhere={"command": "true", "compute": "nobody-has"},
        after={"command": "true", "inputs": {"x": of("slow")}},
    )
    job["jobs"]["slow"]["outputs"] = OUT
    from reconciler.worker.runs import TemporalRuns

    with site.machine("one"):
        run = site.start(job)
        until(lambda: run.log("slow") == "begun\n")
        assert run.steps() == {"slow": "Running", "elsewhere": "Running", "after": "NotStarted"}
        assert TemporalRuns(site.opened.as_owner(), "ada").cancel(run.name) == "Running"
        assert run.result()["status"] == "Canceled"
        assert run.ended() == {
            "slow": ("Canceled", "canceled by ada"),
            "elsewhere": ("Canceled", "canceled by ada"),
            "after": ("Skipped", "canceled by ada"),
        }
        assert run.log("slow") == "begun\ntold\n"
    record("canceled", run.history())


def _runs(run: Run) -> bool:
    return run.steps() == {"only": "Running"}


def test_a_run_that_is_canceled_elsewhere(site: Site) -> None:
    """In Temporal's pages, or by its tool: with what is said there, if anything is."""
    job = pipeline(only={"command": "true", "compute": "nobody-has"})
    with site.machine("one"):
        for reason, said in (("", "canceled"), ("no more money", "canceled: no more money")):
            run = site.start(job)
            until(partial(_runs, run))
            run.cancel(reason)
            assert run.ended() == {"only": ("Canceled", said)}


def test_a_failure_that_ends_the_run(site: Site) -> None:
    job = pipeline(
        bad={"command": "test -e ${{inputs.flag}} || exit 1", "inputs": {"flag": "/nowhere"}},
        slow={"command": "sleep 600"},
        needs={"command": "true", "inputs": {"x": of("bad")}},
    )
    job["jobs"]["bad"]["outputs"] = OUT
    job["settings"] = {"continue_on_step_failure": False}
    with site.machine("one"):
        run = site.start(job)
        assert run.ended() == {
            "bad": ("Failed", "exit code 1"),
            "slow": ("Canceled", "canceled: another step failed"),
            "needs": ("Skipped", "it needs bad"),
        }
        assert run.result()["status"] == "Failed"
    record("stopped-by-a-failure", run.history())


def test_a_step_that_meddles_with_its_folders(site: Site) -> None:
    """A pipe in place of its log would be waited for, for ever."""
    log = "../../logs/a.log"
    command = f"rm -r outputs logs; echo said; sleep 1; rm {log}; mkfifo {log}; sleep 1"
    with site.machine("one"):
        run = site.start(pipeline(a={"command": command}))
        status, message = run.ended()["a"]
    assert (status, run.log("a")) == ("Completed", "said\n")
    assert message == "the log in the store is not whole: [Errno 22] it is no file"


def test_a_step_that_takes_too_long(site: Site) -> None:
    job = pipeline(slow={"command": "sleep 600", "limits": {"timeout": 1}})
    with site.machine("one"):
        assert site.start(job).ended() == {"slow": ("Failed", "timed out after 1 s")}


def test_a_worker_that_is_stopped(site: Site) -> None:
    with site.machine("other"):  # the run goes on there, and hears of it
        with site.machine("gpu", "gpu"):
            run = site.start(pipeline(slow={"command": "echo begun; sleep 600", "compute": "gpu"}))
            until(lambda: run.log("slow") == "begun\n")
        assert run.ended() == {"slow": ("Failed", "its worker was stopped")}


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (pipeline(a={"command": "echo ${{inputs.x}}"}), "${{inputs.x}} is bound to nothing"),
        ({"type": "pipeline", "jobs": {}}, "the job has no steps"),
        (pipeline(a={"component": "azureml:x"}), 'step "a" is not a command'),
    ],
)
def test_a_job_that_cannot_be_run_says_why(site: Site, job: dict[str, object], words: str) -> None:
    with site.machine("one"):
        found = site.start(job).result()
        assert found["status"] == "Failed"
        assert words in found["message"]


def test_a_schedule_that_is_asked_runs_at_its_fires_alone(site: Site) -> None:
    """Backfilled over four days, every other of which is one."""
    from helpers import schedule, with_job_file
    from temporalio.client import ScheduleBackfill

    job = '{"command":"echo ${{name}} ${{creation_context.trigger_time}}","type":"command"}'
    every = {"type": "recurrence", "frequency": "day", "interval": 2}
    declared = with_job_file(
        schedule("asked", trigger={**every, "start_time": "2026-01-05T08:30:00"}), job
    )
    provider = site.opened.as_owner()
    provider.create(provider.canonical(declared, None).schedule)
    with site.machine("one"):

        async def backfill() -> list[tuple[str, object]]:
            client = await site.connection.client()
            handle = client.get_schedule_handle("asked")
            start, end = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC)
            await handle.backfill(ScheduleBackfill(start_at=start, end_at=end))
            query = 'TemporalScheduledById = "asked"'
            while True:
                found = [one async for one in client.list_workflows(query)]
                if len(found) == 4 and all(one.close_time for one in found):
                    break
            return [(one.id, await client.get_workflow_handle(one.id).result()) for one in found]

        ended = dict(sorted(Background.run(backfill())))
    assert [(name, found["verdict"]) for name, found in ended.items() if "verdict" in found] == [
        ("asked-2026-02-01T08:30:00Z", "wake"),
        ("asked-2026-02-03T08:30:00Z", "wake"),
    ]
    assert [found["status"] for found in ended.values() if "status" in found] == [
        "Completed",
        "Completed",
    ]
    log = site.folder / "store/runs/asked-20260202T083000Z/logs/command/00000001"
    assert log.read_text() == "asked-20260202T083000Z 2026-02-02T08:30:00Z\n"
    site.opened.empty()


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.json")), ids=lambda path: path.stem)
def test_runs_that_began_before_go_on(path: Path) -> None:
    """Their histories were recorded; whoever changes what is decided breaks what runs."""
    from temporalio.workflow import NondeterminismError

    history = path.read_text("utf-8")
    replay(history)
    edited = history.replace('"run_step"', '"another"').replace('"name":"look"', '"name":"another"')
    with pytest.raises(NondeterminismError):
        replay(edited)
