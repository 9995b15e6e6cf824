"""`reconciler ui`: pages over all targets that a state knows of."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from reconciler.cli.events import log_everything, log_format_option, log_of
from reconciler.cli.serving.options import (
    check_doors,
    host_option,
    hosts_option,
    missing_packages,
    port_option,
    remote_option,
)
from reconciler.cli.serving.pages import make_pages, pages_options, read_access
from reconciler.cli.session import Session, config_option, working_folder
from reconciler.cli.state_options import FOLDER, state_option, state_to_read
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.system.signals import stopping
from reconciler.web.serving.sockets import address_of, bind, is_loopback
from reconciler.web.settings import Control

_MOST_REQUESTS = 128
_LARGEST_HEADERS = 40 * 1024
_STOP_SECONDS = 3


@click.command()
@host_option
@port_option(8766)
@remote_option
@hosts_option
@pages_options
@state_option
@config_option
@log_format_option
def command(
    host: str,
    port: int,
    allow_remote: bool,
    hosts: tuple[str, ...],
    state: str | None,
    config: str | None,
    no_color: bool,
    log_format: str,
    **access: Any,
) -> None:
    """Show all targets that a loop looks after, until stopped: how they stand, and why.

    Reads what `reconciler run` writes into the state, wherever that runs. Beside a reconciler.yaml
    the pages act too, as the commands do: apply, accept and revert drift, hold and suspend. Without
    one (--state alone) they show everything, ask for cycles, and suspend targets.
    """
    gc.enable()  # off for commands that end soon
    missing = missing_packages()
    if missing:
        raise ConfigError(
            f"ui needs {', '.join(missing)}", hint="pip install 'schedule-reconciler[serve]'"
        )
    check_doors(host, hosts, allow_remote=allow_remote)
    allowed = read_access(**access)
    session = Session(config, no_color=no_color)
    log = log_of(log_format)
    log_everything(log, log_format)
    with ExitStack() as stack:
        opened = state_to_read(session, state, readonly=False)
        stack.callback(opened.close)
        path, name = _declarations(session, state)
        control = Control(lambda: opened, path, _absolute(state), may_edit=path is not None)
        folder = path.parent if path is not None else working_folder()
        pages = make_pages(
            allowed,
            control,
            folder / FOLDER,
            stack,
            name=name,
            hosts=frozenset(one.lower() for one in hosts),
            any_address=not is_loopback(host),
            log=log,
        )
        _serve(pages.app, host, port, log, lambda address: _say(log, pages.opened, address))


def _say(log: Any, opened: Any, address: str) -> None:
    log("serving", address=address)
    opened(address)


def _declarations(session: Session, state: str | None) -> tuple[Path | None, str]:
    """The reconciler.yaml to act by, and whose it is; none beside a state that needs none."""
    try:
        return session.config.path, session.config.owner
    except ConfigError:
        if state is None:
            raise
        return None, "reconciler"


def _absolute(state: str | None) -> str | None:
    if state is None or "://" in state:
        return state
    return str(working_folder() / state)


def _serve(app: Any, host: str, port: int, log: Any, opened: Any) -> None:
    from reconciler.web.serving.server import Bounded, quiet_server

    try:
        bound = bind(host, port)
    except OSError as error:
        raise ReconcilerError(
            f"{host}, port {port}: {error.strerror or error}",
            hint="--port 0 takes any that is free",
        ) from error
    server = quiet_server(
        Bounded(app, _MOST_REQUESTS),
        log,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_STOP_SECONDS,
        h11_max_incomplete_event_size=_LARGEST_HEADERS,
    )

    def stop() -> None:
        server.should_exit = True

    try:
        opened(address_of(bound))
        with stopping(stop, lambda: None):
            server.run(sockets=[bound])
    finally:
        bound.close()
