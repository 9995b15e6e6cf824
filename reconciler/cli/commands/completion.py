"""`reconciler completion SHELL`: the script that makes a shell complete commands and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reconciler.cli.output import out


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print a shell's completion script.

    For bash: eval "$(reconciler completion bash)"
    """
    from reconciler.cli import main_group

    made = get_completion_class(shell)
    assert made is not None
    out(made(main_group, {}, "reconciler", "_RECONCILER_COMPLETE").source() + "\n")
