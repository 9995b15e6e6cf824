"""What commands print with: colour, errors, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO, TypeVar

import click

from reconciler.errors import ConfigError, DeclarationError, ReconcilerError, StalePlan, UnsafePlan
from reconciler.masking import mask_text
from reconciler.render.plain_text import Paint, printable
from reconciler.render.problems import render_problems
from reconciler.render.text.staleness import render_mismatches

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
_LONG = 500
T = TypeVar("T")


def paint(text: str, role: str) -> str:
    """`text` in the colour of its role; click takes it out where the output is no terminal."""
    return click.style(text, **_COLOURS.get(role, {}))


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
    """`items`, with a bar on standard error when there are many and a person looks on."""
    if length < _LONG or not is_terminal(sys.stderr):
        return items

    def shown() -> Iterable[T]:
        with click.progressbar(
            items, length=length, label=label, file=sys.stderr, update_min_steps=50
        ) as bar:
            yield from bar

    return shown()


__all__ = ["Paint", "is_terminal", "out", "paint", "progress", "say", "show_error", "use_colour"]
