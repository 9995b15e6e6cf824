"""Azure Resource Manager's schedules over HTTP: list, get, put; nothing else is called.

A put is a long-running operation. What became of it is said by the body of its operation's
address, never by a status code alone; that address is only called on the host of ARM itself, for
the token goes with the call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests

from reconciler.errors import ProviderError, ProviderUnavailable, Rejected
from reconciler.model import Key
from reconciler.providers.azureml.answers import error_words, retry_after, trace
from reconciler.providers.azureml.calls import Calls, Counters, Limits
from reconciler.providers.azureml.credentials import TokenSource
from reconciler.providers.azureml.endpoint import VERSIONS, is_loopback, same_origin
from reconciler.providers.azureml.ids import Workspace

__all__ = ["API_VERSION", "Client", "Limits"]

API_VERSION = "2023-10-01"
_FINAL = ("succeeded", "failed", "canceled")
_STATES = {"inprogress": "in progress"}


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
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        agent: str = "reconciler",
        observer: Callable[[str], None] | None = None,
    ) -> None:
        """`target`: its name in errors; `observer` hears of each call."""
        self.workspace = workspace
        self.clock = clock
        self._target = target
        self._limits = limits or Limits()
        self._sleep = sleep
        self._version = {"api-version": api_version}
        self._calls = Calls(
            token,
            self._limits,
            clock=clock,
            sleep=sleep,
            agent=agent,
            observer=observer,
            is_local=is_loopback(workspace.endpoint),
        )

    @property
    def calls(self) -> Calls:
        """What makes the calls, under the limits of the workspace."""
        return self._calls

    @property
    def counters(self) -> Counters:
        """What was called."""
        return self._calls.counters

    def close(self) -> None:
        """Let go of the connections."""
        self._calls.close()

    def list(self) -> Iterator[dict[str, Any]]:
        """Every schedule, enabled or not, page by page. An error raises: it never gives fewer."""
        return self._pages("schedules", {**self._version, "listViewType": "All"})

    def jobs(self) -> Iterator[dict[str, Any]]:
        """Every pipeline job, the newest first, page by page, as far as it is read on."""
        return self._pages("jobs", {"api-version": VERSIONS["jobs"], "jobType": "Pipeline"})

    def _pages(self, kind: str, parameters: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
        url = self._url(kind)
        seen: set[str] = set()
        while True:
            response, page = self._calls.read(url, None, "list", parameters=parameters)
            items = page.get("value")
            if not isinstance(items, list) or not all(_is_resource(item) for item in items):
                raise _odd(None, "list", f"a page has no list of {kind}", response)
            yield from items
            following = page.get("nextLink")
            if not following:
                return
            url = self._trusted(str(following), None, "list", response, base=url)
            if url in seen:
                raise _odd(None, "list", "the pages lead in a circle", response)
            seen.add(url)
            parameters = None  # the link has its own

    def get(self, name: str) -> dict[str, Any] | None:
        """One schedule; None if there is none."""
        key = Key(self._target, name)
        response, body = self._calls.read(
            self._schedule_url(name), key, "get", parameters=self._version, accept=(404,)
        )
        if response.status_code != 404:
            return body
        code = (body.get("error") or {}).get("code")
        if code in ("ResourceGroupNotFound", "SubscriptionNotFound", "ResourceNotFound"):
            raise Rejected(key, "get", error_words(body) + trace(response))
        return None

    def put(self, name: str, properties: Mapping[str, Any], operation: str) -> None:
        """Create or replace a schedule, and wait until that is done."""
        key = Key(self._target, name)
        response = self._calls.call(
            "PUT",
            self._schedule_url(name),
            key,
            operation,
            body={"properties": properties},
            parameters=self._version,
        )
        address = response.headers.get("Azure-AsyncOperation")
        if address:
            address = self._trusted(address, key, operation, response)
            self._wait(address, key, operation, response)
        else:
            self._wait_for_state(name, key, operation, response)

    # ------------------------------------------------------------------------ long-running calls

    def _wait(self, address: str, key: Key, operation: str, first: requests.Response) -> None:
        """Poll an operation until it has ended; a failure is a 200 with an error in its body."""
        deadline = self.clock() + self._limits.operation_timeout
        pauses = self._pauses()
        asked = retry_after(first)
        if asked is not None:
            self._pause_until(deadline, asked, key, operation, "in progress", first)
        while True:
            response, status = self._calls.read(address, key, operation)
            state = str(status.get("status", "")).lower()
            if state == "succeeded":
                return
            if state in _FINAL:
                reason = error_words(status) or f"the operation ended as {state}"
                raise Rejected(key, operation, reason + trace(response))
            seconds = retry_after(response) or next(pauses)
            self._pause_until(deadline, seconds, key, operation, state, response)

    def _wait_for_state(
        self, name: str, key: Key, operation: str, response: requests.Response
    ) -> None:
        """Without an operation to poll: look at the schedule until it is settled."""
        deadline = self.clock() + self._limits.operation_timeout
        pauses = self._pauses()
        try:
            found = response.json()
        except ValueError:
            found = self.get(name)
        while True:
            if not isinstance(found, dict):
                raise Rejected(key, operation, f"it was not kept{trace(response)}")
            properties = found.get("properties") or {}
            state = str(properties.get("provisioningState") or "Succeeded").lower()
            if state == "succeeded":
                return
            if state in _FINAL:
                raise Rejected(key, operation, f"it ended as {state}{trace(response)}")
            self._pause_until(deadline, next(pauses), key, operation, state, response)
            found = self.get(name)

    def _pause_until(
        self,
        deadline: float,
        seconds: float,
        key: Key,
        operation: str,
        state: str,
        response: requests.Response,
    ) -> None:
        if self.clock() + seconds > deadline:
            still = _STATES.get(state, state) or "pending"
            waited = f"{self._limits.operation_timeout:g} s"
            reason = f"it was still {still} after {waited}; it may yet be done{trace(response)}"
            raise ProviderUnavailable(key, operation, reason)
        self._sleep(seconds)

    def _pauses(self) -> Iterator[float]:
        pause = self._limits.first_poll
        while True:
            yield pause
            pause = min(pause * 2, self._limits.longest_poll)

    # --------------------------------------------------------------------------------- addresses

    def _trusted(
        self,
        given: str,
        key: Key | None,
        operation: str,
        response: requests.Response,
        *,
        base: str = "",
    ) -> str:
        """An address that the service gave, if it is on the service's own host.

        One that is not whole goes on from `base`.
        """
        try:
            url = urljoin(base, given)
            host = urlsplit(url).hostname
        except ValueError as error:  # as of http://[::1
            raise _odd(key, operation, "an address is none", response) from error
        if not same_origin(url, self.workspace.endpoint):
            reason = f"an address leads to another host: {host}"
            raise _odd(key, operation, reason, response)
        return url

    def _url(self, path: str) -> str:
        return f"{self.workspace.endpoint}{self.workspace.id}/{path}"

    def _schedule_url(self, name: str) -> str:
        return self._url(f"schedules/{quote(name, safe='')}")


def _is_resource(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("name"), str)


def _odd(
    key: Key | None, operation: str, reason: str, response: requests.Response
) -> ProviderError:
    return ProviderError(key, operation, reason + trace(response))
