"""Datastores and what runs left behind, as containers of blobs: who may read and write what."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from reconciler.snapshots import CodeLimits
from reconciler.web.stores import places
from reconciler.workspace.datastores.datastore import Datastore
from web.opened import BASE, READER, VERSION, Server

STORE = "/stores/inbox"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    stores = {
        "inbox": Datastore("inbox", tmp_path),
        "other": Datastore("other", tmp_path),
        "far": Datastore("memory://far", tmp_path),
    }
    (tmp_path / "other").mkdir()
    with Server(tmp_path, datastores=stores, code_limits=CodeLimits(files=3, size=100)) as made:
        yield made


def signature(server: Server, name: str = "inbox") -> str:
    """What a client is given to put files into a datastore."""
    with server.api(params=VERSION) as api:
        answer = api.post(f"{BASE}/datastores/{name}/listSecrets", json={})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sasToken"])


def put(server: Server, name: str, signed: str, data: bytes = b"x") -> httpx.Response:
    with httpx.Client() as client:
        return client.put(f"{server.address}{STORE}/{name}?{signed}", content=data)


def test_files_are_put_by_a_signature(server: Server, tmp_path: Path) -> None:
    signed = signature(server)
    assert put(server, "LocalUpload/abc/a%20b.csv", signed, b"1,2").status_code == 201
    for number, block in (("MDE=", b"first "), ("MDI=", b"second")):
        there = f"{signed}&comp=block&blockid={number}"
        assert put(server, "LocalUpload/abc/c", there, block).status_code == 201
    said = b"<BlockList><Latest>MDE=</Latest><Latest>MDI=</Latest></BlockList>"
    assert put(server, "LocalUpload/abc/c", f"{signed}&comp=blocklist", said).status_code == 201
    assert put(server, "LocalUpload/abc/c", f"{signed}&comp=metadata").status_code == 200
    found = {path.name: path.read_bytes() for path in tmp_path.rglob("inbox/LocalUpload/abc/*")}
    assert found == {"a b.csv": b"1,2", "c": b"first second"}
    # Nothing of it waits any more, and so it bounds nothing.
    assert not [path for path in tmp_path.rglob("workspace-uploads/begun/*/*/*") if path.is_file()]


def test_where_files_may_not_be_put(server: Server, tmp_path: Path) -> None:
    signed, other = signature(server), signature(server, "other")
    (tmp_path / "inbox/in").mkdir()
    assert put(server, "in/a.csv", signed).status_code == 403
    assert put(server, "LocalUpload/a", other).status_code == 403
    assert put(server, "LocalUpload/a", signed.replace("inbox", "other")).status_code == 403
    over = server.site.tokens.new_store("inbox", time.time() - 7200)
    assert put(server, "LocalUpload/a", f"sig={over}").status_code == 403
    code = server.site.tokens.new_upload("inbox", time.time())
    assert put(server, "LocalUpload/a", f"sig={code}").status_code == 403
    assert put(server, "LocalUpload/a", signed, b"x" * 101).status_code == 413
    assert (
        put(server, "LocalUpload/a\N{LATIN SMALL LETTER E WITH ACUTE}", signed).status_code == 201
    )
    assert put(server, "LocalUpload/a%0Ab", signed).status_code == 400
    (tmp_path / "inbox/LocalUpload/folder").mkdir(parents=True)
    assert put(server, "LocalUpload/folder", signed).status_code in (400, 409)
    assert not (tmp_path / "inbox/in/a.csv").exists()


def test_a_link_leads_no_file_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    os.symlink(tmp_path / "secret", tmp_path / "inbox/link")
    os.symlink(tmp_path, tmp_path / "inbox/out")
    with server.api() as api:
        assert api.get(f"{STORE}/link").status_code == 404
        assert api.get(f"{STORE}/out/secret").status_code == 404
        assert names(api.get(STORE, params={"comp": "list"})) == []


def test_files_are_listed_and_read(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST", 2)
    monkeypatch.setattr("reconciler.web.stores.calls.MOST", 2)
    for name, text in (("in/a&b", "1"), ("in/b", "22"), ("in/c", ""), ("z", "26")):
        (tmp_path / "inbox" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "inbox" / name).write_text(text)
    with server.api() as api:
        first = api.get(STORE, params={"comp": "list", "prefix": "in/", "restype": "container"})
        assert names(first) == ["in/a&b", "in/b"]
        marker = ElementTree.fromstring(first.text).findtext("NextMarker")
        more = api.get(STORE, params={"comp": "list", "prefix": "in/", "marker": str(marker)})
        assert names(more) == ["in/c"]
        head = api.head(f"{STORE}/in/b")
        assert (head.status_code, head.headers["content-length"]) == (200, "2")
        part = api.get(f"{STORE}/in/b", headers={"x-ms-range": "bytes=1-9"})
        assert (part.status_code, part.text) == (206, "2")
        assert part.headers["content-range"] == "bytes 1-1/2"
        assert api.get(f"{STORE}/in/b", headers={"x-ms-range": "bytes=2-9"}).status_code == 416
        assert api.get(f"{STORE}/in/c", headers={"x-ms-range": "bytes=0-9"}).status_code == 416
        assert api.get(f"{STORE}/in/c").text == ""
        assert api.get(f"{STORE}/in").status_code == 404
        assert "not a folder of this machine" in api.get("/stores/far/a").text


def test_a_reader_is_told_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "inbox/a").write_text("1")
    with server.api(READER) as api:
        for path in (f"{STORE}/a", f"{STORE}?comp=list", f"{STORE}/nothing"):
            answer = api.get(path)
            assert answer.status_code == 403
            assert "may only read" in answer.text


def test_who_does_not_know_the_way_has_no_account_to_go_to(server: Server) -> None:
    """A client of Azure's own would send files, and its token, to somebody else's account."""
    with server.api(params=VERSION) as api:
        stranger = api.get(f"{BASE}/datastores/inbox").json()["properties"]["accountName"]
        known = api.get(f"{BASE}/datastores/inbox", headers={"x-reconciler-sdk": "1"})
    assert stranger.startswith("/")  # of https://ACCOUNT.blob... it makes a URL without a host
    assert known.json()["properties"]["accountName"] == "stores"


def names(answer: httpx.Response) -> list[str | None]:
    assert answer.status_code == 200, answer.text
    return [one.text for one in ElementTree.fromstring(answer.text).iter("Name")]
