"""What `suspend` and `resume` share: what is meant, and how it stands in the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime

import click

from reconciler.cli.live_schedules import complete_names
from reconciler.cli.output import say
from reconciler.cli.session import Session, actor, complete_targets
from reconciler.cli.state_options import state_of
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule
from reconciler.render.plain_text import printable
from reconciler.state import State
from reconciler.state.records import CycleOutcome, CycleRecord, ResultRecord


def target_only(function: Callable[..., object]) -> Callable[..., object]:
    """NAME, --target and --all: what is meant."""
    function = click.option("--all", "everything", is_flag=True, help="Every target.")(function)
    function = click.option(
        "--target",
        metavar="TARGET",
        shell_complete=complete_targets,
        help="With NAME: where it lives; without: the target as a whole.",
    )(function)
    return click.argument("name", required=False, shell_complete=complete_names)(function)


def check_meant(name: str | None, target: str | None, everything: bool) -> None:
    """A usage error unless exactly one thing is meant."""
    if everything and (name is not None or target is not None):
        raise click.UsageError("--all is every target: give no NAME and no --target with it")
    if name is None and target is None and not everything:
        raise click.UsageError("say what: a NAME, --target TARGET, or --all")


def meant_targets(session: Session, target: str | None) -> Sequence[str]:
    """The names of the targets that are meant as a whole."""
    return session.config.chosen(target or "all")


def note(
    state: State,
    target: str,
    outcome: CycleOutcome,
    reason: str,
    message: str,
    began: datetime,
    result: ResultRecord | None = None,
) -> None:
    """Write a suspension, or its end, into the history."""
    state.history.record(
        CycleRecord(
            target=target,
            started_at=began,
            ended_at=datetime.now(UTC),
            outcome=outcome,
            reason=reason,
            message=message,
            actor=actor(),
            cause="apply",
            results=(result,) if result is not None else (),
        )
    )


def try_note(
    session: Session, option: str | None, live: LiveSchedule, reason: str, message: str, action: str
) -> None:
    """The same of a schedule; a warning where the state does not take it, for it was done."""
    done = ResultRecord(live.key.name, action, f"{action}d")
    try:
        with closing(state_of(session.config, option)) as state:
            words = f"{live.key} {message}"
            note(state, live.key.target, "applied", reason, words, session.now, done)
    except (ReconcilerError, OSError) as error:
        text = error.message if isinstance(error, ReconcilerError) else str(error)
        say(f"warning: this is not in the history: {printable(text)}")
