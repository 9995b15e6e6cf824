"""`reconciler import`: live schedules, or files of other tools, as declarations."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from reconciler.cli.live_schedules import code_note
from reconciler.cli.output import out, say
from reconciler.cli.planning import make_plans, show_plans
from reconciler.cli.session import (
    Session,
    config_option,
    find_live,
    target_option,
    working_folder,
)
from reconciler.declare.jobs.job_files import REGISTERED
from reconciler.declare.reading.yaml_loader import parse
from reconciler.errors import ReconcilerError
from reconciler.importing import (
    Imported,
    import_document,
    import_schedule,
    import_v1,
    schedule_name,
)
from reconciler.masking import mask_text
from reconciler.model import LiveSchedule, Trigger
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.jobs.reading import file_steps
from reconciler.render.plain_text import counted, printable


@click.command("import")
@click.argument("given", nargs=-1, type=click.Path(), metavar="[NAME|FILE]...")
@click.option("--out", "folder", default="schedules", show_default=True, help="Where to write.")
@click.option("--job", help="What schedules of v1 files run: a job file, or azureml:NAME.")
@target_option
@config_option
def command(
    given: tuple[str, ...],
    folder: str,
    job: str | None,
    target: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Write a declaration for each live schedule of a target, or those that are named; then plan.

    What the repository declares already is left out. With FILEs, for each schedule in them instead:
    of the Azure ML CLI (v2), or `Schedule:` files of the retired v1. Nothing is written over. What
    looks like a credential is not written: a variable stands for it, to be set in reconciler.yaml,
    best from the environment.
    """
    session = Session(config, no_color=no_color)
    root = working_folder() / folder
    schema = _schema_path(session, root)
    names: list[str] = []
    files = tuple(one for one in given if _is_file(one))
    if files and len(files) < len(given):
        raise click.UsageError("give either names of live schedules, or files")
    if files:
        imported = [one for file in files for one in _from_file(file, job, schema, root)]
    else:
        live = _live(session, target, given)
        imported = [import_schedule(one.schedule, schema, fires, file_steps) for one, fires in live]
        names = [one.key.name for one, _ in live]
    written = _write(imported, root)
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


def _is_file(given: str) -> bool:
    """Whether an argument is a file: the name of a schedule has neither an end nor a folder."""
    return Path(given).suffix != "" or os.sep in given or (working_folder() / given).is_file()


def _live(
    session: Session, target: str | None, names: tuple[str, ...]
) -> list[tuple[LiveSchedule, Trigger | None]]:
    """What is live of `names`, or all; without what is declared already, or is of another kind.

    Each with its trigger as the target reads it.
    """
    one = session.one_target(target)
    provider = session.provider(one)
    chosen = [find_live(provider, name) for name in names] or provider.list()
    declared = {
        schedule.key.name: schedule.source
        for schedule in session.read([one]).schedules
        if schedule.key.target == one.name
    }
    known: list[tuple[LiveSchedule, Trigger | None]] = []
    for live in chosen:
        if mask_text(live.key.name) != live.key.name:
            say(f"{mask_text(str(live.key))}: not imported: its name looks like a credential")
            continue
        if live.key.name in declared:
            source = declared[live.key.name]
            where = f"{source.path}:{source.line}" if source is not None else "the repository"
            say(f"{live.key}: not imported: {printable(where)} declares it")
            continue
        if live.schedule.job.reference.startswith("("):
            kind = live.schedule.job.reference
            if kind != "(sent with the schedule)":
                say(f"{live.key}: not imported: {printable(kind)}")
                continue
        if (note := code_note(provider, live)) is not None:
            say(f"{live.key}: {printable(note)}")
        known.append((live, provider.firing_trigger(live.schedule)))
    return known


def _from_file(file: str, job: str | None, schema: str, root: Path) -> list[Imported]:
    path = working_folder() / file
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"{file}: cannot be read") from error
    documents, faults = parse(data)
    if faults:
        raise ReconcilerError(f"{file}:{faults[0].line}: {faults[0].message}")
    return [
        one
        for document in documents
        if isinstance(document.data, dict)
        for one in _from_document(document.data, file, job, schema, root)
    ]


def _from_document(
    document: dict[str, Any], file: str, job: str | None, schema: str, root: Path
) -> list[Imported]:
    if "Schedule" in document and "trigger" not in document:
        if job is None:
            raise ReconcilerError(
                f"{file}: a v1 schedule does not say what it runs",
                hint="name it with --job: a job file, or azureml:NAME",
            )
        if not isinstance(document["Schedule"], dict):
            raise ReconcilerError(f"{file}: Schedule is not a mapping")
        job = _rebased(job, working_folder(), root)
        return [import_v1(document, schedule_name(Path(file).stem), job, schema)]
    if isinstance(document.get("name"), str) and "trigger" in document:
        if mask_text(document["name"]) != document["name"]:
            raise ReconcilerError(f"{file}: the name of the schedule looks like a credential")
        return [import_document(_with_rebased_job(document, file, root), schema)]
    say(f"{file}: holds a document that is no schedule; left out")
    return []


def _with_rebased_job(document: dict[str, Any], file: str, root: Path) -> dict[str, Any]:
    """The document with the path of its job file as it is from the folder it is written to."""
    folder = (working_folder() / file).parent
    job = document.get("create_job")
    if isinstance(job, str):
        return document | {"create_job": _rebased(job, folder, root)}
    if isinstance(job, dict) and isinstance(job.get("job"), str):
        return document | {"create_job": job | {"job": _rebased(job["job"], folder, root)}}
    return document


def _rebased(reference: str, folder: Path, root: Path) -> str:
    """A path relative to `folder`, relative to `root`; a registered job stays as it is."""
    if reference.startswith(REGISTERED):
        return reference
    path = os.path.relpath(folder / reference, root).replace(os.sep, "/")
    return path if path.startswith("..") else f"./{path}"


def _write(imported: list[Imported], root: Path) -> list[Path]:
    """Write all files, or none if one is there already."""
    texts: dict[Path, str] = {}
    for one in imported:
        for name, text in one.files.items():
            path = root / name
            if path in texts or path.exists():
                raise ReconcilerError(f"{path} exists already", hint="--out names another folder")
            texts[path] = text
    made: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(path, text.encode("utf-8"))
            made.append(path)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise ReconcilerError(f"{error.filename2 or error.filename}: {reason}") from error
    finally:
        if len(made) < len(texts):
            for path in made:
                path.unlink(missing_ok=True)
    return sorted(texts)


def _write_new(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all; FileExistsError where one came meanwhile."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.chmod(temporary, 0o666 & ~_umask())
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if path.exists():
                raise
            os.rename(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _schema_path(session: Session, root: Path) -> str:
    schema = session.config.folder / "schemas" / "schedule.schema.json"
    return os.path.relpath(schema, root).replace(os.sep, "/")


def _is_searched(session: Session, root: Path) -> bool:
    """Whether the configuration reads what was written."""
    folder = session.config.folder
    return any(
        (folder / pattern).resolve() in (root.resolve(), *root.resolve().parents)
        for pattern in session.config.schedules
    )
