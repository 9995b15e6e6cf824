"""The log of a step, as text that is safe to show."""

from __future__ import annotations

from pathlib import Path

from reconciler.system.file_access import plain_file
from reconciler.web.workspace_view import Missing, Workspace
from reconciler.workspace.execution.runner import log_path

LARGEST = 4 * 1024 * 1024
"""Bytes of a log in one answer: its end, if it has more."""


def read_log(workspace: Workspace, run: str, step: str) -> str:
    """What a step printed; Missing where there is no such step."""
    if step not in {one.name for one in workspace.runs.steps(run)}:
        raise Missing(f"step {step} of {run}")
    path = log_path(workspace.folder_of(run), step)
    try:
        start = max(0, path.stat().st_size - LARGEST)
        data, _ = read_piece(path, start, LARGEST)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Missing(f"log of {run}: {error.strerror}") from error
    return decode(data, start)


def read_run_log(workspace: Workspace, run: str) -> str:
    """What the steps of a run printed, one after the other, up to about LARGEST characters. It only
    grows while the run goes on: of steps at a time, the one that began last comes when the one
    before it has ended.
    """
    text = ""
    for step in workspace.runs.steps(run):
        if len(text) > LARGEST:
            return f"{text}--- and more: `reconciler runs logs {run}`\n"
        text += f"--- {step.name}\n{read_log(workspace, run, step.name)}"
        if step.status == "Running":
            return text
        text += f"--- {step.name}: {step.status}{f', {step.message}' if step.message else ''}\n"
    return text


def read_piece(path: Path, offset: int, most: int) -> tuple[bytes, int]:
    """Bytes of a file from `offset` on, and where they end."""
    with open(path, "rb", opener=plain_file) as file:
        file.seek(offset)
        data = file.read(most)
    # A character that is not whole yet comes with the next piece.
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if back < length and len(data) > back:
                data = data[:-back]
            break
    return data, offset + len(data)


def decode(data: bytes, start: int) -> str:
    """Text of a log: what a terminal would obey is shown as a sign."""
    if start:  # it may begin within a character
        data = data.lstrip(bytes(range(0x80, 0xC0)))
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
