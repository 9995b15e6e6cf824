"""`reconciler import`: live schedules, or files of other tools, as declarations."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from reconciler.cli.imports.live import import_live
from reconciler.cli.imports.other_files import from_file
from reconciler.cli.imports.writing import write_all
from reconciler.cli.output import is_terminal, out, say
from reconciler.cli.planning import make_plans, show_plans
from reconciler.cli.session import Session, config_option, target_option, working_folder
from reconciler.errors import ReconcilerError
from reconciler.importing import Imported
from reconciler.masking import mask_text
from reconciler.plan.options import PlanOptions
from reconciler.providers.capabilities import BringHome
from reconciler.render.plain_text import counted, printable


@click.command("import")
@click.argument("given", nargs=-1, type=click.Path(), metavar="[NAME|FILE]...")
@click.option("--out", "folder", default="schedules", show_default=True, help="Where to write.")
@click.option("--job", help="What schedules of v1 files run: a job file, or azureml:NAME.")
@click.option(
    "--code",
    is_flag=True,
    help="Also components, environments and code that have no name in the target.",
)
@target_option
@config_option
def command(
    given: tuple[str, ...],
    folder: str,
    job: str | None,
    code: bool,
    target: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Write a declaration for each live schedule of a target, or those that are named; then plan.

    What the repository declares already is left out. With FILEs, for each schedule in them instead:
    of the Azure ML CLI (v2), or `Schedule:` files of the retired v1. Nothing is written over. What
    looks like a credential is not written: a variable stands for it, to be set in reconciler.yaml,
    best from the environment. What files cannot say whole is not written: it is named, with why,
    and left as it is.
    """
    session = Session(config, no_color=no_color)
    root = working_folder() / folder
    schema = _schema_path(session, root)
    names: list[str] = []
    imported: list[Imported] = []
    refused = 0
    files = tuple(one for one in given if _is_file(one))
    if files and len(files) < len(given):
        raise click.UsageError("give either names of live schedules, or files")
    if files:
        for file in files:
            found, left_out = from_file(file, job, schema, root, session.config.root)
            imported += found
            refused += left_out
        if not imported and not refused:
            raise ReconcilerError(
                "there is no schedule to import",
                hint="files are read of the Azure ML CLI (v2), and `Schedule:` files of v1",
            )
    else:
        chosen = session.one_target(target)
        home = _home(session, root) if code else None
        imported = import_live(session, chosen, given, schema, home)
        names = [one.name for one in imported]
    written = write_all(imported, root)
    for path in written:
        out(f"wrote {os.path.relpath(path, working_folder())}\n")
    for one in imported:
        for note in one.notes:
            say(f"{printable(one.name)}: {printable(mask_text(note))}")
    out(f"{counted(len(imported), 'schedule')}\n")
    if any(one.variables for one in imported):
        say("set the variables in reconciler.yaml, then: reconciler plan")
    elif names and _is_searched(session, root):
        out("\n")
        plans = make_plans(session, target, PlanOptions(tuple(names), ignore_limits=True))
        show_plans([plan for plan, _ in plans], "text")
    if refused:
        raise ReconcilerError(f"{counted(refused, 'schedule')} not imported")


def _is_file(given: str) -> bool:
    """Whether an argument is a file: the name of a schedule has neither an end nor a folder."""
    return Path(given).suffix != "" or os.sep in given or os.path.isfile(working_folder() / given)


def _schema_path(session: Session, root: Path) -> str:
    schema = session.config.folder / "schemas" / "schedule.schema.json"
    return os.path.relpath(schema, root).replace(os.sep, "/")


def _home(session: Session, root: Path) -> BringHome:
    """Where components and code go: beside the folder of declarations, if that is in one."""
    below = session.config.folder.resolve() in root.resolve().parents
    return BringHome(
        prefix="../" if below else "",
        is_searched=_is_searched(session, root.parent if below else root),
        limits=session.config.code_limits,
        on_download=_on_download,
    )


def _on_download(path: str, done: int, whole: int) -> None:
    if is_terminal(sys.stderr):
        say(f"read {printable(path)}: {done:,} of {whole:,} bytes")


def _is_searched(session: Session, root: Path) -> bool:
    """Whether the configuration reads what was written."""
    folder = session.config.folder
    return any(
        (folder / pattern).resolve() in (root.resolve(), *root.resolve().parents)
        for pattern in session.config.schedules
    )
