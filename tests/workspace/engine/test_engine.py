"""The engine, tick by tick: a real workspace file, real processes, a clock that the test moves."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import invoke, repository, run, without_privileges, write

from reconciler.workspace.engine.engine import Engine
from reconciler.workspace.engine.executor import Settings
from reconciler.workspace.store.database import StoreError
from reconciler.workspace.store.records import NewRun
from reconciler.workspace.store.schedules import Store
from workspace.engine.engines import EVERY_MINUTE, START, Bench, integrity, locked, wait_for

MINUTE = timedelta(minutes=1)
SLEEP = {"type": "command", "command": "trap 'exit 3' TERM; echo up; sleep 600 & wait"}
STUBBORN = {"type": "command", "command": "trap '' TERM; echo up; while :; do sleep 0.1; done"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def by_hand(bench: Bench, name: str = "m", **more: object) -> str:
    new = NewRun(name, name, "job", None, "manual", bench.clock.now)
    return bench.runs.add(new, bench.clock.now)


# --------------------------------------------------------------------------------------- schedules


def test_the_first_fire_is_at_the_creation_then_by_interval(bench: Bench) -> None:
    bench.start()
    bench.tick()
    bench.clock.go(0.7)
    bench.put()  # the first schedule ever, made while the engine runs
    bench.tick(0.2)
    assert bench.names() == ["s-20260101T120000Z"]
    bench.tick(60, times=14)
    assert len(bench.due()) == 1
    bench.tick(60)
    assert bench.due() == [START, START + 15 * MINUTE]
    assert bench.said("fired")[0] == {"run": "s-20260101T120000Z", "schedule": "s"}


def test_a_schedule_made_before_the_last_tick_and_written_after_it_fires(bench: Bench) -> None:
    bench.put("other")
    bench.start()
    bench.tick(5)
    at = bench.clock.now
    bench.tick(1)
    bench.clock.now = at
    bench.put()
    bench.clock.now = at + timedelta(seconds=1)
    bench.tick(0.5)
    assert bench.due() == [at]


def test_what_fell_due_while_no_engine_ran_is_missed_and_not_run(bench: Bench) -> None:
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick(30, times=4)
    assert len(bench.due()) == 2
    bench.clock.go(minutes=10, seconds=5)
    bench.start()
    bench.tick()
    assert len(bench.due()) == 2
    assert bench.missed() == 10
    assert bench.said("missed") == [
        {
            "schedule": "s",
            "number": 10,
            "first": "2026-01-01T12:03:00+00:00",
            "last": "2026-01-01T12:12:00+00:00",
        }
    ]
    bench.tick(30, times=2)
    assert bench.due()[2:] == [START + 13 * MINUTE]
    bench.start()  # nothing is missed twice
    bench.tick()
    assert bench.missed() == 10


def test_an_engine_that_was_held_up_runs_what_is_a_minute_late(bench: Bench) -> None:
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick()
    bench.tick(60 * 5 + 30)
    assert bench.due() == [START + 5 * MINUTE]
    assert bench.missed() == 4


def test_disabled_and_enabled_it_goes_on_with_its_next_occurrence(bench: Bench) -> None:
    bench.put()
    bench.start()
    bench.tick()
    bench.put(enabled=False)
    bench.tick(60, times=40)
    bench.put()
    bench.tick(60, times=4)
    assert bench.due() == [START]
    assert bench.missed() == 0
    bench.tick(60, times=2)
    assert bench.due() == [START, START + 45 * MINUTE]


def test_another_trigger_holds_from_when_it_was_stored(bench: Bench) -> None:
    bench.put()
    bench.start()
    bench.tick()
    bench.tick(60 * 7)
    bench.put(trigger={"type": "recurrence", "frequency": "minute", "interval": 2})
    bench.tick(30, times=3)
    assert bench.due() == [START, START + 8 * MINUTE]


def test_another_job_fires_at_the_same_instants(bench: Bench) -> None:
    bench.put()
    bench.start()
    bench.tick()
    bench.tick(60 * 7)
    bench.put(inputs={"x": 1})
    bench.tick(60, times=8)
    assert bench.due() == [START, START + 15 * MINUTE]
    assert bench.run("s-20260101T121500Z").inputs == {"x": 1}


def test_a_schedule_that_is_damaged_holds_up_no_other(bench: Bench) -> None:
    bench.put("bad")
    bench.put("good")
    with bench.store.database.writing() as connection:
        connection.execute(
            """UPDATE schedules SET document = '{"is_enabled": true}' WHERE name = 'bad'"""
        )
    bench.start()
    bench.tick()
    assert bench.names() == ["good-20260101T120000Z"]
    assert [said["schedule"] for said in bench.said("schedule_damaged")] == ["bad"]


def test_an_idle_engine_says_how_far_it_is_once_a_minute(bench: Bench) -> None:
    bench.put(trigger={"type": "cron", "expression": "0 0 1 1 *"})
    bench.start()
    bench.tick(59)
    assert bench.ledger.handled_until() is None
    bench.tick(2)
    assert bench.ledger.handled_until() == bench.clock.now


# ------------------------------------------------------------------------------------------- clock


def test_a_clock_set_back_repeats_nothing_and_goes_on(bench: Bench) -> None:
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick(30, times=6)
    assert len(bench.due()) == 3
    bench.tick(-150)
    assert bench.said("clock_went_back") == [{"seconds": 150.0}]
    bench.tick(30, times=7)
    assert bench.due() == [START + n * MINUTE for n in (1, 2, 3, 4)]


def test_a_clock_set_ahead_and_right_again_runs_what_it_had_passed_over(bench: Bench) -> None:
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick()
    bench.tick(86_400)
    assert len(bench.due()) == 2  # those of the last minute, and no storm
    bench.tick(-86_400)
    bench.tick(30, times=10)
    assert bench.due()[:5] == [START + n * MINUTE for n in (1, 2, 3, 4, 5)]
    assert bench.missed() == 100


def test_an_engine_before_this_one_whose_clock_was_ahead(bench: Bench) -> None:
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick(86_400 * 3000)
    bench.clock.now = START + timedelta(seconds=30)
    bench.start()
    bench.tick(30, times=3)
    assert bench.due()[:2] == [START + MINUTE, START + 2 * MINUTE]


# -------------------------------------------------------------------------------------------- runs


def test_a_run_of_real_processes(bench: Bench) -> None:
    bench.max_runs = 1
    job = {"type": "command", "command": "echo ${{inputs.x}}", "inputs": {"x": "no"}}
    bench.put(job=job, inputs={"x": "it's"})
    bench.start()
    bench.until(lambda: bench.names() and bench.ended())
    assert bench.run("s-20260101T120000Z").status == "Completed"
    assert bench.printed("s-20260101T120000Z") == "it's\n"
    assert [step.status for step in bench.runs.steps("s-20260101T120000Z")] == ["Completed"]


def test_no_more_runs_at_once_than_allowed(bench: Bench) -> None:
    bench.max_runs = 2
    gate = bench.folder / "gate"
    wait = f"echo up > {gate}.$$; while [ ! -e {gate} ]; do sleep 0.02; done"
    job = {"type": "command", "command": wait}
    for name in "abcde":
        bench.put(name, job=job)
    bench.start()
    bench.until(lambda: len(list(bench.folder.glob("gate.*"))) == 2)
    assert len(bench.runs.newest(status="Running")) == 2
    assert len(bench.runs.newest(status="NotStarted")) == 3
    gate.touch()
    bench.until(lambda: len(bench.names()) == 5 and bench.ended())
    assert {row.status for row in bench.runs.newest()} == {"Completed"}
    assert [said["run"][0] for said in bench.said("run_started")] == list("abcde")


def test_a_pipeline_that_is_not_there_fails_its_run_alone(bench: Bench) -> None:
    bench.max_runs = 4
    bench.put("good")
    with bench.store.database.writing() as connection:
        connection.execute(
            "UPDATE schedules SET document = replace(document, 'azureml:job', 'azureml:gone')"
        )
    bench.put("better")
    bench.start()
    bench.until(lambda: bench.names() and bench.ended())
    bad, good = bench.run("good-20260101T120000Z"), bench.run("better-20260101T120000Z")
    assert (bad.status, bad.message) == ("Failed", 'the pipeline "gone" has no version "(none)"')
    assert good.status == "Completed"


def test_a_run_folder_that_cannot_be_made_fails_the_run(bench: Bench) -> None:
    bench.max_runs = 1
    (bench.folder / "runs").write_text("a file")
    bench.put()
    bench.start()
    bench.until(lambda: bench.names() and bench.ended())
    row = bench.run("s-20260101T120000Z")
    assert row.status == "Failed"
    assert str(bench.folder / "runs") in str(row.message)


def test_the_version_that_was_applied_runs(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", "nightly")
    invoke(repo, "apply", "--yes")
    (repo / "schedules/job.yml").write_text("type: command\ncommand: echo changed\n")
    (repo / "schedules/other.yml").write_text("not: [a job")
    bench = Bench(repo, max_runs=1)
    bench.clock.now = datetime.now(UTC)
    bench.start()
    bench.runs.add(NewRun("nightly", "e", "job", None, "manual", START), START)
    bench.until(bench.ended)
    assert bench.printed("nightly-20260101T120000Z") == "hello\n"
    bench.close()


def test_canceled_while_it_waits_and_while_it_runs(bench: Bench) -> None:
    bench.max_runs = 1
    bench.put(job=SLEEP)
    bench.start()
    log = bench.folder / "runs/s-20260101T120000Z/logs/command.log"
    bench.until(lambda: log.exists() and log.read_text() == "up\n")
    waiting = by_hand(bench)
    for name, then in ((waiting, "Canceled"), ("s-20260101T120000Z", "Running")):
        asked = bench.runs.request_cancel(
            name, "enough", engine_runs=lambda: True, now=bench.clock.now
        )
        assert asked == then
    bench.until(bench.ended)
    for name in (waiting, "s-20260101T120000Z"):
        assert (bench.run(name).status, bench.run(name).message) == ("Canceled", "enough")
    assert bench.said("run_canceled") == [{"run": "s-20260101T120000Z", "reason": "enough"}]


@pytest.mark.parametrize(("job", "grace", "code"), [(SLEEP, 30.0, 3), (STUBBORN, 0.3, -9)])
def test_stopping_ends_running_steps_within_the_grace_time(
    bench: Bench, job: dict[str, str], grace: float, code: int
) -> None:
    bench.max_runs, bench.grace = 1, grace
    bench.put(job=job)
    with running(bench) as stop:
        log = bench.folder / "runs/s-20260101T120000Z/logs/command.log"
        wait_for(lambda: log.exists() and "up" in log.read_text())
        bench.clock.go(1)
        by_hand(bench)
        stop()
    row, waiting = bench.run("s-20260101T120000Z"), bench.run("m-20260101T120001Z")
    assert (row.status, row.message) == ("Canceled", "the engine was stopped")
    assert [step.exit_code for step in bench.runs.steps(row.name)] == [code]
    assert waiting.status == "NotStarted"  # the next engine starts it
    assert bench.events[-1][0] == "stopped"


class running:  # noqa: N801
    """The engine's own loop, in a thread; the way to stop it."""

    def __init__(self, bench: Bench) -> None:
        settings = Settings(
            bench.folder / "runs", bench.folder, dict(os.environ), bench.max_runs, bench.grace
        )
        self.bench = bench
        self._ready = threading.Event()
        self._stop: Callable[[], None]
        self._settings = settings
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        bench = self.bench
        store = Store(bench.path)
        engine = Engine(
            store, self._settings, datastores=bench.datastores, log=bench.log, clock=bench.clock
        )
        self._stop = engine.stop
        self._ready.set()
        engine.run()

    def __enter__(self) -> Callable[[], None]:
        self._thread.start()
        self._ready.wait()
        return self._stop

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join()


