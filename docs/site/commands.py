"""The command line -> a page of every command: usage, options, an example of each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from reconciler.cli import COMMANDS, main_group
from reconciler.cli.help.examples import EXAMPLES, lines_of


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name, in the order of `--help`."""
    root = click.Context(main_group, info_name="reconciler", **main_group.context_settings)
    for name in COMMANDS:
        found = main_group.get_command(root, name) if isinstance(main_group, click.Group) else None
        assert found is not None, name
        yield from _below(name, found)


def _below(name: str, found: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, found
    if isinstance(found, click.Group):
        for key, below in found.commands.items():
            yield from _below(f"{name} {key}", below)


def commands_page() -> str:
    """The page."""
    lines = ["# Commands", "", _ABOUT, ""]
    for name, found in commands():
        lines += [f"## {name}", "", *_help(found), *_usage(name, found), *_options(found)]
        if name in EXAMPLES:
            lines += ["```console", *(f"$ {line}" for line in lines_of(name)), "```", ""]
    return "\n".join(lines)


_ABOUT = "`reconciler COMMAND --help` says the same. [Exit codes](exits.md)."


def _help(found: click.Command) -> list[str]:
    text = inspect.cleandoc(found.help or "").replace("\b\n", "").replace("\f", "")
    return [_plain(text), ""] if text else []


def _usage(name: str, found: click.Command) -> list[str]:
    # A command keeps the names of its `--help` from the first context that asks for them.
    context = click.Context(found, info_name=name, **main_group.context_settings)
    usage = " ".join(["reconciler", name, *found.collect_usage_pieces(context)])
    return ["```text", usage, "```", ""]


def _options(found: click.Command) -> list[str]:
    options = [one for one in found.params if isinstance(one, click.Option)]
    rows = [_option(one) for one in options if not one.hidden]
    return ["| option | default | |", "|---|---|---|", *rows, ""] if rows else []


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{one}`" for one in (*option.opts, *option.secondary_opts))
    if not option.is_flag and not option.count:
        kind = option.type
        value = "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else ""
        names += f" `{option.metavar or value or kind.name.upper()}`".replace("|", "\\|")
    default = option.default
    shown = "" if default is None or callable(default) or repr(default) in _NONE else f"`{default}`"
    if "UNSET" in repr(default).upper():
        shown = ""
    return f"| {names} | {shown} | {_plain(option.help or '')} |"


_NONE = {"False", "()", "''", "None"}


def _plain(text: str) -> str:
    """Help texts are plain text: what Markdown would take for a tag or a cell is escaped."""
    return text.replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*")
