"""One step as a process: started, its output kept, ended with all that it started.

One thread, that of `run`, reads what the step prints, keeps its deadlines and sends its signals.
What the step leaves behind is ended with it, as a container would (children.py): on Linux also what
has left its process group, its session and its environment; what cannot be ended is said. A file
gets what it prints, up to a limit.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.system.file_access import ReadableBy, opener
from reconciler.workspace.execution import step_children as children
from reconciler.workspace.execution.step_children import Child

_MOST_LOOKS = 100
LOG_LIMIT = 64 * 1024 * 1024
"""Bytes of output that are kept of one step."""
GRACE_SECONDS = 10.0
"""How long a step that is told to end has, before it is made to."""
SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")
"""The first of these that is there runs the steps."""
MARK = "RECONCILER_PROCESS"
"""The environment variable that tells the processes of one step from all others."""
_LONGEST_WAIT = 3600.0
_AGAIN_SECONDS = 0.2
"""How long after it what has forked meanwhile, or stopped its supervisor, is killed again."""
_LOOK_SECONDS = 0.05
"""How often what is left of an ending step is looked for."""
_FIRST_LOOK_SECONDS = 0.002
_PIPE = 1 << 20
"""More than a pipe holds: what was printed before the end is within it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: with an exit code (negative: by that signal), or with a reason why it
    never ran, timed out or was canceled.
    """

    exit_code: int | None
    reason: str | None = None
    log_note: str | None = None
    """What became of the log, if it is not whole."""
    left_note: str | None = None
    """What could not be ended with it."""


class StepProcess:
    """A shell that runs one script. `run` blocks; `end` may be called from another thread."""

    def __init__(
        self,
        script: str,
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        timeout: float | None = None,
        grace: float = GRACE_SECONDS,
        log_limit: int = LOG_LIMIT,
        readable_by: ReadableBy = "owner",
        shells: Sequence[str] = SHELLS,
    ) -> None:
        self._script = script
        self._folder = folder
        self._log = log
        self._mark = uuid.uuid4().hex
        self._environment = {**environment, MARK: self._mark}
        self._timeout = timeout
        self._grace = grace
        self._log_limit = log_limit
        self._readable_by: ReadableBy = readable_by
        self._shells = shells
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._waker: int | None = None

    def run(self) -> Ended:
        """Start it, and wait until it and all that it started has ended."""
        try:
            log = open(self._log, "ab", buffering=0, opener=opener(self._readable_by))  # noqa: SIM115
        except OSError as error:
            return Ended(None, f"its log cannot be written: {error.strerror}")
        with log, self._woken() as wake:
            if self._reason is not None:
                return Ended(None, self._reason)
            try:
                child = self._start()
                return self._run(child, log, wake)
            except (OSError, ValueError) as error:
                return Ended(None, _why_not_started(error))

    def _run(self, child: Child, log: IO[bytes], wake: int) -> Ended:
        left: list[int] = []
        code: int | None = None
        try:
            with child.stdout as pipe:
                copy = _Copy(pipe, log, self._log_limit)
                try:
                    reason = self._follow(child, copy, wake)
                finally:
                    left = self._clear(child)
                copy.rest()
        finally:
            code = child.close()
        note = _left_words(left)
        if code is None:
            # The step has ended the process that kept it together.
            code = -signal.SIGKILL
            note = note or "what it started may be left: its supervisor was ended"
        elif not child.finds_all and children.nothing_escapes():
            note = (
                note or "what it started may be left: its supervisor is no subreaper (prctl failed)"
            )
        return Ended(code, reason, copy.note, note)

    def end(self, reason: str) -> None:
        """Ask it to end, and after the grace time make it. The first reason stays."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
                self._wake()

    # -------------------------------------------------------------------------------------- waking

    @contextmanager
    def _woken(self) -> Iterator[int]:
        """A file descriptor that can be read when something has happened."""
        reader, writer = os.pipe()
        self._waker = writer
        try:
            yield reader
        finally:
            with self._lock:
                self._waker = None
            os.close(reader)
            os.close(writer)

    def _wake(self) -> None:
        if self._waker is not None:
            os.write(self._waker, b".")

    # ----------------------------------------------------------------------------------- following

    def _start(self) -> Child:
        shell = next((shell for shell in self._shells if os.path.exists(shell)), self._shells[-1])
        return children.start(
            [shell, "-c", self._script],
            (MARK, self._mark),
            folder=self._folder,
            environment=self._environment,
        )

    def _follow(self, child: Child, copy: _Copy, wake: int) -> str | None:
        """Copy what it prints and keep its time, until it has ended; why it was told to, if it was.

        When it was, what it started has the grace time as well, also where the shell ends at once.
        """
        poll = select.poll()
        for one in (wake, copy.source, child.status):
            poll.register(one, select.POLLIN)
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        ended = asked = killed = False
        while not (ended and (not asked or killed or not child.left())):
            seconds = _LONGEST_WAIT if deadline is None else deadline - time.monotonic()
            if ended:
                seconds = min(seconds, _LOOK_SECONDS)  # what is left of it has its grace time
            for source, _ in poll.poll(1000 * max(0.0, min(seconds, _LONGEST_WAIT))):
                if source == wake:
                    os.read(wake, 1 << 10)
                elif source == child.status:
                    poll.unregister(source)
                    ended = True
                elif not copy.some():
                    poll.unregister(source)
            late = deadline is not None and time.monotonic() >= deadline
            if late and asked:
                killed = True
                child.signal(signal.SIGKILL)
                deadline = time.monotonic() + _AGAIN_SECONDS
            elif late and not ended:
                self.end(f"timed out after {self._timeout:g} s")
            if self._reason is not None and not asked and not ended:
                asked = True
                deadline = time.monotonic() + self._grace
                child.signal(signal.SIGTERM)
        # A reason that nobody acted on came too late: it has ended by itself.
        return self._reason if asked else None

    def _clear(self, child: Child) -> list[int]:
        """End what is left, until nothing is; what could not be ended."""
        left: list[int] = []
        if not child.finds_all:
            child.signal(signal.SIGKILL)
        for _ in range(_MOST_LOOKS):
            if not (left := child.left()):
                break
            child.signal(signal.SIGKILL)
            time.sleep(_LOOK_SECONDS if _ else _FIRST_LOOK_SECONDS)
        return left


