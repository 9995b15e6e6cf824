"""Processes by what their environment holds: how those that a step started are found again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MOST_LOOKS = 100


def processes_with(variable: str, value: str) -> Iterator[int]:
    """The processes with `variable=value` in their environment; none where there is no /proc."""
    entry = f"\0{variable}={value}\0".encode("utf-8", "surrogateescape")
    with suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError):
                    if entry in b"\0" + environment_of(Path("/proc", name)):
                        yield int(name)


def environment_of(process: Path) -> bytes:
    """Its environment as /proc has it; OSError for one that has ended or is another user's."""
    environment = process / "environ"
    for _ in range(_MOST_LOOKS):  # pragma: no branch
        if found := environment.read_bytes():
            return found
        os.readlink(process / "exe")  # OSError for a zombie
        if (process / "cmdline").read_bytes():
            break
        # Between two programs (exec) it has neither arguments nor environment, for an instant.
        time.sleep(0.001)  # pragma: no cover
    return environment.read_bytes()
