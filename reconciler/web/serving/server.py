"""The server: a bound socket and an application -> answers, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
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

MOST_REQUESTS = 256
"""Requests that are worked on at a time; a further one is answered 503."""
MOST_CONNECTIONS = 512
"""Connections that are open at a time. Where there are more, those that wait for nothing go: the
ones that never asked first, then those that asked longest ago.
"""
HEADER_SECONDS = 10.0
"""How long a client may take to send the headers of a request."""
KEEP_SECONDS = 30
"""How long a connection may stay open without a request."""
STOP_SECONDS = 3
"""How long requests that are under way may go on when the server is told to stop."""


class Protocol(H11Protocol):
    """HTTP/1.1; a connection that does not say what it wants soon is closed."""

    _patience: asyncio.TimerHandle | None = None
    _asked = False
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected."""
        super().connection_made(transport)
        self._since = time.monotonic()
        self._expect()
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection that is missed least: it may be this one."""
        idle = [one for one in self.connections if isinstance(one, Protocol) and one.is_idle]
        if idle:
            min(idle, key=lambda one: (one._asked, one._since)).transport.close()
        else:
            self.transport.close()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered on it."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Something came: a piece of a request, or all of it."""
        super().data_received(data)
        self._since = time.monotonic()
        self._asked = self._asked or self.cycle is not None
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
        Bounded(create_app(services)),
        services.site.log,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=LARGEST_HEADERS + LONGEST_TARGET,
    )


class Bounded:
    """An application that works on MOST_REQUESTS at a time, and refuses more at once."""

    def __init__(self, app: Any, most: int = MOST_REQUESTS) -> None:
        self._app = app
        self._most = most
        self._now = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass it on, or answer 503."""
        if self._now >= self._most and scope["type"] == "http":
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"retry-after", b"1"),
                (b"connection", b"close"),
            ]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": b"Too many requests at a time.\n"})
            return
        working = True
        self._now += 1

        async def answer(message: Any) -> None:
            """Send it; what is still done when all is sent keeps nobody waiting."""
            nonlocal working
            await send(message)
            if working and message["type"] == "http.response.body" and not message.get("more_body"):
                working = False
                self._now -= 1

        try:
            await self._app(scope, receive, answer)
        finally:
            if working:
                self._now -= 1


class _Words(logging.Handler):
    """What the server's own packages say, as events of the log."""

    def __init__(self, log: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One line; the last frames of a traceback are in a field of it."""
        fields: dict[str, Any] = {"message": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = repr(record.exc_info[1])
        self._log("http_warning", **fields)


def quiet_server(app: Any, log: Callable[..., None], **limits: Any) -> uvicorn.Server:
    """A server that says nothing of itself to who asks, and to the log as `http_warning` alone."""
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [_Words(log)] if name != "uvicorn.error" else []
        logger.propagate = name == "uvicorn.error"
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
