from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import LeaseLost
from reconciler.state import FILE, State, open_state

from .opened import NOW, TTL, Steady, conditions, cycle

Open = Callable[..., State]
LATER = NOW + 2 * TTL


@pytest.fixture
def own_clock(opened: Open) -> bool:
    """Whether the database has a clock of its own, which no test can set."""
    return "Postgres" in type(opened()._database).__name__


def test_one_holds_it_until_it_lets_go(opened: Open) -> None:
    one = opened().lease("target/prod", "one", TTL)
    two = opened().lease("target/prod", "two", TTL)
    assert one.try_acquire(NOW)
    assert not two.try_acquire(NOW)
    assert (one.token, two.token) == (1, None)
    one.check(NOW)
    with pytest.raises(LeaseLost, match="another holds it"):
        two.check(NOW)
    one.release()
    with pytest.raises(LeaseLost):
        one.check(NOW)
    assert not one.renew(NOW)
    assert two.try_acquire(NOW)
    assert two.token == 2
    one.release()  # not its own any more: changes nothing
    two.check(NOW)


def test_taking_it_again_renews_it(opened: Open) -> None:
    one = opened().lease("target/prod", "one", TTL)
    assert one.try_acquire(NOW)
    assert one.try_acquire(NOW + TTL / 2)
    assert one.token == 1
    one.check(NOW + TTL * 1.2)


def test_others_have_their_own(state: State) -> None:
    assert state.lease("target/a", "one", TTL).try_acquire(NOW)
    assert state.lease("target/b", "two", TTL).try_acquire(NOW)


def test_its_time_is_up(opened: Open, own_clock: bool) -> None:
    if own_clock:
        pytest.skip("its clock is the server's")
    one = opened().lease("target/prod", "one", TTL)
    two = opened().lease("target/prod", "two", TTL)
    assert one.try_acquire(NOW)
    assert not two.try_acquire(NOW + TTL - timedelta(seconds=1))
    with pytest.raises(LeaseLost, match="in time"):
        one.check(NOW + TTL)
    assert one.renew(NOW + TTL)  # nobody took it
    one.check(NOW + TTL)
    assert two.try_acquire(NOW + TTL * 2)
    assert two.token == 2
    assert not one.renew(NOW + TTL * 2)
    assert one.token is None


def test_the_servers_clock_counts(opened: Open, own_clock: bool) -> None:
    """Machines whose clocks differ by hours agree on who holds it."""
    if not own_clock:
        pytest.skip("all who use the file have one clock")
    one = opened().lease("target/prod", "one", TTL)
    two = opened().lease("target/prod", "two", TTL)
    assert one.try_acquire(NOW)
    assert not two.try_acquire(NOW + timedelta(hours=5))
    one.check(NOW - timedelta(hours=5))


def test_a_clock_set_back_keeps_no_dead_holder_in_office(opened: Open) -> None:
    steady = Steady()
    dead = opened().lease("target/prod", "dead", TTL)
    next_one = opened().lease("target/prod", "next", TTL, steady=steady)
    assert dead.try_acquire(NOW)
    back = NOW - timedelta(days=1)
    assert not next_one.try_acquire(back)
    steady.seconds = TTL.total_seconds() - 1
    assert not next_one.try_acquire(back)
    steady.seconds += 1
    assert next_one.try_acquire(back)
    assert next_one.token == 2


def test_who_renews_is_not_taken_for_dead(opened: Open) -> None:
    steady = Steady()
    one = opened().lease("target/prod", "one", TTL)
    two = opened().lease("target/prod", "two", TTL, steady=steady)
    assert one.try_acquire(NOW)
    for second in range(5):
        assert not two.try_acquire(NOW)
        steady.seconds += TTL.total_seconds()
        assert one.renew(NOW + timedelta(milliseconds=second + 1))


def test_a_holder_that_slept_does_not_go_on(opened: Open) -> None:
    """The clock was set back meanwhile, and nobody took it: its own steady clock tells."""
    steady = Steady()
    one = opened().lease("target/prod", "one", TTL, steady=steady)
    assert one.try_acquire(NOW)
    steady.seconds = TTL.total_seconds()
    with pytest.raises(LeaseLost, match="in time"):
        one.check(NOW - timedelta(hours=1))


def test_a_stale_holder_writes_nothing(opened: Open) -> None:
    steady = Steady()
    stale, state = opened(), opened()
    old = stale.lease("target/prod", "old", TTL)
    assert old.try_acquire(NOW)
    stale.set_good_revision("prod", "r1", old)
    new = state.lease("target/prod", "new", TTL, steady=steady)
    assert not new.try_acquire(NOW)
    steady.seconds = TTL.total_seconds()
    assert new.try_acquire(NOW)
    with pytest.raises(LeaseLost):
        stale.history.record(cycle(), old)
    with pytest.raises(LeaseLost):
        stale.conditions.set("prod", conditions(True), old)
    with pytest.raises(LeaseLost):
        stale.set_good_revision("prod", "r2", old)
    assert state.history.list() == ()
    assert state.conditions.get("prod") is None
    assert state.good_revision("prod") == "r1"
    state.history.record(cycle(), new)
    assert len(state.history.list()) == 1


def test_many_at_once_and_one_has_it(opened: Open) -> None:
    leases = [opened().lease("target/prod", str(number), TTL) for number in range(8)]
    opened().history.record(cycle())  # the tables are there
    start = threading.Barrier(len(leases))
    won: list[str] = []

    def race(number: int) -> None:
        start.wait()
        if leases[number].try_acquire(NOW):
            won.append(leases[number].holder)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(len(leases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_file_that_was_removed_has_no_holder(tmp_path: Path) -> None:
    """Who begins anew in its place must not work beside who still had it open."""
    with closing(open_state(None, tmp_path)) as first, closing(open_state(None, tmp_path)) as next_:
        old = first.lease("target/prod", "old", TTL)
        assert old.try_acquire(NOW)
        for path in tmp_path.glob(f"{FILE}*"):
            path.unlink()
        new = next_.lease("target/prod", "new", TTL)
        assert new.try_acquire(NOW)
        with pytest.raises(LeaseLost):
            old.check(NOW)
        assert not old.try_acquire(NOW)
        new.check(NOW)
