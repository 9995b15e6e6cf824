"""`reconciler runs`: what ran, what it printed, ending it, forgetting it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from reconciler.cli.output import out, paint
from reconciler.cli.running.follow import OPEN, find_run, show_logs
from reconciler.cli.running.follow_logs import StepLogs
from reconciler.cli.running.target_runs import TargetRuns, runs_of
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.errors import ReconcilerError
from reconciler.masking import mask
from reconciler.render.documents import FORMAT_VERSION, dumps, mask_document
from reconciler.render.plain_text import printable, table, value
from reconciler.workspace.store.records import RunRow, StepRow


def _complete_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of runs, for the shell."""
    try:
        names = [row.name for row in _runs(ctx.params.get("config"), None).newest(limit=200)]
    except (ReconcilerError, click.ClickException):
        return []
    return [name for name in names if name.startswith(incomplete)]


run_argument = click.argument("name", shell_complete=_complete_runs)


def _runs(config: str | None, target: str | None, no_color: bool = False) -> TargetRuns:
    session = Session(config, no_color=no_color)
    return runs_of(session, session.one_target(target))


@click.group()
def command() -> None:
    """List, show, follow, cancel and prune runs."""


@command.command("list")
@click.option("--schedule", help="Runs of this schedule.")
@click.option(
    "--status",
    type=click.Choice(
        ("NotStarted", "Running", "Completed", "Failed", "Canceled"), case_sensitive=False
    ),
    help="Runs with this status.",
)
@click.option("--experiment", help="Runs of this experiment.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most.")
@target_option
@config_option
@format_option("text", "json")
def list_runs(
    schedule: str | None,
    status: str | None,
    experiment: str | None,
    limit: int,
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
) -> None:
    """List runs, the newest first."""
    runs = _runs(config, target, no_color)
    rows = runs.newest(schedule=schedule, status=status, experiment=experiment, limit=limit)
    if form == "json":
        out(dumps({"format_version": FORMAT_VERSION, "runs": [_document(row) for row in rows]}))
        return
    cells: list[tuple[str, ...]] = [
        (row.name, row.status, row.cause, _when(row.started_at), _took(row), row.experiment)
        for row in rows
    ]
    heads: tuple[str, ...] = ("RUN", "STATUS", "CAUSE", "STARTED (UTC)", "TOOK", "EXPERIMENT")
    if any(row.ran_in is not None for row in rows):
        heads = (*heads, "RAN IN")
        cells = [(*cell, row.ran_in or "") for cell, row in zip(cells, rows, strict=True)]
    out(table(heads, cells, paint))
    if any(row.status in OPEN for row in rows) and (said := runs.idle()) is not None:
        out(f"\n{said}\n")


@command.command("show")
@run_argument
@target_option
@config_option
@format_option("text", "json")
def show_run(name: str, target: str | None, config: str | None, no_color: bool, form: str) -> None:
    """Show a run: its inputs, its steps, its folder."""
    runs = _runs(config, target, no_color)
    row = find_run(runs, name)
    steps = runs.steps(row.name)
    folder = runs.place(row.name)
    if form == "json":
        document = {**_document(row), "steps": [_step(step) for step in steps]}
        out(dumps({"format_version": FORMAT_VERSION, **document, "folder": folder}))
        return
    out(f"{paint(row.name, 'heading')}: {row.status}\n")
    for line in _lines(row, folder):
        out(f"  {line}\n")
    if steps:
        cells = [
            (
                step.name,
                step.status,
                _when(step.started_at),
                _duration(step.started_at, step.ended_at),
                step.message or "",
            )
            for step in steps
        ]
        out("\n" + table(("STEP", "STATUS", "STARTED (UTC)", "TOOK", ""), cells, paint))


def _due(cause: str) -> str:
    """What the instant of a run is: nothing was due where a person asked for it."""
    return "asked for at" if cause == "manual" else "due"


def _pipeline(row: RunRow) -> str:
    if row.version:
        return f"{row.pipeline}:{row.version}"
    return row.pipeline or "(sent with the schedule)"


def _lines(row: RunRow, folder: str) -> list[str]:
    lines = [
        f"schedule    {printable(row.schedule or '(none)')}",
        f"experiment  {printable(row.experiment)}",
        f"pipeline    {printable(_pipeline(row))}",
        f"cause       {row.cause}, {_due(row.cause)} {row.due_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if row.ran_in is not None:
        lines.append(f"ran in      {printable(row.ran_in)}, before it moved; its files are there")
    if row.data_path is not None:
        lines.append(f"data        {printable(row.data_path)}")
    lines += [f"input       {printable(n)} = {value(mask(n, v))}" for n, v in row.inputs.items()]
    if row.message:
        lines.append(f"message     {printable(row.message)}")
    lines.append(f"folder      {printable(folder)}")
    return lines


@command.command("logs")
@run_argument
@click.option("--step", help="Of this step alone.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--raw", is_flag=True, help="Byte for byte, with what a terminal obeys.")
@target_option
@config_option
def logs_of_run(
    name: str,
    step: str | None,
    follow: bool,
    raw: bool,
    target: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Show what the steps of a run printed."""
    runs = _runs(config, target, no_color)
    run = find_run(runs, name).name
    elsewhere = runs.no_logs(run)
    if elsewhere is not None:
        out(f"{printable(elsewhere)}\n")
        return
    show_logs(runs, run, StepLogs(runs, run, step, raw=raw), follow=follow)


@command.command("cancel")
@run_argument
@target_option
@config_option
def cancel_run(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """End a run: its running steps are told to end, and after a grace time made to."""
    runs = _runs(config, target, no_color)
    row = find_run(runs, name)
    try:
        status = runs.cancel(row.name)
    except ReconcilerError as error:
        raise ReconcilerError(f"{row.name}: {error.message}", hint=error.hint) from error
    done = "canceled" if status == "Canceled" else "is being canceled:"
    out(f"{done} {row.name}\n")


@command.command("prune")
@click.option(
    "--keep", required=True, type=click.IntRange(0), help="Runs to keep of each schedule."
)
@target_option
@config_option
def prune_runs(keep: int, target: str | None, config: str | None, no_color: bool) -> None:
    """Remove ended runs and their files, but for the newest of each schedule."""
    removed = _runs(config, target, no_color).prune(keep, datetime.now(UTC))
    out(f"removed {removed} runs\n" if removed != 1 else "removed 1 run\n")


def _document(row: RunRow) -> dict[str, object]:
    return {
        "name": row.name,
        "schedule": row.schedule,
        "experiment": row.experiment,
        "pipeline": row.pipeline,
        "version": row.version,
        "cause": row.cause,
        "due_at": row.due_at.isoformat(),
        "data_path": row.data_path,
        "inputs": mask_document(row.inputs),
        "status": row.status,
        "message": row.message,
        "created_at": row.created_at.isoformat(),
        "started_at": row.started_at.isoformat() if row.started_at else None,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "ran_in": row.ran_in,
    }


def _step(step: StepRow) -> dict[str, object]:
    return {
        "name": step.name,
        "status": step.status,
        "exit_code": step.exit_code,
        "message": step.message,
        "started_at": step.started_at.isoformat() if step.started_at else None,
        "ended_at": step.ended_at.isoformat() if step.ended_at else None,
    }


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "-"


def _took(row: RunRow) -> str:
    return _duration(row.started_at, row.ended_at)


def _duration(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return "-"
    seconds = (end - start).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
