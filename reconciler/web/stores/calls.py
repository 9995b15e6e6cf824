"""The address of containers, /stores/CONTAINER/BLOB, for Azure's storage client: the few calls of
its REST API by which files are put, listed and read.

It takes the token with the right to write, or the signature that ARM's listSecrets gives for one
datastore, for an hour.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from email.utils import formatdate
from urllib.parse import unquote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.system.file_access import plain_file
from reconciler.web.services import Services
from reconciler.web.stores.places import MOST, WRITABLE, Blob, find, listed
from reconciler.web.upload_folders import UploadError
from reconciler.web.uploads.calls import answer, block_name, join_blocks, write_file
from reconciler.workspace.datastores.datastore import WatchError

PATH = "/stores"
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_PIECE = 4 << 20
"""Bytes of one answer: the client asks for the next ones."""


async def call(request: Request) -> Response:
    """Answer a call about a container, or a blob of it."""
    services: Services = request.app.state.services
    try:
        container, name = _names(request)
        _let_in(request, services, container)
        if request.query_params.get("comp") == "list":
            return await _list(request, services, container)
        if request.method == "PUT":
            return await _put(request, services, container, name)
        blob = await services.read(lambda w: find(w, container, name))
        return await asyncio.to_thread(_read, request, blob)
    except UploadError as error:
        if error.status != 404:  # its client looks first whether a file is there
            services.site.log("store_refused", status=error.status, error=str(error))
        response = answer(error.status, error.code, str(error))
        if request.method == "PUT":
            response.headers["Connection"] = "close"  # what it sends is not read
        return response
    except WatchError as error:
        return answer(400, "UnsupportedContainer", str(error))
    except (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError):
        return answer(409, "Conflict", "")


routes = [
    Route(f"{PATH}/{{container}}", call, methods=["GET", "HEAD"]),
    Route(f"{PATH}/{{container}}/{{name:path}}", call, methods=["GET", "HEAD", "PUT"]),
]


def _names(request: Request) -> tuple[str, str]:
    parts = request.scope["raw_path"].decode("ascii").split("/", 3)
    try:
        container = unquote(parts[2], errors="strict")
        return container, unquote(parts[3], errors="strict") if len(parts) > 3 else ""
    except UnicodeDecodeError as error:
        raise UploadError(400, "InvalidUri", "The name of the file is not UTF-8.") from error


def _let_in(request: Request, services: Services, container: str) -> None:
    if hasattr(request.state, "right"):  # by a token, which was looked at
        if request.state.right != "write":
            words = "The token may only read, and what lies in datastores is not shown to it."
            raise UploadError(403, "AuthorizationFailure", words)
        return
    signed = services.site.tokens.read_store(request.query_params.get("sig", ""), time.time())
    if signed is None or signed != container:
        words = "The signature is not that of this address."
        raise UploadError(403, "AuthenticationFailed", words)


async def _put(request: Request, services: Services, container: str, name: str) -> Response:
    store = services.site.datastores.get(container)
    if store is None:
        raise UploadError(404, "ContainerNotFound", f"There is no datastore {container[:80]}.")
    if not name.startswith(WRITABLE):
        words = f"Files are put below {WRITABLE}: the rest of a datastore is not changed."
        raise UploadError(403, "AuthorizationFailure", words)
    uploads = services.uploads
    identifier = await asyncio.to_thread(uploads.stage, container)
    place = uploads.place(identifier, name)
    match request.query_params.get("comp"):
        case "metadata":
            return answer(200)
        case "block":
            block = block_name(name, request.query_params.get("blockid", ""))
            await write_file(request, uploads, identifier, uploads.part(identifier, block))
            return answer(201)
        case "blocklist":
            await join_blocks(request, uploads, identifier, name, place)
        case None:
            await write_file(request, uploads, identifier, place)
        case _:
            raise UploadError(400, "InvalidQueryParameterValue", "The call is not supported.")
    try:
        await asyncio.to_thread(store.send, str(place), name)
    finally:
        with suppress(OSError):
            place.unlink()
        uploads.settle(identifier, [place])
    return answer(201)


async def _list(request: Request, services: Services, container: str) -> Response:
    prefix = request.query_params.get("prefix", "")
    after = request.query_params.get("marker", "")
    found = await services.read(lambda w: listed(w, container, prefix, after))
    blobs = "".join(
        f"<Blob><Name>{escape(one.name)}</Name><Properties>"
        f"<Last-Modified>{_date(one)}</Last-Modified><Etag>{_etag(one)}</Etag>"
        f"<Content-Length>{one.size}</Content-Length><BlobType>BlockBlob</BlobType>"
        "</Properties></Blob>"
        for one in found[:MOST]
        if all(sign.isprintable() for sign in one.name)  # no XML of others
    )
    following = escape(found[MOST - 1].name) if len(found) > MOST else ""
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{container}">'
        f"<Prefix>{escape(prefix)}</Prefix><MaxResults>{MOST}</MaxResults><Blobs>{blobs}</Blobs>"
        f"<NextMarker>{following}</NextMarker></EnumerationResults>"
    )
    return Response(text, 200, media_type="application/xml")


def _read(request: Request, blob: Blob) -> Response:
    headers = {
        "etag": _etag(blob),
        "last-modified": _date(blob),
        "x-ms-blob-type": "BlockBlob",
        "accept-ranges": "bytes",
    }
    if request.method == "HEAD":
        return Response(b"", 200, {**headers, "content-length": str(blob.size)})
    asked = request.headers.get("x-ms-range") or request.headers.get("range") or "bytes=0-"
    found = _RANGE.fullmatch(asked)
    if blob.size == 0 and "x-ms-range" not in request.headers:
        return Response(b"", 200, headers, media_type="application/octet-stream")
    if found is None or int(found[1]) >= blob.size:
        # Of an empty file nothing can be asked for: the client then asks for it whole.
        response = answer(416, "InvalidRange", "The range is not one of the file.")
        response.headers["content-range"] = f"bytes */{blob.size}"
        return response
    start = int(found[1])
    end = min(int(found[2] or blob.size - 1), blob.size - 1, start + _PIECE - 1)
    with open(blob.path, "rb", opener=plain_file) as file:
        file.seek(start)
        data = file.read(end - start + 1)
    headers["content-range"] = f"bytes {start}-{start + len(data) - 1}/{blob.size}"
    return Response(data, 206, headers, media_type="application/octet-stream")


def _etag(blob: Blob) -> str:
    return f'"{blob.size}-{int(blob.modified * 1000)}"'


def _date(blob: Blob) -> str:
    return formatdate(blob.modified, usegmt=True)