def _left_words(left: Sequence[int]) -> str | None:
    if not left:
        return None
    return "could not be ended: process " + ", ".join(f"{one}{_name(one)}" for one in left[:10])


def _name(process: int) -> str:
    try:
        return f" ({Path(f'/proc/{process}/comm').read_text('utf-8', 'replace').strip()})"
    except OSError:
        return ""


class _Copy:
    """What a process prints, into its log; past the limit, or on a full disk, it is only read away,
    so that the process itself goes on.
    """

    def __init__(self, pipe: IO[bytes], log: IO[bytes], limit: int) -> None:
        self.source = pipe.fileno()
        self.note: str | None = None
        self._log = log
        self._left = limit
        self._limit = limit

    def some(self) -> int:
        """Copy what there is, or wait for it; how many bytes were read, 0 at the end."""
        chunk = os.read(self.source, 1 << 16)
        if chunk and self.note is None:
            try:
                self._write(chunk[: self._left])
                if len(chunk) > self._left:
                    self.note = f"output past {self._limit:,} bytes is not kept"
                    self._write(f"\n[{self.note}]\n".encode())
                self._left -= len(chunk)
            except OSError as error:
                what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
                self.note = f"the log is not whole: {what}"
        return len(chunk)

    def rest(self) -> None:
        """Copy what the process has left in the pipe. Others may hold it: they are not awaited."""
        os.set_blocking(self.source, False)
        copied = 0
        with suppress(BlockingIOError):
            while copied < _PIPE and (read := self.some()):
                copied += read

    def _write(self, data: bytes) -> None:
        while data:
            data = data[self._log.write(data) :]


def _why_not_started(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeError):
        why = "its command or an input holds what is no text"
    elif isinstance(error, ValueError):
        why = "its command or an input holds a NUL character"
    elif error.errno == errno.E2BIG:
        why = "its command or its inputs are too long"
    else:
        why = f"{error.strerror}: {error.filename}"
    return f"it cannot be started: {why}"
