"""What is in a file, the same on every machine: Git may have checked text out with CR LF."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from reconciler.model import Archive

PIECE = 1 << 20
"""Bytes that are read at a time."""


class ChangedWhileRead(OSError):
    """A file that somebody wrote to while it was read."""


def canonical_content(file: BinaryIO) -> Iterator[bytes]:
    """The content of an open file in pieces; of text (UTF-8 without NUL) each CR LF as LF.

    What is text is known at the end alone: such a file is read twice.
    """
    first = file.read(PIECE)
    if len(first) < PIECE:
        yield first.replace(b"\r\n", b"\n") if _is_text([first]) else first
        return
    file.seek(0)
    as_text = _is_text(_pieces(file))
    file.seek(0)
    held = b""
    for piece in _pieces(file):
        if not as_text:
            yield piece
            continue
        piece = held + piece
        held = b"\r" if piece.endswith(b"\r") else b""
        yield piece.removesuffix(held).replace(b"\r\n", b"\n")
    yield held


class Digest:
    """The SHA-256 of canonical content, of a file whose pieces are handed in once, as they are."""

    def __init__(self) -> None:
        self._raw = hashlib.sha256()
        self._raw_size = self._size = 0
        self._text: hashlib._Hash | None = None
        """The same with LF for CR LF, from the first of these on: what is text the end says."""
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._held = b""

    def feed(self, piece: bytes) -> None:
        """The next bytes of it."""
        if self._decoder is not None and not _goes_on(self._decoder, piece):
            self._decoder = self._text = None
        if self._decoder is not None:
            self._feed_text(piece)
        self._raw.update(piece)
        self._raw_size += len(piece)

    def _feed_text(self, piece: bytes) -> None:
        whole = self._held + piece
        self._held = b"\r" if whole.endswith(b"\r") else b""
        ready = whole.removesuffix(self._held) if self._held else whole
        if self._text is None:
            if not self._held and b"\r\n" not in ready:
                return
            self._text, self._size = self._raw.copy(), self._raw_size
        ready = ready.replace(b"\r\n", b"\n")
        self._text.update(ready)
        self._size += len(ready)

    def end(self) -> tuple[str, int]:
        """In hex, and the size of the content."""
        if self._decoder is not None and not _goes_on(self._decoder, b"", final=True):
            self._text = None
        if self._text is None:
            return self._raw.hexdigest(), self._raw_size
        self._text.update(self._held)
        return self._text.hexdigest(), self._size + len(self._held)


def _goes_on(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    """Whether a file may still be text with this piece."""
    if b"\0" in piece:
        return False
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


class TooLarge(Exception):
    """A file with more bytes than there may be."""


def read_digest(path: str, most: int) -> tuple[str, int]:
    """The SHA-256 of a file's canonical content, in hex, and its size. OSError, TooLarge."""
    for _ in range(3):
        descriptor, before = _open(path)
        try:
            if before.st_size > most:
                raise TooLarge
            if before.st_size < PIECE:  # nearly all files: in one piece, without a file object
                data = os.read(descriptor, before.st_size + 1)
                if b"\r\n" in data and _is_text([data]):
                    data = data.replace(b"\r\n", b"\n")
                found = hashlib.sha256(data).hexdigest(), len(data)
            else:
                with os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:
                    found = _digest(_pieces(file))
            if _marks(os.fstat(descriptor)) == _marks(before):
                return found
        finally:
            os.close(descriptor)
    raise ChangedWhileRead(None, "it changes while it is read", path)


def content_of(place: str | Archive) -> Iterator[bytes]:
    """The canonical content of a file, or of the archive that is made. OSError."""
    if isinstance(place, str):
        with open_regular(place) as file:
            yield from canonical_content(file)
        return
    with tempfile.SpooledTemporaryFile(max_size=16 * PIECE) as made:
        with zipfile.ZipFile(made, "w") as archive:
            for name, path in place.members:
                # Of no time and no mode: the same on every machine.
                with archive.open(zipfile.ZipInfo(name), "w") as member:
                    for piece in content_of(path) if path else ():
                        member.write(piece)
        made.seek(0)
        while piece := made.read(PIECE):
            yield piece


def digest_at(place: str | Archive, most: int) -> tuple[str, int]:
    """`read_digest` of a file, or of an archive. OSError, TooLarge."""
    if isinstance(place, str):
        return read_digest(place, most)
    if sum(os.stat(path).st_size for _, path in place.members if path) > most:
        raise TooLarge
    return _digest(content_of(place))


def _digest(pieces: Iterator[bytes]) -> tuple[str, int]:
    digest = Digest()
    for piece in pieces:
        digest.feed(piece)
    return digest.end()


def open_regular(path: str) -> BinaryIO:
    """A regular file, open for reading. OSError."""
    return os.fdopen(_open(path)[0], "rb", buffering=0)


def _open(path: str) -> tuple[int, os.stat_result]:
    # Not blocking: a pipe would wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise OSError(None, "it is not a regular file", path)
    return descriptor, found


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _is_text(pieces: Iterator[bytes] | list[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces:
            if b"\0" in piece:
                return False
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _marks(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino
