"""Every test here is made on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.state import State, open_state

Open = Callable[..., State]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the one database of a test, any number of times."""
    address = None
    if request.param == "postgres":
        address = request.getfixturevalue("fresh_database")()
    states: list[State] = []

    def opener(**options: object) -> State:
        states.append(open_state(address, tmp_path, **options))  # type: ignore[arg-type]
        return states[-1]

    yield opener
    for state in states:
        state.close()


@pytest.fixture
def state(opened: Open) -> State:
    return opened()
