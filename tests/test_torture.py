"""kill -9 at any moment of an apply: the workspace is intact, and the next apply converges.

Every round changes the repository to the other of two states, starts an apply, kills it after a
random delay out of the time that a whole one takes, and looks. The delay is what is tested.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from helpers import JOB, command, declaration, environment, invoke, repository, write

SCHEDULES = 200
_CHANGES = (b"created", b"updated", b"disabled")


def states(repo: Path, turn: int) -> None:
    """Two states that differ in every schedule, in the job, and in which schedules there are."""
    hour = 2 + turn % 2
    names = [f"s{n:03}" for n in range(SCHEDULES)]
    kept = names if turn % 2 else names[: SCHEDULES * 3 // 4]
    write(repo, {"schedules/all.yaml": "---\n".join(declaration(name, hour) for name in kept)})
    write(repo, {"schedules/job.yml": JOB.replace("hello", f"hello {turn % 2}")})


def start(repo: Path, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("apply", "--yes"),
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )


def measure(repo: Path) -> tuple[float, float]:
    """How long an apply takes until it changes something, and from then to its last change."""
    begun = time.perf_counter()
    with start(repo) as process:
        wait_for_first_change(process)
        changing = last = time.perf_counter()
        for line in process.stdout:
            if line.startswith(_CHANGES):
                last = time.perf_counter()
        assert process.wait() == 0
    return changing - begun, last - changing


def wait_for_first_change(process: subprocess.Popen[bytes]) -> None:
    for line in process.stdout:
        if line.startswith(_CHANGES):
            return


def killed(repo: Path, delay: float, *, once_it_changes: bool) -> bool:
    """Whether an apply was killed, `delay` seconds after it began (to change); or was done."""
    with start(repo, subprocess.PIPE if once_it_changes else subprocess.DEVNULL) as process:
        if once_it_changes:
            wait_for_first_change(process)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() == -signal.SIGKILL


def integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))


def torture(repo: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    repository(repo, config=CONFIG)
    workspace = repo / "workspace.db"
    states(repo, 1)
    whole = sum(measure(repo))
    states(repo, 2)
    before, changing = measure(repo)
    done = turn = partial = 0
    while done < kills:
        turn += 1
        assert turn < kills * 20, f"only {done} of {turn} applies were caught"
        if turn % 10 == 0:  # also while the file is made
            for name in ("workspace.db", "workspace.db-wal", "workspace.db-shm"):
                (repo / name).unlink(missing_ok=True)
        states(repo, turn)
        late = chance.random() < 0.75
        delay = chance.uniform(0, changing) if late else chance.uniform(before / 2, whole)
        done += killed(repo, delay, once_it_changes=late)
        if workspace.exists():
            assert integrity(workspace) == "ok"
        # Whatever was there: a plan can be made of it, and the next apply brings it about.
        plan = invoke(repo, "plan", "--exit-code", code=None)
        assert plan.code in (0, 3), plan.text
        partial += plan.code == 3 and "unchanged" in plan.out
        if chance.random() < 0.5:
            invoke(repo, "apply", "--yes", "--format", "json")
            assert invoke(repo, "plan", "--exit-code").out.startswith("local: nothing to change")
            assert integrity(workspace) == "ok"
    invoke(repo, "apply", "--yes")
    assert invoke(repo, "plan", "--exit-code").out.startswith("local: nothing to change")
    # The kills did what they are for: many an apply was caught in the middle.
    assert partial > kills // 12


CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
limits: {disable: {percent: 100}}
"""


def test_kill_at_any_moment(tmp_path: Path) -> None:
    torture(tmp_path, 6, seed=20260101)


@pytest.mark.torture
def test_kill_at_any_moment_for_long(tmp_path: Path) -> None:
    torture(tmp_path, 500, seed=random.SystemRandom().randrange(1 << 32))
