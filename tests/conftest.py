"""What tests of several folders share, once a session."""

from __future__ import annotations

import functools
import gc
import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import forks
import pytest
from httpx._transports import default as transports
from hypothesis import HealthCheck, settings
from postgres import new_database, postgres

_HERE = Path(__file__).parent
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
    "cli/test_process.py",
    "interop/test_sends.py",
    "web/pages/test_browser.py",
    "loop/test_hostile.py",
    "interop/test_mutations.py",
    "declare/test_fuzz.py",
    "worker/test_kills.py",
    "loop/test_checkouts.py",
    "cli/test_together.py",
    "cli/test_saved_plan.py",
    "test_fuzzed.py",
    "loop/test_simulation.py",
    "workflows/test_workflows.py",
    "interop/sdk_v1/test_methods.py",
    "loop/test_loop.py",
    "cli/moving/test_under_load.py",
    "test_torture.py",
    "interop/sdk_v2/test_methods.py",
    "linear/test_patterns.py",
    "workspace/datastores/test_azurite.py",
    "workspace/execution/test_step_process.py",
    "worker/test_same_story.py",
    "workflows/test_other_forges.py",
    "interop/test_schedule_variants.py",
    "providers/azureml/test_calls.py",
    "loop/test_run.py",
    "firing/test_properties.py",
    "providers/azureml/test_returning.py",
    "workspace/engine/test_crash.py",
    "providers/test_azureml.py",
    "web/serving/test_server_process.py",
    "providers/azureml/deploy/test_killed.py",
    "workspace/store/test_code_crash.py",
    "agent/test_agent.py",
    "worker/test_runs.py",
    "cli/commands/test_backfill.py",
    "web/control/test_control.py",
    "interop/test_round_trip.py",
    "interop/sdk_v2/test_corpus.py",
    "web/test_contract.py",
    "firing/words/test_told_apart.py",
    "interop/sdk_v1/test_a_day.py",
    "providers/temporal/test_contract.py",
    "providers/test_local.py",
    "web/pages/test_pages.py",
    "web/access/test_access.py",
    "providers/temporal/test_provider.py",
)
"""Below this folder, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: else one worker ends alone with one of them."""
    turns = {_HERE / name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: turns.get(item.path, len(turns)))


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
