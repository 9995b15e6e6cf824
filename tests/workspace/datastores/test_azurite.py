"""Changes in Azure Blob Storage, against a real server: Azurite, started here.

It comes from npm into `.cache/azurite` of the repository, once. Credentials are in the environment
alone, as in production.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import environment
from npm import npm_file

from reconciler.workspace.datastores.datastore import Datastore, secrets_of
from workspace.engine.engines import Bench, wait_for

pytest.importorskip("adlfs", reason="adlfs is not installed: pip install '.[dev]'")
from azure.storage.blob import BlobServiceClient, ContainerClient

ACCOUNT = "devstoreaccount1"
# The one key of Azurite, which its documentation prints.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def installed() -> Path:
    """Azurite's own program for blobs; installed from npm the first time."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed: Azurite cannot be had")
    return npm_file("azurite", "3.35.0", "dist/src/blob/main.js")


class Server:
    """Azurite on a free port of the loopback, its files in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = installed()
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def connection(self) -> str:
        blobs = f"http://127.0.0.1:{self.port}/{ACCOUNT}"
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={blobs};"
        )

    def start(self) -> None:
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--silent"]
        options += ["--location", str(self._folder), "--skipApiVersionCheck", "--disableTelemetry"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["node", str(self._program), *options],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("azurite"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def container(
    server: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContainerClient]:
    """A container of the test's own; the connection string stands in the environment."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", server.connection)
    name = f"c{abs(hash(request.node.name))}"
    service = BlobServiceClient.from_connection_string(server.connection)
    with service, service.create_container(name) as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, container: ContainerClient) -> Iterator[Bench]:
    url = f"abfs://{container.container_name}"
    datastore = Datastore(url, tmp_path, hidden=secrets_of(os.environ))
    made = Bench(tmp_path, datastores={"inbox": datastore})
    made.clock.now = datetime.now(UTC)
    yield made
    made.close()


def upload(container: ContainerClient, name: str, content: bytes) -> None:
    container.upload_blob(name, content, overwrite=True)


def test_what_lands_in_a_container(bench: Bench, container: ContainerClient) -> None:
    upload(container, "in/before", b"x")
    dated = container.get_blob_client("in/before").get_blob_properties().last_modified
    wait_for(lambda: datetime.now(UTC) - dated >= timedelta(seconds=1))  # dated to the second
    bench.clock.now = datetime.now(UTC)
    bench.watch(path="in")
    bench.start()
    bench.look(0)
    assert bench.said("watching") == [{"schedule": "s", "files": 1}]

    upload(container, "in/a.csv", b"1,2,3")
    upload(container, "in/sub/b.csv", b"1,2,3")
    upload(container, "out/c.csv", b"1,2,3")
    bench.look()
    url = f"abfs://{container.container_name}/in/a.csv"
    [row] = bench.runs.newest()
    assert (row.data_path, row.inputs) == (url, {"file": url})

    for _ in range(2):
        upload(container, "in/a.csv", b"1,2,3")  # again, unchanged, under another etag
        bench.look()
    assert bench.files() == ["a.csv"]
    upload(container, "in/a.csv", b"1,2,4")
    bench.look()
    container.delete_blob("in/a.csv")
    bench.look()
    assert bench.files() == ["a.csv", "a.csv"]
    upload(container, "in/a.csv", b"1,2,4")
    bench.look()
    assert bench.files() == ["a.csv", "a.csv", "a.csv"]


def test_unchanged_content_that_was_uploaded_in_blocks(
    bench: Bench, container: ContainerClient
) -> None:
    """Such a blob has no MD5; its content is read."""
    bench.watch()
    bench.start()
    bench.look(0)
    for content in (b"12", b"12", b"13"):
        blob = container.get_blob_client("a")
        for block in (0, 1):
            blob.stage_block(f"{block}", content[block : block + 1])
        blob.commit_block_list(["0", "1"])  # type: ignore[list-item]
        assert blob.get_blob_properties().content_settings.content_md5 is None
        bench.look()
    assert bench.files() == ["a", "a"]


def test_names_that_urls_would_read_otherwise(bench: Bench, container: ContainerClient) -> None:
    bench.watch(path="in")
    bench.start()
    bench.look(0)
    names = ["a b", "100%25", "ü", "it's", "x+y=z&w", "c#d"]
    for name in names:
        upload(container, f"in/{name}", b"x")
    bench.look()
    assert bench.files() == sorted(names)
    bench.look()
    assert len(bench.files()) == len(names)


def test_a_server_that_is_down_is_reported_and_loses_nothing(
    bench: Bench, container: ContainerClient, server: Server
) -> None:
    bench.watch()
    bench.start()
    bench.look(0)
    upload(container, "a", b"x")
    server.stop()
    try:
        bench.look()
        bench.look()
        [failing] = bench.ledger.failing()
        assert failing.failures == 2
        assert [s["again_in_seconds"] for s in bench.said("look_failed")] == [60, 120]
    finally:
        server.start()
    bench.look(120)
    assert bench.files() == ["a"]
    assert bench.ledger.failing() == []
    assert KEY not in str(bench.events)


def test_credentials_that_are_wrong_are_in_no_error(
    bench: Bench, container: ContainerClient, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "d3Jvbmctd3Jvbmctd3Jvbmc="
    for connection in (server.connection.replace(KEY, wrong), f"nonsense;AccountKey={wrong}"):
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
        from adlfs import AzureBlobFileSystem

        AzureBlobFileSystem.clear_instance_cache()
        hidden = secrets_of(os.environ)
        url = f"abfs://{container.container_name}"
        bench.datastores = {"inbox": Datastore(url, bench.folder, hidden=hidden)}
        bench.watch()
        bench.start()
        bench.look(0)
    AzureBlobFileSystem.clear_instance_cache()
    assert len(bench.said("look_failed")) == 2
    assert wrong not in str(bench.events)
    assert bench.ledger.failing()[0].failures == 2


def test_a_container_that_is_not_there_yet(bench: Bench, container: ContainerClient) -> None:
    url = f"abfs://{container.container_name}x"
    bench.datastores = {"inbox": Datastore(url, bench.folder)}
    bench.watch(path="in")
    bench.start()
    bench.look(0)
    assert bench.ledger.failing()[0].failures == 1
    bench.datastores = {"inbox": Datastore(f"abfs://{container.container_name}", bench.folder)}
    bench.start()
    bench.look(0)
    assert bench.ledger.failing() == []
    upload(container, "in/a", b"x")
    bench.look()
    assert bench.files() == ["a"]
