"""HTTP to a forge: JSON in and out, tried again where that is safe, errors in words.

A token never leaves for another host, and is in no error: redirects are not followed, pages are
only taken from the host that was asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, Retry

from reconciler.errors import ForgeError, ForgeUnavailable
from reconciler.forge.base import Patience

_PASSING = frozenset([408, 500, 502, 503, 504])
_REPEATABLE = frozenset(["GET", "PUT", "PATCH"])
_MOST_PAGES = 100
_MOST_WORDS = 500


class Waits(Retry):
    """What is tried again: what was turned away before it was looked at, whatever it is; and what
    may be done twice, where the forge had no luck.
    """

    longest_wait = 60.0

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether an answer of that status is worth another attempt."""
        if self.total == 0:
            return False
        if status_code == 429 or (status_code == 403 and has_retry_after):
            return True
        return method.upper() in _REPEATABLE and status_code in _PASSING

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """The seconds that the forge asks for, within reason."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, self.longest_wait)


class Header(requests.auth.AuthBase):
    """The token in a header. As `auth`, for a .netrc would go before a header."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header."""
        request.headers[self._name] = self._value
        return request


class Client:
    """Calls below one address."""

    def __init__(
        self,
        base: str,
        *,
        forge: str,
        auth: Header,
        token: str,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        advise: Callable[[requests.Response, str], str | None] | None = None,
    ) -> None:
        """`base` ends with a slash. `advise`: the hint for a refusal, from the answer and what
        the call needs.
        """
        if urlsplit(base).scheme not in ("https", "http") or not urlsplit(base).hostname:
            raise ForgeError(f"the address of {forge} is no address: {base}")
        self._base = base
        self._forge = forge
        self._auth = auth
        self._token = token
        self._patience = patience or Patience()
        self._advise = advise
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": "reconciler", **(headers or {})})
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        waits = Waits(
            total=self._patience.attempts,
            allowed_methods=_REPEATABLE,
            backoff_factor=self._patience.backoff,
            backoff_jitter=self._patience.backoff / 2,
            raise_on_status=False,
            redirect=0,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=waits))

    def call(
        self,
        method: str,
        path: str,
        *,
        needs: str = "",
        body: Any = None,
        parameters: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> requests.Response:
        """The answer. `needs`: the right that the call takes, for the error that says it is
        missing; `accept`: codes that are no error here.
        """
        options: dict[str, Any] = {"json": body, "params": parameters, "headers": headers}
        try:
            response = self._send(method, urljoin(self._base, path), **options)
        except requests.RequestException as error:
            raise ForgeUnavailable(
                f"{self._forge}: {connection_words(error)}",
                hint=f"its API is taken to be at {urlsplit(self._base).hostname}",
            ) from error
        status = response.status_code
        if status in (200, 201, 204) or status in accept:
            return response
        message = self._clean(f"{self._forge}: {method} {_path(response)}: {_words(response)}")
        if status == 429 or status in _PASSING:
            raise ForgeUnavailable(message)
        hint = self._advise(response, needs) if self._advise else None
        if status in (301, 302, 307, 308) and hint is None:
            hint = "it was moved, or this is not the address of its API"
        raise ForgeError(message, hint=hint)

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        """A call; one that reads is made once more where its answer is cut off."""
        options["auth"] = self._auth
        options["timeout"] = (self._patience.connect, self._patience.read)
        options["allow_redirects"] = False
        try:
            return self._session.request(method, url, **options)
        except requests.exceptions.ChunkedEncodingError:
            if method != "GET":
                raise
            return self._session.request(method, url, **options)

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The body of the answer, read."""
        response = self.call(method, path, **options)
        return self._read(response)

    def pages(
        self, path: str, *, parameters: Mapping[str, str | int], needs: str = ""
    ) -> Iterator[Any]:
        """The items of a list, over all of its pages, by the links between them."""
        given: Mapping[str, str | int] | None = parameters
        for _ in range(_MOST_PAGES):
            response = self.call("GET", path, parameters=given, needs=needs)
            items = self._read(response)
            if not isinstance(items, list):
                raise ForgeError(f"{self._forge}: {_path(response)}: the answer is no list")
            yield from items
            following = response.links.get("next", {}).get("url")
            if not following:
                return
            path, given = urljoin(self._base, following), None
            if urlsplit(path)[:2] != urlsplit(self._base)[:2]:
                raise ForgeError(f"{self._forge}: a page leads to another host")
        raise ForgeError(f"{self._forge}: more than {_MOST_PAGES} pages of {_path(response)}")

    def _read(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            said = f"{self._forge}: {_path(response)}: the answer is no JSON"
            raise ForgeUnavailable(said) from error

    def _clean(self, text: str) -> str:
        return text.replace(self._token, "****") if self._token else text


def _path(response: requests.Response) -> str:
    return urlsplit(response.url).path


def _words(response: requests.Response) -> str:
    """Why the forge refused, in its own words."""
    try:
        body = response.json()
    except ValueError:
        body = None
    words: Any = None
    if isinstance(body, dict):
        words = body.get("message") or body.get("error_description") or body.get("error")
    said = words if isinstance(words, str) else response.reason or "no reason given"
    return f"HTTP {response.status_code}: {said[:_MOST_WORDS]}"


def connection_words(error: requests.RequestException) -> str:
    """What went wrong, without the address and headers that the library puts into its text."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "the connection could not be made in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate is not accepted"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let us through"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed"
    return type(error).__name__
