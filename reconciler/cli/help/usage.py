"""Errors of usage: shown in one way, harmless, and with what may have been meant."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import IO, Any

import click

_MEANT = {
    "create": "apply",
    "delete": "hold",
    "deploy": "apply",
    "destroy": "hold",
    "diff": "plan",
    "disable": "schedules disable",
    "enable": "schedules enable",
    "lint": "validate",
    "list": "schedules list",
    "log": "runs logs",
    "logs": "runs logs",
    "ls": "schedules list",
    "pause": "suspend",
    "preview": "plan",
    "ps": "runs list",
    "rerun": "trigger",
    "restart": "trigger",
    "retry": "trigger",
    "start": "trigger",
    "sync": "apply",
    "test": "validate",
    "up": "apply",
}
"""What others call it."""


def unknown_command(name: str, known: Sequence[str], ctx: click.Context) -> click.UsageError:
    """The error for a command that there is not, with the nearest one."""
    close = get_close_matches(name, known, 1, 0.6)
    meant = _MEANT.get(name) or (close[0] if close else None)
    hint = f"; did you mean `reconciler {meant}`?" if meant else ""
    return click.UsageError(f'there is no command "{name}"{hint}', ctx)


def _message(error: click.ClickException) -> str:
    # click has an error of its own for this since 8.4 only.
    name, context = getattr(error, "command_name", None), getattr(error, "ctx", None)
    if isinstance(name, str) and isinstance(context, click.Context):
        return _unknown_below(name, context)
    return error.format_message()


def _unknown_below(name: str, ctx: click.Context) -> str:
    """Of a group such as `runs`. What ends something or takes it away is proposed to nobody who
    wanted another thing: `prune` is nearest to `rerun`.
    """
    group = ctx.command
    known = list(group.commands) if isinstance(group, click.Group) else []
    close = get_close_matches(name, known, 1, 0.75)
    path = " ".join(["reconciler", *ctx.command_path.split()[1:]])
    meant = f"{path} {close[0]}" if close else None
    if meant is None and name in _MEANT:
        meant = f"reconciler {_MEANT[name]}"
    hint = f"; did you mean `{meant}`?" if meant else ""
    return f'there is no command "{name}"{hint}'


@contextmanager
def shown_usage_errors() -> Iterator[None]:
    """Errors of click repeat arguments: what a terminal obeys in them is shown as text, and all of
    them read as every other error does.
    """
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        from reconciler.masking import mask_text
        from reconciler.render.plain_text import inert, printable

        lines = [inert(printable(line)) for line in mask_text(_message(error)).split("\n")]
        error.format_message = lambda: "\n".join(lines)  # type: ignore[method-assign]
        error.show = _shower(error)  # type: ignore[method-assign]
        raise


def _shower(error: click.ClickException) -> Callable[..., None]:
    def show(file: IO[Any] | None = None) -> None:
        from reconciler.cli.output import paint

        place = file or sys.stderr
        context = getattr(error, "ctx", None)
        colour = None
        if context is not None:
            colour = context.color
            help_for = f"`{context.command_path} --help` says more"
            click.echo(f"{context.get_usage()}\n{help_for}\n", file=place, color=colour)
        message = error.format_message()
        told = f"{paint('error:', 'error')} {message[:1].lower()}{message[1:]}"
        click.echo(told.removesuffix("."), file=place, color=colour)

    return show
