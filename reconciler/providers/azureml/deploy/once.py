"""Something is done once, however many threads ask for it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future


class Once:
    """What was done, by name. Used by many threads at once."""

    def __init__(self) -> None:
        self._done: dict[str, Future[None]] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Everything may be done again."""
        with self._lock:
            self._done.clear()

    def do(self, name: str, action: Callable[[], None]) -> None:
        """Do it, or wait for whoever does; a failure is everybody's, and may be tried again."""
        with self._lock:
            future = self._done.get(name)
            is_mine = future is None
            if future is None:
                future = self._done[name] = Future()
        if not is_mine:
            future.result()
            return
        try:
            action()
        except BaseException as error:
            with self._lock:
                del self._done[name]
            future.set_exception(error)
            raise
        future.set_result(None)
