"""Reading in a process of its own, with a deadline and a limit of memory.

One process a revision, kept for the other targets of it and gone a little later. What is too slow,
dies or eats too much is an error of the declarations, at the file that was being read; it is
remembered, so that the next cycle does not wait for it again.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from reconciler.config import Config
from reconciler.errors import ConfigError, DeclarationError, Halted, ReconcilerError
from reconciler.loop.reader.direct import Contents
from reconciler.model import Problem, Schedule

SECONDS = 60.0
"""How long one reading may take."""
MEGABYTES = 2_048
"""Memory that the process may have."""
AGAIN_SECONDS = 600.0
"""When a revision that could not be read whole is tried again: the machine may have been busy."""
_KEPT = 8


class ProcessReader:
    """Reads each revision in a process of its own. Threads may share one."""

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._bytes = megabytes * 1024 * 1024
        self._clock = clock
        self._lock = threading.Lock()
        self._processes: dict[Path, _Process] = {}
        self._broken: dict[str | None, tuple[float, ReconcilerError]] = {}
        self._closed = False

    def config(self, path: Path, revision: str | None = None) -> Config:
        """A reconciler.yaml; ConfigError, and Halted once this is closed."""
        kind, found = self._ask(path, revision, {"kind": "config"}, _first)
        assert kind == "config"
        return cast(Config, found)

    def contents(self, path: Path, revision: str, target: str, now: datetime) -> Contents:
        """What it says for a target; ConfigError, DeclarationError, Halted."""
        request = {"kind": "contents", "target": target, "now": now.isoformat()}
        kind, found = self._ask(path, revision, request, _all)
        assert kind == "contents"
        return cast(Contents, found)

    def close(self) -> None:
        """End what is being read. From any thread; nothing can be asked any more."""
        with self._lock:
            self._closed = True
            processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            process.end()

    def _ask(
        self,
        path: Path,
        revision: str | None,
        request: dict[str, Any],
        read: Callable[[_Answer], tuple[str, Any]],
    ) -> tuple[str, Any]:
        process = self._process(path)
        with process.lock:
            self._raise_if_broken(revision)
            asked = request | {
                "path": str(path),
                "seconds": self._seconds,
                "bytes": self._bytes,
            }
            try:
                kind, found = read(process.ask(asked, self._seconds))
            except _Failed as failed:
                with self._lock:
                    if self._closed:
                        raise Halted("the loop was told to stop") from failed
                raise self._remember(path, revision, failed) from failed
            except BaseException:
                process.forget()  # what is left of the answer is not that of the next request
                raise
        if kind == "config_error":
            message, problems, hint = found
            raise ConfigError(message, problems=problems, hint=hint)
        if kind == "declaration_error":
            raise DeclarationError(found)
        if kind == "exhausted":
            what = "memory" if found == "MemoryError" else "levels of nesting"
            exhausted = _Failed(f"took more {what} than it may have", process.file())
            raise self._remember(path, revision, exhausted)
        if kind == "bug":
            bug = _Failed(f"met a bug of this program: {found}", process.file())
            raise self._remember(path, revision, bug)
        return kind, found

    def _process(self, path: Path) -> _Process:
        with self._lock:
            if self._closed:
                raise Halted("the loop was told to stop")
            found = self._processes.pop(path, None) or _Process()
            for other in list(self._processes)[: 1 - _KEPT]:
                if not self._processes[other].lock.locked():  # nobody waits for it
                    self._processes.pop(other).end()
            self._processes[path] = found
            return found

    def _remember(self, path: Path, revision: str | None, failed: _Failed) -> ReconcilerError:
        error = _error(failed, path, self._seconds)
        with self._lock:
            kept = list(self._broken.items())[1 - _KEPT :]
            self._broken = {**dict(kept), revision: (self._clock() + AGAIN_SECONDS, error)}
        return error

    def _raise_if_broken(self, revision: str | None) -> None:
        with self._lock:
            until, error = self._broken.get(revision, (0.0, None))
            if revision is not None and error is not None and self._clock() < until:
                raise error
            self._broken.pop(revision, None)


class _Failed(Exception):
    """It did not come to an end. `reason` goes on behind "reading it ..."."""

    def __init__(self, reason: str, file: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.file = file


def _error(failed: _Failed, path: Path, seconds: float) -> ReconcilerError:
    message = f"reading it {failed.reason}"
    hint = "`reconciler run --read-timeout` and `--read-memory` say how much it may take"
    if failed.file in ("", path.name):
        return ConfigError(f"{path.name}: {message}", hint=hint)
    return DeclarationError(
        [
            Problem(
                code="SCH003",
                severity="error",
                path=failed.file,
                line=1,
                message=message,
                hint=hint,
            )
        ]
    )


@dataclass
class _Process:
    """The process of one revision: begun when it is asked, and again when it has gone."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    _running: subprocess.Popen[bytes] | None = None
    _place: Any = None
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _ended: bool = False

    def ask(self, request: dict[str, Any], seconds: float) -> _Answer:
        """Send a request; the answer is read from what comes back. _Failed."""
        for attempt in (1, 2):
            running = self._begun()
            os.ftruncate(self._place.fileno(), 0)
            assert running.stdin is not None
            line = json.dumps(request | {"place": self._place.fileno()}).encode() + b"\n"
            try:
                running.stdin.write(line)
                running.stdin.flush()
            except OSError:  # it has ended, for nobody had asked for a while
                self._forget(running)
                if attempt == 2:
                    raise _Failed("could not be begun", "") from None
                continue
            answer = _Answer(self, running, time.monotonic() + seconds, seconds)
            if not answer.is_there() and attempt == 1 and not self._ended:
                continue
            return answer
        raise AssertionError("the second attempt returns or raises")

    def _begun(self) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._ended:
                raise _Failed("was ended", "")
            if self._running is not None and self._running.poll() is None:
                return self._running
            if self._place is None:
                self._place = tempfile.TemporaryFile()  # noqa: SIM115
            self._running = subprocess.Popen(
                [sys.executable, "-m", "reconciler.loop.reader"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(self._place.fileno(),),
                start_new_session=True,  # Ctrl-C is for the loop, which then ends this
            )
            return self._running

    def file(self) -> str:
        """Which file was begun last; empty: none was."""
        if self._place is None:
            return ""
        told: bytes = os.pread(self._place.fileno(), 5_000, 0).partition(b"\n")[0]
        return told.decode("utf-8", "backslashreplace")

    def forget(self) -> None:
        """Kill it; it begins again when it is asked."""
        if self._running is not None:
            self._forget(self._running)

    def _forget(self, running: subprocess.Popen[bytes]) -> None:
        _kill(running)
        running.wait()
        for stream in (running.stdin, running.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        with self._guard:
            if self._running is running:
                self._running = None

    def end(self) -> None:
        """Kill it; nothing begins again. Whoever waits for its answer sees that it has gone."""
        with self._guard:
            self._ended = True
            running = self._running
        if running is not None:
            _kill(running)
        if self.lock.acquire(timeout=1):  # whoever waited for it has seen that it is gone
            try:
                if running is not None:
                    self._forget(running)
                if self._place is not None:
                    self._place.close()
                    self._place = None
            finally:
                self.lock.release()

    def give_up(self, running: subprocess.Popen[bytes]) -> int | None:
        """Kill it; how it had ended by itself, if it had."""
        try:
            code: int | None = running.wait(0.2)
        except subprocess.TimeoutExpired:
            code = None
        self._forget(running)
        return code


class _Answer:
    """The frames of one answer, as a file that pickle reads; each wait is within the deadline."""

    def __init__(
        self, process: _Process, running: subprocess.Popen[bytes], deadline: float, seconds: float
    ) -> None:
        self._process = process
        self._running = running
        self._deadline = deadline
        self._seconds = seconds
        assert running.stdout is not None
        self._out = running.stdout.fileno()
        self._buffer = bytearray()
        self.frames = pickle.Unpickler(cast(Any, self))

    def is_there(self) -> bool:
        """Wait for its first bytes; False: the process had ended before it was asked."""
        try:
            self._more()
        except _Failed as failed:
            if failed.reason == _IDLE and not self._process.file():
                return False
            raise
        return True

    def read(self, size: int) -> bytes:
        """So many bytes. _Failed."""
        while len(self._buffer) < size:
            self._more()
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def readline(self) -> bytes:
        """Up to the end of a line. _Failed."""
        while (end := self._buffer.find(b"\n")) < 0:
            self._more()
        return self.read(end + 1)

    def _more(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0 or not select.select([self._out], [], [], left)[0]:
            self._process.give_up(self._running)
            raise _Failed(f"took longer than {self._seconds:g} s", self._process.file())
        part = os.read(self._out, 1 << 18)
        if not part:
            code = self._process.give_up(self._running)
            raise _Failed(_how(code), self._process.file())
        self._buffer += part


_IDLE = "ended without a word"


def _how(code: int | None) -> str:
    if code == 0:
        return _IDLE
    if code is not None and code < 0:
        if -code == signal.SIGXCPU:
            return "took more time of the processor than it may have"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"ended the process by {name}"
    return f"ended the process with exit code {code}"


def _first(answer: _Answer) -> tuple[str, Any]:
    kind, found = _frame(answer)
    return kind, found


def _all(answer: _Answer) -> tuple[str, Any]:
    kind, found = _frame(answer)
    if kind != "contents":
        return kind, found
    config, target, number = found
    schedules: list[Schedule] = []
    while len(schedules) < number:
        schedules += _frame(answer)
    return kind, Contents(config, target, tuple(schedules))


def _frame(answer: _Answer) -> Any:
    return answer.frames.load()


def _kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        os.killpg(running.pid, signal.SIGKILL)
