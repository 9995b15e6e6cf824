"""The blobs of one folder of code -> files, by the signature that ARM gives for its storage.

What blobs are called is not to be trusted: whoever may write to the storage chose it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from reconciler.errors import ConfigError
from reconciler.providers.azureml.endpoint import is_loopback
from reconciler.providers.capabilities import Unsayable
from reconciler.snapshots import CodeLimits

OnDownload = Callable[[str, int, int], None]
"""Hears of each file that has come: what it is of, how many bytes have, and all its bytes."""

_ODD = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_LONGEST = 200
"""Bytes of one part of a path: file systems take 255, and temporary names are longer."""
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_TRIES = 3


def safe_path(name: str) -> str:
    """A path below some folder, as it is; Unsayable where it could lead or stand for another."""
    parts = name.split("/")
    for part in parts:
        wrong = (
            part in ("", ".", "..")
            or part.lower() == ".git"
            or _ODD.search(part)
            or _RESERVED.fullmatch(part)
            or part != part.rstrip(" .")
            or len(part.encode("utf-8", "surrogatepass")) > _LONGEST
        )
        if wrong:
            raise Unsayable(f"a file of its code has a path that is not safe: {name[:80]!r}")
    return name


def safe_paths(names: Iterable[str]) -> list[str]:
    """Paths that are files beside one another on every file system; Unsayable."""
    safe = [safe_path(name) for name in names]
    seen: set[str] = set()
    for name in safe:
        if name.lower() in seen:
            raise Unsayable(f"two files of its code are one to some file systems: {name[:80]!r}")
        seen.add(name.lower())
    for name in seen:
        parts = name.split("/")
        if any("/".join(parts[:end]) in seen for end in range(1, len(parts))):
            raise Unsayable(f"a file of its code is a folder as well: {name[:80]!r}")
    return safe


def split_address(address: str) -> tuple[str, str, str]:
    """(the storage, the container, the path in it) of `https://HOST/CONTAINER/PATH`; Unsayable.

    An emulator has the account before the container.
    """
    parts = urlsplit(address)
    storage = f"{parts.scheme}://{parts.netloc}"
    segments = unquote(parts.path).strip("/").split("/")
    local = is_loopback(storage)
    if parts.scheme != "https" and not local:
        raise Unsayable("its code is at an address that is not encrypted")
    if local and len(segments) > 1:
        storage, segments = f"{storage}/{segments[0]}", segments[1:]
    if len(segments) < 2 or not all(segments):
        raise Unsayable("its code is at an address that is not that of a folder")
    return storage, segments[0], "/".join(segments[1:])


def download(
    storage: str,
    container: str,
    prefix: str,
    signature: str,
    limits: CodeLimits,
    on_download: OnDownload | None,
) -> dict[str, bytes]:
    """What lies below `prefix`, by its path there; a single file under its own name. Unsayable."""
    client = _client(storage, container, signature)
    try:
        sizes = _call(lambda: _listed(client, prefix, limits))
        if not sizes:
            raise Unsayable("its code is not in the storage any more")
        files: dict[str, bytes] = {}
        paths = safe_paths(_below(name, prefix) for name in sizes)
        whole, done = sum(sizes.values()), 0
        for name, path in zip(sizes, paths, strict=True):
            size = sizes[name]
            content = _call(partial(_read, client, name, size))
            if len(content) != size:
                raise Unsayable("its code was changed while it was read")
            files[path] = content
            done += size
            if on_download is not None:
                on_download(path, done, whole)
        return files
    finally:
        client.close()


def _below(name: str, prefix: str) -> str:
    return name.rpartition("/")[2] if name == prefix else name.removeprefix(f"{prefix}/")


def _listed(client: Any, prefix: str, limits: CodeLimits) -> dict[str, int]:
    sizes: dict[str, int] = {}
    whole = 0
    for blob in client.list_blobs(name_starts_with=prefix):
        if blob.name != prefix and not blob.name.startswith(f"{prefix}/"):
            continue  # a folder whose name is longer
        sizes[blob.name] = int(blob.size)
        whole += int(blob.size)
        if len(sizes) > limits.files or whole > limits.size:
            raise Unsayable("its code is over the limits of the configuration")
    return sizes


def _read(client: Any, name: str, size: int) -> bytes:
    """No more than was listed, whatever the storage sends."""
    if size == 0:
        return b""
    content: bytes = client.download_blob(name, offset=0, length=size, max_concurrency=4).readall()
    return content


def _client(storage: str, container: str, signature: str) -> Any:
    try:
        from azure.storage.blob import ContainerClient
    except ImportError as error:
        raise ConfigError(
            "azure-storage-blob is needed to download code",
            hint="pip install 'schedule-reconciler[azure]'",
        ) from error
    return ContainerClient.from_container_url(
        f"{storage}/{container}?{signature.lstrip('?')}", retry_total=_TRIES
    )


def _call(action: Callable[[], Any]) -> Any:
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        return action()
    except HttpResponseError as error:
        raise Unsayable(f"the storage does not give its code (HTTP {error.status_code})") from error
    except AzureError as error:
        raise Unsayable(f"no answer of the storage: {type(error).__name__}") from error
