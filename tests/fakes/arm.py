"""A stand-in for Azure Resource Manager and the schedules of one Azure ML workspace.

In a test:

    with StandIn(jobs={"train"}) as arm:
        arm.put_live("nightly", pipeline())          # what is there already
        arm.fail(503, method="PUT", times=2)         # what goes wrong
        ...                                          # calls to arm.address
        assert arm.counts["PUT schedule"] == 3
        assert not arm.violations

As a process, which prints its address and ends with its standard input or a signal:

    python -m tests.fakes.arm --seed 10000 --latency 0.05 --writes 200,10

`GET /_stand-in` tells what it has counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from .assets import Assets
from .contract import Contract
from .control import Control, pipeline
from .faults import Fault
from .jobs import Jobs
from .messages import Answer, Call, answer
from .routes import Routes
from .schedules import Store
from .server import Server
from .settings import Settings

__all__ = ["Call", "Settings", "StandIn", "pipeline"]


class StandIn(Control):
    """The server, and the hand that moves things behind its back."""

    def __init__(
        self,
        *,
        port: int = 0,
        polls: int = 0,
        display_names: str = "accepted",
        with_ids: bool = True,
        later: Iterable[str] = (),
        **settings: Any,
    ) -> None:
        """`polls`: looks at an operation that find it in progress; `later`: see Contract."""
        self.settings = Settings(**settings)
        workspace = self.settings.workspace_id
        super().__init__(
            Store(lambda: self.settings.now(), workspace, polls, display_names, with_ids)
        )
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        """Calls by method and route: "PUT schedule", "GET list", "GET operation"."""
        self.most_at_once = 0
        self._at_once = 0
        self._contract = Contract(later)
        self._routes = Routes(self.settings, self.store, self._contract, lambda: self.address)
        self._lock = threading.Lock()
        self._server = Server(port, self._handle)
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    # --------------------------------------------------------------------------------- the server

    @property
    def address(self) -> str:
        """http://127.0.0.1:PORT"""
        return self._server.address

    @property
    def workspace_id(self) -> str:
        return self.store.id

    @property
    def schedules_url(self) -> str:
        return f"{self.address}{self.workspace_id}/schedules"

    def __enter__(self) -> StandIn:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def _handle(self, call: Call) -> Answer:
        if call.path == "/_stand-in":
            return answer(200, self.report())
        with self._lock:
            self.calls.append(call)
            self.counts[f"{call.method} {call.route}"] += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            done = self._meet(call, self.faults.next(call))
        finally:
            with self._lock:
                self._at_once -= 1
        call.status = 0 if done.broken == "drop" else done.status
        return done

    def _meet(self, call: Call, fault: Fault | None) -> Answer:
        latency = self.settings.latency
        seconds = latency(call) if callable(latency) else latency
        if seconds:
            self._closing.wait(seconds)
        happens = "" if fault is None else fault.happens
        if fault is not None and fault.do is not None:
            fault.do(call)
        if happens == "drop-before":
            return Answer(0, broken="drop")
        if fault is not None and happens == "status":
            return fault.answer()
        done = self._routes.handle(call)
        if happens in ("drop-after", "truncate"):
            done.broken = happens.removesuffix("-after")
        return done

    # ---------------------------------------------------------------------- what was seen of it

    @property
    def violations(self) -> list[str]:
        """Bodies, of either side, that broke the contract."""
        return self._contract.violations

    @property
    def assets(self) -> Assets:
        """Environments, code, components, data, and the blobs of a container."""
        return self._routes.assets

    @property
    def jobs(self) -> Jobs:
        """Jobs that were put, or that schedules started."""
        return self._routes.jobs

    @property
    def throttled(self) -> int:
        """Calls answered with 429."""
        return self._routes.front.throttled

    def called(self, method: str | None = None, route: str | None = None) -> list[Call]:
        """The calls so far, oldest first."""
        with self._lock:
            return [
                c for c in self.calls if method in (None, c.method) and route in (None, c.route)
            ]

    def forget(self) -> None:
        """Start counting anew."""
        with self._lock:
            self.calls.clear()
            self.counts.clear()
            self.most_at_once = self._at_once

    def report(self) -> dict[str, Any]:
        with self._lock:
            return {
                "counts": dict(self.counts),
                "throttled": self.throttled,
                "most_at_once": self.most_at_once,
                "schedules": len(self.store.records),
                "violations": self.violations,
            }

    def expire_token(self, new: str = "another-token") -> None:
        """The tokens so far are refused as expired; `new` is taken."""
        tokens = self._routes.front.tokens
        tokens.expired |= tokens.valid
        tokens.valid.clear()
        tokens.valid.add(new)


if __name__ == "__main__":
    from .process import main

    main()
