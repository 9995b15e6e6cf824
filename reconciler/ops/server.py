"""The operations port: a socket, and a thread that answers there until it is told to stop."""

from __future__ import annotations

import threading

from reconciler.errors import ReconcilerError
from reconciler.ops.app import Operations, create_app
from reconciler.web.serving.server import Bounded, quiet_server
from reconciler.web.serving.sockets import address_of, bind

_MOST_REQUESTS = 64
_LARGEST_HEADERS = 16 * 1024
_STOP_SECONDS = 2


class OpsServer:
    """Answers from when it is made until it is closed."""

    def __init__(self, operations: Operations, host: str, port: int) -> None:
        try:
            self._bound = bind(host, port)
        except (OSError, OverflowError) as error:
            raise ReconcilerError(f"the operations port {host}:{port}: {error}") from error
        self.address = address_of(self._bound)
        self._server = quiet_server(
            Bounded(create_app(operations), _MOST_REQUESTS),
            operations.log,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=_STOP_SECONDS,
            h11_max_incomplete_event_size=_LARGEST_HEADERS,
        )
        self._thread = threading.Thread(target=self._run, name="operations", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer what is under way, and end."""
        self._server.should_exit = True
        self._thread.join()
        self._bound.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._bound])
