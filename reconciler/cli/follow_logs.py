"""What the steps of a run print, shown as it comes."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from pathlib import Path

from reconciler.cli.output import out, paint
from reconciler.cli.workspace_target import Workspace
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import inert, printable
from reconciler.workspace.execution.runner import log_path


class StepLogs:
    """What the steps of a run have printed, as far as it was shown."""

    def __init__(
        self, workspace: Workspace, run: str, only: str | None, *, raw: bool = False
    ) -> None:
        """`raw`: byte for byte, with what a terminal or a CI runner obeys."""
        self._raw = raw
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._workspace = workspace
        self._run = run
        self._only = only
        self._last = ""
        self.shown: dict[str, int] = {}

    def print_new(self, *, must_be: bool) -> None:
        """Print what came since the last time, with a heading where another step goes on.
        `must_be`: the step that was asked for has to be there.
        """
        with self._workspace.errors():
            steps = [step.name for step in self._workspace.runs.steps(self._run)]
        if must_be and self._only is not None and self._only not in steps:
            raise ReconcilerError(
                f'the run has no step "{self._only}"', hint=", ".join(steps) or None
            )
        for name in steps:
            path = log_path(self._workspace.folder_of(self._run), name)
            if self._only not in (None, name):
                continue
            try:
                self._print_step(name, path, len(steps) > 1 and self._only is None)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ReconcilerError(
                    f'the log of step "{printable(name)}" cannot be read: {error.strerror}'
                ) from error

    def _print_step(self, name: str, path: Path, headed: bool) -> None:
        with open(path, "rb", opener=_plain_file) as log:
            log.seek(self.shown.get(name, 0))
            while chunk := log.read(1 << 20):
                if headed and name != self._last:
                    out(paint(f"== {printable(name)} ==", "heading") + "\n")
                self._last = name
                if self._raw:
                    sys.stdout.flush()
                    _write(chunk)
                else:
                    out(self._text(name, chunk))
            self.shown[name] = log.tell()

    def _text(self, name: str, chunk: bytes) -> str:
        """What came, as text; a character may come in two pieces."""
        if name not in self._decoders:
            self._decoders[name] = codecs.getincrementaldecoder("utf-8")("replace")
        return harmless(self._decoders[name].decode(chunk))


def harmless(text: str) -> str:
    """Lines of somebody's output in which nothing is obeyed by a terminal or a CI runner."""
    return "\n".join(
        inert("\t".join(printable(part) for part in line.removesuffix("\r").split("\t")))
        for line in text.split("\n")
    )


def _plain_file(path: str, flags: int) -> int:
    """Open a file and nothing else: a step can put a link or a pipe where its log was."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file")


def _write(chunk: bytes) -> None:
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(chunk.decode("utf-8", "replace"))
    else:
        stream.write(chunk)
        stream.flush()
