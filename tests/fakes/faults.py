"""What may go wrong, said beforehand: for which calls, how often, and how."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from .messages import Answer, Call, answer


@dataclass(slots=True)
class Fault:
    """`times` of the calls that match go wrong, after the first `skip` of them."""

    happens: str
    """drop-before, drop-after, truncate, status, or nothing but `do`."""
    method: str | None = None
    route: str | None = None
    name: str | None = None
    times: float = 1
    skip: int = 0
    status: int = 503
    retry_after: str | None = None
    do: Callable[[Call], object] | None = None
    """Called before the call is handled: what somebody else does meanwhile."""

    def matches(self, call: Call) -> bool:
        return (
            self.method in (None, call.method)
            and self.route in (None, call.route)
            and self.name in (None, call.name)
        )

    def answer(self) -> Answer:
        """The answer of a service that is ill."""
        words = "The service is not available now. Try again later."
        code = "InternalServerError" if self.status == 500 else "ServiceUnavailable"
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return answer(self.status, {"error": {"code": code, "message": words}}, headers)


class Faults:
    """Those that are still to come."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault) -> Fault:
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def pending(self) -> list[Fault]:
        """Faults that have not come about: a test that planned one can see whether it did."""
        with self._lock:
            return list(self._armed)

    def next(self, call: Call) -> Fault | None:
        """The fault that this call meets."""
        with self._lock:
            for fault in self._armed:
                if not fault.matches(call):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._armed.remove(fault)
                return fault
        return None
