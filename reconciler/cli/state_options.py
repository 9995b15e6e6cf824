"""The state database that a command's options and configuration mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli.durations import duration
from reconciler.cli.output import say
from reconciler.cli.session import Session, actor, working_folder
from reconciler.config import Config
from reconciler.declare.suspensions import suspension_words
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.model import Plan, Result
from reconciler.render.plain_text import printable
from reconciler.state import FILE, KEEP, State, open_state

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = ".reconciler"


def state_option(function: F) -> F:
    """--state."""
    return click.option(
        "--state",
        metavar="ADDRESS",
        help="Where leases and history are kept: a file, or a postgresql:// address.",
    )(function)


def state_of(
    config: Config, option: str | None, *, readonly: bool = False, base: Path | None = None
) -> State:
    """That of --state, else of `state`, else the file beside reconciler.yaml. ConfigError.

    `base`: what the latter two are relative to, where that is not the configuration's folder.
    """
    history = config.section("history") or {}
    keep: timedelta = duration(history["keep"]) if "keep" in history else KEEP
    if option is not None:
        return open_state(
            option,
            working_folder(),
            readonly=readonly,
            keep=keep,
            readable_by=config.readable_by,
        )
    address = config.section("state") or f"{FOLDER}/{FILE}"
    return open_state(
        address,
        base or config.folder,
        readonly=readonly,
        keep=keep,
        readable_by=config.readable_by,
    )


def state_to_read(session: Session, option: str | None, *, readonly: bool = True) -> State:
    """That of a command that needs nothing else of the configuration: with --state it works
    where there is none, or a broken one, as beside a loop that follows a --source.
    """
    if option is not None:
        try:
            _ = session.config
        except ConfigError:
            return open_state(option, working_folder(), readonly=readonly)
    return state_of(session.config, option, readonly=readonly)


def state_without_config(option: str | None, base: Path, trouble: ReconcilerError) -> State:
    """That of --state, or the file that was used before; else nobody can know where it is, and
    `trouble`, which the configuration has, is raised.
    """
    if option is not None:
        return open_state(option, working_folder())
    if not (base / FOLDER / FILE).is_file():
        raise trouble
    return open_state(f"{FOLDER}/{FILE}", base)


def suspended_targets(session: Session, option: str | None, targets: Sequence[str]) -> list[str]:
    """A line for each of `targets` that is suspended. StateError where a state that is there does
    not answer: a stop that cannot be seen is none.
    """
    lines = []
    with closing(state_of(session.config, option, readonly=True)) as state:
        for target in targets:
            asked = state.suspensions.get(target, session.now)
            if asked is not None:
                words = printable(suspension_words(asked))
                how = f"`reconciler resume --target {printable(target)}` ends that"
                lines.append(f"{printable(target)} is {words}; {how}")
    return lines


def record_apply(
    session: Session,
    option: str | None,
    plans: Sequence[Plan],
    results: Sequence[Sequence[Result]],
    moments: Sequence[tuple[datetime, datetime]],
) -> None:
    """Write an apply down; a warning where that cannot be done, for the apply was."""
    from reconciler.history import apply_record

    try:
        head = session.head
        with closing(state_of(session.config, option)) as state:
            for plan, of_plan, (began, ended) in zip(plans, results, moments, strict=True):
                state.history.record(
                    apply_record(
                        plan,
                        of_plan,
                        started_at=began,
                        ended_at=ended,
                        revision=head.name,
                        author=printable(head.author) if head.author and not head.dirty else None,
                        actor=actor(),
                    )
                )
    except (ReconcilerError, OSError) as error:
        message = error.message if isinstance(error, ReconcilerError) else str(error)
        say(f"warning: this apply is not in the history: {printable(message)}")


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)
