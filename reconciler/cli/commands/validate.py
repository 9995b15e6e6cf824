"""`reconciler validate`: every problem of every file, in one run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from reconciler.cli.output import out, paint, progress, say
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
from reconciler.declare.reading.local_git import ask_git
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.model import Problem
from reconciler.providers import offline_notes
from reconciler.render.plain_text import counted, printable
from reconciler.render.problems import FORMATS, render_problems

_REPORTS = ("gitlab", "sarif")
"""Formats that are files for a forge: whoever opens the job that failed reads its log."""


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@target_option
@config_option
@format_option(*FORMATS)
@click.option(
    "--changed-since",
    "since",
    metavar="REF",
    help="Only problems that were not there where this branch left REF, such as origin/main.",
)
def command(
    paths: tuple[str, ...],
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
    since: str | None,
) -> None:
    """Check every declaration; print every problem.

    PATHs are files or folders to check in place of those of the configuration; without a
    reconciler.yaml they are checked for no target in particular.
    """
    session = Session(config, no_color=no_color)
    try:
        if paths and config is None and find_config(working_folder()) is None:
            declarations = _without_config(session, paths)
        else:
            declarations = _read(session, target, paths)
    except ConfigError as error:
        if error.problems and form != "text":
            out(render_problems(error.problems, form))
        raise
    before = len(declarations.problems)
    if since is not None:
        if paths:
            raise click.UsageError("--changed-since is about all that the configuration names")
        declarations = replace(
            declarations, problems=brought(session, since, target, declarations.problems)
        )
    before -= len(declarations.problems)
    out(render_problems(declarations.problems, form, paint))
    if form in _REPORTS:
        say(render_problems(declarations.problems, "text", paint) + _summary(declarations))
    if form == "text":
        out(("\n" if declarations.problems else "") + _summary(declarations))
        if before:
            was = "problem that was" if before == 1 else "problems that were"
            out(f"{before:,} {was} there before {'is' if before == 1 else 'are'} not shown\n")
    if declarations.errors:
        click.get_current_context().exit(1)


def brought(
    session: Session, since: str, target: str | None, problems: Sequence[Problem]
) -> tuple[Problem, ...]:
    """Those of `problems` that the commit where this branch left `since` has not. Where they stand
    counts by file and key, not by line. ReconcilerError where Git does not say.
    """
    from reconciler.loop.checkouts.local import write_commit  # of no use without --changed-since

    config = session.config
    asked = ask_git(config.root, "merge-base", "--end-of-options", since, "HEAD")
    folder = ask_git(config.root, "rev-parse", "--absolute-git-dir")
    if asked.text is None or folder.text is None:
        raise ReconcilerError(
            f"where this branch left {printable(since)} is not known:"
            f" {printable(asked.refused or folder.refused or 'they have no commit in common')}",
            hint="a shallow clone does not know; `git fetch --unshallow` brings the rest",
        )
    inside = config.folder.relative_to(config.root).as_posix()
    with TemporaryDirectory() as name:
        place = Path(os.path.realpath(name))
        git = Path(folder.text.strip())
        root = write_commit(git, asked.text.strip(), inside, place, environment=os.environ)
        there = root / inside / session.config_path.name
        try:
            known = _read(Session(str(there)), target, ()).problems if there.exists() else ()
        except ConfigError:
            known = ()
    left = Counter(map(_mark, known))
    new = []
    for problem in problems:
        if left[_mark(problem)]:
            left[_mark(problem)] -= 1
        else:
            new.append(problem)
    return tuple(new)


def _mark(problem: Problem) -> tuple[str, ...]:
    return problem.code, problem.path, problem.json_path or "", problem.message


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
    says = {target.name: notes for target in targets if (notes := offline_notes(target))}
    if not says:
        return found
    from reconciler.reconcile import refusals  # with all that makes plans

    noted = (
        (schedule, says_of(schedule))
        for schedule in found.schedules
        if (says_of := says.get(schedule.key.target)) is not None
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
