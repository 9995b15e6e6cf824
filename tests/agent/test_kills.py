"""Agents are killed, two at a time, while files land: each file is one job."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import environment

from agent.working import Working, follows

HERE = Path(__file__).parent.parent


def check(
    tmp_path: Path, *, kills: int, files: int, folders: int, seed: int, state: str = ""
) -> None:
    """Kill at random moments while files land. `state`: the address of a database for it."""
    chosen = random.Random(seed)
    with StandIn(jobs={"train"}) as arm:
        at = Working(tmp_path, arm)
        names = [f"f{number}" for number in range(folders)]
        at.apply(*(follows(name, folder=name) for name in names))
        for name in names:
            (at.folder / name).mkdir()
        running = [start(at, holder, state) for holder in ("one", "two")]
        landed: list[str] = []
        ended = threading.Event()

        def land() -> None:
            for number in range(files):
                name = f"{chosen.choice(names)}/{number:05}.csv"
                at.land(name)
                landed.append(name)
                time.sleep(chosen.random() * kills * 1.6 / files)
            ended.set()

        landing = threading.Thread(target=land)
        landing.start()
        for _ in range(kills):
            ended.wait(chosen.random() * 2)
            index = chosen.randrange(2)
            running[index].kill()
            running[index].communicate()
            running[index] = start(at, ("one", "two")[index], state)
        landing.join()
        deadline = time.monotonic() + 120
        while len(arm.jobs.made) < files and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in running:
            process.kill()
            process.communicate()
        counted = Counter(at.submitted())
        assert counted == Counter(landed)
        puts = arm.counts["PUT job"]
        sys.stdout.write(f"{kills} kills, {files} files: {len(counted)} jobs, {puts} calls\n")
        at.close()
        assert arm.violations == []


def start(at: Working, holder: str, state: str) -> subprocess.Popen[str]:
    arm = at.arm.settings
    command = [
        *(sys.executable, "-m", "agent.killed", str(at.state_folder), at.arm.address),
        *(holder, arm.token, arm.subscription, state),
    ]
    return subprocess.Popen(
        command, cwd=HERE, env=environment() | {"PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def test_agents_that_are_killed(tmp_path: Path) -> None:
    check(tmp_path, kills=4, files=40, folders=4, seed=1)


@pytest.mark.torture
def test_agents_that_are_killed_at_length(tmp_path: Path) -> None:
    check(tmp_path, kills=200, files=2000, folders=20, seed=2)


@pytest.mark.torture
def test_agents_that_are_killed_with_their_state_in_postgresql(
    tmp_path: Path, fresh_database: Callable[[], str]
) -> None:
    check(tmp_path, kills=60, files=600, folders=10, seed=3, state=fresh_database())
