"""The server: a bound socket and an application -> answers, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.web.access.request_guard import LARGEST_HEADERS, LONGEST_TARGET
from reconciler.web.services import Services
from reconciler.web.serving.app import create_app
from reconciler.web.serving.sockets import address_of, bind
from reconciler.web.settings import Site

MOST_CONNECTIONS = 256
HEADER_SECONDS = 10.0
"""How long a client may take to send the headers of a request."""
KEEP_SECONDS = 30
"""How long a connection may stay open without a request."""
STOP_SECONDS = 3
"""How long requests that are under way may go on when the server is told to stop."""


class Protocol(H11Protocol):
    """HTTP/1.1; a connection that does not say what it wants soon is closed."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Something came: a piece of a request, or all of it."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._expect()
        elif self.conn.their_state is not h11.IDLE:
            self._stop_expecting()

    def connection_lost(self, exc: Exception | None) -> None:
        """They, or we, have gone."""
        self._stop_expecting()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def make_server(services: Services) -> uvicorn.Server:
    """A server that is not running yet."""
    return quiet_server(
        create_app(services),
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=LARGEST_HEADERS + LONGEST_TARGET,
    )


def quiet_server(app: Any, **limits: Any) -> uvicorn.Server:
    """A server that says nothing of itself, to the log or to who asks."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **limits,
    )
    return uvicorn.Server(config)


def run(site: Site, bound: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT. For the main thread of a process."""
    services = Services(site)
    try:
        make_server(services).run(sockets=[bound])
    finally:
        services.close()
        bound.close()


class Running:
    """A server in a thread of this process, for as long as it is entered."""

    def __init__(self, site: Site, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        self._bound = bind(host, port)
        self.services = Services(site, **options)
        self.server = make_server(self.services)
        self.address = address_of(self._bound)
        self._thread = threading.Thread(target=self._run, name="http")

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.should_exit = True
        self._thread.join()
        self.services.close()
        self._bound.close()

    def _run(self) -> None:
        self.server.run(sockets=[self._bound])
