"""`reconciler backfill`: past instants have their runs, each once."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import Done, declaration, environment, run, write
from providers.azureml.opened import config_of

LOCAL = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, datastores: {inbox: {url: landing}}}
"""
FILES = """\
name: files
trigger: {type: datastore, datastore: inbox, data_path_parameter_name: at}
create_job: ./job.yml
"""
AZURE = """\
name: nightly
trigger: {type: cron, expression: "0 2 * * *"}
create_job: {job: azureml:train, inputs: {t: "${{creation_context.trigger_time}}"}}
"""
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = NOW.date()


def day(back: int) -> str:
    return str(DAY - timedelta(days=back))


@pytest.fixture
def local(tmp_path: Path) -> Path:
    files = {
        "reconciler.yaml": LOCAL,
        "schedules/nightly.yaml": declaration("nightly"),
        "schedules/job.yml": "type: command\ncommand: echo ${{inputs.at}}\n"
        "inputs: {at: '${{creation_context.trigger_time}}'}\n",
    }
    write(tmp_path, files)
    assert run(tmp_path, "apply", "--yes").code == 0
    return tmp_path


def backfill(folder: Path, *more: str, name: str = "nightly", **options: object) -> Done:
    return run(folder, "backfill", name, "--from", day(10), "--to", day(0), *more, **options)


def runs(folder: Path) -> list[tuple[str, str]]:
    done = run(folder, "runs", "list", "--format", "json")
    return [(one["name"], one["cause"]) for one in json.loads(done.out)["runs"]]


def test_it_is_planned_and_asked(local: Path) -> None:
    done = backfill(local, "--dry-run")
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "local/nightly: 10 runs to start, 0 fires left out"
    assert f"  + {day(10)} 02:00:00 UTC" in done.out
    assert runs(local) == []
    assert backfill(local).code == 1  # nobody answers
    assert runs(local) == []


def test_each_once(local: Path) -> None:
    done = backfill(local, "--yes")
    assert done.code == 0, done.err
    stamps = [f"nightly-{day(back).replace('-', '')}T020000Z" for back in range(1, 11)]
    assert sorted(runs(local)) == sorted((name, "backfill") for name in stamps)
    done = backfill(local, "--yes")
    assert done.out == "local/nightly: 0 runs to start, 10 fires left out\n"
    assert len(runs(local)) == 10
    assert "Backfilled" in run(local, "history", "list", "--format", "json").out
    wider = run(
        local, "backfill", "nightly", "--from", day(12), "--to", day(0), "--yes", "--order=newest"
    )
    assert wider.out.splitlines()[0] == "local/nightly: 2 runs to start, 10 fires left out"


def test_what_ran_and_what_was_pruned_is_left(local: Path) -> None:
    assert backfill(local, "--yes").code == 0
    with sqlite3.connect(local / ".reconciler/workspace.db") as database:
        database.execute("UPDATE runs SET status = 'Completed', ended_at = created_at")
    assert run(local, "runs", "prune", "--keep", "3").code == 0
    assert backfill(local, "--yes").out.startswith("local/nightly: 0 runs to start")


