"""What every request passes before anything else looks at it.

In this order: the Host it names (DNS rebinding), how large and how slow it may be, and on the way
out the headers that keep a browser from doing more than it should. What breaks below is a 500 that
tells nothing, and a line in the log that tells what.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.web.access.host_names import host_is_ours
from reconciler.web.error_responses import error_response
from reconciler.web.settings import Door

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of a request's body."""
LARGEST_HEADERS = 32 * 1024
BODY_SECONDS = 20.0
"""How long the whole of a body may take to arrive."""
UPLOADS = ("/uploads/", "/stores/")
"""Where files are sent, each in a body, by who has an address that was signed, or a token."""
LARGEST_UPLOAD = 64 * 1024 * 1024
"""Bytes of one body of an upload: Azure's client sends larger files in blocks."""
UPLOAD_SECONDS = 300.0
"""How long one body of an upload may take to arrive, and to be answered."""
SEND_SECONDS = 30.0
"""How long a client may take to read a piece of an answer."""
ANSWER_SECONDS = 60.0
"""How long an answer may take."""
LONGEST_TARGET = 8192
"""Characters of a path and its query."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that, a browser says Origin: null for our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class TooLarge(Exception):
    """The body has more bytes than it may."""


class TooSlow(Exception):
    """The body, or a reader, took too long."""


class RequestGuard:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, site: Door) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within bounds, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sender = _Sender(scope, send)
        refused = self._refuse(scope)
        if refused is not None:
            status, code, message = refused
            response = error_response(scope, status, code, message)
            if status in (400, 413, 431):
                # Where this request ends nobody can say, or we do not want to read so far.
                response.headers["Connection"] = "close"
            await response(scope, receive, sender)
            return
        uploads = scope["path"].startswith(UPLOADS)
        body = _Body(receive, Headers(scope=scope), uploads=uploads)
        seconds = UPLOAD_SECONDS if uploads else ANSWER_SECONDS
        try:
            await asyncio.wait_for(self._app(scope, body, sender), seconds)
        except TooLarge:
            await sender.fail(413, "RequestEntityTooLarge", "The body is too large.")
        except (TooSlow, TimeoutError):
            await sender.fail(408, "RequestTimeout", "The request took too long.")
        except (ConnectionError, ClientDisconnect):
            return  # whoever asked has gone
        except Exception as error:
            self._site.log(
                "http_failed",
                method=scope["method"],
                path=scope["path"],
                error=repr(error),
                where=traceback.format_exc(limit=-3),
            )
            await sender.fail(500, "InternalServerError", "Something broke; the log says what.")

    def _refuse(self, scope: Scope) -> tuple[int, str, str] | None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
            return 431, "HeadersTooLarge", "The headers are too large."
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not host_is_ours(hosts[0].decode("latin-1"), scope, self._site):
            # No page of another name may reach us by naming our address its own.
            self._site.log("host_refused", client=_client(scope))
            return 421, "MisdirectedRequest", "This server does not answer to that host name."
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            return 414, "UriTooLong", "The address is too long."
        if not path_is_plain(scope["raw_path"]):
            return 400, "BadRequest", "The path is not one that this server has."
        headers = Headers(scope=scope)
        length = headers.get("content-length")
        if length is not None and "transfer-encoding" in headers:
            # A proxy before us may go by the other one: where a request ends is then a guess.
            return 400, "BadRequest", "The body has two lengths."
        most = LARGEST_UPLOAD if scope["path"].startswith(UPLOADS) else LARGEST_BODY
        if length is not None and length.isdigit() and int(length) > most:
            return 413, "RequestEntityTooLarge", "The body is too large."
        return None


def path_is_plain(raw: bytes) -> bool:
    """Whether a path means what it says: no dot segments, no empty ones, nothing encoded twice,
    no slash, backslash or control character behind a percent sign.
    """
    if not raw.startswith(b"/") or b"\\" in raw or not raw.isascii():
        return False
    lower = raw.lower()
    if b"%2f" in lower or b"%5c" in lower or b"%25" in lower:
        return False
    if any(b"%%%02x" % code in lower for code in (*range(32), 127)):
        return False
    parts = lower.replace(b"%2e", b".").split(b"/")[1:]
    return all(part not in (b".", b"..") for part in parts) and b"" not in parts[:-1]


class _Body:
    """`receive`, as long as a body is neither too large nor too slow."""

    def __init__(self, receive: Receive, headers: Headers, *, uploads: bool) -> None:
        self._receive = receive
        self._left = LARGEST_UPLOAD if uploads else LARGEST_BODY
        self._seconds = UPLOAD_SECONDS if uploads else BODY_SECONDS
        self._deadline: float | None = None
        self._whole = "content-length" not in headers and "transfer-encoding" not in headers

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        if self._deadline is None:
            self._deadline = time.monotonic() + self._seconds
        try:
            left = max(0.0, self._deadline - time.monotonic())
            message = await asyncio.wait_for(self._receive(), left)
        except TimeoutError as error:
            raise TooSlow from error
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise TooLarge
            self._whole = not message.get("more_body", False)
        return message


class _Sender:
    """`send`, with our headers on every answer, for readers that do read."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        try:
            await asyncio.wait_for(self._send(message), SEND_SECONDS)
        except TimeoutError as error:
            raise ConnectionResetError from error

    async def fail(self, status: int, code: str, message: str) -> None:
        """Answer with an error, if nothing was answered yet; else break off, so that nobody
        takes a part for the whole.
        """
        if self.started:
            raise ConnectionResetError
        response = error_response(self._scope, status, code, message)
        response.headers["Connection"] = "close"
        await response(self._scope, _nothing, self)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _client(scope: Scope) -> str:
    client: Any = scope.get("client")
    return str(client[0]) if client else "unknown"
