"""Who asks: a bearer token on every call of an API, a signed-in browser on every page.

The two never mix: an API takes no cookie, so no other site can use a browser's, and a page takes no
bearer token: to a program with one, what is no API is not there, and it is never sent to sign in. A
page is for who is signed in, but for `/login` and `/static`; whatever is not a GET
needs the right to write, comes from our own pages, and brings their token. All of that is settled
here, before a page's own code runs; a page only asks `require` to be sure.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.web.access.host_names import origin_of
from reconciler.web.access.signed_tokens import LONGEST_JWT, right_of_jwt
from reconciler.web.error_responses import api_of, error_response, with_plain_prefix
from reconciler.web.settings import Door
from reconciler.web.tokens import LONGEST_TOKEN, Right, Session, Tokens

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
LARGEST_FORM = 256 * 1024
SLOWEST_SECONDS = 2.0
"""The longest wait of a failed attempt."""
OPEN_PAGES = ("/login", "/static", "/shared-logs", "/uploads")
"""What asks for no session: a shared log and an upload have a signature of their own."""
_SAFE = ("GET", "HEAD")
_ASKS = re.compile(
    r"/(history|data)/v1\.0/.*(:query|/rundata|/batchgetresolveduris)|/pipelines/v1\.0/.*/pipelineruns/[^/]+/(graph/[a-z/]+|outputs)"
)
_FORM = "application/x-www-form-urlencoded"


# ----------------------------------------------------------------------------- for authors of pages


def session_of(request: Request) -> Session:
    """The session of a page's request."""
    session: Session = request.state.session
    return session


def csrf_token(request: Request) -> str:
    """What a form sends as the hidden field `csrf`, and a script as the header X-CSRF-Token."""
    tokens: Tokens = request.app.state.services.site.tokens
    return tokens.csrf(session_of(request))


def may(request: Request, right: Right) -> bool:
    """Whether who asks may do that: to leave out a button."""
    return right == "read" or session_of(request).right == "write"


def require(request: Request, right: Right) -> Session:
    """The session, if it may do that; else the answer is 403."""
    if not may(request, right):
        raise HTTPException(403, "this session may only read")
    return session_of(request)


def who(request: Request) -> str:
    """Who is said to have done what a page does: the name that they, or a proxy, gave."""
    return session_of(request).name or "a page"


# --------------------------------------------------------------------------------------- the layer


