"""Who gets in: a table of who asks, how, and what they are told."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.web.access import authentication, request_guard
from reconciler.web.access.request_guard import path_is_plain
from reconciler.web.pages.sign_in import next_page
from reconciler.web.serving import server as servers
from reconciler.web.tokens import Tokens, check_token
from web.opened import BASE, READER, TOKEN, V1, VERSION, Server

SCHEDULES = f"{BASE}/schedules"
ONE = f"{BASE}/schedules/a"
HISTORY, DATASTORES, ARTIFACTS = (
    f"/{service}{BASE}" for service in ("history/v1.0", "datastore/v1.0", "artifact/v2.0")
)
UPLOAD, CODE = f"/uploads/{'0' * 32}", f"{BASE}/codes/a/versions/1"
STORE, FILES, SECRETS = (
    "/stores/inbox",
    "/stores/workspaceartifactstore",
    f"{BASE}/datastores/inbox/listSecrets",
)
RUN = f"{V1}/PipelineRuns/nothing"
BODY = {
    "properties": {
        "trigger": {"triggerType": "Cron", "expression": "0 2 * * *"},
        "action": {
            "actionType": "CreateJob",
            "jobDefinition": {"jobType": "Pipeline", "sourceJobId": "train"},
        },
    }
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authentication, "SLOWEST_SECONDS", 0.02)
        with Server(tmp_path_factory.mktemp("workspace")) as made:
            yield made
        text = repr(made.logged)
        assert TOKEN not in text
        assert READER not in text
        assert not re.search(r"code=|[rw]\.\d{10}\.", text)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(key: str, *, seconds: float | None = 20 * 3600, algorithm: str = "HS256") -> str:
    """A JWT, as the SDKs are given one."""
    claims = {"tid": "t"} if seconds is None else {"tid": "t", "exp": time.time() + seconds}
    said = b".".join(_part(json.dumps(one).encode()) for one in ({"alg": algorithm}, claims))
    return (said + b"." + _part(hmac.digest(key.encode(), said, "sha256"))).decode()


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


# ----------------------------------------------------------------------------------------- the APIs

ASKED: list[tuple[str, dict[str, str], str, str, int]] = [
    ("no token", {}, "GET", SCHEDULES, 401),
    ("no token, v1", {}, "GET", f"{V1}/Schedules", 401),
    ("no token, unknown route", {}, "GET", "/subscriptions", 401),
    ("a wrong token", bearer("x" * 43), "GET", SCHEDULES, 401),
    ("an empty token", {"Authorization": "Bearer"}, "GET", SCHEDULES, 401),
    ("a long token", bearer("x" * 4000), "GET", SCHEDULES, 401),
    ("the start of the token", bearer(TOKEN[:-1]), "GET", SCHEDULES, 401),
    ("the token and more", bearer(TOKEN + "t"), "GET", SCHEDULES, 401),
    ("the token in other letters", bearer(TOKEN.upper()), "GET", SCHEDULES, 401),
    ("another scheme", {"Authorization": f"Basic {TOKEN}"}, "GET", SCHEDULES, 401),
    ("in the query", {}, "GET", f"{SCHEDULES}?token={TOKEN}", 401),
    ("the token", bearer(TOKEN), "GET", SCHEDULES, 200),
    ("the token, to write", bearer(TOKEN), "PUT", ONE, 201),
    ("the reader's, to read", bearer(READER), "GET", SCHEDULES, 200),
    ("the reader's, v1", bearer(READER), "GET", f"{V1}/Schedules", 200),
    ("the reader's, to write", bearer(READER), "PUT", ONE, 403),
    ("the reader's, to delete", bearer(READER), "DELETE", ONE, 403),
    ("the reader's, to run", bearer(READER), "POST", f"{ONE}/trigger", 403),
    ("the reader's, v1 status", bearer(READER), "PUT", f"{V1}/Pipelines/train/status", 403),
    ("the reader's, to submit", bearer(READER), "POST", f"{V1}/PipelineRuns/PipelineSubmit/x", 403),
    ("a foreign Host", bearer(TOKEN) | {"Host": "evil.example"}, "GET", SCHEDULES, 421),
    ("a Host of another port", bearer(TOKEN) | {"Host": "localhost:1"}, "GET", SCHEDULES, 421),
    ("an address as Host", bearer(TOKEN) | {"Host": "10.0.0.1"}, "GET", SCHEDULES, 421),
    ("an empty Host", bearer(TOKEN) | {"Host": ""}, "GET", SCHEDULES, 421),
    ("a bearer token on a page", bearer(TOKEN), "GET", "/", 404),
    ("a wrong token on a page", bearer("x" * 43), "GET", "/", 401),
    ("the token, to what is not there", bearer(TOKEN), "GET", f"/nothing/v1.0{BASE}/x", 404),
    ("the token, to post a page", bearer(TOKEN), "POST", "/logout", 404),
    ("nobody, to what is not there", {}, "GET", f"/nothing/v1.0{BASE}/x", 303),
    ("a signed token", bearer(signed(TOKEN)), "GET", SCHEDULES, 200),
    ("a signed token, to write", bearer(signed(TOKEN)), "PUT", ONE, 201),
    ("the reader's, signed, to read", bearer(signed(READER)), "GET", f"{V1}/Schedules", 200),
    ("the reader's, signed, to write", bearer(signed(READER)), "PUT", ONE, 403),
    ("signed with another key", bearer(signed("x" * 43)), "GET", SCHEDULES, 401),
    ("signed, and over", bearer(signed(TOKEN, seconds=-1)), "GET", SCHEDULES, 401),
    ("signed for years", bearer(signed(TOKEN, seconds=9**9)), "GET", SCHEDULES, 401),
    ("signed for ever", bearer(signed(TOKEN, seconds=None)), "GET", SCHEDULES, 401),
    ("signed by nothing", bearer(signed("", algorithm="none")), "GET", SCHEDULES, 401),
    ("signed otherwise", bearer(signed(TOKEN, algorithm="HS512")), "GET", SCHEDULES, 401),
    ("a signed token, changed", bearer(signed(TOKEN)[:-2] + "AA"), "GET", SCHEDULES, 401),
    ("no token, history", {}, "POST", f"{HISTORY}/experiments:query", 401),
    ("no token, datastores", {}, "GET", f"{DATASTORES}/datastores", 401),
    ("no token, artifacts", {}, "GET", f"{ARTIFACTS}/artifacts/ExperimentRun/dcid.x", 401),
    ("the reader's, history", bearer(READER), "POST", f"{HISTORY}/experiments:query", 200),
    ("the reader's, datastores", bearer(READER), "GET", f"{DATASTORES}/datastores", 200),
    ("the reader's, a step", bearer(READER), "POST", f"{RUN}/Graph/Node/StatusCode", 400),
    ("the reader's, its log", bearer(READER), "POST", f"{RUN}/Graph/Shareable/STDOUT", 400),
    ("the reader's, to make one", bearer(READER), "POST", f"{HISTORY}/experiments/x", 403),
    ("the reader's, to tag a run", bearer(READER), "PATCH", f"{HISTORY}/experiments/x/runs/y", 403),
    ("the reader's, to stop a run", bearer(READER), "DELETE", f"{RUN}/Execution", 403),
    ("the reader's, an endpoint", bearer(READER), "PUT", f"{V1}/PipelineEndpoints/x", 403),
    ("the reader's, a schedule", bearer(READER), "PUT", f"{V1}/Schedules/x", 403),
    ("the reader's, a query of another", bearer(READER), "POST", f"{BASE}/schedules:query", 403),
    ("a log without a link", {}, "GET", "/shared-logs/x", 403),
    ("a log, by a token", bearer(TOKEN), "GET", "/shared-logs/x", 403),
    ("a log, by a wrong link", {}, "GET", f"/shared-logs/x?step=y&ends={2**31}&sig=0", 403),
    ("an upload without a signature", {}, "PUT", f"{UPLOAD}/a.py", 403),
    ("an upload, by a token", bearer(TOKEN), "PUT", f"{UPLOAD}/a.py", 400),
    ("an upload, by a wrong signature", {}, "PUT", f"{UPLOAD}/a.py?sig=w.9999999999.x.y", 403),
    ("an upload that climbs", {}, "PUT", f"{UPLOAD}/%2e%2e/a.py?sig=0", 400),
    ("an upload that is deleted", {}, "DELETE", f"{UPLOAD}/a.py?sig=0", 405),
    ("the reader's, to begin an upload", bearer(READER), "POST", f"{CODE}/startPendingUpload", 403),
    ("the reader's, to put code", bearer(READER), "PUT", CODE, 403),
    ("the reader's, to put data", bearer(READER), "PUT", f"{BASE}/data/a/versions/1", 403),
    ("the reader's, to run a job", bearer(READER), "PUT", f"{BASE}/jobs/a", 403),
    ("the reader's, a datastore's secret", bearer(READER), "POST", SECRETS, 403),
    ("a file of a datastore, by nobody", {}, "GET", f"{STORE}/a.csv", 401),
    ("a file to a datastore, by nobody", {}, "PUT", f"{STORE}/LocalUpload/a", 401),
    ("by a wrong signature", {}, "PUT", f"{STORE}/LocalUpload/a?sig=w.9999999999.inbox.y", 403),
    ("by a signature and a token", bearer("x" * 43), "GET", f"{STORE}/a.csv?sig=0", 401),
    ("a file of a datastore, by the reader", bearer(READER), "GET", f"{STORE}/a.csv", 403),
    ("a file to a datastore, by the reader", bearer(READER), "PUT", f"{STORE}/LocalUpload/a", 403),
    ("a list of a datastore, by the reader", bearer(READER), "GET", f"{STORE}?comp=list", 403),
    ("a file to anywhere", bearer(TOKEN), "PUT", f"{STORE}/a.csv", 403),
    ("a file that climbs", bearer(TOKEN), "PUT", f"{STORE}/LocalUpload/%2e%2e/a", 400),
    ("a file that is not there", bearer(TOKEN), "GET", f"{STORE}/nothing", 404),
    ("a datastore that is not there", bearer(TOKEN), "GET", "/stores/nothing/a", 404),
    ("a file of no run", bearer(TOKEN), "GET", f"{FILES}/ExperimentRun/dcid.x/logs/a.log", 404),
    ("a file that is deleted", bearer(TOKEN), "DELETE", f"{STORE}/a.csv", 405),
    ("nobody's action on a page", {}, "POST", "/logout", 401),
    ("a dot segment", bearer(TOKEN), "GET", f"{BASE}/schedules/%2e%2e/jobs", 400),
    ("an encoded slash", bearer(TOKEN), "GET", f"{BASE}/schedules%2Fx", 400),
    ("a doubled slash", bearer(TOKEN), "GET", f"/{SCHEDULES}", 400),
    ("encoded twice", bearer(TOKEN), "GET", f"{BASE}/schedules/%252e", 400),
    ("a NUL", bearer(TOKEN), "GET", f"{BASE}/schedules/%00", 400),
    ("a backslash", bearer(TOKEN), "GET", f"{BASE}/schedules/%5c..", 400),
    ("out of static", {}, "GET", "/static/%2e%2e/app.py", 400),
    ("a file that is not there", {}, "GET", "/static/app.py", 404),
    ("a long address", bearer(TOKEN), "GET", f"{SCHEDULES}?x={'x' * 9000}", 414),
]


@pytest.mark.parametrize(
    ("headers", "method", "path", "status"), [row[1:] for row in ASKED], ids=[r[0] for r in ASKED]
)
def test_the_table(
    server: Server, headers: dict[str, str], method: str, path: str, status: int
) -> None:
    with server.api(None) as client:
        url = path if "?" in path else f"{path}?api-version=2023-10-01"
        response = _raw(server, method, url, headers, BODY if method in ("PUT", "POST") else None)
        assert response.status_code == status, response.text
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        if path.startswith("/subscriptions") and status in (401, 403):
            assert response.json()["error"]["code"] in (
                "AuthenticationFailed",
                "InvalidAuthenticationToken",
                "AuthorizationFailed",
            )
        assert client is not None


def _raw(
    server: Server, method: str, url: str, headers: dict[str, str], body: Any
) -> httpx.Response:
    """A request whose address goes out as it is written."""
    with httpx.Client(timeout=30) as client:
        request = client.build_request(method, server.address, headers=headers, json=body)
        request.url = request.url.copy_with(raw_path=url.encode("ascii"))
        return client.send(request)


def test_every_host_that_is_ours(server: Server) -> None:
    port = server.address.rpartition(":")[2]
    with server.api() as client:
        for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
            answer = client.get(SCHEDULES, params=VERSION, headers={"Host": f"{name}:{port}"})
            assert answer.status_code == 200
    for headers in (b"", b"Host: a\r\nHost: b\r\n"):
        assert b" 400 " in _said(server, b"GET / HTTP/1.1\r\n" + headers + b"\r\n")


def test_further_hosts_and_a_proxy(tmp_path: Path) -> None:
    public = "https://schedules.example.org"
    with Server(tmp_path, public_url=public, hosts=frozenset(["box.lan"])) as made:
        with made.api() as client:
            for host, status in (
                ("schedules.example.org", 200),
                ("box.lan", 200),
                (f"box.lan:{made.address.rpartition(':')[2]}", 200),
                ("other.example.org", 421),
            ):
                answer = client.get(SCHEDULES, params=VERSION, headers={"Host": host})
                assert answer.status_code == status
            told = client.get(BASE, params=VERSION, headers={"Host": "schedules.example.org"})
            assert told.json()["properties"]["discoveryUrl"] == f"{public}/discovery"
        code = made.site.tokens.new_link(time.time())
        with made.api(None) as client:
            host = {"Host": "schedules.example.org"}
            signed = client.get(f"/login?code={code}", headers=host)
            assert "Secure" in signed.headers["set-cookie"]


def test_a_server_of_one_name_answers_to_no_other(tmp_path: Path) -> None:
    with Server(tmp_path, azure_name=("sub", "group", "ws")) as made, made.api() as client:
        place = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices"
        place += "/workspaces/{}/schedules"
        for names, status, code in (
            (("SUB", "Group", "WS"), 200, None),
            (("other", "group", "ws"), 404, "SubscriptionNotFound"),
            (("sub", "other", "ws"), 404, "ResourceGroupNotFound"),
            (("sub", "group", "other"), 404, "ResourceNotFound"),
        ):
            answer = client.get(place.format(*names), params=VERSION)
            assert answer.status_code == status
            assert code is None or answer.json()["error"]["code"] == code


# ---------------------------------------------------------------------------------------- the pages


def test_a_link_signs_in_once(server: Server) -> None:
    code = server.site.tokens.new_link(time.time())
    with server.api(None) as first, server.api(None) as second:
        done = first.get(f"/login?code={code}")
        assert (done.status_code, done.headers["location"]) == (303, "/")
        cookie = done.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
            assert part in cookie
        assert first.get("/").status_code == 200
        assert second.get(f"/login?code={code}").status_code == 403
        assert second.get("/").status_code == 303


def test_a_link_is_over_after_a_while(server: Server) -> None:
    tokens = server.site.tokens
    with server.api(None) as client:
        for code in (
            tokens.new_link(time.time() - 3600),
            tokens.new_session("write", time.time()),
            Tokens("another" * 5).new_link(time.time()),
            "w.99999999999.x.y",
            "",
            "é",
        ):
            answer = client.get("/login", params={"code": code})
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers


def test_the_token_signs_in(server: Server) -> None:
    with server.api(None, follow_redirects=True) as client:
        wrong = client.post("/login", data={"token": "x" * 40})
        assert wrong.status_code == 403
        assert "not the one" in wrong.text
        assert client.post("/login", data={"token": "x" * 9000}).status_code == 413
        assert client.post("/login?next=/login", data={"token": f" {TOKEN}\n"}).status_code == 200
        assert client.get("/", follow_redirects=False).status_code == 200
    with server.api(None) as client:
        foreign = {"Origin": "https://evil.example"}
        refused = client.post("/login", data={"token": TOKEN}, headers=foreign)
        assert refused.status_code == 403


ACTIONS: list[tuple[str, dict[str, str], dict[str, str] | None, int]] = [
    ("our own form", {}, {}, 303),
    ("our own origin", {"Origin": "OURS", "Sec-Fetch-Site": "same-origin"}, {}, 303),
    ("a script's header", {"X-CSRF-Token": "TOKEN"}, None, 303),
    ("no token", {}, {"csrf": ""}, 403),
    ("a wrong token", {}, {"csrf": "x" * 43}, 403),
    ("a foreign Origin", {"Origin": "https://evil.example"}, {}, 403),
    ("a null Origin", {"Origin": "null"}, {}, 403),
    ("another port's Origin", {"Origin": "http://127.0.0.1:1"}, {}, 403),
    ("another site, says the browser", {"Sec-Fetch-Site": "cross-site"}, {}, 403),
    ("another port, says the browser", {"Sec-Fetch-Site": "same-site"}, {}, 403),
    ("another kind of form", {"Content-Type": "text/plain"}, {}, 403),
]


@pytest.mark.parametrize(
    ("headers", "changed", "status"), [r[1:] for r in ACTIONS], ids=[r[0] for r in ACTIONS]
)
def test_actions(
    server: Server, headers: dict[str, str], changed: dict[str, str] | None, status: int
) -> None:
    with server.browser() as browser:
        token = _csrf(browser)
        form = None if changed is None else {"csrf": token} | changed
        sent = {
            name: value.replace("OURS", server.address).replace("TOKEN", token)
            for name, value in headers.items()
        }
        answer = browser.post("/logout", data=form, headers=sent, follow_redirects=False)
        assert answer.status_code == status


def test_a_token_of_another_session_does_not_do(server: Server) -> None:
    with server.browser() as one, server.browser() as other:
        answer = one.post("/logout", data={"csrf": _csrf(other)}, follow_redirects=False)
        assert answer.status_code == 403


def test_a_session_that_may_only_read(server: Server) -> None:
    with server.browser("read") as browser:
        assert browser.get("/").status_code == 200
        form = {"csrf": _csrf(browser)}
        assert browser.post("/schedules/a/disable", data=form).status_code == 403
        assert browser.post("/logout", data=form, follow_redirects=False).status_code == 303


def test_sessions_end_with_their_token() -> None:
    now = datetime.now(UTC).timestamp()
    tokens = Tokens("a" * 32, "b" * 32)
    session = tokens.new_session("write", now)
    assert tokens.read_session(session, now) is not None
    assert tokens.read_session(session, now + 13 * 3600) is None
    assert Tokens("c" * 32, "b" * 32).read_session(session, now) is None
    reader = tokens.new_session("read", now)
    assert Tokens("c" * 32, "b" * 32).read_session(reader, now) is not None
    assert tokens.read_session("w" + reader[1:], now) is None  # a right that was not given


def _csrf(browser: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
    assert found is not None
    return found[1]


# ------------------------------------------------------------------------------- sizes and times


def test_a_body_that_is_too_large(server: Server) -> None:
    with server.api() as client:
        large = b" " * (request_guard.LARGEST_BODY + 1)
        assert client.put(ONE, params=VERSION, content=large).status_code == 413

        def pieces() -> Iterator[bytes]:  # without saying how many there will be
            for _ in range(9):
                yield b" " * (request_guard.LARGEST_BODY // 8)

        assert client.put(ONE, params=VERSION, content=pieces()).status_code == 413
        assert client.get(SCHEDULES, params=VERSION).status_code == 200


def test_a_body_with_two_lengths(server: Server) -> None:
    said = f"POST /login HTTP/1.1\r\nHost: {_host(server)}\r\nContent-Length: 3\r\n"
    said += "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    # What follows on the same connection may be the rest of a body: it is not answered.
    after = f"GET /discovery HTTP/1.1\r\nHost: {_host(server)}\r\nConnection: close\r\n\r\n"
    answered = _said(server, (said + after).encode())
    assert answered.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in answered.lower()
    assert answered.count(b"HTTP/1.1 ") == 1
    two = f"POST /login HTTP/1.1\r\nHost: {_host(server)}\r\nContent-Length: 3\r\n"
    answered = _said(server, (two + "Content-Length: 4\r\n\r\nabcd" + after).encode())
    assert answered.startswith(b"HTTP/1.1 400")
    assert answered.count(b"HTTP/1.1 ") == 1


def test_a_body_that_breaks_off_is_no_bug(server: Server) -> None:
    port = int(server.address.rpartition(":")[2])
    head = f"PUT {ONE}?api-version=2023-10-01 HTTP/1.1\r\nHost: {_host(server)}\r\n"
    head += f"Authorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n" + "{"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode())
        _until(lambda: len(server.running.server.server_state.tasks) == 1)
    _until(lambda: len(server.running.server.server_state.tasks) == 0)
    assert [event for event, _ in server.logged if event == "http_failed"] == []


def test_what_is_no_request_is_logged_as_an_event(server: Server) -> None:
    assert _said(server, b"\0" * 100 + b"\r\n\r\n").startswith(b"HTTP/1.1 400")
    _until(lambda: any(event == "http_warning" for event, _ in server.logged))


def test_sign_in_says_when_to_come_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen wait; the others are told at once."""
    monkeypatch.setattr(authentication, "SLOWEST_SECONDS", 3.0)

    def guess(_: int) -> httpx.Response:
        return httpx.post(
            f"{server.address}/login",
            data={"token": "wrong" * 8},
            timeout=60,
        )

    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(guess, range(40)))
    assert {answer.status_code for answer in answers} == {403, 429}
    late = next(answer for answer in answers if answer.status_code == 429)
    assert late.headers["retry-after"] == "5"


