"""What SIGTERM, Ctrl-C and SIGHUP do: heard while a command is at work and no longer."""

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


@contextmanager
def stopping(stop: Callable[[], None], wake: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM and Ctrl-C call `stop`, SIGHUP `wake`; for what goes on until it is told.

    Each is called in a thread of its own: a handler runs wherever the main thread is, which may
    hold the lock that the call needs.
    """

    def elsewhere(told: Callable[[], None]) -> Callable[[int, object], None]:
        return lambda *_: threading.Thread(target=told, name="signal").start()

    hang_up = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []  # not on Windows
    with (
        heard(elsewhere(stop), signal.SIGTERM, signal.SIGINT),
        heard(elsewhere(wake), *hang_up),
    ):
        yield
