"""What the steps of a run print, shown as it comes."""

from __future__ import annotations

import codecs
import sys

from reconciler.cli.output import out, paint
from reconciler.cli.running.target_runs import TargetRuns
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import inert, printable


class StepLogs:
    """What the steps of a run have printed, as far as it was shown."""

    def __init__(self, runs: TargetRuns, run: str, only: str | None, *, raw: bool = False) -> None:
        """`raw`: byte for byte, with what a terminal or a CI runner obeys."""
        self._raw = raw
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._runs = runs
        self._run = run
        self._only = only
        self._last = ""
        self.shown: dict[str, int] = {}

    def print_new(self, *, must_be: bool) -> None:
        """Print what came since the last time, with a heading where another step goes on.
        `must_be`: the step that was asked for has to be there.
        """
        rows = self._runs.steps(self._run)
        steps = [step.name for step in rows]
        if must_be and self._only is not None and self._only not in steps:
            raise ReconcilerError(
                f'the run has no step "{self._only}"', hint=", ".join(steps) or None
            )
        # What starts from now on comes the next time: what it waited for has printed all by then.
        for name in [step.name for step in rows if step.status != "NotStarted"]:
            if self._only in (None, name):
                self._print_step(name, len(steps) > 1 and self._only is None)

    def _print_step(self, name: str, headed: bool) -> None:
        for chunk, after in self._runs.log(self._run, name, self.shown.get(name, 0)):
            if headed and name != self._last:
                out(paint(f"== {printable(name)} ==", "heading") + "\n")
            self._last = name
            if self._raw:
                sys.stdout.flush()
                _write(chunk)
            else:
                out(self._text(name, chunk))
            self.shown[name] = after

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


def _write(chunk: bytes) -> None:
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(chunk.decode("utf-8", "replace"))
    else:
        stream.write(chunk)
        stream.flush()
