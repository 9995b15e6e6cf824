"""Two applies at once on one workspace: both end well, and the result is what is declared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers import declaration, environment, repository, run, write

# Everything is loaded, then each waits at its pipe until both may start.
RUNNER = """
import deepdiff, jsonschema_rs, os, sys
import reconciler.cli.commands.apply
from reconciler.cli import main_group
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(os.open(line.strip(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        main_group(["apply", "--yes"], prog_name="reconciler")
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

TURNS = (10, pytest.param(100, marks=pytest.mark.torture))


@contextmanager
def runners(folder: Path, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", RUNNER],
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    try:
        for process in started:
            assert process.stdout.readline() == "ready\n"
        yield started
    finally:
        for process in started:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()


def states(repo: Path, turn: int) -> None:
    """Change something of every kind: new, changed, removed, put back, another job."""
    for number in range(30):
        path = repo / f"schedules/s{number:02}.yaml"
        if (number + turn) % 7 == 0:
            path.unlink(missing_ok=True)
        else:
            write(repo, {f"schedules/{path.name}": declaration(path.stem, (number * turn) % 24)})
    job = (repo / "schedules/job.yml").read_text()
    write(repo, {"schedules/job.yml": job.replace("hello", f"hello {turn % 3}")})


@pytest.mark.parametrize("turns", TURNS, ids=["brief", "torture"])
def test_two_applies_at_once(tmp_path: Path, turns: int) -> None:
    repo = repository(tmp_path)
    with runners(repo, 2) as started:
        for turn in range(1, turns + 1):
            states(repo, turn)
            for number, process in enumerate(started):
                process.stdin.write(f"{tmp_path}/out{number}\n")
            for process in started:
                process.stdin.flush()
            codes = [process.stdout.readline().strip() for process in started]
            said = [(tmp_path / f"out{number}").read_text() for number in range(2)]
            assert codes == ["0", "0"], (turn, said)
            assert not any("failed" in text or "Traceback" in text for text in said), said
            if turn % 5 == 0:
                done = run(repo, "plan", "--exit-code")
                assert done.code == 0, done.out


@pytest.mark.parametrize("turns", TURNS, ids=["brief", "torture"])
def test_four_at_once_make_the_workspace(tmp_path: Path, turns: int) -> None:
    repo = repository(tmp_path, *(f"s{number:02}" for number in range(10)))
    with runners(repo, 4) as started:
        for _ in range(turns // 2):
            for name in ("workspace.db", "workspace.db-wal", "workspace.db-shm"):
                (repo / name).unlink(missing_ok=True)
            for process in started:
                process.stdin.write(f"{os.devnull}\n")
            for process in started:
                process.stdin.flush()
            assert [process.stdout.readline().strip() for process in started] == ["0"] * 4
        assert run(repo, "plan", "--exit-code").out == "local: nothing to change, 10 unchanged\n"
