from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.temporal.server import (
    ENGINES,
    NAMESPACES,
    OpenedNamespace,
    Server,
    connected,
    served,
)


@pytest.fixture(scope="module", params=sorted(ENGINES))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One of each engine."""
    with served(tmp_path_factory.mktemp("temporal"), *ENGINES[request.param]) as server:
        yield server


@pytest.fixture
def target(server: Server) -> Iterator[OpenedNamespace]:
    """A namespace with nothing in it."""
    opened = connected(server.address, NAMESPACES[0], server.folder / "store")
    yield opened
    opened.empty()