def test_a_body_that_is_too_slow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_guard, "BODY_SECONDS", 0.2)
    head = f"PUT {ONE}?api-version=2023-10-01 HTTP/1.1\r\nHost: {_host(server)}\r\n"
    head += f"Authorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n" + "{"
    said = _said(server, head.encode())
    assert b" 408 " in said
    assert b"RequestTimeout" in said


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_headers_that_are_too_slow(
    server: Server, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(servers, "HEADER_SECONDS", 0.2)
    assert _said(server, begun) == b""


def test_headers_that_are_too_large(server: Server) -> None:
    many = b"X-A: " + b"x" * request_guard.LARGEST_HEADERS + b"\r\n\r\n"
    assert b" 431 " in _said(server, b"GET / HTTP/1.1\r\nHost: x\r\n" + many)
    for _ in range(3):
        many = b"X-A: " + b"x" * 1000 + b"\r\n" + many[:-2] + many
    assert _said(server, b"GET / HTTP/1.1\r\nHost: x\r\n" + many)[:12] in (b"", b"HTTP/1.1 400")


@pytest.mark.parametrize("said", [b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"\0" * 100 + b"\r\n\r\n"])
def test_what_is_not_http(server: Server, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "HEADER_SECONDS", 0.2)
    assert _said(server, said)[:12] in (b"", b"HTTP/1.1 400")


def test_idle_connections_shut_nobody_out(server: Server) -> None:
    """Those that never asked go first, when there are too many."""
    port = int(server.address.rpartition(":")[2])
    connections = server.running.server.server_state.connections
    with server.api() as client, server.api() as late:
        assert client.get(SCHEDULES, params=VERSION).status_code == 200
        held = [
            socket.create_connection(("127.0.0.1", port))
            for _ in range(servers.MOST_CONNECTIONS + 40)
        ]
        try:
            _until(lambda: len(connections) >= servers.MOST_CONNECTIONS - 1)
            # One that was there before, and one that comes now.
            for one in (client, late):
                assert one.get(SCHEDULES, params=VERSION).status_code == 200
            _until(lambda: len(connections) <= servers.MOST_CONNECTIONS)
        finally:
            for connection in held:
                connection.close()
    _until(lambda: len(connections) < 5)


def test_as_many_requests_as_are_documented_are_answered() -> None:
    """The others are told to come back, and never all of them."""

    async def ask() -> list[int]:
        free = asyncio.Event()
        begun: list[int] = []

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            begun.append(1)
            await free.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        app, statuses = servers.Bounded(slow), list[int]()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        asked = [
            asyncio.create_task(app({"type": "http"}, None, send))
            for _ in range(servers.MOST_REQUESTS + 44)
        ]
        while len(begun) < servers.MOST_REQUESTS or len(statuses) < 44:
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*asked)
        await app({"type": "http"}, None, send)
        return statuses

    statuses = asyncio.run(ask())
    assert sorted(statuses) == [200] * (servers.MOST_REQUESTS + 1) + [503] * 44


