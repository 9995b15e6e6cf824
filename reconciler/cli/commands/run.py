"""`reconciler run`: the loop that keeps live schedules as the repository says."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from reconciler.agent.agents import Agents, AgentSettings
from reconciler.apply import PARALLELISM
from reconciler.cli.durations import time_option
from reconciler.cli.events import Log, log_everything, log_format_option, log_of
from reconciler.cli.loop.agents import OnceAfter, with_agents
from reconciler.cli.loop.auditing import Auditor
from reconciler.cli.loop.operations import OpenPages, operations, ops_options
from reconciler.cli.output import use_colour
from reconciler.cli.serving.pages import Access, Pages, make_pages, pages_options, read_access
from reconciler.cli.session import actor as who
from reconciler.cli.session import target_option, working_folder
from reconciler.cli.state_options import state_of, state_option, state_without_config
from reconciler.config import FILE_NAME, Config, find_config
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.loop.active_revision import PATIENCE_SECONDS
from reconciler.loop.checkout import GitSource
from reconciler.loop.controller import Loop
from reconciler.loop.folder import FolderSource
from reconciler.loop.git import SECONDS as GIT_SECONDS
from reconciler.loop.git import is_address
from reconciler.loop.memory import Declared
from reconciler.loop.provider_pool import OpenTarget
from reconciler.loop.reader.direct import DirectReader, Reader
from reconciler.loop.reader.process import MEGABYTES as READ_MEGABYTES
from reconciler.loop.reader.process import SECONDS as READ_SECONDS
from reconciler.loop.reader.process import ProcessReader
from reconciler.loop.source import Source
from reconciler.loop.target_status import Settings
from reconciler.ops.health import Health
from reconciler.providers import AzureAccess, Opening, open_provider
from reconciler.providers.base import Provider
from reconciler.render.plain_text import clip
from reconciler.state import State
from reconciler.state.records import CycleRecord
from reconciler.system.signals import stopping
from reconciler.web.settings import Control

_FOLDER = ".reconciler"
_WELL = ("in_sync", "applied", "standby")
_NOT_OURS = ("standby", "starting", "state_unavailable")
_EXITS = {"in_sync": 0, "applied": 0, "waiting": 0, "partial": 5}


@click.command()
@target_option
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The configuration; without it, the nearest {FILE_NAME} here or above.",
)
@click.option(
    "--source",
    metavar="URL",
    help="A Git repository (https, ssh or file) to follow, in place of a folder.",
)
@click.option("--ref", metavar="NAME", help="Its branch, tag or commit; else its default branch.")
@click.option("--path", metavar="FOLDER", help=f"The folder in it that holds {FILE_NAME}.")
@time_option("--timeout", f"{GIT_SECONDS:g}s", "How long each call of git may take, of a --source.")
@click.option("--submodules", is_flag=True, help="Of a --source: fetch its submodules too.")
@click.option("--lfs", is_flag=True, help="Of a --source: fetch its files of Git LFS too.")
@time_option(
    "--interval", "60s", "From one cycle to the next, such as 30s or 5m; a tenth more or less."
)
@click.option("--once", is_flag=True, help="Make one cycle of every target, and end.")
@state_option
@time_option("--lease", "30s", "After how long another loop takes over from one that has died.")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 256),
    default=PARALLELISM,
    show_default=True,
    help="Changes at a time, where the target can take several.",
)
@time_option(
    "--read-timeout",
    f"{READ_SECONDS:g}s",
    "How long reading a revision may take; one that takes longer is broken.",
)
@click.option(
    "--read-memory",
    type=click.IntRange(256),
    default=READ_MEGABYTES,
    show_default=True,
    metavar="MB",
    help="Memory that reading a revision may take.",
)
@time_option(
    "--audit-every", "1h", "From one audit of the last day to the next: did everything run?"
)
@log_format_option
@ops_options
@click.option("--pages", is_flag=True, help="Answer with pages over all targets there too.")
@pages_options
@click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")
def command(
    target: str | None,
    config: Path | None,
    source: str | None,
    ref: str | None,
    path: str | None,
    timeout: timedelta,
    submodules: bool,
    lfs: bool,
    interval: timedelta,
    once: bool,
    state: str | None,
    lease: timedelta,
    parallelism: int,
    read_timeout: timedelta,
    read_memory: int,
    audit_every: timedelta,
    log_format: str,
    ops_host: str,
    ops_port: int | None,
    allow_remote_ops: bool,
    ops_hosts: tuple[str, ...],
    pages: bool,
    no_color: bool,
    **access: Any,
) -> None:
    """Keep live schedules as the repository says, until stopped.

    Looks every interval, and at once on SIGHUP. What is broken at a new revision is reported, and
    the last good revision stays in force. SIGTERM and Ctrl-C end it after the change in hand.
    """
    gc.enable()  # off for commands that end soon
    use_colour(no_color)
    if source is None and (ref is not None or path is not None):
        raise click.UsageError("--ref and --path are about a --source")
    if source is not None and config is not None:
        raise click.UsageError(f"--path names the folder of {FILE_NAME} in a --source")
    if source is None and (submodules or lfs):
        raise click.UsageError("--submodules and --lfs are about a --source")
    if min(interval, lease, timeout, audit_every) < timedelta(seconds=1):
        raise click.UsageError(
            "--interval, --lease, --timeout and --audit-every are 1 second or more"
        )
    allowed = read_access(**access)
    if ops_port is None and (pages or allowed != Access()):
        raise click.UsageError("--pages are on the operations port: give --ops-port too")
    log = log_of(log_format)
    log_everything(log, log_format)
    following = _Following(ref, path or "", timeout.total_seconds(), submodules, lfs)
    followed, folder = _source(config, source, following)
    with ExitStack() as stack:
        reader = _reader(read_timeout, read_memory)
        stack.callback(reader.close)
        found = _config_of(followed, config or folder.parent / FILE_NAME, reader)
        if isinstance(found, ReconcilerError):
            opened = state_without_config(state, folder.parent, found)
            log("no_config", error=found.message, hint="nobody is notified until the next start")
            known = None
        else:
            opened, known = state_of(found, state, base=folder.parent), found
        stack.callback(opened.close)
        listeners, open_port = stack.enter_context(
            operations(
                known,
                ops_host,
                ops_port,
                allow_remote=allow_remote_ops,
                hosts=ops_hosts,
                branch=ref,
                log=log,
                pages=_pages(allowed, opened, known, followed, folder, state, log)
                if pages
                else None,
            )
        )
        settings = Settings(
            holder=f"{socket.gethostname()}:{os.getpid()}",
            interval=interval,
            lease=lease,
            target=target,
            actor=who(),
            parallelism=parallelism,
        )
        agents = Agents(
            opened,
            AgentSettings(settings.holder, interval, lease),
            clock=lambda: datetime.now(UTC),
            log=log,
            on_turn=listeners.on_turn,
            is_wanted=lambda name: name in loop.health(datetime.now(UTC)).targets,
        )
        stack.callback(agents.close)
        auditor = Auditor(
            opened,
            audit_every,
            log=log,
            on_audit=listeners.on_audit,
            is_ours=lambda name: loop.health(datetime.now(UTC)).targets.get(name) not in _NOT_OURS,
        )
        stack.callback(auditor.close)
        opens = opener(followed, settings.actor, AzureAccess.of(), listeners.on_call)
        at_end = OnceAfter(opens)
        loop = Loop(
            followed,
            opened,
            at_end if once else with_agents(auditor.follow(opens), agents),
            settings,
            clock=lambda: datetime.now(UTC),
            log=log,
            on_cycle=listeners.on_cycle,
            reader=reader,
            patience=None if once else PATIENCE_SECONDS,
        )

        def stop() -> None:
            agents.stop()
            loop.stop()

        stack.enter_context(stopping(stop, lambda: loop.wake("signal")))
        open_port(lambda: loop.wake("webhook"), lambda: _health(loop, listeners.on_lease))
        log("started", source=followed.name, interval=interval.total_seconds())
        if once:
            code = _once(loop)
            if not at_end.turns(agents, log):
                code = code or 1
        else:
            auditor.start()
            loop.run()
            code = 0
        log("stopped")
    click.get_current_context().exit(code)


def _pages(
    access: Access,
    opened: State,
    config: Config | None,
    followed: Source,
    folder: Path,
    state: str | None,
    log: Log,
) -> OpenPages:
    """Makes the pages. What follows a Git repository has no working copy to act by."""
    is_here = isinstance(followed, FolderSource) and config is not None
    path = config.path if is_here and config is not None else None
    option = str(working_folder() / state) if state and "://" not in state else state
    control = Control(lambda: opened, path, option, may_edit=is_here)
    name = config.owner if config is not None else "reconciler"

    def make(stack: ExitStack, hosts: frozenset[str], any_address: bool) -> Pages:
        return make_pages(
            access,
            control,
            folder,
            stack,
            name=name,
            hosts=hosts,
            any_address=any_address,
            log=log,
        )

    return make


class _Following(NamedTuple):
    """How a Git repository is followed."""

    ref: str | None
    path: str
    seconds: float
    submodules: bool
    lfs: bool


def _source(config: Path | None, source: str | None, following: _Following) -> tuple[Source, Path]:
    """What is followed, and the folder of what the loop keeps."""
    here = working_folder()
    if source is not None and (is_address(source) or any(following._replace(seconds=0))):
        address = source if is_address(source) else (here / source).resolve().as_uri()
        folder = here / _FOLDER
        made = GitSource(address, folder, environment=os.environ, base=here, **following._asdict())
        return made, folder
    if source is not None:
        config = Path(source) / FILE_NAME
    found = here / config if config is not None else find_config(here)
    if found is None:
        raise ConfigError(
            f"no {FILE_NAME} here or in a folder above",
            hint="`reconciler init` writes one; --source follows a Git repository",
        )
    try:
        there = found.is_file()
    except OSError as error:  # a name that no file can have
        raise ConfigError(f"{clip(str(found), 200)}: {error.strerror}") from error
    if not there:
        raise ConfigError(f"{found}: no such file")
    folder = found.parent / _FOLDER
    return FolderSource(found, folder, environment=os.environ), folder


def _reader(timeout: timedelta, megabytes: int) -> Reader:
    """What reads others' files: in a process of its own, where the system has what limits one."""
    if timeout < timedelta(seconds=1):
        raise click.UsageError("--read-timeout is 1 second or more")
    if os.name != "posix":
        return DirectReader()
    return ProcessReader(seconds=timeout.total_seconds(), megabytes=megabytes)


