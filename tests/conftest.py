"""What tests of several folders share, once a session."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from postgres import new_database, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL that runs while the session does."""
    pytest.importorskip("psycopg")
    with postgres() as address:
        yield address


@pytest.fixture(scope="session")
def fresh_database(postgres_server: str) -> Callable[[], str]:
    """Makes empty databases there."""
    numbers = itertools.count()
    return lambda: new_database(postgres_server, f"test{next(numbers)}")