# -------------------------------------------------------------------------- after one that is gone


def test_an_engine_after_a_kill_settles_what_was_left(bench: Bench) -> None:
    bench.put()
    bench.start()
    bench.tick()
    interrupted, waiting = "s-20260101T120000Z", by_hand(bench)
    assert bench.runs.begin(interrupted, bench.clock.now)
    environment = dict(os.environ, RECONCILER_WORKSPACE=str(bench.path.resolve()))
    parent = "import subprocess, sys; subprocess.Popen(['sleep', '600']); input()"
    orphan = subprocess.Popen(
        [sys.executable, "-c", parent],
        env=environment,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        wait_for(lambda: len(processes(environment["RECONCILER_WORKSPACE"])) == 2)
        bench.max_runs = 4
        bench.start()
        assert orphan.wait(timeout=30) == -9
        wait_for(lambda: not processes(environment["RECONCILER_WORKSPACE"]))
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        assert orphan.stdin is not None
        orphan.stdin.close()
    assert bench.said("run_abandoned") == [{"run": interrupted, "processes_ended": 2}]
    row = bench.run(interrupted)
    assert (row.status, row.message) == ("Failed", "the engine ended while it ran")
    bench.until(bench.ended)
    bench.start()
    bench.tick()
    assert bench.run(waiting).status == "Completed"
    assert bench.printed(waiting) == "hello\n"  # once


def processes(workspace: str) -> list[str]:
    """Those that a run of the workspace has left, zombies not counted."""
    mark = f"RECONCILER_WORKSPACE={workspace}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


# ------------------------------------------------------------------------- the file gives trouble


def check_nothing_is_lost(
    bench: Bench, trouble: Callable[[], object], over: Callable[[], object]
) -> None:
    """A fire falls due while the file cannot be written: when it can, it is recorded, once."""
    bench.put()
    bench.start()
    bench.tick()
    bench.clock.go(minutes=15, seconds=1)
    trouble()
    try:
        for _ in range(3):
            with pytest.raises(StoreError):
                bench.engine.tick()
            bench.clock.go(5)
    finally:
        over()
    bench.tick()
    assert bench.due() == [START, START + 15 * MINUTE]
    bench.tick(60, times=15)
    assert bench.due() == [START, START + 15 * MINUTE, START + 30 * MINUTE]
    assert bench.missed() == 0
    assert integrity(bench.path) == "ok"


def test_a_file_that_another_process_holds(bench: Bench) -> None:
    holding = locked(bench.path)
    check_nothing_is_lost(bench, holding.__enter__, lambda: holding.__exit__(None, None, None))


def test_a_folder_that_is_read_only() -> None:
    with without_privileges(), tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))

        def close() -> None:
            bench.store.close()
            bench.engine._store.close()
            for path in (*bench.folder.glob("workspace.db*"), bench.folder):
                path.chmod(0o555)

        def open_again() -> None:
            for path in (bench.folder, *bench.folder.glob("workspace.db*")):
                path.chmod(0o777)

        check_nothing_is_lost(bench, close, open_again)
        bench.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True)
    except OSError:
        pytest.skip("mount is not here: a full disk cannot be made")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full(small_disk: Path) -> None:
    bench = Bench(small_disk)
    rest = small_disk / "rest"

    def fill() -> None:
        # The file has to grow at once: what fires is large.
        bench.put("large", inputs={f"x{n}": "y" * 1000 for n in range(300)})
        with suppress(OSError), rest.open("wb", buffering=0) as file:
            while file.write(b"0" * 65536):
                pass

    check_nothing_is_lost(bench, fill, rest.unlink)
    bench.close()


def test_what_ended_meanwhile_is_recorded_when_the_file_can_be_written(bench: Bench) -> None:
    bench.max_runs = 1
    bench.put()
    bench.start()
    bench.tick()
    with locked(bench.path):

        def ended() -> bool:
            try:
                bench.engine.tick()
            except StoreError:
                return len(bench.engine._executor) == 0
            return False

        wait_for(ended)
        assert bench.run("s-20260101T120000Z").status == "Running"
    bench.tick()
    assert bench.run("s-20260101T120000Z").status == "Completed"


def test_the_loop_goes_on_through_trouble_and_notices_another_process(tmp_path: Path) -> None:
    repo = repository(tmp_path, config=CONFIG)
    write(repo, {"schedules/first.yaml": MINUTELY.format(name="first")})
    assert run(repo, "apply", "--yes").code == 0
    bench = Bench(repo, max_runs=2)
    bench.clock.now = datetime.now(UTC)
    bench.clock = RealClock()  # type: ignore[assignment]
    with running(bench):
        wait_for(lambda: bench.said("started"))
        write(repo, {"schedules/second.yaml": MINUTELY.format(name="second")})
        assert run(repo, "apply", "--yes").code == 0
        wait_for(lambda: [said for said in bench.said("run_ended") if "second" in said["run"]])
    assert [said["schedule"] for said in bench.said("fired")].count("second") == 1
    bench.store.close()


class RealClock:
    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
"""
MINUTELY = """\
name: {name}
trigger: {{type: recurrence, frequency: hour, interval: 5}}
create_job: ./job.yml
"""


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"trigger": EVERY_MINUTE | {"expression": "0 0 * * *"}}]
)
def test_what_was_due_before_a_change_fires_all_the_same(
    bench: Bench, change: dict[str, Any]
) -> None:
    """It was due, and then the schedule was changed, before the engine looked."""
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick(30)
    bench.clock.go(30.01)
    bench.put(**{"trigger": EVERY_MINUTE} | change)
    bench.tick(0.4)
    bench.tick(60)
    assert bench.due() == [START + MINUTE]
    assert bench.missed() == 0


def test_what_was_due_too_long_before_a_change_is_missed(bench: Bench) -> None:
    bench.put(trigger=EVERY_MINUTE)
    bench.start()
    bench.tick(30)
    bench.clock.go(150)
    bench.put(trigger=EVERY_MINUTE, enabled=False)
    with locked(bench.path), suppress(StoreError):
        bench.tick()
    bench.tick()
    assert bench.due() == [START + 2 * MINUTE, START + 3 * MINUTE]
    assert bench.missed() == 1
