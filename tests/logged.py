"""A process whose log of JSON lines is read as it grows."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from forks import Forked

T = TypeVar("T")
PATIENCE = 60.0


class Logged:
    """One that was started with its standard error, and output, in `log`."""

    log: Path
    process: subprocess.Popen[bytes] | Forked
    began = 0
    """Where its own lines begin in the file."""

    def events(self, event: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """What it logged; every whole line of it is JSON."""
        text = self.log.read_bytes()[self.began :].decode()
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1:] == "\n"]
        wanted = ({"event": event} if event else {}) | fields
        return [line for line in lines if wanted.items() <= line.items()]

    def wait(self, event: str, **fields: Any) -> dict[str, Any]:
        """The first such event, when it has come."""
        return self.until(lambda: self.events(event, **fields))[0]

    def until(self, condition: Callable[[], T]) -> T:
        """What the condition gives, when it is true, while the process runs."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)
        return found
