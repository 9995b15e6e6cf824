"""`reconciler worker`: run the steps of a target of Temporal on this machine."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import click

from reconciler.cli.events import log_everything, log_format_option, log_of
from reconciler.cli.session import Session, config_option, target_option
from reconciler.providers import open_temporal
from reconciler.system.signals import heard
from reconciler.web.serving.token_files import SECRETS
from reconciler.worker.orders import LOST_AFTER_SECONDS
from reconciler.workspace.execution.data import TargetData
from reconciler.workspace.execution.step_process import GRACE_SECONDS

_FOLDER = ".reconciler/worker"
_OWN = (
    *SECRETS,
    *("TEMPORAL_API_KEY", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_KEY_DATA"),
)
"""What of the environment is the worker's own, and no step inherits."""


@click.command()
@target_option
@config_option
@click.option(
    "--compute",
    "computes",
    multiple=True,
    metavar="NAME",
    help="Run the steps of this compute; again for more. Without it: steps that name none.",
)
@click.option(
    "--max-steps", default=4, show_default=True, type=click.IntRange(1), help="Steps at once."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where runs keep their files on this machine.  [default: .reconciler/worker]",
)
@click.option(
    "--grace",
    default=GRACE_SECONDS,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds that running steps have when they are told to end.",
)
@log_format_option
def command(
    target: str | None,
    config: str | None,
    no_color: bool,
    computes: tuple[str, ...],
    max_steps: int,
    folder: Path | None,
    grace: float,
    log_format: str,
) -> None:
    """Run what the schedules of a target of Temporal start, until stopped.

    Any number of workers, on any number of machines, may work for a target. SIGTERM and Ctrl-C end
    one: running steps get the grace time, and their runs hear of it.
    """
    gc.enable()  # off for commands that end soon
    session = Session(config, no_color=no_color)
    found = session.one_target(target)
    provider = open_temporal(found, session.opening(found, session.config.owner))
    log = log_of(log_format)
    log_everything(log, log_format)
    provider.identity()  # says what is wrong with the connection before anything is awaited
    from reconciler.providers.temporal.connection import Background
    from reconciler.worker.activities import Machine
    from reconciler.worker.looking import Looker
    from reconciler.worker.run_data import known_data
    from reconciler.worker.serving import Serving, WorkerSettings

    machine = Machine(
        session.config.folder / (folder or _FOLDER),
        provider.store.files,
        {name: value for name, value in os.environ.items() if name not in _OWN},
        grace=grace,
        data=TargetData(provider.datastores, provider.assets, session.config.folder),
    )
    lost_after = found.options.get("lost_after", LOST_AFTER_SECONDS)
    data = known_data(provider.datastores, provider.assets)
    settings = WorkerSettings(provider.task_queue, computes, max_steps, lost_after, data)
    looker = Looker(
        found.name,
        provider.connection,
        provider.task_queue,
        provider.cursors,
        provider.datastores,
    )
    serving = Serving(provider.connection, machine, looker, settings)

    def began() -> None:
        log("worker_started", target=found.name, queues=[*serving.queues])

    with heard(lambda *_: serving.stop(), signal.SIGTERM, signal.SIGINT):
        Background.run(serving.run(began))
    log("worker_stopped", target=found.name)
