"""The operations port as an application: probes, metrics, webhooks. It knows no schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from reconciler.ops.health import Health
from reconciler.ops.metrics import Metrics
from reconciler.ops.webhooks import Forge, Hooks
from reconciler.web.access.host_names import is_address, split_host

LARGEST_BODY = 5 * 1024 * 1024
"""Bytes of a webhook's body: a push with its first 2048 commits has less than 1 MB at GitHub."""
BODY_SECONDS = 10.0
"""How long the whole of a body may take to arrive."""
Answer = Callable[[Request], Awaitable[Response]]
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ANSWERS = {
    "push": (202, "a cycle is on its way"),
    "ping": (200, "hello"),
    "ignored": (200, "nothing to do"),
    "replayed": (200, "this one came before"),
    "unauthorized": (401, "the signature or secret is not the one expected"),
    "malformed": (400, "the body is not what this forge sends"),
}


@dataclass(frozen=True, slots=True)
class Operations:
    """What the port shows and starts."""

    metrics: Metrics
    health: Callable[[], Health]
    wake: Callable[[], None]
    log: Callable[..., None]
    hooks: Hooks | None = None
    hosts: frozenset[str] = frozenset()
    """Names that it answers to beside addresses, `localhost` and names without a dot."""
    pages: ASGIApp | None = None
    """What answers everything else: the pages of the targets."""


def create_app(operations: Operations) -> Starlette:
    """The application."""

    async def healthz(request: Request) -> Response:
        health = operations.health()
        return _probe("alive", health.alive, health)

    async def readyz(request: Request) -> Response:
        health = operations.health()
        return _probe("ready", health.ready, health)

    async def metrics(request: Request) -> Response:
        operations.health()  # it tells the metrics whose the targets are
        text = await asyncio.to_thread(operations.metrics.text)
        return Response(text, headers={"Content-Type": _METRICS_TYPE})

    async def hook(request: Request) -> Response:
        return await _hook(operations, request)

    def for_us(answer: Answer) -> Answer:
        async def checked(request: Request) -> Response:
            return await answer(request) if _is_ours(request, operations.hosts) else _ELSEWHERE

        return checked

    return Starlette(
        routes=[
            *(Route(f"/{one.__name__}", for_us(one)) for one in (healthz, readyz, metrics)),
            Route("/hooks/{forge}", hook, methods=["POST"]),
            *((Mount("/", operations.pages),) if operations.pages is not None else ()),
        ]
    )


_ELSEWHERE = PlainTextResponse("this port does not answer to that host name\n", 421)


def _is_ours(request: Request, hosts: frozenset[str]) -> bool:
    """Whether the Host header is a name that no page elsewhere can have had made its own.

    A page of a public name could otherwise have the name service say our address, and read what
    probes and metrics tell. Webhooks are signed, and come under any name.
    """
    given = request.headers.getlist("host")
    if len(given) != 1:
        return False
    name = split_host(given[0].lower())[0]
    return "." not in name or is_address(name) or name in hosts or given[0].lower() in hosts


def _probe(word: str, well: bool, health: Health) -> Response:
    content = {word: well, "reasons": list(health.reasons)}
    return JSONResponse(content, 200 if well else 503, {"Cache-Control": "no-store"})


async def _hook(operations: Operations, request: Request) -> Response:
    forge = request.path_params["forge"]
    hooks = operations.hooks
    if hooks is None or not hooks.knows(forge):
        return PlainTextResponse("no webhook of that kind is set up\n", 404)
    try:
        body = await asyncio.wait_for(_body(request), BODY_SECONDS)
    except (TimeoutError, ClientDisconnect):
        return PlainTextResponse("the body took too long\n", 408, {"Connection": "close"})
    if body is None:
        return PlainTextResponse("the body is too large\n", 413, {"Connection": "close"})
    verdict = hooks.judge(cast(Forge, forge), dict(request.headers), body)
    operations.metrics.on_webhook(forge, verdict)
    client: Any = request.client
    operations.log("webhook", forge=forge, outcome=verdict, client=client.host if client else None)
    if verdict == "push":
        operations.wake()
    status, words = _ANSWERS[verdict]
    return PlainTextResponse(words + "\n", status)


async def _body(request: Request) -> bytes | None:
    """All of it; None: there is too much."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > LARGEST_BODY:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
