"""How the loop stands on targets, as `status` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime

from reconciler.cli.output import out, paint, say
from reconciler.cli.session import Session
from reconciler.cli.state_options import state_of
from reconciler.declare.suspensions import suspension_words
from reconciler.errors import ReconcilerError
from reconciler.model import Suspension
from reconciler.render.plain_text import printable, short_revision, wrapped
from reconciler.state.records import Condition, Conditions

LoopStatus = tuple[str, Conditions, datetime | None]
"""A target, its conditions, and when its last cycle or apply ended."""


def loop_statuses(session: Session, option: str | None, targets: Sequence[str]) -> list[LoopStatus]:
    """Those of the targets that a loop has looked at; a warning where the state cannot be asked:
    it is no reason to show nothing else.
    """
    found: list[LoopStatus] = []
    try:
        with closing(state_of(session.config, option, readonly=True)) as state:
            for target in targets:
                conditions = state.conditions.get(target)
                if conditions is not None:
                    last = state.history.list(target, limit=1)
                    found.append((target, conditions, last[0].record.ended_at if last else None))
    except ReconcilerError as error:
        say(f"warning: how the loop stands is not known: {printable(error.message)}")
    return found


def target_suspensions(
    session: Session, option: str | None, targets: Sequence[str]
) -> dict[str, Suspension]:
    """The targets that are suspended; none where the state cannot be asked, which is said."""
    try:
        with closing(state_of(session.config, option, readonly=True)) as state:
            asked = {one: state.suspensions.get(one, session.now) for one in targets}
    except ReconcilerError as error:
        say(f"warning: what is suspended is not known: {printable(error.message)}")
        return {}
    return {one: found for one, found in asked.items() if found is not None}


def say_suspended(session: Session, option: str | None, targets: Sequence[str]) -> None:
    """A line for each target that is suspended, for people."""
    for target, asked in target_suspensions(session, option, targets).items():
        say(f"{printable(target)} is {printable(suspension_words(asked))}: nothing is applied")


def show_loop_status(standing: LoopStatus) -> None:
    """Two lines: the conditions in one word and why; what was tried, and when."""
    target, conditions, last = standing
    word, role, condition = _in_a_word(conditions)
    head = f"the loop on {printable(target)}: "
    told = f"{word} since {_moment(condition.since)} ({condition.reason}):"
    lines = wrapped(f"{head}{told} {printable(condition.message)}", paint.columns, 2)
    out(f"\n{lines.replace(f': {word}', f': {paint(word, role)}', 1)}\n")
    said = [f"last recorded {_moment(last)}"] if last is not None else []
    said += [
        f"{name} {printable(short_revision(revision))}"
        for name, revision in (
            ("attempted", conditions.attempted),
            ("applied", conditions.applied),
        )
        if revision is not None
    ]
    out(f"  {wrapped(', '.join(said), paint.columns, 2)}\n" if said else "")


def loop_status_document(standing: LoopStatus) -> dict[str, object]:
    """The same for machines."""
    target, conditions, last = standing
    return {
        "target": target,
        "ready": _condition(conditions.ready),
        "reconciling": _condition(conditions.reconciling),
        "stalled": _condition(conditions.stalled),
        "attempted": conditions.attempted,
        "applied": conditions.applied,
        "last_recorded": last.isoformat() if last is not None else None,
    }


def _in_a_word(conditions: Conditions) -> tuple[str, str, Condition]:
    if conditions.stalled.status:
        return "stalled", "error", conditions.stalled
    if conditions.reconciling.status:
        return "reconciling", "warning", conditions.reconciling
    if conditions.ready.status:
        return "ready", "create", conditions.ready
    return "not ready", "warning", conditions.ready


def _condition(one: Condition) -> dict[str, object]:
    return {
        "status": one.status,
        "reason": one.reason,
        "message": one.message,
        "since": one.since.isoformat(),
    }


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
