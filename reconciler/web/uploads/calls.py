"""The address that files are uploaded to, as a container of blobs: a signature, and no token."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.system.file_access import make_folder, opener
from reconciler.web.access.request_guard import LARGEST_UPLOAD
from reconciler.web.services import Services
from reconciler.web.upload_folders import UploadError, Uploads

PATH = "/uploads"
_MOST_BLOCKS = 50_000
_LARGEST_LIST = 8 << 20


async def upload(request: Request) -> Response:
    """Take a file, a block of one, or the list of its blocks."""
    services: Services = request.app.state.services
    try:
        return await _take(request, services)
    except UploadError as error:
        services.site.log("upload_refused", status=error.status, error=str(error))
        response = answer(error.status, error.code)
        response.headers["Connection"] = "close"  # what it sends is not read
        return response
    except (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError):
        return answer(409, "Conflict")


routes = [Route(f"{PATH}/{{upload}}/{{name:path}}", upload, methods=["GET", "HEAD", "PUT"])]


async def _take(request: Request, services: Services) -> Response:
    uploads = services.uploads
    identifier = request.path_params["upload"]
    raw = request.scope["raw_path"].decode("ascii").split("/", 3)[3]
    try:
        name = unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise UploadError(400, "InvalidUri", "The name of the file is not UTF-8.") from error
    if "authorization" in request.headers:
        raise UploadError(400, "InvalidAuthenticationInfo", "An upload takes no token.")
    signed = services.site.tokens.read_upload(request.query_params.get("sig", ""), time.time())
    if signed is None or signed != identifier:
        raise UploadError(403, "AuthenticationFailed", "The signature is not that of this address.")
    place = uploads.place(identifier, name)
    if request.method != "PUT":
        found = await asyncio.to_thread(place.is_file)
        return answer(200) if found else answer(404, "BlobNotFound")
    match request.query_params.get("comp"):
        case "metadata":
            return answer(200)
        case "block":
            block = block_name(name, request.query_params.get("blockid", ""))
            await write_file(request, uploads, identifier, uploads.part(identifier, block))
        case "blocklist":
            await join_blocks(request, uploads, identifier, name, place)
        case None:
            await write_file(request, uploads, identifier, place)
        case _:
            raise UploadError(400, "InvalidQueryParameterValue", "The call is not supported.")
    return answer(201)


async def write_file(request: Request, uploads: Uploads, identifier: str, place: Path) -> None:
    """A body into a file, which is there whole or not at all."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or int(length) > LARGEST_UPLOAD:
        raise UploadError(411, "MissingContentLengthHeader", "How long the file is, is not said.")
    uploads.reserve(identifier, place, int(length))
    access = uploads.readable_by
    new = uploads.part(identifier, os.urandom(16).hex())
    try:
        await asyncio.to_thread(make_folder, place.parent, access)
        with open(new, "wb", opener=opener(access)) as file:
            async for piece in request.stream():
                await asyncio.to_thread(file.write, piece)
        os.replace(new, place)
    finally:
        with suppress(OSError):
            os.unlink(new)
        uploads.settle(identifier, [place])


async def join_blocks(
    request: Request, uploads: Uploads, identifier: str, name: str, place: Path
) -> None:
    """The blocks of a file in the order of a list, and away with them."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_LIST:
            raise UploadError(413, "RequestBodyTooLarge", "The list of blocks is too long.")
    said = await asyncio.to_thread(_listed, bytes(body))
    parts = [uploads.part(identifier, block_name(name, one)) for one in said]
    await asyncio.to_thread(_concatenate, uploads, identifier, parts, place)


def block_name(name: str, identifier: str) -> str:
    """What a block is called: no file's name has a line break."""
    return f"{name}\n{identifier}"


def _listed(body: bytes) -> list[str]:
    # No document type, and so no entities; and no more of it than a list can have.
    if b"<!" in body or body.count(b"<") > 2 * _MOST_BLOCKS + 3:
        raise UploadError(400, "InvalidXmlDocument", "The list of blocks cannot be read.")
    try:
        # As text, whatever it says of its encoding: in another one, `<!` has other bytes.
        found = [one.text or "" for one in ElementTree.fromstring(body.decode("utf-8-sig"))]
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise UploadError(
            400, "InvalidXmlDocument", "The list of blocks cannot be read."
        ) from error
    if len(found) > _MOST_BLOCKS or len(set(found)) != len(found):
        raise UploadError(400, "InvalidBlockList", "The list of blocks is not valid.")
    return found


def _concatenate(uploads: Uploads, identifier: str, parts: list[Path], place: Path) -> None:
    """Parts into a file, which is there whole or not at all, and away with them."""
    if not all(part.is_file() for part in parts):
        raise UploadError(400, "InvalidBlockList", "A block is not there.")
    size = sum(part.stat().st_size for part in parts)
    uploads.reserve(identifier, place, size, parts)
    new = uploads.part(identifier, os.urandom(16).hex())
    try:
        make_folder(place.parent, uploads.readable_by)
        with open(new, "wb", opener=opener(uploads.readable_by)) as whole:
            for part in parts:
                with open(part, "rb") as file:
                    shutil.copyfileobj(file, whole, 1 << 20)
        os.replace(new, place)
        for part in parts:
            part.unlink()
    finally:
        with suppress(OSError):
            os.unlink(new)
        uploads.settle(identifier, [place, *parts])


def answer(status: int, code: str | None = None, message: str = "") -> Response:
    """What Azure's storage says."""
    headers = {"etag": '"1"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    if code is None:
        return Response(b"", status, headers=headers)
    headers = {"x-ms-error-code": code}
    if not message:
        return Response(b"", status, headers=headers)
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(text, status, headers=headers, media_type="application/xml")