def test_what_is_done_after_an_answer_keeps_nobody_waiting() -> None:
    """A connection that stays open asks again before the application has come to its end."""

    async def ask() -> list[int]:
        free, statuses = asyncio.Event(), list[int]()

        async def lingering(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            await free.wait()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        app = servers.Bounded(lingering, most=3)
        asked = []
        for _ in range(9):
            asked.append(asyncio.create_task(app({"type": "http"}, None, send)))
            while len(statuses) < len(asked):
                await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*asked)
        assert app._now == 0
        return statuses

    assert asyncio.run(ask()) == [200] * 9


def test_connections_that_stay_open_are_answered_each_time(server: Server) -> None:
    """Fewer of them than requests may be worked on at a time: none gets 503."""
    port = int(server.address.rpartition(":")[2])
    lines = ["GET /discovery HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {TOKEN}"]
    request = "\r\n".join([*lines, "", ""]).encode()

    async def client() -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        statuses = []
        for _ in range(3):
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
            statuses.append(head.split()[1])
        writer.close()
        return statuses

    async def clients() -> set[bytes]:
        found = await asyncio.gather(*(client() for _ in range(servers.MOST_REQUESTS - 6)))
        return {status for statuses in found for status in statuses}

    assert asyncio.run(clients()) == {b"200"}


