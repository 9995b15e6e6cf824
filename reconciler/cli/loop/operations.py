"""What `run` has beside the loop: the operations port, metrics, notifications."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.agent.agent import Turn
from reconciler.audit.records import Verdict
from reconciler.cli.events import Log
from reconciler.config import Config
from reconciler.errors import ConfigError
from reconciler.notify import EVENTS, Notifier, Receiver, check_receivers, send_by_apprise
from reconciler.ops.health import Health
from reconciler.state.records import CycleRecord
from reconciler.web.serving.sockets import is_loopback

if TYPE_CHECKING:
    from reconciler.cli.serving.pages import Pages
    from reconciler.ops.metrics import Metrics
    from reconciler.ops.webhooks import Secrets

OpenPages = Callable[[ExitStack, frozenset[str], bool], "Pages"]
"""Makes the pages, given what closes them, further host names, and whether the port is open to
other machines.
"""
F = TypeVar("F", bound=Callable[..., Any])
_PACKAGES = ("prometheus_client", "starlette", "uvicorn")


def ops_options(function: F) -> F:
    """--ops-host, --ops-port, --allow-remote-ops, --allow-ops-host."""
    for option in (
        click.option(
            "--allow-ops-host",
            "ops_hosts",
            multiple=True,
            metavar="NAME",
            help="A further host name that probes and metrics answer to.",
        ),
        click.option(
            "--allow-remote-ops", is_flag=True, help="Let other machines reach that port."
        ),
        click.option(
            "--ops-host", default="127.0.0.1", show_default=True, help="The address of that port."
        ),
        click.option(
            "--ops-port",
            type=click.IntRange(0, 65535),
            help="Answer probes, metrics and webhooks there; 0: at any port that is free.",
        ),
    ):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of what the loop does. Give `on_call` to Opening as its observer."""

    on_cycle: Callable[[CycleRecord], None]
    on_call: Callable[[str, str], None]
    on_lease: Callable[[str, bool], None]
    on_turn: Callable[[str, Turn], None]
    """Of the agent of a target."""
    on_audit: Callable[[str, Mapping[Verdict, int], Sequence[str]], None]
    """Of a target: how many fires had which verdict, and in words those that are newly missing."""


@contextmanager
def operations(
    config: Config | None,
    host: str,
    port: int | None,
    *,
    allow_remote: bool,
    hosts: Collection[str],
    branch: str | None,
    log: Log,
    pages: OpenPages | None = None,
) -> Iterator[tuple[Listeners, Callable[..., None]]]:
    """Listeners for a loop, and a function that opens the port once there is one, to be called
    with `wake` and `health`. `config` None: there is none yet, and nobody is told anything.

    `pages` makes the pages that the port answers with beside; None: it has none.

    ConfigError, and a usage error where the port would let other machines in unasked.
    """
    if port is not None and not is_loopback(host) and not allow_remote:
        raise click.UsageError(
            f"--ops-host {host} lets other machines in, without TLS; --allow-remote-ops says that"
            " you mean it"
        )
    with ExitStack() as stack:
        metrics = _metrics(port)
        notifier = _notifier(config, log, metrics)
        if notifier is not None:
            stack.callback(notifier.close)

        def on_cycle(record: CycleRecord) -> None:
            if metrics is not None:
                metrics.on_cycle(record)
            if notifier is not None:
                notifier.on_cycle(record)

        def on_audit(target: str, counts: Mapping[Verdict, int], missing: Sequence[str]) -> None:
            if metrics is not None:
                metrics.on_audit(target, counts)
            if notifier is not None and missing:
                notifier.on_missing(target, missing, datetime.now(UTC))

        def open_port(wake: Callable[[], None], health: Callable[[], Health]) -> None:
            if metrics is None or port is None:
                return
            from reconciler.ops.app import Operations
            from reconciler.ops.server import OpsServer
            from reconciler.ops.webhooks import Hooks

            hooks = Hooks(_secrets(config), branch)
            names = frozenset(name.lower() for name in hosts)
            shown = pages(stack, names, not is_loopback(host)) if pages is not None else None
            app = shown.app if shown is not None else None
            told = Operations(metrics, health, wake, log, hooks, names, app)
            server = OpsServer(told, host, port)
            stack.callback(server.close)
            log("operations", address=server.address)
            if shown is not None:
                shown.opened(server.address)

        listeners = Listeners(
            on_cycle,
            metrics.on_call if metrics else _nobody,
            metrics.on_lease if metrics else _nobody,
            metrics.on_turn if metrics else _nobody,
            on_audit,
        )
        yield listeners, open_port


def _metrics(port: int | None) -> Metrics | None:
    if port is None:
        return None
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"--ops-port needs {', '.join(missing)}",
            hint="pip install 'schedule-reconciler[serve]'",
        )
    from reconciler.ops.metrics import Metrics

    return Metrics()


def _notifier(config: Config | None, log: Log, metrics: Metrics | None) -> Notifier | None:
    entries = (config.section("notifications") if config else None) or []
    receivers = [
        Receiver(
            url=entry["url"],
            events=frozenset(entry.get("on") or EVENTS),
            targets=frozenset(entry["targets"]) if "targets" in entry else None,
        )
        for entry in entries
    ]
    check_receivers(receivers)
    if not receivers:
        return None
    counted = metrics.on_notification if metrics else _nobody
    return Notifier(receivers, send=send_by_apprise, log=log, counted=counted)


def _secrets(config: Config | None) -> Secrets:
    from reconciler.ops.webhooks import Secrets

    given = (config.section("webhooks") if config else None) or {}
    empty = [name for name, value in given.items() if not value]
    if empty:
        raise ConfigError(f"webhooks.{empty[0]}: its environment variable is empty")
    return Secrets(**given)


def _nobody(*_: object) -> None:
    """Hears of nothing."""
