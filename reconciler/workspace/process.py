"""One step as a process: started, its output kept, ended with all that it started.

The step is the leader of a process group of its own. What it leaves behind is ended with it, as a
container would; a file gets what it prints, up to a limit.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOG_LIMIT = 64 * 1024 * 1024
"""Bytes of output that are kept of one step."""
GRACE_SECONDS = 10.0
"""How long a step that is told to end has, before it is made to."""
_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: with an exit code (negative: by that signal), or with a reason why it
    never ran, timed out or was canceled.
    """

    exit_code: int | None
    reason: str | None = None
    log_note: str | None = None
    """What became of the log, if it is not whole."""


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
    ) -> None:
        self._script = script
        self._folder = folder
        self._log = log
        self._environment = environment
        self._timeout = timeout
        self._grace = grace
        self._log_limit = log_limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._reason: str | None = None
        self._timers: list[threading.Timer] = []
        self._log_note: str | None = None

    def run(self) -> Ended:
        """Start it, and wait until it and all that it started has ended."""
        try:
            log = self._log.open("ab", buffering=0)
        except OSError as error:
            return Ended(None, f"its log cannot be written: {error.strerror}")
        with log:
            with self._lock:
                if self._reason is not None:
                    return Ended(None, self._reason)
                try:
                    process = self._process = self._start()
                except (OSError, ValueError) as error:
                    return Ended(None, _why_not_started(error))
            assert process.stdout is not None
            reader = threading.Thread(target=self._copy, args=(process.stdout, log), daemon=True)
            reader.start()
            if self._timeout is not None:
                self._later(self._timeout, lambda: self.end(f"timed out after {self._timeout:g} s"))
            self._wait(process)
            # Whoever still holds the pipe has left the group on purpose; it is not waited for.
            reader.join(self._grace)
        return Ended(process.returncode, self._reason, self._log_note)

    def end(self, reason: str) -> None:
        """Ask it to end, and after the grace time make it. The first reason stays."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            if self._process is not None:
                self._signal(signal.SIGTERM)
        self._later(self._grace, lambda: self._signal(signal.SIGKILL))

    def _start(self) -> subprocess.Popen[bytes]:
        shell = next((shell for shell in _SHELLS if os.path.exists(shell)), "sh")
        return subprocess.Popen(
            [shell, "-c", self._script],
            cwd=self._folder,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        # Not reaped yet, its id cannot be another's: the group that is ended is this one.
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            self._signal(signal.SIGKILL)
            process.wait()
            self._process = None
            for timer in self._timers:
                timer.cancel()

    def _signal(self, number: int) -> None:
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

    def _later(self, seconds: float, action: object) -> None:
        timer = threading.Timer(seconds, action)  # type: ignore[arg-type]
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _copy(self, pipe: IO[bytes], log: IO[bytes]) -> None:
        """Keep what the process prints; past the limit, or on a full disk, only read it away, so
        that the process itself goes on.
        """
        kept = 0
        writing = True
        while chunk := os.read(pipe.fileno(), 1 << 16):
            if not writing:
                continue
            part = chunk[: self._log_limit - kept]
            try:
                log.write(part)
                kept += len(part)
                if kept == self._log_limit and len(part) < len(chunk):
                    writing = False
                    self._log_note = f"output past {self._log_limit:,} bytes is not kept"
                    log.write(f"\n[{self._log_note}]\n".encode())
            except OSError as error:
                writing = False
                what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
                self._log_note = f"the log is not whole: {what}"
        pipe.close()


def _why_not_started(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "it cannot be started: an input holds a NUL character"
    if error.errno == errno.E2BIG:
        return "it cannot be started: its inputs are too long"
    return f"it cannot be started: {error.strerror}"
