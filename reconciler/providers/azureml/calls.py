"""One call to Azure Resource Manager: under its limits, with a token, tried again where it is safe.

Only get and put are called, which are idempotent: a call whose answer was lost is made again.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from reconciler.errors import (
    ProviderError,
    ProviderUnavailable,
    ReconcilerError,
    Rejected,
    Unauthorized,
)
from reconciler.model import Key
from reconciler.providers.azureml.answers import (
    connection_words,
    response_words,
    retry_after,
    trace,
)
from reconciler.providers.azureml.credentials import TokenSource
from reconciler.providers.azureml.limiter import TokenBucket

_RETRIED = (408, 500, 502, 503, 504)
_THROTTLED = 429
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How the client behaves. Seconds, and calls."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    attempts: int = 6
    """Of one call, those that the service threw back for want of tokens not counted."""
    operation_timeout: float = 720.0
    """How long a put is waited for; Microsoft's client waits as long."""
    throttled_timeout: float = 720.0
    """How long one call may be thrown back."""
    first_poll: float = 0.2
    longest_poll: float = 5.0
    reads: tuple[float, float] = (250.0, 25.0)
    """Calls at once, then calls a second."""
    writes: tuple[float, float] = (200.0, 10.0)
    connections: int = 256


@dataclass(slots=True)
class Counters:
    """What was called, for people who wonder."""

    calls: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    throttled: int = 0


class _Bearer(requests.auth.AuthBase):
    """The token of a call. As `auth`, for a .netrc would go before a header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Calls:
    """Makes calls. Used by many threads at once."""

    def __init__(
        self,
        token: TokenSource,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        agent: str,
        observer: Callable[[str], None] | None = None,
        is_local: bool = False,
    ) -> None:
        """`observer` hears of each call: its method, and `retry` or `throttled` after it.
        `is_local`: on this machine, where no proxy of the environment has to see a token.
        """
        self.counters = Counters()
        self._token = token
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._observer = observer
        self._reads = TokenBucket(*limits.reads, clock=clock, sleep=sleep)
        self._writes = TokenBucket(*limits.writes, clock=clock, sleep=sleep)
        self._lock = threading.Lock()
        self._proxies = dict.fromkeys(("http", "https", "all"), "") if is_local else None
        self._session = requests.Session()
        self._session.headers["User-Agent"] = agent
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Retries are made here, where they can be counted and wait for what the service says.
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=limits.connections, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def call(
        self,
        method: str,
        url: str,
        key: Key | None,
        operation: str,
        *,
        body: Any = None,
        parameters: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> requests.Response:
        """The answer; `accept`: codes that are none of the good ones, and are no error here."""
        bucket = self._reads if method == "GET" else self._writes
        refused, attempt, reason = False, 0, ""
        until = self._clock() + self._limits.throttled_timeout
        while attempt < self._limits.attempts:
            bucket.take()
            given = self._send(method, url, key, operation, body, parameters, refused)
            if isinstance(given, str):
                reason = given
                self._sleep(self.backoff(attempt))
            elif given.status_code == 401 and not refused:
                refused = True  # once: the token may have expired meanwhile
            elif given.status_code == _THROTTLED:
                reason = f"HTTP 429: {response_words(given)}{trace(given)}"
                pause = retry_after(given) or self.backoff(attempt)
                self._count(throttled=True)
                if self._clock() + pause > until:
                    break
                bucket.told_off(pause)
                continue
            elif given.status_code in _RETRIED:
                status = given.status_code
                reason = f"HTTP {status}: {response_words(given)}{trace(given)}"
                self._sleep(retry_after(given) or self.backoff(attempt))
            else:
                _raise_for(given, key, operation, accept)
                return given
            attempt += 1
            self._count(retry=True)
        tried = f"after {attempt} attempts" if attempt else "for too long"
        raise ProviderUnavailable(key, operation, f"no answer {tried}: {reason}")

    def _send(
        self,
        method: str,
        url: str,
        key: Key | None,
        operation: str,
        body: Any,
        parameters: Mapping[str, str] | None,
        refused: bool,
    ) -> requests.Response | str:
        """The answer, or why none came."""
        try:
            token = self._token(refused)
        except ReconcilerError as error:
            raise Unauthorized(key, operation, error.message, hint=error.hint) from error
        self._count(method)
        try:
            return self._session.request(
                method,
                url,
                json=body,
                params=parameters,
                auth=_Bearer(token),
                timeout=(self._limits.connect_timeout, self._limits.read_timeout),
                allow_redirects=False,
                proxies=self._proxies,
            )
        except requests.RequestException as error:
            return connection_words(error)

    def read(
        self,
        url: str,
        key: Key | None,
        operation: str,
        *,
        parameters: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> tuple[requests.Response, dict[str, Any]]:
        """A call that reads, with its body; one that is cut off is asked for again."""
        for attempt in range(self._limits.attempts):
            response = self.call("GET", url, key, operation, parameters=parameters, accept=accept)
            try:
                body = response.json()
            except ValueError:
                self._sleep(self.backoff(attempt))
                continue
            if not isinstance(body, dict):
                break
            return response, body
        reason = f"the answer is cut off, or is no JSON object{trace(response)}"
        raise ProviderUnavailable(key, operation, reason)

    def backoff(self, attempt: int) -> float:
        """Twice as long each time, less a random part, so that callers do not come back at once."""
        pause: float = min(_LONGEST_PAUSE, 0.5 * 2.0**attempt)
        return pause * random.uniform(0.5, 1.0)

    def _count(
        self, method: str | None = None, *, retry: bool = False, throttled: bool = False
    ) -> None:
        with self._lock:
            if method is not None:
                self.counters.calls[method] = self.counters.calls.get(method, 0) + 1
            self.counters.retries += retry
            self.counters.throttled += throttled
        if self._observer is not None:
            self._observer(method or ("retry" if retry else "throttled"))


def _raise_for(
    response: requests.Response, key: Key | None, operation: str, accept: tuple[int, ...]
) -> None:
    status = response.status_code
    if 200 <= status < 300 or status in accept:
        return
    words = f"{response_words(response)}{trace(response)}"
    if status == 401:
        hint = "the token is not accepted; sign in again"
        raise Unauthorized(key, operation, words, hint=hint)
    if status == 403:
        hint = "reading needs .../workspaces/schedules/read, changing .../schedules/write"
        raise Unauthorized(key, operation, words, hint=hint)
    if status == 404 and key is None:
        hint = "check subscription_id, resource_group and workspace of the target"
        raise ProviderError(key, operation, f"HTTP {status}: {words}", hint=hint)
    raise Rejected(key, operation, f"HTTP {status}: {words}")
