from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import ConfigError
from reconciler.state import State, StateError, open_state
from reconciler.state.schema import MIGRATIONS

from .opened import NOW, TTL, conditions, cycle

Open = Callable[..., State]


def test_conditions_come_back(state: State) -> None:
    assert state.conditions.get("prod") is None
    given = conditions(True, attempted="r2", applied="r1")
    state.conditions.set("prod", given)
    assert state.conditions.get("prod") == given
    state.conditions.set("dev", conditions(None))
    unknown = state.conditions.get("dev")
    assert unknown is not None
    assert unknown.ready.status is None


def test_since_moves_with_the_status(state: State) -> None:
    for minute, ready in enumerate([True, True, False, False]):
        state.conditions.set("prod", conditions(ready, minute))
    found = state.conditions.get("prod")
    assert found is not None
    assert found.ready.since == NOW + timedelta(minutes=2)
    assert found.stalled.since == NOW


def test_the_good_revision(state: State) -> None:
    assert state.good_revision("prod") is None
    state.set_good_revision("prod", "r1")
    state.conditions.set("prod", conditions(True, applied="r0"))
    state.set_good_revision("prod", "r2")
    assert state.good_revision("prod") == "r2"
    found = state.conditions.get("prod")
    assert found is not None
    assert found.applied == "r0"


def test_opened_again_it_is_there(opened: Open) -> None:
    first = opened()
    first.history.record(cycle())
    first.close()
    assert len(opened().history.list()) == 1
    first.history.record(cycle())  # closed, it opens itself again
    assert first.history.list()[0].count == 2


def test_readonly_makes_nothing_and_writes_nothing(opened: Open, tmp_path: Path) -> None:
    reader = opened(readonly=True)
    assert reader.history.list() == ()
    assert reader.conditions.get("prod") is None
    assert not (tmp_path / "state.db").exists()
    opened().history.record(cycle())
    assert len(reader.history.list()) == 1
    with pytest.raises(StateError, match="to be read"):
        reader.history.record(cycle())


def test_addresses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="postgresql://"):
        open_state("mysql://x", tmp_path)
    state = open_state("kept/here.db", tmp_path)
    state.history.record(cycle())
    state.close()
    assert (tmp_path / "kept/here.db").is_file()


def test_another_file_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StateError, match="not a state database"):
        open_state(None, tmp_path).history.list()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    open_state(None, tmp_path).history.record(cycle())
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StateError, match="later version"):
        open_state(None, tmp_path).history.list()


def test_postgres_of_a_later_version_is_refused(fresh_database: Callable[[], str]) -> None:
    import psycopg

    address = fresh_database()
    state = open_state(address, Path())
    state.history.record(cycle())
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE reconciler.version SET number = 99")
    state.close()
    with pytest.raises(StateError, match="later version"):
        state.history.list()


def test_postgres_that_goes_and_comes_back(fresh_database: Callable[[], str]) -> None:
    """A connection that breaks is opened again."""
    import psycopg

    address = fresh_database()
    state = open_state(address, Path())
    lease = state.lease("target/prod", "one", TTL)
    assert lease.try_acquire(NOW)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'reconciler' AND datname = current_database()"
        )
    with pytest.raises(StateError):
        lease.check(NOW)
    lease.check(NOW)
    state.close()


def test_postgres_errors_tell_no_password() -> None:
    pytest.importorskip("psycopg")
    state = open_state("postgresql://me:hunter2@127.0.0.1:1/none?connect_timeout=2", Path())
    with pytest.raises(StateError) as caught:
        state.history.list()
    assert "hunter2" not in str(caught.value)
    with pytest.raises(StateError) as caught:
        open_state("postgresql://me:hunter2@host/?nonsense=1", Path())
    assert "hunter2" not in str(caught.value)
