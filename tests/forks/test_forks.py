"""A command that is forked is as one that is begun anew."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from helpers import environment, repository, run, write

import forks


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path, "a", "b")


@pytest.mark.parametrize(
    "line",
    ["plan --exit-code", "validate", "plan --nothing", "plan --config x", "explain", "--version"],
)
def test_it_prints_the_same_and_ends_the_same(repo: Path, line: str) -> None:
    words = line.split()
    assert run(repo, *words) == run(repo, *words, anew=True)


def test_it_has_its_own_folder_variables_and_streams(repo: Path) -> None:
    config = (repo / "reconciler.yaml").read_text()
    write(repo, {"reconciler.yaml": f'variables: {{ hour: "${{{{ env.HOUR }}}}" }}\n{config}'})
    text = (repo / "schedules/a.yaml").read_text()
    write(repo, {"schedules/a.yaml": text.replace("0 2 ", "0 ${{ vars.hour }} ")})
    for hour in ("5", "7"):
        done = run(repo, "plan", env=environment(HOUR=hour))
        assert (done.code, f"at 0{hour}:00" in done.out, done.err) == (0, True, "")
    assert run(repo, "plan").code == 1
    assert run(repo / "schedules", "plan", "--config", "none.yaml").code == 1
    with pytest.raises(ValueError, match="null"):
        run(repo, "plan", "a\0b")


def test_a_signal_ends_it_and_is_told(repo: Path) -> None:
    with (repo / "log").open("wb") as log:
        process = forks.popen(["run", "--interval", "1s"], cwd=repo, env=environment(), log=log)
    assert isinstance(process, forks.Forked)
    assert Path(f"/proc/{process.pid}/cwd").resolve() == repo.resolve()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
    assert not Path(f"/proc/{process.pid}").exists()


def test_what_python_reads_when_it_begins_is_begun_anew() -> None:
    server = forks.reconciler()
    assert server.fits(environment(HOME="/nonexistent", TZ="Europe/Lisbon"))
    for name in ("PYTHONHASHSEED", "PYTHONPATH", "LC_ALL"):
        assert not server.fits(environment(**{name: "7"}))
    before = os.umask(0o077)
    try:
        assert not server.fits(environment())
    finally:
        os.umask(before)


def test_a_script_of_a_shell_calls_it(repo: Path) -> None:
    tool = forks.tool(repo / "bin/reconciler")
    line = 'echo "[$(reconciler --version)]"; reconciler plan --exit-code | tail -1; exit "$?"'
    line += "; reconciler nothing; echo $?"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=repo,
        env=environment(PATH=f"{tool.parent}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stdout.startswith("[reconciler ")
    assert done.stdout.endswith("local: 2 to create\n")
    script = f'{tool} run --interval 1s & echo $!; wait $!; echo "$?"'
    with subprocess.Popen(
        ["bash", "-c", script], cwd=repo, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        deadline = time.monotonic() + 60
        while not (repo / "workspace.db").exists():  # it is at work
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(pid, signal.SIGTERM)
        assert process.stdout.read().endswith("0\n")
