"""The files of a revision -> its configuration, and what it declares for a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.config import Config, Target, load_config
from reconciler.declarations import declarations_of
from reconciler.declare.reading.files import File
from reconciler.errors import DeclarationError
from reconciler.model import Schedule


@dataclass(frozen=True, slots=True)
class Contents:
    """What a revision says for one target."""

    config: Config
    target: Target
    schedules: tuple[Schedule, ...]


class Reader(Protocol):
    """Reads what others wrote. Threads may share one.

    `revision` tells apart what stood at one path; what could not be read whole is remembered by it.
    """

    def config(self, path: Path, revision: str | None = None) -> Config:
        """A reconciler.yaml; ConfigError, and Halted once it is closed."""
        ...

    def contents(self, path: Path, revision: str, target: str, now: datetime) -> Contents:
        """What the reconciler.yaml at `path` and its schedules say for a target at a moment.

        ConfigError, DeclarationError; Halted once it is closed.
        """
        ...

    def close(self) -> None:
        """End what is being read."""
        ...


class DirectReader:
    """Reads in this process: whoever asks waits, and a file that is slow to read holds it up."""

    def config(self, path: Path, revision: str | None = None) -> Config:
        """A reconciler.yaml; ConfigError."""
        return load_config(path)

    def contents(self, path: Path, revision: str, target: str, now: datetime) -> Contents:
        """What it says for a target; ConfigError, DeclarationError."""
        return read_contents(path, target, now)

    def close(self) -> None:
        """Nothing is open."""


def read_contents(
    path: Path, target: str, now: datetime, on_file: Callable[[str], None] | None = None
) -> Contents:
    """Read all of it here; `on_file` hears of each file before it is read."""

    def told(files: Iterable[File], _: int) -> Iterable[File]:
        for file in files:
            if on_file is not None:
                on_file(file.display)
            yield file

    config = load_config(path)
    meant = config.target(target)
    declarations = declarations_of(config, [meant], now=now, progress=told)
    if declarations.errors:
        raise DeclarationError(declarations.problems)
    return Contents(config, meant, declarations.schedules)
