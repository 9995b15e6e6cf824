"""`reconciler pipelines`: what is published in an embedded workspace."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli.live_schedules import yaml_text
from reconciler.cli.output import out, paint
from reconciler.cli.running.target_pipelines import pipelines_of
from reconciler.cli.session import (
    Session,
    config_option,
    format_option,
    target_option,
    working_folder,
)
from reconciler.declare.jobs.job_files import JobFiles
from reconciler.declare.reading.files import File, display_path
from reconciler.errors import DeclarationError, ReconcilerError
from reconciler.model import Problem
from reconciler.providers.local import LocalProvider
from reconciler.providers.local_jobs import publication
from reconciler.render.documents import FORMAT_VERSION, dumps, mask_document
from reconciler.render.plain_text import counted, printable, table
from reconciler.workspace.store.code import code_files
from reconciler.workspace.store.schedules import PipelineRow, VersionRow

_FILES = 20
"""So many files of code are listed for people."""


@click.group()
def command() -> None:
    """List, show, publish, disable and enable pipelines."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Disabled pipelines, too.")
@target_option
@config_option
@format_option("text", "json")
def list_pipelines(
    everything: bool, target: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """List published pipelines: those that are enabled, or --all.

    On Temporal: those that live schedules carry.
    """
    session = Session(config, no_color=no_color)
    rows = pipelines_of(session, session.one_target(target))
    shown = [row for row in rows if everything or row.enabled]
    if form == "json":
        listed = [_document(row) for row in shown]
        out(dumps({"format_version": FORMAT_VERSION, "pipelines": listed}))
        return
    header = ("PIPELINE", "ENABLED", "VERSION", "VERSIONS", "SCHEDULES", "PUBLISHED FROM")
    cells = [
        (
            row.name,
            "yes" if row.enabled else "no",
            row.version,
            str(row.versions),
            str(row.schedules),
            row.path,
        )
        for row in shown
    ]
    out(table(header, cells, paint))
    hidden = len(rows) - len(shown)
    if hidden:
        out(f"{hidden} disabled, shown with --all\n")


@command.command("show")
@click.argument("name")
@target_option
@config_option
@format_option("text", "json")
def show_pipeline(
    name: str, target: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """Show a pipeline: its versions, and its newest job file."""
    session = Session(config, no_color=no_color)
    provider = session.local(session.one_target(target))
    row = _find(provider, name)
    versions = _versions(provider, name)
    with provider.errors(None, f"read the code of {name}"):
        files = code_files(provider.store.code.of(row.name, row.version).values())
    if form == "json":
        document = _document(row) | {
            "job": mask_document(row.document),
            "files": [
                {"path": path, "size": file.size, "sha256": file.digest} for path, file in files
            ],
            "history": [_version(version) for version in versions],
        }
        out(dumps({"format_version": FORMAT_VERSION, **document}))
        return
    state = "enabled" if row.enabled else "disabled"
    out(f"# {printable(row.name)}: {state}, {_used(row.schedules)}\n")
    for version in versions:
        who = f" by {printable(version.published_by)}" if version.published_by else ""
        when = f"{version.published_at:%Y-%m-%d %H:%M:%S} UTC"
        out(f"# {version.version}  {when}{who}  {printable(version.path)}\n")
    if files:
        size = sum(file.size for _, file in files)
        out(f"# code: {counted(len(files), 'file')}, {counted(size, 'byte')}\n")
    for path, _ in files[:_FILES]:
        out(f"#   {printable(path)}\n")
    if len(files) > _FILES:
        out(f"#   and {len(files) - _FILES:,} more; --format json lists all\n")
    out(yaml_text(mask_document(row.document)))


def _used(schedules: int) -> str:
    return f"{counted(schedules, 'enabled schedule')} {'runs' if schedules == 1 else 'run'} it"


@command.command("publish")
@click.argument("file", type=click.Path())
@target_option
@config_option
def publish_pipeline(file: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Publish a pipeline or command job file, under a version made from its content."""
    session = Session(config, no_color=no_color)
    provider = session.local(session.one_target(target))
    path = os.path.normpath(working_folder() / file)
    root = session.config.root
    jobs = JobFiles(root, limits=session.config.code_limits)
    here = File(path, display_path(path, root) if "\0" not in path else "?", path)
    job, finding = jobs.find(here, os.path.basename(path) or ".")
    problems = list(jobs.problems())
    if finding is not None:
        problems.append(
            Problem(finding.code, "error", here.display, finding.message, hint=finding.hint)
        )
    if job is None or any(problem.severity == "error" for problem in problems):
        raise DeclarationError(problems)
    new = publication(job.definition)
    with provider.errors(None, "publish"):
        published = provider.store.publish(new, session.now)
    what = "published" if published else "was published before, and is the newest:"
    out(f"{what} {printable(new.name)}:{new.version}\n")


@command.command("disable")
@click.argument("name")
@target_option
@config_option
def disable_pipeline(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Keep a pipeline from being run; refused while an enabled schedule runs it."""
    _switch(Session(config, no_color=no_color), target, name, False)


@command.command("enable")
@click.argument("name")
@target_option
@config_option
def enable_pipeline(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Let a pipeline be run again."""
    _switch(Session(config, no_color=no_color), target, name, True)


def _switch(session: Session, target: str | None, name: str, enabled: bool) -> None:
    provider = session.local(session.one_target(target))
    _find(provider, name)
    word = "enable" if enabled else "disable"
    with provider.errors(None, f"{word} the pipeline {name}"):
        provider.store.set_pipeline_enabled(name, enabled)
    out(f"{word}d {printable(name)}\n")


def _pipelines(provider: LocalProvider) -> list[PipelineRow]:
    with provider.errors(None, "list pipelines"):
        return provider.store.pipelines()


def _versions(provider: LocalProvider, name: str) -> list[VersionRow]:
    with provider.errors(None, "list versions"):
        return provider.store.versions(name)


def _find(provider: LocalProvider, name: str) -> PipelineRow:
    rows = {row.name: row for row in _pipelines(provider)}
    if name not in rows:
        from reconciler.declare.checking.lint import nearest

        raise ReconcilerError(
            f'no pipeline "{name}" is published in {provider.name}', hint=nearest(name, list(rows))
        )
    return rows[name]


def _document(row: PipelineRow) -> dict[str, object]:
    return {
        "name": row.name,
        "enabled": row.enabled,
        "version": row.version,
        "versions": row.versions,
        "enabled_schedules": row.schedules,
        "display_name": row.document.get("display_name"),
        "description": row.document.get("description"),
        "path": Path(row.path).as_posix(),
        "published_at": row.published_at.isoformat(),
        "published_by": row.published_by,
    }


def _version(row: VersionRow) -> dict[str, object]:
    return {
        "version": row.version,
        "digest": row.digest,
        "path": row.path,
        "published_at": row.published_at.isoformat(),
        "published_by": row.published_by,
    }