def test_guesses_are_slowed_and_the_owner_is_not(server: Server) -> None:
    with server.api("wrong" * 8) as guesser, server.api() as owner:
        answers = [guesser.get(SCHEDULES, params=VERSION).status_code for _ in range(4)]
        assert set(answers) <= {401, 429}
        assert owner.get(SCHEDULES, params=VERSION).status_code == 200


# ------------------------------------------------------------------------------------ in the small


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (b"/", True),
        (b"/schedules/a-b_c.d", True),
        (b"/subscriptions/x/", True),
        (b"/a%20b", True),
        (b"/.well-known/x", True),
        (b"//x", False),
        (b"/a//b", False),
        (b"/a/./b", False),
        (b"/a/..", False),
        (b"/a/%2E./b", False),
        (b"/a%2fb", False),
        (b"/a%5Cb", False),
        (b"/a\\b", False),
        (b"/a%0ab", False),
        (b"/a%7f", False),
        (b"/\xc3\xa9", False),
        (b"x", False),
    ],
)
def test_paths_that_mean_what_they_say(raw: bytes, plain: bool) -> None:
    assert path_is_plain(raw) is plain


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        (None, "/"),
        ("/runs?status=Failed", "/runs?status=Failed"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/login", "/"),
    ],
)
def test_where_to_go_after_signing_in(asked: str | None, page: str) -> None:
    assert next_page(asked) == page


@pytest.mark.parametrize("token", ["short", "x" * 600, "with a space and more", "é" * 20])
def test_tokens_that_are_not_taken(token: str) -> None:
    assert check_token(token) is not None


def _host(server: Server) -> str:
    return server.address.removeprefix("http://")


def _said(server: Server, sent: bytes) -> bytes:
    """Everything that is answered to these bytes, until the other side hangs up."""
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        answered = b""
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                return answered
            if not piece or (
                b"\r\n\r\n" in answered + piece and (b" 421 " in piece or b" 431 " in piece)
            ):
                return answered + piece
            answered += piece


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
