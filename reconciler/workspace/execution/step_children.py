"""The shell of a step as a child of the engine, and all that it has started.

Where there are subreapers (Linux), a supervisor (supervisor.py) stands between: nothing that the
shell starts can leave it. Elsewhere the shell is a child itself, and found is what stays in its
process group.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from reconciler.workspace.execution import supervisor
from reconciler.workspace.execution.process_search import processes_with

_LAST_SECONDS = 10.0
"""How long a supervisor with nothing left to do may take to end."""
_SILENT_MILLISECONDS = 200
"""After so long without a word from it a supervisor is told to go on."""


def nothing_escapes() -> bool:
    """Whether a step's processes are found wherever they go."""
    return sys.platform == "linux" and os.path.isdir("/proc/self")


class Child(ABC):
    """A shell that was started. `status` can be read from when it has ended."""

    status: int
    stdout: IO[bytes]
    finds_all: bool
    """Whether `left` is all that there is."""

    @abstractmethod
    def left(self) -> list[int]:
        """The processes of the step that are alive, the shell itself among them or not."""

    @abstractmethod
    def signal(self, number: int) -> None:
        """Send a signal to all of them."""

    @abstractmethod
    def close(self) -> int | None:
        """How the shell ended: its exit code, negative for a signal. Call it once, at the end;
        None if nobody knows.
        """


def start(
    command: Sequence[str],
    mark: tuple[str, str],
    *,
    folder: Path,
    environment: Mapping[str, str],
) -> Child:
    """Start a shell. OSError or ValueError where it cannot be."""
    if nothing_escapes():
        return Supervised(command, mark, folder, environment)
    return Direct(command, mark, folder, environment)  # pragma: no cover


class Supervised(Child):
    """One below a supervisor, which finds all where it could become a subreaper."""

    def __init__(
        self,
        command: Sequence[str],
        mark: tuple[str, str],
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        if not os.path.exists(command[0]):
            raise FileNotFoundError(2, os.strerror(2), command[0])
        self._mark = mark
        self.status, told = os.pipe()
        life, self._life = os.pipe()
        program = [sys.executable, "-I", "-S", supervisor.__file__, str(told), str(life)]
        try:
            self._process = subprocess.Popen(
                [*program, *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(told, life),
            )
        except BaseException:
            os.close(self.status)
            os.close(self._life)
            raise
        finally:
            os.close(told)
            os.close(life)
        assert self._process.stdout is not None
        self.stdout = self._process.stdout
        # Until then there is nothing that a signal could be sent to.
        began = self._told().split()
        self.finds_all = began == ["started"]
        if began[:1] == ["error"]:
            self.stdout.close()
            self.close()
            number = int(began[1])
            raise OSError(number, os.strerror(number), command[0])

    def left(self) -> list[int]:
        """All below the supervisor, and what carries the mark."""
        pid = self._process.pid
        found = dict.fromkeys(supervisor.descendants(pid))
        found |= dict.fromkeys(processes_with(*self._mark))
        return [one for one in found if one != pid]

    def signal(self, number: int) -> None:
        """Send a signal to all of them, the shell first."""
        for one in self.left():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(one, number)
        self._go_on()

    def close(self) -> int | None:
        """What the supervisor has told."""
        told = self._told().split()
        os.close(self._life)
        os.close(self.status)
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:  # pragma: no cover
            self._process.kill()
            self._process.wait()
        return int(told[1]) if told else None

    def _go_on(self) -> None:
        """A step may have stopped its supervisor, which then tells nothing any more."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGCONT)

    def _told(self) -> str:
        """The next line of what the supervisor tells; what comes after it is to be waited for."""
        poll = select.poll()
        poll.register(self.status, select.POLLIN)
        read = b""
        while not read.endswith(b"\n"):
            while not poll.poll(_SILENT_MILLISECONDS):
                self._go_on()
            one = os.read(self.status, 1)
            if not one:
                break
            read += one
        return read.decode()


class Direct(Child):
    """One without a supervisor."""

    finds_all = False

    def __init__(
        self,
        command: Sequence[str],
        mark: tuple[str, str],
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self._mark = mark
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.stdout = self._process.stdout
        self.status, self._told = os.pipe()
        self._waiter = threading.Thread(target=self._await, daemon=True)
        self._waiter.start()

    def _await(self) -> None:
        if sys.platform == "darwin":  # pragma: no cover
            self._process.wait()
        else:
            # Not reaped yet, its id cannot become another's: the group that is ended is this one.
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        os.close(self._told)

    def left(self) -> list[int]:
        """What carries the mark, but for the shell."""
        return [one for one in processes_with(*self._mark) if one != self._process.pid]

    def signal(self, number: int) -> None:
        """Send a signal to its process group, and to what carries the mark."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
        for one in self.left():
            with suppress(ProcessLookupError, PermissionError):
                if os.getpgid(one) != self._process.pid:
                    os.kill(one, number)

    def close(self) -> int | None:
        """Its exit code."""
        self._waiter.join()
        os.close(self.status)
        return self._process.wait()
