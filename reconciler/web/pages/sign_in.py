"""Signing in and out: the printed link, or the token itself, becomes a session's cookie."""

from __future__ import annotations

import time
from collections import OrderedDict
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from reconciler.render.plain_text import printable
from reconciler.web.access.authentication import Attempts, client_of, cookie_name, same_origin
from reconciler.web.access.host_names import origin_of
from reconciler.web.settings import Door
from reconciler.web.templating import render
from reconciler.web.tokens import LONGEST_TOKEN, SESSION_SECONDS, Right

_LARGEST = 4096
_REMEMBERED = 1000
_LONGEST_NAME = 60


class Login:
    """The page that signs in, and the end of a session."""

    def __init__(self, site: Door, attempts: Attempts) -> None:
        self._site = site
        self._attempts = attempts
        self._used: OrderedDict[str, int] = OrderedDict()
        """Links that were opened, until they would be too old anyhow."""

    def routes(self) -> list[Route]:
        """What it answers."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/logout", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Sign in with a link's code, or show the form."""
        code = request.query_params.get("code")
        if code is None:
            return self._form(request, None)
        link = self._site.tokens.read_link(code[:LONGEST_TOKEN], time.time())
        if link is None or not self._first_use(link.identifier, link.expires):
            return await self._failed(request, "This link was used already, or is too old.")
        return self._signed_in(request, link.right, link.name)

    async def sign_in(self, request: Request) -> Response:
        """Sign in with the token, from our own form."""
        if not same_origin(request, self._site):
            return self._form(request, "This did not come from a page of this server.", 403)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST:
                return self._form(request, "This is not a token.", 413)
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
        right = self._site.tokens.right_of(fields.get("token", [""])[0].strip())
        if right is None:
            return await self._failed(request, "This token is not the one of this server.")
        name = printable(fields.get("name", [""])[0].strip())[:_LONGEST_NAME]
        return self._signed_in(request, right, name or None)

    async def sign_out(self, request: Request) -> Response:
        """Let the browser forget."""
        response = RedirectResponse("/login", 303)
        response.delete_cookie(cookie_name(request.scope), path="/", httponly=True)
        return response

    def _form(self, request: Request, problem: str | None, status: int = 200) -> Response:
        back = next_page(request.query_params.get("next"))
        return render(request, "login.html", status=status, problem=problem, next=back)

    async def _failed(self, request: Request, problem: str) -> Response:
        self._site.log("sign_in_refused", client=client_of(request.scope))
        wait = await self._attempts.failed(client_of(request.scope))
        if wait is None:
            return self._form(request, problem, 403)
        response = self._form(request, "Too many failed attempts: try again soon.", 429)
        response.headers["Retry-After"] = str(wait)
        return response

    def _signed_in(self, request: Request, right: Right, name: str | None) -> Response:
        self._site.log("signed_in", client=client_of(request.scope), right=right)
        response = RedirectResponse(next_page(request.query_params.get("next")), 303)
        response.set_cookie(
            cookie_name(request.scope),
            self._site.tokens.new_session(right, time.time(), name),
            max_age=SESSION_SECONDS,
            path="/",
            httponly=True,
            samesite="strict",
            secure=_is_secure(request.scope, self._site, request.headers.get("host", "")),
        )
        return response

    def _first_use(self, identifier: str, expires: int) -> bool:
        if identifier in self._used:
            return False
        self._used[identifier] = expires
        while self._used and next(iter(self._used.values())) < time.time():
            self._used.popitem(last=False)
        return len(self._used) <= _REMEMBERED


def next_page(path: str | None) -> str:
    """Where to go after signing in: a page of ours, whatever the address asks for."""
    if path is None or not path.startswith("/") or path.startswith(("//", "/\\", "/login")):
        return "/"
    return path if path.isascii() and path.isprintable() and "\\" not in path else "/"


def _is_secure(scope: Scope, site: Door, host: str) -> bool:
    return origin_of(scope, site, host).startswith("https:")
