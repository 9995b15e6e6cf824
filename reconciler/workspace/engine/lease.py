"""Who runs the engine of a workspace: one process at a time.

The lease is a lock of the operating system on a file beside the workspace's, so that it ends with
its holder, however that ends: there is nothing to expire, and no stale holder. What the file holds
says who it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.system.file_access import ReadableBy, make_parents, tighten
from reconciler.system.workspace_files import file_beside


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        try:
            since = f"{datetime.fromisoformat(self.since).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        except ValueError:
            since = self.since  # whatever the file says
        return f"process {self.pid} on {self.host}, since {since}"


class LeaseHeld(Exception):
    """Another process holds it; `holder` None: it has not said who it is yet."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(str(holder) if holder else "another process")
        self.holder = holder


class Lease:
    """The right to run the engine of the workspace at `path`."""

    def __init__(self, path: Path, *, readable_by: ReadableBy = "owner") -> None:
        self._path = file_beside(path, "lock")
        self._readable_by: ReadableBy = readable_by
        self._file: int | None = None

    def take(self, now: datetime, *, wait: bool = False) -> None:
        """Take it, or raise LeaseHeld; `wait`: until the holder lets go."""
        make_parents(self._path, self._readable_by)
        # Not inherited by steps: the lock must end with this process alone.
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        tighten(self._path, self._readable_by)
        try:
            if wait:
                fcntl.flock(file, fcntl.LOCK_EX)
            elif not _lock(file):
                raise LeaseHeld(self.holder())
        except BaseException:
            os.close(file)
            raise
        said = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": now.isoformat(timespec="seconds"),
        }
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(said).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Let go; nothing if it is not held."""
        if self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def holder(self) -> Holder | None:
        """Who holds it now, by what the file says; None: nobody, or it does not say."""
        if not self.is_held():
            return None
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            return Holder(int(said["pid"]), str(said["host"]), str(said["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_held(self) -> bool:
        """Whether some process holds it. Does not take it."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False


def _lock(file: int) -> bool:
    """Lock it; False while somebody holds it. Whoever asks whether it is held holds it for an
    instant too, so it is tried for longer than that.
    """
    for _ in range(10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False
