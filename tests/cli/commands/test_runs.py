"""`reconciler runs`: list, show, logs, cancel, prune, with an engine that runs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from helpers import Done, command, environment, invoke, run
from serving import Serve, serving, workspace


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return workspace(tmp_path)


def trigger(repo: Path, *arguments: str) -> str:
    return invoke(repo, "trigger", *arguments).out.splitlines()[0]


def ended(serve: Serve, name: str) -> str:
    return str(serve.wait("run_ended", run=name)["status"])


def without_times(done: Done) -> str:
    text = re.sub(r"\d{8}T\d{6}Z", "<at>", done.out)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<when>", text)
    return re.sub(r" +", " ", re.sub(r"\d+\.\d s", "<took>", text))


def test_what_ran_is_listed_and_shown(repo: Path) -> None:
    with serving(repo) as serve:
        first = trigger(repo, "greet", "--input", "who=me")
        assert ended(serve, first) == "Completed"
        second = trigger(repo, "steps")
        assert ended(serve, second) == "Failed"
    assert without_times(invoke(repo, "runs", "list")) == (
        "RUN STATUS CAUSE STARTED (UTC) TOOK EXPERIMENT\n"
        "steps-<at> Failed manual <when> <took> steps\n"
        "greet-<at> Completed manual <when> <took> greetings\n"
    )
    assert without_times(invoke(repo, "runs", "list", "--status", "failed")).count("\n") == 2
    assert first not in invoke(repo, "runs", "list", "--experiment", "steps").out
    assert second not in invoke(repo, "runs", "list", "--schedule", "greet").out
    assert invoke(repo, "runs", "list", "--limit", "1").out.count("\n") == 2
    shown = invoke(repo, "runs", "show", first).out
    assert 'input       who = "me"' in shown
    assert f"folder      {repo}/workspace-runs/{first}" in shown
    document = json.loads(invoke(repo, "runs", "show", "steps", "--format", "json").out)
    assert document["name"] == second  # a schedule's name stands for its newest run
    assert {step["name"]: step["status"] for step in document["steps"]}["two"] == "Failed"
    listed = json.loads(invoke(repo, "runs", "list", "--format", "json").out)["runs"]
    assert [one["name"] for one in listed] == [second, first]
    assert invoke(repo, "runs", "logs", first).err == ""
    assert "failed step two: exit code " in invoke(repo, "runs", "logs", second).err
    assert invoke(repo, "runs", "show", "nothing", code=1).err.startswith("error: there is no run")


def test_logs(repo: Path) -> None:
    with serving(repo) as serve:
        waiting = trigger(repo, "steps")
        ended(serve, waiting)
        printed = invoke(repo, "runs", "logs", waiting).out
        assert sorted(printed.splitlines()) == ["== one ==", "== two ==", "of one", "of two"]
        assert invoke(repo, "runs", "logs", waiting, "--step", "two").out == "of two\n"
        missing = invoke(repo, "runs", "logs", waiting, "--step", "three", code=1)
        assert 'the run has no step "three"' in missing.err


def test_following_a_run_until_it_ends(repo: Path) -> None:
    """It follows from before the run is started, and shows each line once."""
    name = trigger(repo, "greet", "--input", "who=follower")
    follow = subprocess.Popen(
        command("runs", "logs", "-f", name, "--step", "command"),
        cwd=repo,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert follow.poll() is None
    with serving(repo):
        out, _ = follow.communicate(timeout=60)
    assert (follow.returncode, out) == (0, "hello follower\n")
    assert invoke(repo, "runs", "logs", "-f", name).out == "hello follower\n"


def test_canceled_running_waiting_and_without_an_engine(repo: Path) -> None:
    with serving(repo, "--max-runs", "1") as serve:
        running = trigger(repo, "slow")
        serve.wait("run_started", run=running)
        waiting = trigger(repo, "greet")
        assert invoke(repo, "runs", "cancel", waiting).out == f"canceled {waiting}\n"
        assert invoke(repo, "runs", "cancel", running).out == f"is being canceled: {running}\n"
        assert ended(serve, running) == "Canceled"
        again = invoke(repo, "runs", "cancel", running, code=1)
        assert f"error: {running}: it has ended: Canceled" in again.err
        assert not serve.events("run_started", run=waiting)
    alone = trigger(repo, "greet")
    assert invoke(repo, "runs", "cancel", alone).out == f"canceled {alone}\n"
    assert "canceled by" in invoke(repo, "runs", "show", alone).out


def test_pruned_runs_are_gone_with_their_files(repo: Path) -> None:
    names = []
    with serving(repo) as serve:
        for _ in range(3):
            names.append(trigger(repo, "greet"))
            ended(serve, names[-1])
        running = trigger(repo, "slow")
        serve.wait("run_started", run=running)
        assert invoke(repo, "runs", "prune", "--keep", "1").out == "removed 2 runs\n"
        assert invoke(repo, "runs", "prune", "--keep", "1").out == "removed 0 runs\n"
        assert invoke(repo, "runs", "prune", "--keep", "0").out == "removed 1 run\n"
        left = [one.name for one in (repo / "workspace-runs").iterdir()]
        assert left == [running]
    listed = json.loads(invoke(repo, "runs", "list", "--format", "json").out)["runs"]
    assert [one["name"] for one in listed] == [running]


def test_before_anything_ran(repo: Path) -> None:
    assert invoke(repo, "runs", "list").out.count("\n") == 1
    assert invoke(repo, "experiments", "list").out.count("\n") == 1
    name = trigger(repo, "greet")
    assert invoke(repo, "runs", "logs", name).out == "it has not started\n"
    assert run(repo, "runs", "list", "--status", "Nothing").code == 2