class Attempts:
    """Slows failed attempts: each of one client waits longer than the one before, a few at once.

    A right token is never held up, so nobody is locked out by somebody else's guesses.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, tuple[int, float]] = {}
        self._waiting = 0

    async def failed(self, client: str) -> int | None:
        """Note a failure and wait; seconds to come back after, where too many wait already."""
        now = self._clock()
        count, last = self._failed.get(client, (0, now))
        count = 1 if now - last > 60 else count + 1
        if len(self._failed) >= 1000 and client not in self._failed:
            self._failed.clear()
        self._failed[client] = (count, now)
        if self._waiting >= 16:
            return 5
        self._waiting += 1
        try:
            await asyncio.sleep(min(SLOWEST_SECONDS, 0.01 * 2 ** min(count, 8)))
        finally:
            self._waiting -= 1
        return None


class Authentication:
    """Lets in whom the tokens let in."""

    def __init__(self, app: ASGIApp, site: Door, attempts: Attempts) -> None:
        self._app = app
        self._site = site
        self._attempts = attempts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.lower() == "/discovery" or _is_open(path) or _is_signed(scope):
            await self._app(scope, receive, send)
        elif api_of(path) == "page" and not _is_program(scope):
            await self._page(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    # ----------------------------------------------------------------------------------- the APIs

    async def _api(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        token = token.strip()
        right = None
        if scheme.lower() == "bearer" and token:
            right = self._right_of(token)
        if right is None:
            await self._unknown(bool(given), scope, receive, send)
            return
        if api_of(scope["path"]) == "page":
            message = f"This server has nothing at {scope['path']} for who comes with a token."
            response = error_response(scope, 404, "NotFound", message)
            await response(scope, receive, send)
            return
        if right == "read" and not _only_reads(scope):
            message = "The token may only read; it has no authorization to perform this action."
            response = error_response(scope, 403, "AuthorizationFailed", message)
            await response(scope, receive, send)
            return
        scope.setdefault("state", {})["right"] = right
        await self._app({**scope, "path": with_plain_prefix(scope["path"])}, receive, send)

    def _right_of(self, token: str) -> Right | None:
        if len(token) <= LONGEST_TOKEN:
            right = self._site.tokens.right_of(token)
            if right is not None:
                return right
        if len(token) <= LONGEST_JWT:
            return right_of_jwt(token, self._site.tokens, time.time())
        return None

    async def _unknown(self, given: bool, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(scope)
        self._site.log("token_refused", client=client, given=given, path=scope["path"])
        wait = await self._attempts.failed(client) if given else None
        if wait is not None:
            response = error_response(scope, 429, "TooManyRequests", "Too many failed attempts.")
            response.headers["Retry-After"] = str(wait)
        elif given:
            response = error_response(
                scope, 401, "InvalidAuthenticationToken", "The access token is invalid."
            )
        else:
            response = error_response(
                scope,
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )
        response.headers["WWW-Authenticate"] = 'Bearer realm="reconciler", error="invalid_token"'
        await response(scope, receive, send)

    # ---------------------------------------------------------------------------------- the pages

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        cookie = request.cookies.get(cookie_name(scope))
        tokens = self._site.tokens
        session = self._site.proxy.session(scope) if self._site.proxy is not None else None
        if session is None and cookie:
            session = tokens.read_session(cookie, time.time())
        if session is None:
            if scope["method"] in _SAFE:
                target = scope["path"]
                query = scope["query_string"].decode("latin-1")
                back = quote(f"{target}?{query}" if query else target, safe="/")
                await RedirectResponse(f"/login?next={back}", 303)(scope, receive, send)
            else:
                await error_response(scope, 401, "", "sign in first")(scope, receive, send)
            return
        scope.setdefault("state", {})["session"] = session
        if scope["method"] not in _SAFE:
            body, wrong = await self._action(request, receive, session)
            if wrong is not None:
                self._site.log("action_refused", client=client_of(scope), path=scope["path"])
                await error_response(scope, wrong[0], "", wrong[1])(scope, receive, send)
                return
            receive = _again(body, receive)
        await self._app(scope, receive, send)

    async def _action(
        self, request: Request, receive: Receive, session: Session
    ) -> tuple[bytes, tuple[int, str] | None]:
        """The body of an action; and why it is refused, if it is."""
        if session.right != "write" and request.url.path != "/logout":
            return b"", (403, "this session may only read")
        if not same_origin(request, self._site):
            return b"", (403, "this did not come from a page of this server")
        body = await _body(receive)
        if body is None:
            return b"", (413, "the form is too large")
        given = request.headers.get(CSRF_HEADER)
        if given is None and request.headers.get("content-type", "").startswith(_FORM):
            given = dict(_fields(body)).get(CSRF_FIELD)
        expected = self._site.tokens.csrf(session)
        if given is None or not hmac.compare_digest(given.encode(), expected.encode()):
            return b"", (403, "the page is too old: load it again")
        return body, None


def same_origin(request: Request, site: Door) -> bool:
    """Whether a request comes from our own pages, by what the browser says of it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.lower() == origin_of(
        request.scope, site, request.headers.get("host", "")
    )


def cookie_name(scope: Scope) -> str:
    """The session's cookie. Cookies know no ports, so that two servers of one machine need two."""
    server = scope.get("server")
    return f"reconciler-{server[1] if server else 0}"


def client_of(scope: Scope) -> str:
    """The address of who asks."""
    client: Any = scope.get("client")
    return str(client[0]) if client else "unknown"


def _is_program(scope: Scope) -> bool:
    """Whether a request comes with a bearer token, which browsers never send by themselves."""
    given = Headers(scope=scope).get("authorization", "")
    return given.lower().startswith("bearer ")


def _only_reads(scope: Scope) -> bool:
    """Whether a call changes nothing: the SDK v1 asks for some things by POST."""
    if scope["method"] in _SAFE:
        return True
    return scope["method"] == "POST" and _ASKS.fullmatch(scope["path"].lower()) is not None


def _is_open(path: str) -> bool:
    return any(path == page or path.startswith(f"{page}/") for page in OPEN_PAGES)


def _is_signed(scope: Scope) -> bool:
    """Whether a call is about a container, by an address that says it was signed for that."""
    named = scope["path"].startswith("/stores/") and b"sig=" in scope["query_string"]
    return named and "authorization" not in Headers(scope=scope)


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return []


async def _body(receive: Receive) -> bytes | None:
    """The whole of a form; None: it is too large for one."""
    body = b""
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            return body
        piece: bytes = message.get("body", b"")
        body += piece
        if len(body) > LARGEST_FORM:
            return None
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` for whoever reads the body after us."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
