"""`reconciler backup`: a copy of an embedded workspace, while it runs."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.output import out
from reconciler.cli.session import Session, config_option, target_option
from reconciler.cli.workspace_target import Workspace
from reconciler.render.plain_text import printable
from reconciler.workspace.store.backup import back_up


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@target_option
@config_option
def command(file: Path, target: str | None, config: str | None, no_color: bool) -> None:
    """Copy the embedded workspace of a target to FILE, as it is at one moment.

    `serve` and others may go on meanwhile. To restore, end `serve` and put the copy in place of
    the workspace's file. Folders beside it are not copied: the code of its jobs, which it needs, in
    NAME-code and NAME-uploads, and the logs and outputs of runs.
    """
    session = Session(config, no_color=no_color)
    workspace = Workspace(session, session.one_target(target))
    with workspace.errors():
        back_up(workspace.path, Path.cwd() / file, workspace.readable_by)
    out(f"wrote {printable(str(file))}\n")