def _config_of(source: Source, path: Path, reader: Reader) -> Config | ReconcilerError:
    """What says where the state is and whom to tell: as it is when the loop starts."""
    try:
        if isinstance(source, FolderSource):
            return reader.config(working_folder() / path)
        return reader.config(source.fetch().config_path)
    except ReconcilerError as error:
        return error


def _health(loop: Loop, on_lease: Callable[[str, bool], None]) -> Health:
    """For probes; metrics hear whose the targets are."""
    health = loop.health(datetime.now(UTC))
    reasons = [f"{name}: {how}" for name, how in health.targets.items() if how not in _WELL]
    if not health.alive:
        reasons.append("the loop stands still")
    if not health.targets:
        reasons.append("no target was looked at yet")
    for name, how in health.targets.items():
        on_lease(name, how not in _NOT_OURS)
    return Health(health.alive, health.ready, tuple(reasons))


def opener(
    source: Source,
    actor: str | None,
    azure: AzureAccess,
    observer: Callable[[str, str], None] | None = None,
) -> OpenTarget:
    """What opens a target's provider, for the owner and the commit of what is declared."""

    def opened(declared: Declared) -> Provider:
        opening = Opening(
            folder=source.base(declared.revision),
            owner=declared.config.owner,
            actor=actor,
            revision=declared.revision.commit,
            azure=azure,
            observer=observer,
            repository=declared.config.repository,
        )
        return open_provider(declared.target, opening)

    return opened


def _once(loop: Loop) -> int:
    """One cycle of each target, one after the other; the exit code says how it went."""
    try:
        made = loop.turn()
    finally:
        loop.close()
    if not made:
        return 1  # the log says why
    codes = {_exit_code(record) for record in made.values()}
    return next((code for code in (1, 5, 4) if code in codes), 0)


def _exit_code(record: CycleRecord | None) -> int:
    """Of one target; None: another loop works on it."""
    if record is None:
        return 1
    return 4 if record.reason == "OverLimits" else _EXITS.get(record.outcome, 1)
