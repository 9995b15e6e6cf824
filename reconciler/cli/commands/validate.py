"""`reconciler validate`: every problem of every file, in one run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.output import out, paint, progress
from reconciler.cli.session import (
    Session,
    config_option,
    format_option,
    target_option,
    working_folder,
)
from reconciler.config import Target, find_config
from reconciler.declarations import declarations_of
from reconciler.declare.reading.files import repository_root
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.providers import offline_notes
from reconciler.reconcile import refusals
from reconciler.render.plain_text import counted
from reconciler.render.problems import FORMATS, render_problems


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@target_option
@config_option
@format_option(*FORMATS)
def command(
    paths: tuple[str, ...], target: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """Check every declaration; print every problem.

    PATHs are files or folders to check in place of those of the configuration; without a
    reconciler.yaml they are checked for no target in particular.
    """
    session = Session(config, no_color=no_color)
    if paths and config is None and find_config(working_folder()) is None:
        declarations = _without_config(session, paths)
    else:
        declarations = _read(session, target, paths)
    out(render_problems(declarations.problems, form, paint))
    if form == "text":
        out(("\n" if declarations.problems else "") + _summary(declarations))
    if declarations.errors:
        click.get_current_context().exit(1)


def _read(session: Session, target: str | None, paths: tuple[str, ...]) -> Declarations:
    configured = session.config
    chosen = target or ("all" if "all" not in configured.target_names else None)
    # Without what a target is opened with: forks and laptops validate too.
    targets = session.targets(chosen, to_open=False)
    if not paths:
        return _asked(session.read(targets), targets, configured.root)
    folder = working_folder().resolve()
    found = declarations_of(
        configured,
        targets,
        now=session.now,
        patterns=[os.path.relpath(folder / path, configured.folder) for path in paths],
    )
    return _asked(found, targets, configured.root)


def _asked(found: Declarations, targets: Sequence[Target], root: Path) -> Declarations:
    """With what the targets refuse that can say so without being asked."""
    says = {target.name: offline_notes(target) for target in targets}
    noted = (
        (schedule, says_of(schedule))
        for schedule in found.schedules
        if (says_of := says[schedule.key.target]) is not None
    )
    problems = [*found.problems, *refusals(noted, root)]
    return replace(found, problems=tuple(sorted(problems, key=lambda problem: problem.order)))


def _without_config(session: Session, paths: tuple[str, ...]) -> Declarations:
    folder = working_folder().resolve()
    real = [Path(os.path.realpath(folder / path)) for path in paths if "\0" not in path]
    starts = [p if p.is_dir() else p.parent for p in real] or [folder]
    # The paths themselves are asked for; what they lead to has to stay with them.
    root = Path(os.path.commonpath([repository_root(start) for start in starts]))
    return read_declarations(
        list(paths),
        base=folder,
        root=root,
        targets=[TargetSettings("")],
        known_targets=(),
        now=session.now,
        progress=lambda files, length: progress(files, length, "reading"),
    )


def _summary(declarations: Declarations) -> str:
    what = [counted(declarations.declared, "schedule")]
    if declarations.jobs:
        what.append(counted(declarations.jobs, "job file"))
    if declarations.components:
        what.append(counted(declarations.components, "component file"))
    errors = declarations.errors
    warnings = len(declarations.problems) - errors
    found = [counted(errors, "error")] if errors else []
    found += [counted(warnings, "warning")] if warnings else []
    read = f"{', '.join(what)} in {counted(declarations.files, 'file')}"
    return f"{read}: {' and '.join(found) or 'no problems'}\n"
