"""What happens in a command that stays, as lines on standard error: text, or JSON."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli.output import say
from reconciler.masking import mask
from reconciler.render.plain_text import printable

Log = Callable[..., None]
"""Called with an event's name and its fields."""


log_format_option = click.option(
    "--log-format", type=click.Choice(("text", "json")), default="text", show_default=True
)
"""How a command that stays writes its lines."""


def log_of(form: str) -> Log:
    """What writes a line for each event, in the form `text` or `json`."""
    return _json_line if form == "json" else _text_line


class _Records(logging.Handler):
    """What a package logs, as an event."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One line, whatever is in it."""
        fields: dict[str, Any] = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            fields["traceback"] = "".join(traceback.format_exception(record.exc_info[1], limit=-5))
        self._log("log", **fields)


def log_everything(log: Log, form: str) -> None:
    """Let nothing in this process write to standard error but `log`, where it writes JSON: what
    packages log, warnings, and the traceback of a bug are events as well.
    """
    if form != "json":
        return
    logging.getLogger().handlers[:] = [_Records(log)]
    logging.captureWarnings(True)

    def bug(error: BaseException | None, thread: str) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt):
            lines = "".join(traceback.format_exception(error, limit=-5))
            log("bug", thread=thread, traceback=lines)

    sys.excepthook = lambda kind, error, trace: bug(error, "main")
    threading.excepthook = lambda told: bug(
        told.exc_value, told.thread.name if told.thread is not None else ""
    )
    sys.unraisablehook = lambda told: bug(told.exc_value, "")


def _json_line(event: str, **fields: Any) -> None:
    shown = {name: _shown(value) for name, value in fields.items()}
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **shown}
    _say(json.dumps(line, default=str))


def _text_line(event: str, **fields: Any) -> None:
    said = " ".join(
        f"{name}={printable(json.dumps(_shown(value), default=str, ensure_ascii=False))}"
        for name, value in fields.items()
        if value is not None
    )
    _say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {event} {said}".rstrip())


def _shown(value: Any) -> Any:
    """What others wrote, such as the words of an error, may hold an address with a password."""
    return mask("", value) if isinstance(value, str | list | tuple | dict) else value


def _say(line: str) -> None:
    # A log that cannot be written, on a full disk or to a reader that has gone, ends nothing.
    with suppress(OSError):
        say(line)
