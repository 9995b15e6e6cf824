"""`reconciler serve`: run the engine of an embedded workspace."""

from __future__ import annotations

import gc
import json
import os
import signal
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli.output import say
from reconciler.cli.session import Session, config_option, target_option
from reconciler.cli.workspace import Workspace
from reconciler.errors import ReconcilerError
from reconciler.render.words import printable
from reconciler.workspace.engine import Engine
from reconciler.workspace.executor import Settings
from reconciler.workspace.lease import LeaseHeld
from reconciler.workspace.process import GRACE_SECONDS

_BUSY_SECONDS = 2.0
"""How long the engine waits for another writer before it goes on and tries again; while it waits
it cannot be told to stop.
"""


@click.command()
@target_option
@config_option
@click.option(
    "--max-runs", default=4, show_default=True, type=click.IntRange(1), help="Runs at once."
)
@click.option(
    "--grace",
    default=GRACE_SECONDS,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds that running steps have when it is told to stop.",
)
@click.option("--wait", is_flag=True, help="Wait while another process runs this workspace.")
@click.option(
    "--log-format", type=click.Choice(("text", "json")), default="text", show_default=True
)
def command(
    target: str | None,
    config: str | None,
    no_color: bool,
    max_runs: int,
    grace: float,
    wait: bool,
    log_format: str,
) -> None:
    """Fire the schedules of an embedded workspace, and run their pipelines, until stopped.

    One process at a time may do this. What fell due while none did is recorded as missed, and is
    not run. SIGTERM and Ctrl-C end it: running steps get the grace time.
    """
    gc.enable()  # off for commands that end soon
    session = Session(config, no_color=no_color)
    workspace = Workspace(session, session.one_target(target))
    lease = workspace.lease
    log = _json_line if log_format == "json" else _text_line
    try:
        if wait and lease.is_held():
            log("waiting", holder=str(lease.holder() or "another process"))
        lease.take(datetime.now(UTC), wait=wait)
    except LeaseHeld as held:
        raise ReconcilerError(
            f"another process runs this workspace: {held}", hint="--wait waits until it ends"
        ) from held
    except OSError as error:
        raise ReconcilerError(f"{workspace.path}: {error.strerror}") from error
    settings = Settings(
        workspace.runs_folder, session.config.root, os.environ, max_runs=max_runs, grace=grace
    )
    try:
        engine = Engine(
            workspace.store(durable=True, busy_seconds=_BUSY_SECONDS),
            settings,
            datastores=workspace.datastores,
            log=log,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: engine.stop())
        with workspace.errors():
            engine.run()
    finally:
        lease.release()


def _json_line(event: str, **fields: Any) -> None:
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
    _say(json.dumps(line, default=str))


def _text_line(event: str, **fields: Any) -> None:
    said = " ".join(
        f"{name}={printable(json.dumps(value, default=str, ensure_ascii=False))}"
        for name, value in fields.items()
        if value is not None
    )
    _say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {event} {said}".rstrip())


def _say(line: str) -> None:
    # A log that cannot be written, on a full disk or to a reader that has gone, ends nothing.
    with suppress(OSError):
        say(line)
