"""Azure Resource Manager's schedules over HTTP: list, get, put; nothing else is called.

A put is a long-running operation. What became of it is said by the body of its operation's
address, never by a status code alone; that address is only called on the host of ARM itself, for
the token goes with the call.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from reconciler.errors import ProviderError, ProviderUnavailable, Rejected, Unauthorized
from reconciler.model import Key
from reconciler.providers.azureml.auth import TokenSource
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.limiter import TokenBucket

API_VERSION = "2023-10-01"
_RETRIED = (408, 429, 500, 502, 503, 504)
_FINAL = ("succeeded", "failed", "canceled")
_LONGEST_PAUSE = 60.0
_RETRY_HEADERS = (("x-ms-retry-after-ms", 0.001), ("retry-after-ms", 0.001), ("Retry-After", 1.0))
_REQUEST_ID = "x-ms-correlation-request-id"


@dataclass(frozen=True, slots=True)
class Limits:
    """How the client behaves. Seconds, and calls."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    attempts: int = 6
    operation_timeout: float = 720.0
    """How long a put is waited for; Microsoft's client waits as long."""
    first_poll: float = 0.2
    longest_poll: float = 5.0
    reads: tuple[float, float] = (250.0, 25.0)
    """Calls at once, then calls a second."""
    writes: tuple[float, float] = (200.0, 10.0)
    connections: int = 32


@dataclass(slots=True)
class Counters:
    """What was called, for people who wonder."""

    calls: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    throttled: int = 0


