"""Many questions to the workspace, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_AT_ONCE = 16
"""The limits of calls hold whatever this is; it is how long answers take that makes it worth it."""

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")


def at_once(questions: Iterable[Q], ask: Callable[[Q], A]) -> dict[Q, A]:
    """The answer to each distinct question; the first that fails is raised."""
    distinct = list(dict.fromkeys(questions))
    if len(distinct) < 2:
        return {question: ask(question) for question in distinct}
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(distinct)), thread_name_prefix="look-up")
    try:
        futures = {question: pool.submit(ask, question) for question in distinct}
        return {question: future.result() for question, future in futures.items()}
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
