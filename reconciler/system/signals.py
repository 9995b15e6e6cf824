"""Signals, heard while a command is at work and no longer."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def heard(handler: Callable[[int, object], None], *numbers: int) -> Iterator[None]:
    """Have `handler` hear these signals; who heard them before hears them again afterwards.

    Elsewhere than in the main thread nothing is heard, for Python allows it there alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, one in before.items():
            signal.signal(number, one)
