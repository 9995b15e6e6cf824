"""`reconciler trigger`: run a schedule's pipeline now."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli.live_schedules import name_argument
from reconciler.cli.output import out
from reconciler.cli.session import Session, config_option, find_live, target_option
from reconciler.cli.workspace_target import Workspace
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.model import data_path_of
from reconciler.providers import open_azureml, open_temporal
from reconciler.workspace.execution.run_inputs import Context, JobError, run_inputs
from reconciler.workspace.store.records import new_run
from reconciler.workspace.store.references import split_reference


@click.command()
@name_argument
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A value over the schedule's."
)
@target_option
@config_option
def command(
    name: str, inputs: tuple[str, ...], target: str | None, config: str | None, no_color: bool
) -> None:
    """Run the pipeline of a schedule now, with its inputs and those given.

    The run is recorded, and started by `reconciler serve`; of a target of Temporal, by its workers.
    In Azure, the job that the schedule holds is submitted.
    """
    session = Session(config, no_color=no_color)
    one = session.one_target(target)
    if one.provider == "temporal":
        out(f"{_at_temporal(session, one, name, _pairs(inputs))}\n")
        return
    if one.provider == "azureml":
        azure = open_azureml(one, session.opening(one, session.config.owner))
        out(f"{azure.trigger(find_live(azure, name), _pairs(inputs), session.now)}\n")
        return
    workspace = Workspace(session, one)
    live = find_live(session.provider(one), name)
    job = live.schedule.job
    given = {**job.inputs, **_pairs(inputs)}
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
        run = workspace.runs.add(replace(new, inputs=given), session.now)
    out(f"{run}\n")
    if not workspace.lease.is_held():
        out("it starts when `reconciler serve` runs\n")


def _at_temporal(session: Session, target: Target, name: str, inputs: dict[str, str]) -> str:
    from reconciler.worker.runs import TemporalRuns

    provider = open_temporal(target, session.opening(target, session.config.owner))
    return TemporalRuns(provider).trigger(find_live(provider, name), inputs, session.now)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--input {text}: write NAME=VALUE")
        pairs[name] = value
    return pairs
