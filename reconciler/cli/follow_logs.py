"""What the steps of a run print, shown as it comes."""

from __future__ import annotations

import sys
from pathlib import Path

from reconciler.cli.output import out, paint
from reconciler.cli.workspace_target import Workspace
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import printable
from reconciler.workspace.execution.runner import log_path


class StepLogs:
    """What the steps of a run have printed, as far as it was shown."""

    def __init__(self, workspace: Workspace, run: str, only: str | None) -> None:
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
            if self._only in (None, name) and path.exists():
                self._print_step(name, path, len(steps) > 1 and self._only is None)

    def _print_step(self, name: str, path: Path, headed: bool) -> None:
        with path.open("rb") as log:
            log.seek(self.shown.get(name, 0))
            while chunk := log.read(1 << 20):
                if headed and name != self._last:
                    out(paint(f"== {printable(name)} ==", "heading") + "\n")
                self._last = name
                # As it is: it may be anything, and may be wanted byte for byte.
                sys.stdout.flush()
                _write(chunk)
            self.shown[name] = log.tell()


def _write(chunk: bytes) -> None:
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(chunk.decode("utf-8", "replace"))
    else:
        stream.write(chunk)
        stream.flush()
