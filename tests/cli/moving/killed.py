"""The command line, killed right after one of its writes: to a file, a workspace, Temporal or its
store.

python -m cli.moving.killed NUMBER ARGUMENTS...
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.cli import main_group
from reconciler.cli.moving import edits
from reconciler.providers.temporal import calls
from reconciler.providers.temporal.store import Files
from reconciler.workspace.store.database import Database


class Lives:
    """What is left of it."""

    def __init__(self, writes: int) -> None:
        self.writes = writes

    def wrote(self) -> None:
        self.writes -= 1
        if self.writes == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(number: int, arguments: list[str]) -> None:
    lives = Lives(number)

    def counted(what: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **options: Any) -> Any:
            found = what(*args, **options)
            lives.wrote()
            return found

        return done

    def awaited(what: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def done(*args: Any, **options: Any) -> Any:
            found = await what(*args, **options)
            lives.wrote()
            return found

        return done

    writing = Database.writing

    @contextmanager
    def committed(self: Database) -> Iterator[Any]:
        with writing(self) as connection:
            yield connection
        lives.wrote()

    patched: Any = edits
    patched.replace_file = counted(edits.replace_file)
    patched = Files
    patched.write = counted(Files.write)
    patched = Database
    patched.writing = committed
    patched = calls
    for name in ("create", "update", "trigger"):
        setattr(patched, name, awaited(getattr(calls, name)))
    main_group(arguments)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
