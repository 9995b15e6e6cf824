"""`reconciler trigger`: a schedule's pipeline, now, with other inputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from helpers import invoke
from serving import serving, workspace


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return workspace(tmp_path)


def test_it_is_recorded_and_waits_for_an_engine(repo: Path) -> None:
    said = invoke(repo, "trigger", "greet")
    done = said.out.splitlines()
    assert re.fullmatch(r"greet-\d{8}T\d{6}Z", done[0])
    assert len(done) == 1  # for scripts: RUN=$(reconciler trigger ...)
    assert said.err == "it starts when `reconciler serve` runs\n"
    shown = json.loads(invoke(repo, "runs", "show", done[0], "--format", "json").out)
    assert (shown["status"], shown["cause"], shown["experiment"]) == (
        "NotStarted",
        "manual",
        "greetings",
    )
    names = {invoke(repo, "trigger", "greet").out.splitlines()[0] for _ in range(3)}
    assert len(names | {done[0]}) == 4  # several in one second are numbered


def test_inputs_reach_the_command_as_they_are(repo: Path) -> None:
    odd = "a=b 'quoted' \"$(touch pwned)\" `id` \\ ü"
    with serving(repo) as serve:
        done = invoke(repo, "trigger", "local/greet", "--input", f"who={odd}").out
        assert done.count("\n") == 1  # an engine runs
        assert serve.wait("run_ended", run=done.strip())["status"] == "Completed"
    assert invoke(repo, "runs", "logs", done.strip()).out == f"hello {odd}\n"


def test_waiting_for_the_end(repo: Path) -> None:
    with serving(repo):
        good = invoke(repo, "trigger", "greet", "--input", "who=me", "--follow")
        assert re.fullmatch(r"greet-\d{8}T\d{6}Z\nhello me\n", good.out)
        bad = invoke(repo, "trigger", "steps", "--wait", code=1)
        assert bad.out.count("\n") == 1
        assert "failed step two: exit code " in bad.err
        told = invoke(repo, "trigger", "greet")
        assert f"`reconciler runs logs -f {told.out.strip()}` shows what it prints" in told.err


def test_one_that_is_disabled_says_so(repo: Path) -> None:
    invoke(repo, "schedules", "disable", "greet")
    done = invoke(repo, "trigger", "greet")
    assert "local/greet is disabled: it runs now, and does not fire by itself\n" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nothing",), 2, 'no schedule "local/nothing" is live'),
        (("gret",), 2, 'did you mean "greet"?'),
        (("greet", "--input", "who"), 2, "write NAME=VALUE"),
        (("greet", "--input", "=x"), 2, "write NAME=VALUE"),
        (("greet", "--input", "whom=x"), 1, 'the job declares no input "whom"'),
    ],
)
def test_what_is_refused(repo: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    done = invoke(repo, "trigger", *arguments, code=code)
    assert says in done.err
    assert invoke(repo, "runs", "list").out.count("\n") == 1
