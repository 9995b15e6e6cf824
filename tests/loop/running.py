"""`reconciler run` as a process of its own."""

from __future__ import annotations

import signal
from pathlib import Path

import forks
from helpers import environment
from logged import PATIENCE, Logged


class Run(Logged):
    """One that runs, or ran; its log is read as it grows."""

    def __init__(self, folder: Path, *options: str, name: str = "run", **changed: str) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = forks.popen(
                ["run", "--log-format", "json", *options],
                cwd=folder,
                env=environment(**changed),
                log=log,
            )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.process.kill()
            self.process.wait(timeout=PATIENCE)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.send(number)
        return self.process.wait(timeout=PATIENCE)
