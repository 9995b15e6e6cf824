"""What docs/security.md promises of the server, and no other test looks at."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reconciler.web.access import request_guard
from reconciler.web.access.request_guard import RequestGuard
from web.opened import BASE, V1, VERSION, Server

SCHEDULES = f"{BASE}/schedules"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("workspace")) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SCHEDULES),
        ("PUT", f"{SCHEDULES}/a"),
        ("POST", f"{SCHEDULES}/a/trigger"),
        ("DELETE", f"{SCHEDULES}/a"),
        ("GET", f"{V1}/Pipelines"),
        ("POST", f"{V1}/PipelineRuns/PipelineSubmit/x"),
        ("GET", f"/history/v1.0{BASE}/experiments"),
    ],
)
def test_the_apis_take_no_cookie(server: Server, method: str, path: str) -> None:
    with server.browser() as browser:
        assert browser.get("/").status_code == 200
        assert browser.cookies
        answer = browser.request(method, path, params=VERSION, json={})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/schedules", "/pipelines", "/pipelines/train", "/runs", "/experiments"),
        *("/calendar", "/history", "/login", "/no-such-page", "/static/app.css", SCHEDULES),
    ],
)
def test_no_answer_may_be_framed_or_runs_what_is_not_ours(server: Server, path: str) -> None:
    with server.browser() as browser:
        answer = browser.get(path)
    policy = {
        words[0]: words[1:]
        for words in (part.split() for part in answer.headers["content-security-policy"].split(";"))
        if words
    }
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["default-src"] == ["'none'"]
    for directive, sources in policy.items():
        assert set(sources) <= {"'self'", "'none'", "data:"}, directive
    assert policy.get("script-src", ["'self'"]) == ["'self'"]
    assert policy.get("style-src", ["'self'"]) == ["'self'"]


def _guarded(server: Server, app: Any, send: Any) -> Any:
    """One request to `app` behind the guard, answered by `send`."""
    host = server.address.removeprefix("http://").encode()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", host)],
        "server": ("127.0.0.1", int(host.rpartition(b":")[2])),
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    return RequestGuard(app, server.site)(scope, receive, send)


def test_an_answer_that_takes_too_long_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_guard, "ANSWER_SECONDS", 0.05)
    statuses: list[int] = []

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    asyncio.run(_guarded(server, never, send))
    assert statuses[0] == 408


def test_a_reader_that_stops_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_guard, "SEND_SECONDS", 0.05)
    sent: list[str] = []

    async def endless(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])
        if len(sent) > 1:
            await asyncio.Event().wait()  # nobody reads

    asyncio.run(_guarded(server, endless, send))
    assert sent == ["http.response.start", "http.response.body"]


@pytest.mark.parametrize("path", [SCHEDULES, f"{V1}/Schedules", "/schedules", "/"])
def test_a_fault_tells_the_log_and_nobody_else(tmp_path: Path, path: str) -> None:
    with Server(tmp_path) as server, server.browser() as browser:
        with closing(sqlite3.connect(server.path)) as connection:
            connection.execute("ALTER TABLE schedules RENAME TO gone_elsewhere")
            connection.commit()
        with server.api() as api:
            asked = browser if path in ("/", "/schedules") else api
            answer = asked.get(path, params=VERSION)
        assert answer.status_code == 500
        for word in ("no such table", "sqlite", "Traceback", ".py", str(tmp_path)):
            assert word not in answer.text
        logged = [fields for event, fields in server.logged if event.endswith("_failed")]
        assert "no such table" in str(logged)
