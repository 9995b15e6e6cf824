"""`reconciler serve`: run the engine of an embedded workspace."""

from __future__ import annotations

import gc
import os
import signal
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli.events import Log, log_everything, log_format_option, log_of
from reconciler.cli.output import say
from reconciler.cli.serving.options import binding_options, missing_packages, read_binding
from reconciler.cli.session import Session, actor, config_option, target_option
from reconciler.cli.workspace_target import Workspace
from reconciler.errors import ReconcilerError
from reconciler.system.file_access import tighten_runs
from reconciler.system.signals import heard
from reconciler.web.azure_names import azure_name_of
from reconciler.web.serving.sdk_config import write_sdk_config
from reconciler.web.serving.server_process import Binding, ServerProcess
from reconciler.web.serving.token_files import SECRETS, load_tokens, token_file_of
from reconciler.workspace.engine.engine import Engine
from reconciler.workspace.engine.executor import Settings
from reconciler.workspace.engine.lease import LeaseHeld
from reconciler.workspace.execution.step_process import GRACE_SECONDS

_BUSY_SECONDS = 2.0
"""How long the engine waits for another writer before it goes on and tries again; while it waits
it cannot be told to stop.
"""

NO_PAGES = (
    "schedules fire, but there are no web pages and no API:"
    " `pip install 'schedule-reconciler[serve]'` adds them"
)


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
@log_format_option
@binding_options
def command(
    target: str | None,
    config: str | None,
    no_color: bool,
    max_runs: int,
    grace: float,
    wait: bool,
    log_format: str,
    **binding: Any,
) -> None:
    """Fire the schedules of an embedded workspace, and run their pipelines, until stopped.

    One process at a time may do this. What fell due while none did is recorded as missed, and is
    not run. SIGTERM and Ctrl-C end it: running steps get the grace time.

    Pages and Azure's API are at http://127.0.0.1:8765, for who opens the link that is printed, or
    has the token that is kept beside the workspace.
    """
    gc.enable()  # off for commands that end soon
    at = read_binding(**binding)
    session = Session(config, no_color=no_color)
    workspace = Workspace(session, session.one_target(target))
    lease = workspace.lease
    log = log_of(log_format)
    if at is not None and missing_packages() and log_format == "text":
        say(NO_PAGES)
    log_everything(log, log_format)
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
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    settings = Settings(
        workspace.runs_folder,
        session.config.root,
        environment,
        max_runs=max_runs,
        grace=grace,
        readable_by=workspace.readable_by,
        data=workspace.data,
    )
    server: ServerProcess | None = None
    signals = ExitStack()
    try:
        with suppress(OSError):  # the first run says what is wrong with its folder
            tighten_runs(workspace.runs_folder, workspace.readable_by)
        server = _open(at, session, workspace, log, log_format) if at is not None else None
        engine = Engine(
            workspace.store(durable=True, busy_seconds=_BUSY_SECONDS),
            settings,
            datastores=workspace.datastores,
            log=log,
        )

        def stop(*_: Any) -> None:
            engine.stop()
            if server is not None:
                server.stop_soon()

        signals.enter_context(heard(stop, signal.SIGTERM, signal.SIGINT))
        if server is not None:
            server.start()
        with workspace.errors():
            engine.run()
    finally:
        if server is not None:
            server.stop()
        lease.release()
        signals.close()


def _open(
    binding: Binding, session: Session, workspace: Workspace, log: Log, log_format: str
) -> ServerProcess | None:
    """Bind the socket and find the tokens; None where the packages for it are not installed."""
    missing = missing_packages()
    if missing:
        if log_format == "json":
            log("no_http", missing=missing, hint="pip install 'schedule-reconciler[serve]'")
        return None
    tokens = load_tokens(workspace.path, binding.token_file, binding.read_only_file)
    server = ServerProcess(
        binding,
        tokens,
        module="reconciler.cli.serving",
        config=session.config.path,
        target=workspace.target.name,
        log=log,
        log_format=log_format,
        name=actor(),
    )
    if binding.sdk_config is not None:
        written = write_sdk_config(
            binding.sdk_config,
            server.address,
            binding.azure_name or azure_name_of(workspace.target.name),
            token_file_of(workspace.path, binding.token_file),
        )
        log("sdk_config", files=[str(path) for path in written])
    return server
