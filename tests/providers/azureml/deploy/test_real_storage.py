"""Uploads to a real storage: Azurite, with a signature as ARM gives one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    generate_container_sas,
)
from fakes.arm import StandIn
from workspace.datastores.test_azurite import ACCOUNT, KEY, Server

from providers.azureml.deploy.test_deploying import applied, repository
from providers.azureml.deploy.test_faults import converges
from reconciler.model import Outcome
from reconciler.providers.azureml.deploy import uploads

_RIGHTS = ContainerSasPermissions(read=True, write=True, create=True, list=True)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerClient]:
    server = Server(tmp_path_factory.mktemp("azurite"))
    server.start()
    try:
        with BlobServiceClient.from_connection_string(server.connection) as service:
            yield service.create_container("code")
    finally:
        server.stop()


def sign(container: ContainerClient, arm: StandIn, lasting: timedelta) -> None:
    """Have the stand-in hand out the container's address, signed for so long."""
    token = generate_container_sas(
        ACCOUNT,
        container.container_name,
        account_key=KEY,
        permission=_RIGHTS,
        expiry=datetime.now(UTC) + lasting,
    )
    arm.assets.storage = (container.url, f"{container.url}?{token}")


def test_what_is_uploaded_is_what_was_there(
    tmp_path: Path, container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_BLOCK", 1 << 16)
    files = {"big.bin": bytes(range(256)) * 4096, "é ü#?%.txt": b"odd", "empty": b""}
    folder = repository(tmp_path, "a")
    for name, content in files.items():
        (folder / "src" / name).write_bytes(content)
    with StandIn() as arm:
        sign(container, arm, timedelta(hours=1))
        converges(folder, arm)
        for name, content in files.items():
            assert container.download_blob(f"src/{name}").readall() == content
        [code] = arm.assets.names("codes")
        assert arm.assets.versions[code]["codeUri"] == f"{container.url}/src"
    marked = [b.metadata for b in container.list_blobs(include=["metadata"]) if b.metadata]
    assert [one["upload_status"] for one in marked] == ["completed"]


def test_a_signature_that_is_past_is_said(tmp_path: Path, container: ContainerClient) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        sign(container, arm, timedelta(hours=-1))
        [result] = applied(folder, arm)
        assert result.outcome is Outcome.FAILED
        assert "(HTTP 403), with 3 addresses one after another" in str(result.error)
        assert "sig=" not in str(result.error)
        sign(container, arm, timedelta(hours=1))
        converges(folder, arm)


@pytest.mark.torture
def test_a_file_of_more_than_256_mib(tmp_path: Path, container: ContainerClient) -> None:
    size = (256 << 20) + 12_345
    folder = repository(tmp_path, "a")
    with (folder / "src" / "model.bin").open("wb") as file:
        file.truncate(size)  # of nothing but holes
        file.seek(size - 3)
        file.write(b"end")
    with StandIn() as arm:
        sign(container, arm, timedelta(hours=1))
        converges(folder, arm)
        blob = container.get_blob_client("src/model.bin")
        assert blob.get_blob_properties().size == size
        assert blob.download_blob(offset=size - 3, length=3).readall() == b"end"
