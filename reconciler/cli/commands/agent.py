"""`reconciler agent`: look at the datastores of targets that do not do so themselves."""

from __future__ import annotations

import gc
import os
import socket
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

import click

from reconciler.agent.agents import Agents, AgentSettings
from reconciler.cli.durations import time_option
from reconciler.cli.events import log_everything, log_format_option, log_of
from reconciler.cli.loop.agents import one_turn, wants_agent
from reconciler.cli.session import Session, config_option, target_option
from reconciler.cli.state_options import state_of, state_option
from reconciler.errors import ConfigError
from reconciler.providers import open_provider
from reconciler.system.signals import stopping


@click.command()
@target_option
@state_option
@config_option
@click.option("--once", is_flag=True, help="Look at every folder that is due, and end.")
@time_option(
    "--interval", "60s", "How soon it is seen that a schedule was made, switched or changed."
)
@time_option("--lease", "30s", "After how long another agent takes over from one that has died.")
@log_format_option
def command(
    target: str | None,
    state: str | None,
    config: str | None,
    no_color: bool,
    once: bool,
    interval: timedelta,
    lease: timedelta,
    log_format: str,
) -> None:
    """Submit a job for each file that is new or changed in a datastore, until stopped.

    For targets in Azure that say `data_changes: agent`; `reconciler run` does the same beside its
    loop. What to look at is read from the live schedules, what was seen is in the state: any number
    of agents may share one, and one of them works.
    """
    gc.enable()  # off for commands that end soon
    if min(interval, lease) < timedelta(seconds=1):
        raise click.UsageError("--interval and --lease are 1 second or more")
    session = Session(config, no_color=no_color)
    wanted = [one for one in session.targets(target) if wants_agent(one)]
    if not wanted:
        raise ConfigError(
            "no target needs an agent",
            hint="say `data_changes: agent` in a target of azureml",
        )
    log = log_of(log_format)
    log_everything(log, log_format)
    settings = AgentSettings(f"{socket.gethostname()}:{os.getpid()}", interval, lease)
    with ExitStack() as stack:
        opened = state_of(session.config, state)
        stack.callback(opened.close)
        agents = Agents(opened, settings, clock=lambda: datetime.now(UTC), log=log)
        stack.callback(agents.close)
        ended = threading.Event()

        def stop() -> None:
            agents.stop()
            ended.set()

        stack.enter_context(stopping(stop, lambda: None))
        opens = {
            one.name: partial(open_provider, one, session.opening(one, session.config.owner))
            for one in wanted
        }
        if once:
            well = [one_turn(agents, name, open_, log) for name, open_ in opens.items()]
            click.get_current_context().exit(0 if all(well) else 1)
        for name, open_ in opens.items():
            agents.follow(name, open_)
        log("started", targets=sorted(opens))
        ended.wait()
        log("stopped")
