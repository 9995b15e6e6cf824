"""How long to wait for what a server does a little later, and when to ask it once more.

A server closes each connection after some minutes (frontend.keepAliveMaxConnectionAge, five by
default), and a request that was on its way then comes back as `CANCELLED: operation was canceled`,
`UNKNOWN: transport error` or `INTERNAL: h2 protocol error`, which the client of Temporal hands on.
A namespace has a limit of requests a second, `RESOURCE_EXHAUSTED`, which many writes at once reach;
and a server that has too much to do leaves a request unanswered, `DEADLINE_EXCEEDED`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from temporalio.service import RPCError

_SECONDS = 15.0
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.5
_BUSY_SECONDS = 60.0
_BROKEN_SECONDS = 10.0


async def patience(seconds: float = _SECONDS, pause: float = _FIRST_PAUSE) -> AsyncIterator[bool]:
    """True, again and again, with longer and longer pauses between; False for the last time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield True
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 2)
    yield False


class Retries:
    """Asks once more where a request was not done, and that is sure to do no harm."""

    def __init__(self) -> None:
        self._gone = False
        """Whether it was waited for in vain the last time: each of a thousand calls need not."""

    async def call(
        self, method: Callable[[Any], Awaitable[Any]], request: Any, *, repeatable: bool
    ) -> Any:
        """The answer. `repeatable`: the request may be done twice, so that it is also sent again
        where nobody knows whether it was done. RPCError.
        """
        from temporalio.service import RPCError

        began, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            try:
                answer = await method(request)
            except RPCError as error:
                seconds = _seconds(error, repeatable)
                is_broken = seconds == _BROKEN_SECONDS
                if (is_broken and self._gone) or time.monotonic() - began >= seconds:
                    self._gone = is_broken
                    raise
            else:
                self._gone = False
                return answer
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)


def _seconds(error: RPCError, repeatable: bool) -> float:
    """For how long it is worth to ask again; 0: not at all."""
    from temporalio.service import RPCStatusCode as Code

    if error.status is Code.RESOURCE_EXHAUSTED:
        return _BUSY_SECONDS
    if repeatable and error.status is Code.DEADLINE_EXCEEDED:
        return _BUSY_SECONDS
    if error.status is Code.CANCELLED:  # before it was sent
        return _BROKEN_SECONDS
    broken = error.status is Code.INTERNAL and "h2 protocol" in str(error)
    if repeatable and (broken or error.status in (Code.UNAVAILABLE, Code.UNKNOWN)):
        return _BROKEN_SECONDS
    return 0.0
