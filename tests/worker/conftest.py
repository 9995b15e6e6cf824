from __future__ import annotations

from collections.abc import Iterator

import pytest
from providers.temporal.server import Server, served


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the modules that leave nothing in it: to start one takes seconds."""
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server
