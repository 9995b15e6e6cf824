"""What tests of several folders share, once a session."""

from __future__ import annotations

import functools
import gc
import itertools
import signal
from collections.abc import Callable, Iterator

import forks
import pytest
from httpx._transports import default as transports
from hypothesis import HealthCheck, settings
from postgres import new_database, postgres

# How fast a machine draws examples is no property of what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    """Have what tests start hear Ctrl-C, which a shell has its background jobs ignore."""
    settings.load_profile("suite")
    # Each client reads the authorities of this machine, in 20 ms; what is tested speaks plain HTTP.
    transports.create_ssl_context = functools.cache(transports.create_ssl_context)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no rings among ten thousand tests, nor later among what stays for the session."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """End the processes that were forked."""
    forks.stop()


_LONGEST = (
    "test_process.py",
    "test_workflows.py",
    "test_browser.py",
    "test_other_forges.py",
    "test_backfill.py",
    "test_sends.py",
    "test_provider.py",
    "test_hostile.py",
    "test_server_process.py",
    "test_round_trip.py",
    "test_mutations.py",
    "test_fuzzed.py",
    "test_access.py",
    "test_agent.py",
    "test_crash.py",
    "test_torture.py",
    "test_pages.py",
    "test_simulation.py",
    "test_corpus.py",
    "test_methods.py",
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
