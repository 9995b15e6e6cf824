"""Code that was uploaded to a real server of blobs comes home from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.arm import StandIn
from workspace.datastores.test_azurite import ACCOUNT, KEY, Server

from providers.azureml.test_returning import deployed, imported

blobs = pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("azurite"))
    made.start()
    yield made
    made.stop()


def test_code_comes_home_from_azurite(tmp_path: Path, server: Server) -> None:
    service = blobs.BlobServiceClient.from_connection_string(server.connection)
    signature = blobs.generate_container_sas(
        ACCOUNT,
        "codes",
        account_key=KEY,
        permission="rwl",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    with service, service.create_container("codes"), StandIn() as arm:
        container = f"http://127.0.0.1:{server.port}/{ACCOUNT}/codes"
        arm.assets.storage = (container, f"{container}?{signature}")
        big = bytes(range(256)) * (9 << 12)  # more than a block, and no text
        laptop = tmp_path / "laptop"
        (laptop / "src" / "odd names").mkdir(parents=True)
        (laptop / "src" / "odd names" / "grün & 100 %.bin").write_bytes(big)
        (laptop / "src" / "empty").touch()
        deployed(arm, laptop)
        empty = tmp_path / "empty"
        empty.mkdir()
        assert "prod: nothing to change, 2 unchanged" in imported(arm, empty)
        home = empty / "src" / "train"
        assert (home / "odd names" / "grün & 100 %.bin").read_bytes() == big
        assert (home / "empty").read_bytes() == b""
        assert (home / "train.py").read_text() == "pass\n"
