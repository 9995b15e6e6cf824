"""What commands print with: colour, errors, progress."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from reconciler.errors import ConfigError, DeclarationError, ReconcilerError, StalePlan, UnsafePlan
from reconciler.masking import mask_text
from reconciler.render.plain_text import Paint, printable
from reconciler.render.problems import render_problems
from reconciler.render.text.staleness import render_mismatches

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_COLOURS: dict[str, dict[str, Any]] = {
    "create": {"fg": "green"},
    "update": {"fg": "yellow"},
    "disable": {"fg": "red"},
    "skip": {"fg": "magenta"},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "hint": {"fg": "cyan"},
    "heading": {"bold": True},
}
PATIENCE = 1.0
"""Seconds after which a person is told what takes so long."""
T = TypeVar("T")


class _Terminal:
    """How text is shown where standard output leads: in colours, and within so many columns."""

    def __call__(self, text: str, role: str) -> str:
        """`text` in the colour of its role; click takes it out where the output is no terminal."""
        return click.style(text, **_COLOURS.get(role, {}))

    @property
    def columns(self) -> int | None:
        """Of the terminal that results are shown on; None where there is none: nothing is cut."""
        return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None


paint = _Terminal()


def use_colour(no_color: bool) -> None:
    """Turn colour off for this command: --no-color, or NO_COLOR set to anything."""
    if no_color or os.environ.get("NO_COLOR"):
        context = click.get_current_context(silent=True)
        if context is not None:  # there is none while a shell completes names
            context.find_root().color = context.color = False


def out(text: str) -> None:
    """Results, on standard output."""
    if text:
        try:
            click.echo(text, nl=False)
        except BrokenPipeError:
            raise  # whoever read it has what they wanted
        except OSError as error:
            raise ReconcilerError(f"the output cannot be written: {error.strerror}") from error


def say(text: str) -> None:
    """What happens meanwhile, on standard error."""
    click.echo(text, err=True)


def show_error(error: ReconcilerError) -> None:
    """An error on standard error: its problems if it has any, its message, its hint."""
    if isinstance(error, DeclarationError | ConfigError) and error.problems:
        click.echo(render_problems(error.problems, "text", paint), err=True)
    if isinstance(error, StalePlan):
        click.echo(render_mismatches(error.mismatches, paint), nl=False, err=True)
    if isinstance(error, UnsafePlan):
        for reason in error.reasons:
            say(f"{paint('refused:', 'error')} {printable(mask_text(reason))}")
        return
    if not isinstance(error, StalePlan):
        say(f"{paint('error:', 'error')} {printable(mask_text(error.message))}")
    if error.hint:
        say(f"  {paint('hint:', 'hint')} {printable(mask_text(error.hint))}")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at it; a stream that was closed before we started is None."""
    return stream is not None and stream.isatty()


def progress(items: Iterable[T], length: int, label: str) -> Iterable[T]:
    """`items`, with a bar on standard error where they take over PATIENCE and a person looks on."""
    return _with_bar(items, length, label) if is_terminal(sys.stderr) else items


def _with_bar(items: Iterable[T], length: int, label: str) -> Iterator[T]:
    shown_from = time.monotonic() + PATIENCE
    with ExitStack() as stack:
        move: Callable[[int], None] | None = None
        for done, item in enumerate(items):
            if move is None and time.monotonic() >= shown_from:
                move = stack.enter_context(_bar(label, length))
            if move is not None:
                move(done)
            yield item


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar that is gone afterwards; what it gives moves it to so many of `length`."""
    # Most commands are done before they would need it, and it takes its time to import.
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

    with _display(_no_colour(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as shown:
        task = shown.add_task(label, total=length)
        yield lambda done: shown.update(task, completed=done)


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Say on standard error what is waited for, where it takes over PATIENCE and a person looks
    on. Nothing is asked meanwhile.
    """
    if not is_terminal(sys.stderr):
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_spin, args=(label, over, _no_colour()), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()  # what is printed next finds an empty line


def _spin(label: str, over: threading.Event, no_colour: bool) -> None:
    if over.wait(PATIENCE):
        return
    from rich.progress import SpinnerColumn

    with _display(no_colour, SpinnerColumn()) as shown:
        shown.add_task(label, total=None)
        over.wait()


def _no_colour() -> bool:
    """Whether this command was told so; click keeps that for the thread that runs it."""
    context = click.get_current_context(silent=True)
    return context is not None and context.color is False


def _display(no_colour: bool, *columns: ProgressColumn) -> Progress:
    """A label and columns, in the last line of standard error until it is closed."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        *columns,
        console=Console(stderr=True, no_color=no_colour or None),
        transient=True,
        redirect_stdout=False,  # results stay where they are wanted
    )


_UPDATE_SECONDS = 0.1
"""Between two looks at the same folder."""
_SLOW_SECONDS = 20.0
"""After so long somebody wants to know what is waited for."""


class SlowAnswers:
    """Hears of calls to targets, from many threads; says of which no answer has come for long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._call = threading.local()
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, target: str, what: str) -> None:
        """`what`: the method of a call that begins; `retry`: it is made again."""
        now = self._clock()
        if what not in ("retry", "throttled"):
            self._call.began = now
            return
        waited = now - getattr(self._call, "began", now)
        with self._lock:
            if waited < _SLOW_SECONDS or now - self._said.get(target, -1e9) < _SLOW_SECONDS:
                return
            self._said[target] = now
        say(f"{printable(target)}: no answer for {waited:.0f} s; it is asked again")


_MEGA = 1 << 20


class UploadProgress:
    """Hears of uploads, of several folders at once. Used by many threads."""

    def __init__(
        self, *, live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`live`: a person looks on; None: if standard error is a terminal."""
        self._live = is_terminal(sys.stderr) if live is None else live
        self._clock = clock
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, path: str, done: int, size: int) -> None:
        """So many bytes of the folder at `path` are there."""
        with self._lock:
            now = self._clock()
            if done < size:
                if self._live and now - self._said.get(path, -1.0) >= _UPDATE_SECONDS:
                    self._said[path] = now
                    self._rewrite(f"uploading {printable(path)}: {_of(done, size)}")
            elif self._said.get(path) != float("inf"):
                self._said[path] = float("inf")  # a last block may be told of twice
                end = f"uploaded {printable(path)}: {_of(size, size)}"
                if self._live:
                    self._rewrite(f"{end}\n")
                else:
                    say(end)

    def _rewrite(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _of(done: int, size: int) -> str:
    whole = f"{size / _MEGA:,.1f} MB" if size >= _MEGA else f"{max(size / 1024, 0.1):,.1f} kB"
    return whole if done == size else f"{100 * done // size}% of {whole}"


__all__ = [
    "Paint",
    "UploadProgress",
    "is_terminal",
    "out",
    "paint",
    "progress",
    "say",
    "show_error",
    "use_colour",
    "waiting",
]
