"""An apply that is killed at any of its writes leaves nothing that refers to what is not there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.arm import StandIn
from fakes.messages import Call
from helpers import environment, write

from providers.azureml.deploy.test_deploying import JOB, SCHEDULE, wrote

CONFIG = """\
owner: us
schedules: [s]
targets:
  az:
    provider: azureml
    endpoint: ADDRESS
    subscription_id: 00000000-1111-2222-3333-444444444444
    resource_group: test-rg
    workspace: test-ws
"""
WRITES = (
    *("POST code", "PUT blob", "PUT blob", "PUT blob", "PUT code", "PUT environment"),
    *("PUT component", "PUT component", "PUT schedule"),
)
TOKEN = "a-token"


def repository(folder: Path, arm: StandIn) -> None:
    schedule = SCHEDULE.replace("NAME", "a").replace("./job", "../job")
    files = {"job.yml": JOB, "src/train.py": "pass\n", "src/lib/a.py": "a = 1\n"}
    config = CONFIG.replace("ADDRESS", arm.address)
    write(folder, {"reconciler.yaml": config, "s/a.yml": schedule, **files})


def started(folder: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "reconciler", *command],
        cwd=folder,
        env=environment(AZURE_ACCESS_TOKEN=TOKEN),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def killed_at(folder: Path, arm: StandIn, write: int) -> None:
    """Apply, and kill the process when it makes its write of that number."""
    process: list[subprocess.Popen[str]] = []
    seen = 0

    def watch(call: Call) -> None:
        nonlocal seen
        if call.method in ("GET", "HEAD"):
            return
        if seen == write:
            process[0].send_signal(signal.SIGKILL)
        seen += 1

    arm.before(watch, times=10_000)
    process.append(started(folder, "apply", "--yes"))
    text, _ = process[0].communicate(timeout=60)
    assert process[0].returncode == -signal.SIGKILL, text
    arm.faults.clear()


def told(folder: Path, *command: str) -> str:
    process = started(folder, *command)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 0, text
    return text


def check(folder: Path, write: int) -> None:
    with StandIn(token=TOKEN) as arm:
        repository(folder, arm)
        killed_at(folder, arm, write)
        # The stand-in refuses whatever refers to what is not there.
        assert arm.violations == []
        assert ("a" in arm.names()) is (write == len(WRITES) - 1)
        arm.forget()
        told(folder, "apply", "--yes")
        assert len(arm.assets.names("codes")) == 1
        assert len(arm.assets.names("components")) == 2
        assert "nothing to change" in told(folder, "plan", "--exit-code")
        arm.forget()
        assert wrote(arm) == []


@pytest.mark.parametrize("write", [3, 6])
def test_killed_while_it_puts(tmp_path: Path, write: int) -> None:
    check(tmp_path, write)


@pytest.mark.torture
@pytest.mark.parametrize("write", range(len(WRITES)))
def test_killed_at_every_write(tmp_path: Path, write: int) -> None:
    check(tmp_path, write)
