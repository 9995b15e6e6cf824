"""The connection to one namespace: calls from any thread, errors in the project's own words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.errors import (
    ConfigError,
    ProviderError,
    ProviderUnavailable,
    Rejected,
    Unauthorized,
)
from reconciler.model import Key
from reconciler.providers.temporal.access import TemporalAccess
from reconciler.providers.temporal.patience import Retries

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.service import RPCError

T = TypeVar("T")
_CONNECT_SECONDS = 20.0
_HINT = "pip install 'schedule-reconciler[temporal]'"
_OPERATOR = ("add_search_attributes",)
_REPEATABLE = ("list_", "describe_", "get_", "create_schedule", *_OPERATOR)
"""Calls that may be done twice: a server knows a creation by its request id."""


class Background:
    """An event loop in a thread of its own. It is never stopped: the client's threads call back
    into it until the process ends, which they may not survive (a crash of the process in about one
    of twenty, where the loop was closed).
    """

    _lock = threading.Lock()
    _loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def run(cls, call: Coroutine[Any, Any, T]) -> T:
        """Its result, or what it raises."""
        with cls._lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                threading.Thread(target=cls._loop.run_forever, name="temporal", daemon=True).start()
        future = asyncio.run_coroutine_threadsafe(call, cls._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


class Connection:
    """One namespace. Connects at the first call."""

    def __init__(
        self,
        target: str,
        address: str,
        namespace: str,
        access: TemporalAccess,
        observer: Callable[[str], None] | None = None,
    ) -> None:
        """`observer`: hears of each call, by its name."""
        self.target = target
        self.address = address
        self.namespace = namespace
        self._access = access
        self._observer = observer
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._retries = Retries()

    async def client(self) -> Client:
        """The client; ProviderUnavailable where nobody answers."""
        async with self._lock:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        try:
            from temporalio.client import Client
            from temporalio.service import TLSConfig
        except ImportError as error:
            message = f'target "{self.target}" needs temporalio, which is not installed'
            raise ConfigError(message, hint=_HINT) from error
        access = self._access
        tls: TLSConfig | bool = False
        if access.uses_tls:
            tls = TLSConfig(
                server_root_ca_cert=access.read(access.server_ca),
                domain=access.server_name,
                client_cert=access.read(access.client_certificate),
                client_private_key=access.read(access.client_key),
            )
        try:
            return await asyncio.wait_for(
                Client.connect(
                    self.address, namespace=self.namespace, api_key=access.api_key, tls=tls
                ),
                _CONNECT_SECONDS,
            )
        except (RuntimeError, TimeoutError) as error:
            why = str(error) or "no answer"
            raise ProviderUnavailable(None, "connect", f"Temporal does not answer: {why}") from None

    async def call(
        self, name: str, request: Any, *, key: Key | None = None, operation: str = "list"
    ) -> Any:
        """One call of the service, by its name in Python; ProviderError."""
        from temporalio.service import RPCError

        try:
            return await self.send(name, request)
        except RPCError as error:
            raise translated(error, key, operation) from error

    async def send(self, name: str, request: Any) -> Any:
        """The same, for whoever tells its errors apart; RPCError, ProviderUnavailable."""
        client = await self.client()
        if self._observer is not None:
            self._observer(name)
        service = client.operator_service if name in _OPERATOR else client.workflow_service
        method: Callable[[Any], Awaitable[Any]] = getattr(service, name)
        return await self._retries.call(method, request, repeatable=name.startswith(_REPEATABLE))


def translated(error: RPCError, key: Key | None, operation: str) -> ProviderError:
    """What the service refuses, in the project's own words."""
    from temporalio.service import RPCStatusCode as Code

    status, words = error.status, str(error) or error.status.name
    if status in (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED):
        return Unauthorized(key, operation, words)
    if status in (
        Code.INVALID_ARGUMENT,
        Code.ALREADY_EXISTS,
        Code.FAILED_PRECONDITION,
        Code.NOT_FOUND,
        Code.ABORTED,
        Code.OUT_OF_RANGE,
    ):
        return Rejected(key, operation, words)
    if status in (Code.UNIMPLEMENTED, Code.INTERNAL, Code.DATA_LOSS):
        return ProviderError(key, operation, words)
    return ProviderUnavailable(key, operation, words)
