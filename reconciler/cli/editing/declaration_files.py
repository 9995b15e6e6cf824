"""Where one schedule is declared, and how its file is replaced: what `hold` and `drift` edit."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconciler.cli.session import Session
from reconciler.declare.document_kinds import Kind, classify
from reconciler.declare.findings import Finding
from reconciler.declare.jobs.job_files import JobFiles
from reconciler.declare.per_target import declare
from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.files import File, FileError, find_files, read_file
from reconciler.declare.reading.yaml_loader import parse
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.model import Schedule, Source
from reconciler.render.plain_text import printable


@dataclass(frozen=True, slots=True)
class Declared:
    """One declaration as it is written."""

    file: File
    data: bytes
    """Of the whole file."""
    source: Source
    document: Mapping[str, Any]
    targets: tuple[str, ...]
    """The targets that it lives in."""


def find_declared(session: Session, name: str, target: str | None) -> Declared:
    """The declaration of that name (or `target/name`); a usage error if there is not one."""
    from difflib import get_close_matches

    name, named = split_name(name, target)
    if "/" in name:  # of another target than the one that is asked about
        raise click.UsageError(f"{printable(name)} is not in the target {printable(target or '')}")
    target = named
    every = list(every_declared(session, name))
    found = [d for d in every if d.document["name"] == name]
    if target is not None:
        found = [d for d in found if target in d.targets]
    where = f" for the target {printable(target)}" if target is not None else ""
    if not found:
        close = get_close_matches(name, declared_names(session), 1)
        hint = f'; did you mean "{printable(close[0])}"?' if close and close[0] != name else ""
        raise click.UsageError(f'no schedule "{printable(name)}" is declared{where}{hint}')
    if len(found) > 1:
        places = " and ".join(printable(str(d.source)) for d in found)
        raise click.UsageError(f'"{printable(name)}" is declared at {places}; choose with --target')
    return found[0]


def split_name(name: str, target: str | None) -> tuple[str, str | None]:
    """`target/name` as a name and a target, if no other target is given."""
    prefix, slash, bare = name.partition("/")
    if slash and target in (None, prefix):
        return bare, prefix
    return name, target


def declared_names(session: Session) -> list[str]:
    """The name of every schedule that is declared, as far as its file can be read."""
    return sorted({str(declared.document["name"]) for declared in every_declared(session)})


def complete_declared(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of declared schedules, for the shell."""
    try:
        names = declared_names(Session(ctx.params.get("config")))
    except (ReconcilerError, click.ClickException):
        return []
    return [name for name in names if name.startswith(incomplete)]


name_argument = click.argument("name", shell_complete=complete_declared)


def every_declared(session: Session, name: str | None = None) -> Iterator[Declared]:
    """The declarations that can be read; with a `name`, only of files that may hold it."""
    config = session.config
    files, _ = find_files(config.schedules, config.folder, config.root, config.exclude)
    for file in files:
        with suppress(FileError):
            data = read_file(file, config.root)
            if name is not None and name.encode() not in data and b"\\" not in data:
                continue
            for document in parse(data)[0]:
                declared = document.data
                if document.data is None or classify(declared)[0] is not Kind.SCHEDULE:
                    continue
                if not isinstance(declared.get("name"), str):
                    continue
                targets = declared.get("targets")
                named = targets if isinstance(targets, list) else config.target_names
                source = Source(file.display, document.line, document.index)
                yield Declared(file, data, source, declared, tuple(map(str, named)))


def settings_of(session: Session, targets: Sequence[str]) -> list[TargetSettings]:
    """Those targets, as far as they can be used here: others need an environment."""
    found: list[TargetSettings] = []
    for name in targets:
        with suppress(ConfigError):
            found.append(session.config.target(name).settings)
    return found


def read_again(
    session: Session, declared: Declared, data: bytes, targets: Sequence[TargetSettings]
) -> tuple[dict[str, Schedule], list[Finding]]:
    """The schedule in each of `targets`, as it is with `data` in its file; and what is said."""
    document = parse(data)[0][declared.source.document]
    jobs = JobFiles(session.config.root, limits=session.config.code_limits)
    schedules, findings = declare(
        document.data,
        declared.source,
        targets,
        variables=True,
        job_of=lambda reference: jobs.find(declared.file, reference),
        now=session.now,
    )
    return {schedule.key.target: schedule for schedule in schedules}, findings


def refuse_errors(declared: Declared, findings: Sequence[Finding]) -> None:
    """ReconcilerError for the first error among them: the file stays as it is."""
    for finding in findings:
        if CODES[finding.code].severity == "error":
            raise ReconcilerError(
                f"{declared.source}: {finding.message} [{finding.code}]; the file is as it was",
                hint=finding.hint,
            )


def replace_file(declared: Declared, data: bytes, root: Path) -> None:
    """Put `data` in place of what was read, at once and whole; mode and owner stay."""
    try:
        unchanged = read_file(declared.file, root) == declared.data
    except FileError:  # it is gone, or leads elsewhere now
        unchanged = False
    if not unchanged:
        raise ReconcilerError(f"{declared.source.path} was changed meanwhile: try again")
    real = declared.file.real
    try:
        # One that is read-only could be replaced all the same: whoever made it so meant it.
        os.close(os.open(real, os.O_WRONLY))
        before = os.stat(real)
        descriptor, made = tempfile.mkstemp(dir=os.path.dirname(real), prefix=".", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.chmod(made, stat.S_IMODE(before.st_mode))
            with suppress(OSError, AttributeError):  # only root may give files away
                os.chown(made, before.st_uid, before.st_gid)
            os.replace(made, real)
        except BaseException:
            with suppress(OSError):
                os.unlink(made)
            raise
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise ReconcilerError(f"{declared.source.path} cannot be written: {reason}") from error
