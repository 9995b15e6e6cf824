"""`reconciler run` as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from helpers import command, environment

T = TypeVar("T")
PATIENCE = 60.0


class Run:
    """One that runs, or ran; its log is read as it grows."""

    def __init__(self, folder: Path, *options: str, name: str = "run", **changed: str) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command("run", "--log-format", "json", *options),
                cwd=folder,
                env=environment(**changed),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.process.kill()
            self.process.wait(timeout=PATIENCE)

    def events(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        lines = self.log.read_bytes().decode().splitlines(keepends=True)
        said = [json.loads(line) for line in lines if line[-1:] == "\n"]
        wanted = {"event": event} | fields
        return [line for line in said if wanted.items() <= line.items()]

    def wait(self, event: str, **fields: Any) -> dict[str, Any]:
        return self.until(lambda: self.events(event, **fields))[0]

    def until(self, condition: Callable[[], T]) -> T:
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)
        return found

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.send(number)
        return self.process.wait(timeout=PATIENCE)
