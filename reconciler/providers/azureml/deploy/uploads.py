"""Files of a folder -> block blobs of a container, by the address that ARM signed for it.

That address is the only thing that goes to the storage: no token of Azure does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from reconciler.errors import ConfigError, ProviderError, ProviderUnavailable, Rejected
from reconciler.model import Key, Snapshot
from reconciler.providers.azureml.endpoint import is_loopback
from reconciler.snapshots.client_hash import ChangedSince, ClientHash

_BLOCK = 8 << 20
"""Bytes of a block: files of up to 400 GB can be sent, and a broken one costs little."""
_TRIES = 3
_PAUSES: dict[str, Any] = {"initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1}
"""Seconds between tries; the library's own first is 15."""

OnUpload = Callable[[str, int, int], None]
"""Hears of what is there by now: the folder, how many of its bytes are, and how many it has."""


class Expired(Exception):
    """The address is not good any more; a new one is."""


def upload(
    address: str,
    prefix: str,
    snapshot: Snapshot,
    metadata: dict[str, str],
    key: Key,
    on_upload: OnUpload | None = None,
) -> str:
    """Put the files below `prefix` into the container at `address`, which is signed; the hash that
    Azure's client has for what was sent. Each file is read once.

    `metadata` goes to one of them, once all are there: Azure's client knows by it that a folder is
    whole. Expired; ProviderError for the schedule `key`, Rejected for a file that was changed.
    """
    client = _client(address, key)
    done, name = 0, prefix
    try:
        sent = ClientHash(snapshot)
        for file in sent.files:
            name = f"{prefix}/{file.path}"
            size = sent.sizes[file.path]
            _put(
                client,
                name,
                _Stream(sent.read(file)),
                size,
                key,
                _hearing(on_upload, snapshot, done),
            )
            done += file.size
        last = f"{prefix}/{snapshot.files[-1].path}"
        _call(lambda: client.get_blob_client(last).set_blob_metadata(metadata), last, key)
        return sent.end()
    except ChangedSince as error:
        raise changed(snapshot, key) from error
    except OSError as error:
        raise ProviderError(key, "upload", f"{name} cannot be read: {error.strerror}") from error
    finally:
        client.close()


def changed(snapshot: Snapshot, key: Key) -> Rejected:
    """What was declared and planned is not what lies there any more."""
    what = f"{snapshot.path} was changed after the plan was made"
    return Rejected(key, "deploy", what, hint="plan again")


class _Stream:
    """Pieces as a file that can be read forward alone: who uploads it reads each byte once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        parts, left = [self._held], size - len(self._held)
        while left > 0 or size < 0:
            piece = next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece)
            left -= len(piece)
        whole = b"".join(parts)
        cut = len(whole) if size < 0 else size
        self._held = whole[cut:]
        return whole[:cut]

    def finish(self) -> None:
        """Read to the end: a file that has grown meanwhile is no longer the one."""
        for _ in self._pieces:
            pass


def _client(address: str, key: Key) -> Any:
    try:
        from azure.storage.blob import ContainerClient
    except ImportError as error:
        raise ConfigError(
            "azure-storage-blob is needed to upload code",
            hint="pip install 'schedule-reconciler[azure]'",
        ) from error
    parts = urlsplit(address)
    if parts.scheme != "https" and not is_loopback(f"{parts.scheme}://{parts.netloc}"):
        raise Rejected(key, "upload", "the address of the storage is not encrypted")
    return ContainerClient.from_container_url(
        address,
        max_single_put_size=_BLOCK,
        max_block_size=_BLOCK,
        retry_total=_TRIES,
        **_PAUSES,
    )


def _hearing(on_upload: OnUpload | None, snapshot: Snapshot, before: int) -> Callable[[int], None]:
    """Tells of bytes of one file that are there, when `before` of the folder's are already."""

    def heard(sent: int) -> None:
        if on_upload is not None:
            on_upload(snapshot.path, min(before + sent, snapshot.size), snapshot.size)

    return heard


def _put(
    client: Any, name: str, stream: _Stream, size: int, key: Key, heard: Callable[[int], None]
) -> None:
    content: Any = stream
    if size <= _BLOCK:  # in one request
        content = stream.read(size)
        stream.finish()
    _call(
        lambda: client.upload_blob(
            name,
            content,
            length=size,
            overwrite=True,
            max_concurrency=4,
            progress_hook=lambda sent, _: heard(sent),
        ),
        name,
        key,
    )
    stream.finish()
    heard(size)


def _call(action: Callable[[], object], name: str, key: Key) -> None:
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        action()
    except HttpResponseError as error:
        if error.status_code in (401, 403):
            raise Expired(f"the storage does not take {name} (HTTP {error.status_code})") from error
        reason = f"the storage does not take {name}: {error.reason} (HTTP {error.status_code})"
        raise ProviderError(key, "upload", reason) from error
    except AzureError as error:
        reason = f"no answer of the storage for {name}: {type(error).__name__}"
        raise ProviderUnavailable(key, "upload", reason) from error
