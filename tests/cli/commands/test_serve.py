"""`reconciler serve`, and `status` beside it, as real processes."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
from helpers import command, environment, invoke, run, write
from serving import FILES, Serve, serving, workspace

from reconciler.workspace.engine.lease import Lease
from reconciler.workspace.execution.process_search import processes_with


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return workspace(tmp_path)


def test_it_fires_runs_and_stops_at_once_when_told(repo: Path) -> None:
    with serving(repo) as serve:
        extra = "name: now\ntrigger: {type: recurrence, frequency: day, interval: 1}\n"
        write(repo, {"schedules/now.yaml": extra + "create_job: ./hello.yml\n"})
        invoke(repo, "apply", "--yes")
        fired = serve.wait("fired", schedule="now")
        ended = serve.wait("run_ended", run=fired["run"])
        assert ended["status"] == "Completed"
        assert serve.stop() == 0
        assert serve.events()[-1]["event"] == "stopped"
    assert fired["run"].startswith("now-20")
    assert len(fired["run"]) == len("now-YYYYMMDDThhmmssZ")
    assert invoke(repo, "runs", "logs", "now").out == "hello you\n"
    assert not Lease(repo / "workspace.db").is_held()


def test_a_second_one_is_refused_and_says_who_runs(repo: Path) -> None:
    with serving(repo) as serve:
        second = run(repo, "serve")
        assert second.code == 1
        assert f"another process runs this workspace: process {serve.process.pid}" in second.err
        assert "--wait" in second.err


def test_a_second_one_waits_if_told_to(repo: Path) -> None:
    with serving(repo) as first:
        second = Serve(repo, "--wait")
        try:
            holder = second.wait("waiting")["holder"]
            assert holder.startswith(f"process {first.process.pid} on ")
            assert not second.events("started")
            assert first.stop() == 0
            second.wait("started")
        finally:
            assert second.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_what_runs(repo: Path, number: int) -> None:
    with serving(repo, "--grace", "20") as serve:
        invoke(repo, "trigger", "slow")
        name = serve.wait("run_started")["run"]
        log = repo / "workspace-runs" / name / "logs/command.log"
        serve.until(lambda: log.exists() and log.read_text() == "up\n")
        assert serve.stop(number) == 0
    shown = json.loads(invoke(repo, "runs", "show", name, "--format", "json").out)
    assert (shown["status"], shown["message"]) == ("Canceled", "the engine was stopped")
    assert [step["exit_code"] for step in shown["steps"]] == [3]


def test_after_a_kill_the_next_one_settles_what_was_left(repo: Path) -> None:
    with serving(repo, "--max-runs", "1") as serve:
        invoke(repo, "trigger", "slow")
        name = serve.wait("run_started")["run"]
        waiting = invoke(repo, "trigger", "steps").out.strip()
        log = repo / "workspace-runs" / name / "logs/command.log"
        serve.until(lambda: log.exists() and log.read_text() == "up\n")
        assert serve.stop(signal.SIGKILL) == -9
    assert "is not run: `reconciler serve`" in invoke(repo, "status").out
    with serving(repo) as serve:
        abandoned = serve.wait("run_abandoned")
        assert abandoned["run"] == name
        # On Linux they had ended with their engine, by the supervisor of each step.
        assert list(processes_with("RECONCILER_RUN", name)) == []
        assert serve.wait("run_ended", run=waiting)["status"] == "Failed"
    shown = json.loads(invoke(repo, "runs", "show", name, "--format", "json").out)
    assert (shown["status"], shown["message"]) == ("Failed", "the engine ended while it ran")


def test_a_log_that_cannot_be_written_ends_nothing(repo: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(
            command("serve", "--no-http"), cwd=repo, env=environment(), stderr=full
        )
    try:
        name = invoke(repo, "trigger", "greet").out.splitlines()[0]
        assert invoke(repo, "runs", "logs", "-f", name).out == "hello you\n"
        assert process.poll() is None
    finally:
        process.terminate()
        # 120 is Python's own, for a stream that could not be flushed.
        assert process.wait(timeout=60) in (0, 120)


def test_text_logs_are_one_line_each(repo: Path) -> None:
    process = subprocess.Popen(
        command("serve", "--no-http"),
        cwd=repo,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = [process.stderr.readline()]
    while "started" not in lines[-1]:
        lines.append(process.stderr.readline())
    process.terminate()
    lines += process.communicate(timeout=60)[1].splitlines()
    assert lines[0][19:] in (" started schedules=3 watched=1\n",)
    assert lines[-1].endswith(" stopped")


def test_status_says_what_is_failing(repo: Path) -> None:
    (repo / "inbox/in").rmdir()
    (repo / "inbox").rmdir()
    with serving(repo) as serve:
        serve.wait("look_failed")
        shown = invoke(repo, "status").out
        assert f"\nlocal is run by process {serve.process.pid} on " in shown
        assert f"  failing local/files: there is no folder {repo}/inbox (1 time since 20" in shown
        document = json.loads(invoke(repo, "status", "--format", "json").out)
        [found] = document["workspaces"]
        assert found["target"] == "local"
        assert found["engine"]["pid"] == serve.process.pid
        [failing] = found["failing"]
        assert failing["schedule"] == "files"
        assert failing["failures"] == 1
        assert failing["since"] == failing["last"]
    document = json.loads(invoke(repo, "status", "--format", "json").out)
    assert document["workspaces"][0]["engine_runs"] is False
    assert document["workspaces"][0]["engine"] is None


def test_only_an_embedded_workspace_is_served(repo: Path) -> None:
    other = FILES["reconciler.yaml"].replace("local:", "other:", 1) + (
        "  local: {provider: local, workspace: other.db}\n"
    )
    write(repo, {"reconciler.yaml": other})
    done = run(repo, "serve")
    assert done.code == 1
    assert "there are several targets" in done.err
