"""The logs of a run on its page: the end of each, the lines that hold a text, and whole files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from reconciler.system.file_access import plain_file
from reconciler.web.log_files import decode, read_piece
from reconciler.web.pages.common import services_of
from reconciler.web.template_filters import path_of, query
from reconciler.web.workspace_view import Missing, Workspace
from reconciler.workspace.execution.runner import log_path
from reconciler.workspace.store.records import StepRow

OPEN = ("NotStarted", "Running")
_SHOWN = 64 * 1024
"""Bytes of a log on the page of its run."""
_PIECE = 512 * 1024
_TAIL = 20
"""Lines of the log of a step that failed, beside its failure."""
_SEARCHED = 64 * 1024 * 1024
_MOST_FOUND = 200
_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True)
class Log:
    """The end of what a step printed."""

    step: str
    text: str
    offset: int
    """Where the next piece begins, in bytes."""
    cut: bool
    open: bool
    address: str
    file: str
    """The address of the whole as a file."""
    size: int
    """Bytes."""

    @property
    def tail(self) -> str:
        """Its last lines."""
        return "\n".join(self.text.rstrip("\n").split("\n")[-_TAIL:])


@dataclass(frozen=True, slots=True)
class FoundLines:
    """The lines of a step's log that hold a text, each with its number."""

    step: str
    lines: tuple[tuple[int, str], ...]
    more: bool
    """Whether there may be more of them."""


def log_of(folder: Path, run: str, step: str, status: str) -> Log | None:
    """None: it has printed nothing yet, or its log is not there."""
    path = log_path(folder, step)
    try:
        size = path.stat().st_size
        start = max(0, size - _SHOWN)
        data, offset = read_piece(path, start, _SHOWN)
    except OSError:
        return None
    address = path_of("runs", run, "log") + query({"step": step})
    file = path_of("runs", run, "log-file") + query({"step": step})
    text = decode(data, start)
    return Log(step, text, offset, start > 0, status in OPEN, address, file, size)


def find_lines(folder: Path, steps: Sequence[StepRow], text: str) -> list[FoundLines]:
    """Where the logs of steps say a text, in whatever case; nothing where none does."""
    found = []
    for step in steps:
        try:
            lines, more = _matching(log_path(folder, step.name), text.casefold())
        except OSError:
            continue
        if lines:
            found.append(FoundLines(step.name, lines, more))
    return found


def _matching(path: Path, wanted: str) -> tuple[tuple[tuple[int, str], ...], bool]:
    found: list[tuple[int, str]] = []
    left, number, begins = _SEARCHED, 0, True
    with open(path, "rb", opener=plain_file) as file:
        while left > 0 and (data := file.readline(_LONGEST_LINE)):
            left -= len(data)
            number += begins  # the rest of a very long line has the number of its beginning
            begins = data.endswith(b"\n")
            line = decode(data, 0).rstrip("\n")
            if wanted in line.casefold():
                if len(found) == _MOST_FOUND:
                    return tuple(found), True
                found.append((number, line))
    return tuple(found), left <= 0


async def log_file(request: Request) -> Response:
    """The whole log of a step as a file, byte by byte."""
    name, step = request.path_params["name"], request.query_params.get("step", "")
    path = await services_of(request).read(lambda workspace: _file_of(workspace, name, step))
    try:
        first, offset = read_piece(path, 0, _PIECE)
    except FileNotFoundError:
        first, offset = b"", 0
    except OSError as error:
        raise Missing(f"log of {name}: {error.strerror}") from error
    shown = quote(f"{name}.{step}.log", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{shown}"}
    return StreamingResponse(_pieces(path, first, offset), media_type="text/plain", headers=headers)


def _file_of(workspace: Workspace, name: str, step: str) -> Path:
    if step not in {one.name for one in workspace.runs.steps(name)}:
        raise Missing(f"step {step} of {name}")
    return log_path(workspace.folder_of(name), step)


def _pieces(path: Path, data: bytes, offset: int) -> Iterator[bytes]:
    while data:
        yield data
        data, offset = read_piece(path, offset, _PIECE)