def test_files_of_a_span(local: Path) -> None:
    write(local, {"schedules/files.yaml": FILES})
    assert run(local, "apply", "--yes").code == 0
    (local / "landing").mkdir()
    (local / "landing/a.csv").write_text("x")
    begin, end = NOW - timedelta(minutes=5), NOW + timedelta(days=1)
    span = ("--from", begin.isoformat(), "--to", end.isoformat(), "--yes")
    done = run(local, "backfill", "files", *span)
    assert done.out.splitlines()[0] == "local/files: 1 run to start, 0 fires left out"
    done = run(local, "backfill", "files", *span)
    assert done.out.splitlines()[0] == "local/files: 0 runs to start, 1 fire left out"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "tomorrow", "--to", "2026-01-01"), "is no time such as"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "--from is before --to"),
        (("--from", "2999-02-01", "--to", "2999-03-01"), "both are of the past"),
    ],
)
def test_what_is_no_span(local: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(local, "backfill", "nightly", *arguments)
    assert (done.code, words in done.err) == (2, True)


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(jobs={"train"}) as arm:
        yield arm
        assert arm.violations == []


def test_in_azure(tmp_path: Path, arm: StandIn) -> None:
    write(tmp_path, {"reconciler.yaml": config_of(arm), "schedules/nightly.yaml": AZURE})
    env = environment(AZURE_ACCESS_TOKEN=arm.settings.token)
    assert run(tmp_path, "apply", "--yes", env=env).code == 0
    at = datetime.fromisoformat(f"{day(3)}T02:00:00+00:00")
    shown = {"jobType": "Pipeline", "displayName": f"nightly-{at:%Y%m%dT%H%M%SZ}"}
    arm.jobs.add("as-azure-calls-it", shown, at)
    done = backfill(tmp_path, "--yes", env=env)
    assert done.out.splitlines()[0] == "prod/nightly: 9 runs to start, 1 fire left out"
    assert len(arm.jobs.made) == 10
    job = arm.jobs.made[f"nightly-{day(2).replace('-', '')}T020000Z"]["properties"]
    assert job["inputs"]["t"]["value"] == f"{day(2)}T02:00:00Z"
    assert job["properties"]["reconciler-cause"] == "backfill"
    assert backfill(tmp_path, "--yes", env=env).out.startswith("prod/nightly: 0 runs to start")


def killed(folder: Path, *, minutes: int, kills: int) -> None:
    """Killed at random moments, and given again each time, it starts each run once."""
    chosen = random.Random(kills)
    every = 'name: often\ntrigger: {type: cron, expression: "* * * * *"}\ncreate_job: ./job.yml\n'
    write(folder, {"schedules/often.yaml": every})
    assert run(folder, "apply", "--yes").code == 0
    end = NOW - timedelta(hours=1)
    begin = end - timedelta(minutes=minutes)
    span = ("--from", begin.isoformat(), "--to", end.isoformat(), "--yes")
    command = [sys.executable, "-m", "reconciler", "backfill", "often", *span]
    for _ in range(kills):
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        wanted = chosen.randrange(1, 2 * minutes // kills)
        for line in process.stdout:
            wanted -= line.startswith("started")
            if wanted <= 0:
                break
        process.kill()
        process.communicate()
    done = run(folder, "backfill", "often", *span)
    assert done.code == 0, done.err
    with sqlite3.connect(folder / ".reconciler/workspace.db") as database:
        counted = database.execute(
            "SELECT count(*), count(DISTINCT due_at), min(due_at), max(due_at) FROM runs"
            " WHERE schedule = 'often'"
        ).fetchone()
    assert counted[:2] == (minutes, minutes)
    done = run(folder, "backfill", "often", *span)
    assert done.out == f"local/often: 0 runs to start, {minutes} fires left out\n"


def test_it_is_killed_and_goes_on(local: Path) -> None:
    killed(local, minutes=60, kills=3)


@pytest.mark.torture
def test_it_is_killed_twenty_times(local: Path) -> None:
    killed(local, minutes=500, kills=20)


def statuses(folder: Path) -> list[tuple[str, str]]:
    done = run(folder, "runs", "list", "--format", "json")
    return [(one["name"], one["status"]) for one in json.loads(done.out)["runs"]]


def test_no_more_than_some_at_once(local: Path) -> None:
    """It waits until one of them has ended, whoever ends it."""
    command = [sys.executable, "-m", "reconciler", "backfill", "nightly", "--from", day(5)]
    command += ["--to", day(0), "--yes", "--parallelism", "2", "--order", "newest"]
    process = subprocess.Popen(
        command, cwd=local, env=environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    started: list[str] = []
    for line in process.stdout:
        if not line.startswith("started "):
            continue
        started.append(line.split()[1])
        at_work = {name for name, status in statuses(local) if status == "NotStarted"}
        assert len(at_work) <= 2, at_work
        if len(started) >= 2:
            run(local, "runs", "cancel", started[-2])
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(started) == 5
    assert started == sorted(started, reverse=True)


def test_what_is_missing_alone(local: Path) -> None:
    """What was to fire since it was made, and no more; the same as an audit says."""
    made = datetime.combine(DAY - timedelta(days=3), datetime.min.time(), UTC)
    with sqlite3.connect(local / ".reconciler/workspace.db") as database:
        database.execute(
            "UPDATE schedules SET created_at = ?1, modified_at = ?1, since = ?1",
            (made.isoformat(),),
        )
    (local / ".reconciler/state.db").unlink()
    done = backfill(local, "--missing-only", "--dry-run")
    assert done.out.splitlines()[0] == "local/nightly: 3 runs to start, 7 fires left out"
    assert backfill(local, "--missing-only", "--yes").code == 0
    audited = json.loads(run(local, "audit", "--since", "2d", "--format", "json").out)
    fires = audited["schedules"][0]["fires"]
    missing = [fire["at"] for fire in fires if fire["verdict"] == "missing"]
    assert set(missing) <= {f"{day(0)}T02:00:00+00:00"}  # which was not in the span
