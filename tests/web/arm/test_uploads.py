"""Code that is uploaded: who may, how much, where to, and for how long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.snapshots import CodeLimits
from reconciler.web.access import request_guard
from web.opened import BASE, READER, TOKEN, VERSION, Server

CODE = f"{BASE}/codes/a-code/versions/1"
PENDING = {"pendingUploadType": "TemporaryBlobReference"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as made:
        yield made


def begin(server: Server, name: str = "a-code") -> tuple[str, str]:
    """An upload: its address without and with its signature."""
    with server.api(params=VERSION) as api:
        answer = api.post(f"{BASE}/codes/{name}/versions/1/startPendingUpload", json=PENDING)
    assert answer.status_code == 200, answer.text
    reference = answer.json()["blobReferenceForConsumption"]
    return reference["blobUri"], reference["credential"]["sasUri"].partition("?")[2]


def send(
    url: str, signature: str, data: bytes | Iterator[bytes] = b"x", **more: Any
) -> httpx.Response:
    with httpx.Client(timeout=30) as client:
        request = client.build_request("PUT", f"{url}?{signature}", content=data, **more)
        raw = (url.split("/", 3)[3] + "?" + signature).encode()
        request.url = request.url.copy_with(raw_path=b"/" + raw)
        return client.send(request)


def finish(server: Server, uri: str, name: str = "a-code", token: str = TOKEN) -> httpx.Response:
    with server.api(token, params=VERSION) as api:
        path = f"{BASE}/codes/{name}/versions/1"
        kept = {"hash_sha256": "abc", "hash_version": "202208"}
        return api.put(path, json={"properties": {"codeUri": f"{uri}/src", "properties": kept}})


def test_a_file_arrives_whole_and_by_blocks(server: Server, tmp_path: Path) -> None:
    uri, signature = begin(server)
    assert send(f"{uri}/src/a.py", signature, b"one").status_code == 201
    for number, block in (("MDE=", b"first "), ("MDI=", b"second")):
        there = f"{signature}&comp=block&blockid={number}"
        assert send(f"{uri}/src/b%20c.txt", there, block).status_code == 201
    said = b"<BlockList><Latest>MDI=</Latest><Latest>MDE=</Latest></BlockList>"
    assert send(f"{uri}/src/b%20c.txt", f"{signature}&comp=blocklist", said).status_code == 201
    assert finish(server, uri).status_code == 201
    found = {path.name: path.read_bytes() for path in tmp_path.rglob("done/*/src/*")}
    assert found == {"a.py": b"one", "b c.txt": b"secondfirst "}
    with server.api(params=VERSION) as api:
        page = api.get(f"{BASE}/codes/x/versions", params={"hash": "abc", "hashVersion": "202208"})
        assert [one["id"] for one in page.json()["value"]] == [CODE]


def test_an_address_is_good_for_one_code(server: Server) -> None:
    uri, signature = begin(server)
    other, _ = begin(server, "another")
    assert send(f"{other}/src/a.py", signature).status_code == 403
    assert send(f"{uri}/src/a.py", signature).status_code == 201
    assert finish(server, uri).status_code == 201
    assert finish(server, uri).status_code == 201  # again, as it is
    assert send(f"{uri}/src/a.py", signature, b"evil").status_code == 403
    assert finish(server, uri, "third").status_code == 400
    assert finish(server, other).status_code == 409
    assert finish(server, "http://127.0.0.1:1/uploads/" + "0" * 32, "fourth").status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda signature: "sv=1", 403),
        (lambda signature: signature[:-2] + "AA", 403),
        (lambda signature: signature.replace("sig=w", "sig=r"), 403),
        (lambda signature: f"{signature}&comp=lease", 400),
        (lambda signature: f"{signature}&comp=blocklist", 400),
    ],
)
def test_forged_addresses(server: Server, change: Any, status: int) -> None:
    uri, signature = begin(server)
    assert send(f"{uri}/src/a.py", change(signature)).status_code == status


def test_an_address_that_is_over(server: Server) -> None:
    uri, _ = begin(server)
    identifier = uri.rpartition("/")[2]
    old = server.site.tokens.new_upload(identifier, time.time() - 4000)
    assert send(f"{uri}/src/a.py", f"sig={old}").status_code == 403
    session = server.site.tokens.new_session("write", time.time())
    assert send(f"{uri}/src/a.py", f"sig={session}").status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        *("../a", "%2e%2e/a", "a/../../b", "a/%2e%2e/%2e%2e/b", "a%2fb", "%2fetc%2fx", "a//b"),
        *("a%5cb", "a%00b", "a%0ab", "%ff", "", "a/", "x" * 300, "a/" * 600 + "b"),
    ],
)
def test_a_path_that_climbs(server: Server, tmp_path: Path, name: str) -> None:
    uri, signature = begin(server)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert send(f"{uri}/{name}", signature).status_code in (400, 404)
    after = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.name for path in after - before} <= {"workspace.db-wal", "workspace.db-shm"}


def test_who_may_not(server: Server) -> None:
    uri, signature = begin(server)
    with server.api(READER, params=VERSION) as reader:
        assert reader.post(f"{CODE}/startPendingUpload", json=PENDING).status_code == 403
        for kind in ("codes", "components", "environments"):
            path = f"{BASE}/{kind}/x/versions/1"
            assert reader.put(path, json={"properties": {}}).status_code == 403
    assert finish(server, uri, token=READER).status_code == 403
    with server.api(None, params=VERSION) as nobody:
        assert nobody.post(f"{CODE}/startPendingUpload", json=PENDING).status_code == 401
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert send(f"{uri}/src/a.py", signature, headers=token).status_code == 400


def test_too_much(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, signature = begin(server)
    uploads = server.running.services.uploads
    monkeypatch.setattr(uploads, "_limits", CodeLimits(files=2, size=10))
    assert send(f"{uri}/src/a", signature, b"x" * 11).status_code == 413
    assert send(f"{uri}/src/a", signature, b"x" * 8).status_code == 201
    assert send(f"{uri}/src/a", signature, b"x" * 9).status_code == 201  # in its place
    assert send(f"{uri}/src/b", signature, b"xx").status_code == 413
    assert send(f"{uri}/src/b", signature, b"x").status_code == 201
    assert send(f"{uri}/src/c", signature, b"").status_code == 413
    monkeypatch.setattr(request_guard, "LARGEST_UPLOAD", 5)
    assert send(f"{uri}/src/a", signature, b"x" * 6).status_code == 413


def join(url: str, signature: str, *blocks: str, **more: Any) -> httpx.Response:
    said = "".join(f"<Latest>{one}</Latest>" for one in blocks)
    body = f"<BlockList>{said}</BlockList>"
    return send(url, f"{signature}&comp=blocklist", body.encode(), **more)


def test_files_of_no_blocks_are_counted(server: Server, tmp_path: Path) -> None:
    uri, signature = begin(server)
    server.running.services.uploads._limits = CodeLimits(files=2, size=10)
    statuses = [join(f"{uri}/src/{n}", signature).status_code for n in range(4)]
    assert statuses == [201, 201, 413, 413]
    assert len(list(tmp_path.rglob("files/src/*"))) == 2


def test_a_body_that_never_came_gives_no_room_back(server: Server) -> None:
    uri, signature = begin(server)
    server.running.services.uploads._limits = CodeLimits(files=9, size=10)
    assert send(f"{uri}/src/a", signature, b"x" * 9).status_code == 201

    def breaks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionAbortedError

    with suppress(ConnectionAbortedError):
        send(f"{uri}/src/a", signature, breaks(), headers={"Content-Length": "2"})
    assert send(f"{uri}/src/b", signature, b"x" * 2).status_code == 413
    assert send(f"{uri}/src/a", signature, b"x" * 8).status_code == 201
    assert send(f"{uri}/src/b", signature, b"x" * 2).status_code == 201


def test_blocks_count_once_also_after_a_restart(server: Server) -> None:
    uri, signature = begin(server)
    uploads = server.running.services.uploads
    uploads._limits = CodeLimits(files=2, size=10)
    place, block = f"{uri}/src/a", f"{signature}&comp=block&blockid=MDE="
    assert send(place, block, b"x" * 8).status_code == 201
    uploads._sizes.clear()  # what is only in memory
    assert send(place, block, b"y" * 9).status_code == 201
    assert send(place, block.replace("MDE=", "MDI="), b"x").status_code == 201
    assert join(place, signature, "MDE=", "MDI=").status_code == 201
    assert send(f"{uri}/src/b", signature).status_code == 413
    assert send(place, signature, b"x" * 9).status_code == 201
    assert send(f"{uri}/src/b", signature).status_code == 201


def test_lists_of_blocks_that_are_none(server: Server) -> None:
    uri, signature = begin(server)
    for body in (
        '<!DOCTYPE l [<!ENTITY a "MDE=">]><l><Latest>&a;</Latest></l>'.encode("utf-16"),
        b"<l>" + b"<a/>" * 200_000 + b"</l>",
        b"\xff<l/>",
    ):
        answer = send(f"{uri}/src/a", f"{signature}&comp=blocklist", body)
        assert answer.status_code == 400
        assert answer.headers["x-ms-error-code"] == "InvalidXmlDocument"


def test_uploads_under_way_are_few(server: Server) -> None:
    with server.api(params=VERSION) as api:
        path = f"{BASE}/codes/a/versions/1/startPendingUpload"
        statuses = [api.post(path, json=PENDING).status_code for _ in range(66)]
    assert statuses == [200] * 64 + [429] * 2


def test_a_body_that_is_too_slow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, signature = begin(server)
    monkeypatch.setattr(request_guard, "UPLOAD_SECONDS", 0.2)

    def slowly() -> Iterator[bytes]:
        yield b"x"
        time.sleep(0.6)  # longer than the server waits: that is what is looked at
        yield b"y"

    answer = send(f"{uri}/src/a", signature, slowly(), headers={"Content-Length": "2"})
    assert answer.status_code == 408