class Client:
    """The schedules of one workspace. Used by many threads at once."""

    def __init__(
        self,
        workspace: Workspace,
        token: TokenSource,
        *,
        target: str,
        api_version: str = API_VERSION,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        agent: str = "reconciler",
    ) -> None:
        """`target`: its name in errors."""
        self.workspace = workspace
        self.counters = Counters()
        self._target = target
        self._token = token
        self._limits = limits or Limits()
        self._sleep = sleep
        self._version = api_version
        self._reads = TokenBucket(*self._limits.reads, sleep=sleep)
        self._writes = TokenBucket(*self._limits.writes, sleep=sleep)
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = agent
        size = self._limits.connections
        # Retries are made here, where they can be counted and wait for what the service says.
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=size, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def list(self) -> Iterator[dict[str, Any]]:
        """Every schedule, enabled or not, page by page. An error raises: it never gives fewer."""
        url = self._url("schedules")
        parameters: Mapping[str, str] | None = {
            "api-version": self._version,
            "listViewType": "All",
        }
        seen: set[str] = set()
        while True:
            page = self._json("GET", url, None, "list", parameters=parameters)
            items = page.get("value")
            if not isinstance(items, list):
                raise self._odd(None, "list", "a page has no list of schedules")
            yield from items
            following = page.get("nextLink")
            if not following:
                return
            url = self._trusted(urljoin(url, following), None, "list")
            if url in seen:
                raise self._odd(None, "list", "the pages lead in a circle")
            seen.add(url)
            parameters = None  # the link has its own

    def get(self, name: str) -> dict[str, Any] | None:
        """One schedule; None if there is none."""
        key = Key(self._target, name)
        response = self._call("GET", self._schedule_url(name), key, "get", accept=(404,))
        return None if response.status_code == 404 else self._body(response, key, "get")

    def put(self, name: str, properties: Mapping[str, Any], operation: str) -> None:
        """Create or replace a schedule, and wait until that is done."""
        key = Key(self._target, name)
        body = {"properties": properties}
        response = self._call("PUT", self._schedule_url(name), key, operation, body=body)
        address = response.headers.get("Azure-AsyncOperation")
        if address:
            self._wait(self._trusted(address, key, operation), key, operation, response)
            return
        state = str(
            (self._body(response, key, operation).get("properties") or {}).get(
                "provisioningState", "Succeeded"
            )
        )
        deadline = time.monotonic() + self._limits.operation_timeout
        pauses = self._pauses()
        while state.lower() not in _FINAL:
            self._pause_until(deadline, next(pauses), key, operation, state, response)
            found = self.get(name) or {}
            state = str((found.get("properties") or {}).get("provisioningState", "Failed"))
        if state.lower() != "succeeded":
            raise Rejected(key, operation, f"the workspace says: {state}{_trace(response)}")

    # ------------------------------------------------------------------------ long-running calls

    def _wait(self, address: str, key: Key, operation: str, first: requests.Response) -> None:
        """Poll an operation until it has ended; a failure is a 200 with an error in its body."""
        deadline = time.monotonic() + self._limits.operation_timeout
        pauses = self._pauses()
        asked = _retry_after(first)
        while True:
            status_response = self._call("GET", address, key, operation, with_version=False)
            status = self._body(status_response, key, operation)
            state = str(status.get("status", "")).lower()
            if state == "succeeded":
                return
            if state in _FINAL:
                reason = _error_words(status) or f"the operation ended as {state}"
                raise Rejected(key, operation, reason + _trace(status_response))
            asked = _retry_after(status_response) or asked
            self._pause_until(
                deadline, asked or next(pauses), key, operation, state, status_response
            )
            asked = None

    def _pause_until(
        self,
        deadline: float,
        seconds: float,
        key: Key,
        operation: str,
        state: str,
        response: requests.Response,
    ) -> None:
        if time.monotonic() + seconds > deadline:
            raise ProviderUnavailable(
                key,
                operation,
                f"it was still {state or 'pending'} after {self._limits.operation_timeout:g} s;"
                f" it may yet be done{_trace(response)}",
            )
        self._sleep(seconds)

    def _pauses(self) -> Iterator[float]:
        pause = self._limits.first_poll
        while True:
            yield pause
            pause = min(pause * 2, self._limits.longest_poll)

    # ------------------------------------------------------------------------------ single calls

    def _call(
        self,
        method: str,
        url: str,
        key: Key | None,
        operation: str,
        *,
        body: Any = None,
        parameters: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
        with_version: bool = True,
    ) -> requests.Response:
        """One call, tried again where that is safe: get and put are idempotent."""
        if with_version and parameters is None:
            parameters = {"api-version": self._version}
        bucket = self._reads if method == "GET" else self._writes
        refused = False
        reason = ""
        for attempt in range(self._limits.attempts):
            if attempt:
                self._count(retry=True)
            bucket.take()
            self._count(method)
            try:
                response = self._session.request(
                    method,
                    url,
                    json=body,
                    params=parameters,
                    headers={"Authorization": f"Bearer {self._token(refused)}"},
                    timeout=(self._limits.connect_timeout, self._limits.read_timeout),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                reason = _connection_words(error)
                self._sleep(self._backoff(attempt))
                continue
            status = response.status_code
            if status == 401 and not refused:
                refused = True  # once: the token may have expired meanwhile
                continue
            if status not in _RETRIED:
                self._raise_for(response, key, operation, accept)
                return response
            reason = f"HTTP {status}: {_response_words(response)}{_trace(response)}"
            pause = _retry_after(response)
            if status == 429:
                self._count(throttled=True)
                bucket.told_off(pause or self._backoff(attempt))
            else:
                self._sleep(pause or self._backoff(attempt))
        raise ProviderUnavailable(
            key, operation, f"no answer after {self._limits.attempts} attempts: {reason}"
        )

    def _json(
        self,
        method: str,
        url: str,
        key: Key | None,
        operation: str,
        *,
        parameters: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        """The body of a call that reads; a body that is cut off is asked for again."""
        for attempt in range(self._limits.attempts):
            response = self._call(
                method, url, key, operation, parameters=parameters, with_version=False
            )
            try:
                return self._body(response, key, operation)
            except ProviderUnavailable:
                if attempt == self._limits.attempts - 1:
                    raise
                self._sleep(self._backoff(attempt))
        raise AssertionError("not reached")

    def _body(self, response: requests.Response, key: Key | None, operation: str) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError as error:
            raise ProviderUnavailable(
                key, operation, f"the answer is cut off, or is not JSON{_trace(response)}"
            ) from error
        if not isinstance(body, dict):
            raise self._odd(key, operation, "the answer is not a JSON object")
        return body

    def _raise_for(
        self, response: requests.Response, key: Key | None, operation: str, accept: tuple[int, ...]
    ) -> None:
        status = response.status_code
        if status < 300 or status in accept:
            return
        words = f"{_response_words(response)}{_trace(response)}"
        if status == 401:
            hint = "the token is not accepted; sign in again"
            raise Unauthorized(key, operation, words, hint=hint)
        if status == 403:
            hint = "reading needs .../workspaces/schedules/read, changing .../schedules/write"
            raise Unauthorized(key, operation, words, hint=hint)
        raise Rejected(key, operation, f"HTTP {status}: {words}")

    def _trusted(self, url: str, key: Key | None, operation: str) -> str:
        """An address that the service gave, if it is on the service's own host."""
        given, own = urlsplit(url), urlsplit(self.workspace.endpoint)
        if (given.scheme, given.netloc) != (own.scheme, own.netloc):
            raise self._odd(key, operation, f"an address leads to another host: {given.netloc}")
        return url

    def _odd(self, key: Key | None, operation: str, reason: str) -> ProviderError:
        return ProviderError(key, operation, reason)

    def _url(self, path: str) -> str:
        return f"{self.workspace.endpoint}{self.workspace.id}/{path}"

    def _schedule_url(self, name: str) -> str:
        return self._url(f"schedules/{quote(name, safe='')}")

    def _backoff(self, attempt: int) -> float:
        """Twice as long each time, less a random part, so that callers do not come back at once."""
        pause = min(_LONGEST_PAUSE, 0.5 * 2.0**attempt)
        return pause * random.uniform(0.5, 1.0)

    def _count(
        self, method: str | None = None, *, retry: bool = False, throttled: bool = False
    ) -> None:
        with self._lock:
            if method is not None:
                self.counters.calls[method] = self.counters.calls.get(method, 0) + 1
            self.counters.retries += retry
            self.counters.throttled += throttled


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the service asks for: Retry-After, or its milliseconds."""
    for header, unit in (
        ("x-ms-retry-after-ms", 0.001),
        ("retry-after-ms", 0.001),
        ("Retry-After", 1.0),
    ):
        text = response.headers.get(header, "")
        try:
            seconds = float(text) * unit
        except ValueError:
            continue
        if 0 <= seconds < 3600:
            return seconds
    return None


def _response_words(response: requests.Response) -> str:
    try:
        words = _error_words(response.json())
    except ValueError:
        words = ""
    return words or response.reason or "no reason given"


def _error_words(body: Any) -> str:
    """ARM's error as a sentence: its code where that says something, its message."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ""
    code, message = error.get("code"), str(error.get("message") or "")
    return f"{message} ({code})" if code and code not in ("UserError",) else message


def _trace(response: requests.Response) -> str:
    """The id by which support finds a call."""
    found = response.headers.get(_REQUEST_ID) or response.headers.get("x-ms-request-id")
    return f" [correlation id {found}]" if found else ""


def _connection_words(error: requests.RequestException) -> str:
    """What went wrong, without the address and headers that the library puts into its text."""
    if isinstance(error, requests.Timeout):
        return "the service did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate of the service is not accepted"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed"
    return type(error).__name__
