"""`reconciler trigger`: run a schedule's pipeline now."""

from __future__ import annotations

import shlex
from dataclasses import replace

import click

from reconciler.cli.live_schedules import holds_of, name_argument
from reconciler.cli.output import out, say
from reconciler.cli.running.follow import wait_for
from reconciler.cli.running.target_runs import runs_of
from reconciler.cli.session import Session, actor, config_option, find_live, target_option
from reconciler.cli.workspace_target import Workspace
from reconciler.config import Target
from reconciler.declare.holds import hold_words, zone_of
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule, data_path_of
from reconciler.providers import open_azureml, open_temporal
from reconciler.render.plain_text import printable
from reconciler.workspace.execution.run_inputs import Context, JobError, run_inputs
from reconciler.workspace.store.records import new_run
from reconciler.workspace.store.references import split_reference


@click.command()
@name_argument
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A value over the schedule's."
)
@click.option("--wait", is_flag=True, help="Wait until it has ended; exit with 1 if it failed.")
@click.option("-f", "--follow", is_flag=True, help="The same, and print what its steps print.")
@target_option
@config_option
def command(
    name: str,
    inputs: tuple[str, ...],
    wait: bool,
    follow: bool,
    target: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Run the pipeline of a schedule now, with its inputs and those given.

    The run is recorded, and started by `reconciler serve`; of a target of Temporal, by its workers.
    In Azure, the job that the schedule holds is submitted. Prints the name of the run.
    """
    session = Session(config, no_color=no_color)
    one = session.one_target(target)
    given = _pairs(inputs)
    live, run = _start(session, one, name, given)
    out(f"{run}\n")
    _say_disabled(session, live)
    if wait or follow:
        if wait_for(runs_of(session, one), run, logs=follow).status != "Completed":
            click.get_current_context().exit(1)
        return
    idle = one.provider == "local" and not Workspace(session, one).lease.is_held()
    say("it starts when `reconciler serve` runs" if idle else _where_logs(run))


def _start(
    session: Session, one: Target, name: str, given: dict[str, str]
) -> tuple[LiveSchedule, str]:
    """Have a run of a schedule begin; the schedule, and the name of the run."""
    if one.provider == "temporal":
        return _at_temporal(session, one, name, given)
    if one.provider == "azureml":
        azure = open_azureml(one, session.opening(one, session.config.owner))
        live = find_live(azure, name)
        return live, azure.trigger(live, given, session.now)
    return _at_workspace(session, one, name, given)


def _at_workspace(
    session: Session, one: Target, name: str, inputs: dict[str, str]
) -> tuple[LiveSchedule, str]:
    workspace = Workspace(session, one)
    live = find_live(session.provider(one), name)
    job = live.schedule.job
    given = {**job.inputs, **inputs}
    pipeline, version = split_reference(job.reference)
    store = workspace.store()
    with workspace.errors():
        found = store.version(pipeline, version)
        if found is None:
            raise ReconcilerError(f'the pipeline "{pipeline}" is not published')
        try:
            run_inputs(found.document, given, Context("", ""))
        except JobError as error:
            data_path = data_path_of(live.schedule.trigger)
            hint = f"give it the file: --input {data_path}=PATH" if data_path else None
            raise ReconcilerError(str(error), hint=hint) from error
        new = replace(new_run(live.schedule, "manual", session.now), version=found.version)
        return live, workspace.runs.add(replace(new, inputs=given, by=actor()), session.now)


def _say_disabled(session: Session, live: LiveSchedule) -> None:
    """Whoever tries a schedule may take a run by hand for one that it fires."""
    if live.schedule.enabled:
        return
    held = holds_of(session, [live]).get(live.key)
    why = f"is {hold_words(held.hold, zone_of(held))}" if held and held.hold else "is disabled"
    say(f"{live.key} {printable(why)}: it runs now, and does not fire by itself")


def _where_logs(run: str) -> str:
    return f"`reconciler runs logs -f {printable(shlex.quote(run))}` shows what it prints"


def _at_temporal(
    session: Session, target: Target, name: str, inputs: dict[str, str]
) -> tuple[LiveSchedule, str]:
    from reconciler.worker.runs import TemporalRuns

    provider = open_temporal(target, session.opening(target, session.config.owner))
    live = find_live(provider, name)
    return live, TemporalRuns(provider).trigger(live, inputs, session.now)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--input {text}: write NAME=VALUE")
        pairs[name] = value
    return pairs
