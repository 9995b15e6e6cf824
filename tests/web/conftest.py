"""A server for the tests of one module, empty for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from web.opened import Server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("workspace")) as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.forget()
    return shared
