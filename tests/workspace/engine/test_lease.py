"""One engine at a time: the lease between real processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.workspace.engine.lease import Lease, LeaseHeld

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reconciler.workspace.engine.lease import Lease
Lease(Path(sys.argv[1])).take(datetime(2026, 1, 1, tzinfo=UTC))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "workspace.db"


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_taken_held_and_released(path: Path) -> None:
    lease, other = Lease(path), Lease(path)
    assert not lease.is_held()
    assert lease.holder() is None
    lease.take(NOW)
    assert other.is_held()
    assert str(other.holder()).endswith(", since 2026-01-01 00:00:00 UTC")
    with pytest.raises(LeaseHeld, match="process"):
        other.take(NOW)
    lease.release()
    lease.release()
    assert not other.is_held()
    other.take(NOW)
    other.release()


def test_it_ends_with_its_holder_however_that_ends(path: Path) -> None:
    process = hold(path)
    try:
        with pytest.raises(LeaseHeld) as held:
            Lease(path).take(NOW)
        assert held.value.holder is not None
        assert held.value.holder.pid == process.pid
    finally:
        end(process)
    lease = Lease(path)
    assert not lease.is_held()
    assert lease.holder() is None  # what the file says is of one that is gone
    lease.take(NOW)
    lease.release()


def test_waiting_for_it(path: Path) -> None:
    process = hold(path)
    lease = Lease(path)
    taken = threading.Thread(target=lambda: lease.take(NOW, wait=True))
    taken.start()
    assert taken.is_alive()
    end(process)
    taken.join(timeout=30)
    assert Lease(path).is_held()
    lease.release()


def test_asking_who_holds_it_keeps_nobody_from_taking_it(path: Path) -> None:
    asking, done = Lease(path), threading.Event()

    def ask() -> None:
        while not done.is_set():
            asking.holder()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(200):
            lease = Lease(path)
            lease.take(NOW)
            lease.release()
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_a_file_that_says_nothing(path: Path) -> None:
    lease = Lease(path)
    lease.take(NOW)
    for said in ("", "{}", "[]", '{"pid": "x"}', "\0"):
        path.with_name("workspace.db.lock").write_text(said)
        assert Lease(path).holder() is None
        assert Lease(path).is_held()
    with pytest.raises(LeaseHeld, match="another process"):
        Lease(path).take(NOW)
    lease.release()
