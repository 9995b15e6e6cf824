"""What tests of several folders share, once a session."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator

import pytest
from postgres import new_database, postgres


def pytest_configure() -> None:
    """Have what tests start hear Ctrl-C, which a shell has its background jobs ignore."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_LONGEST = (
    "test_crash.py",
    "test_torture.py",
    "test_hostile.py",
    "test_pages.py",
    "test_process.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: else one worker ends alone with one of them."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


@pytest.fixture(autouse=True)
def signals_are_as_before() -> Iterator[None]:
    """What a command hears, it hears while it is at work: the next test has its own Ctrl-C."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


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
