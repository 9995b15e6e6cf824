"""Who may write, and when to try again."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from helpers import OWNER, TARGET, canonical, schedule

from reconciler.apply import apply_plan
from reconciler.errors import Halted, LeaseLost, StateError
from reconciler.loop.backoff import LONGEST, delay, spread
from reconciler.loop.leases import Leases
from reconciler.model import Outcome, Result
from reconciler.plan import make_plan
from reconciler.providers.memory import MemoryProvider
from reconciler.state import Lease, open_state

from .clock import Clock

TTL = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


def leases(
    folder: Path, clock: Clock, name: str, stopping: threading.Event | None = None
) -> Leases:
    state = open_state(None, folder)

    def make(target: str) -> Lease:
        return state.lease(f"target/{target}", name, TTL)

    return Leases(make, TTL, clock, stopping or threading.Event())


def test_a_guard_stops_an_apply_when_the_lease_is_lost(tmp_path: Path) -> None:
    clock = Clock()
    mine, other = leases(tmp_path, clock, "mine"), leases(tmp_path, clock, "other")
    assert mine.acquire(TARGET)
    assert not other.acquire(TARGET)
    provider = MemoryProvider(TARGET, owner=OWNER)
    desired = canonical(schedule("a"), schedule("b"), schedule("c"))
    plan = make_plan(desired, [], target=TARGET, owner=OWNER)

    def taken_over(result: Result) -> None:
        """As if we had been stopped after the first change, and woke up a minute later."""
        if result.change.key.name == "a":
            clock.go(seconds=60)
            assert other.acquire(TARGET)

    results = apply_plan(plan, provider, taken_over, guard=mine.guard(TARGET))
    assert [r.outcome for r in results] == [
        Outcome.CREATED,
        Outcome.NOT_TRIED,
        Outcome.NOT_TRIED,
    ]
    assert "target/local" in (results[1].error or "")
    assert [live.key.name for live in provider.list()] == ["a"]
    assert mine.held == frozenset()
    mine.renew()
    assert not mine.acquire(TARGET)
    other.close()
    assert mine.acquire(TARGET)  # it was given back


def test_a_guard_stops_when_told_to(tmp_path: Path) -> None:
    stopping = threading.Event()
    mine = leases(tmp_path, Clock(), "mine", stopping)
    mine.acquire(TARGET)
    guard = mine.guard(TARGET)
    guard()
    stopping.set()
    with pytest.raises(Halted, match="told to stop"):
        guard()


def test_nothing_is_written_while_nobody_knows_whose_it_is(tmp_path: Path) -> None:
    mine = leases(tmp_path, Clock(), "mine")
    mine.acquire(TARGET)
    lease = mine.lease(TARGET)

    def unknown(now: object) -> None:
        raise StateError("the disk is gone")

    lease.check = unknown  # type: ignore[method-assign, assignment]
    lease.renew = unknown  # type: ignore[method-assign, assignment]
    with pytest.raises(Halted, match="cannot be checked: the disk is gone") as raised:
        mine.guard(TARGET)()
    assert not isinstance(raised.value, LeaseLost)
    mine.renew()  # tried again
    assert mine.held == {TARGET}


def test_it_is_renewed_in_the_background(tmp_path: Path) -> None:
    state = open_state(None, tmp_path)
    clock = Clock()
    often = timedelta(milliseconds=60)
    mine = Leases(
        lambda name: state.lease(f"target/{name}", "mine", TTL), often, clock, threading.Event()
    )
    mine.acquire(TARGET)
    lease, seen = mine.lease(TARGET), threading.Event()
    renew = lease.renew

    def renewed(now: datetime) -> bool:
        held = renew(now)
        if now == clock.now:
            seen.set()
        return held

    lease.renew = renewed  # type: ignore[method-assign]
    clock.go(seconds=29)
    mine.start()
    assert seen.wait(30)
    clock.go(seconds=2)  # past its first end
    other = leases(tmp_path, clock, "other")
    assert not other.acquire(TARGET)
    mine.close()
    assert other.acquire(TARGET)
    state.close()


def test_delays_double_to_a_cap() -> None:
    rng = random.Random(1)
    delays = [delay(failures, MINUTE, rng) / MINUTE for failures in range(1, 8)]
    for got, nominal in zip(delays, (1, 2, 4, 8, 15, 15, 15), strict=True):
        assert nominal * 0.9 <= got <= nominal * 1.1
    assert delay(10_000, MINUTE, rng) <= LONGEST * 1.1
    assert delay(3, timedelta(hours=1), rng) >= timedelta(minutes=54)
    assert MINUTE * 0.9 <= spread(MINUTE, rng) <= MINUTE * 1.1
