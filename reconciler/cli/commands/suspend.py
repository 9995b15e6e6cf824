"""`reconciler suspend`: stop a schedule, or all changes of a target, without a commit."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import click

from reconciler.cli.durations import duration
from reconciler.cli.loop.suspending import (
    check_meant,
    meant_targets,
    note,
    target_only,
    try_note,
)
from reconciler.cli.output import out, say
from reconciler.cli.session import (
    Session,
    actor,
    config_option,
    find_live,
)
from reconciler.cli.state_options import FOLDER, state_of, state_option
from reconciler.declare.holds import read_until
from reconciler.declare.suspensions import suspension_words
from reconciler.model import Suspension
from reconciler.render.plain_text import printable
from reconciler.state import FILE
from reconciler.state.records import SUSPENDED


@click.command()
@target_only
@click.option(
    "--until",
    required=True,
    metavar="TIME",
    help="When it ends by itself: a span such as 4h or 2d from now, or a date or a date and time"
    " (UTC, or with an offset).",
)
@click.option("--reason", help="Why; it is shown wherever the suspension is.")
@state_option
@config_option
def command(
    name: str | None,
    target: str | None,
    everything: bool,
    until: str,
    reason: str | None,
    state: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Stop now, without a commit: the live schedule NAME, or all changes of a target.

    A schedule is disabled where it lives, and no apply and no loop enables it before the end. A
    target (--target or --all, without NAME) is left exactly as it is: its schedules go on firing,
    and no apply and no loop changes any. Both end by themselves, or with `reconciler resume`.
    """
    session = Session(config, no_color=no_color)
    check_meant(name, target, everything)
    asked = Suspension(_until(session, until), actor(), session.now, reason or None)
    if name is not None:
        _suspend_schedule(session, name, target, state, asked)
        return
    with closing(state_of(session.config, state)) as opened:
        for one in meant_targets(session, target):
            opened.suspensions.set(one, asked)
            words = suspension_words(asked)
            note(opened, one, "waiting", SUSPENDED, words, session.now)
            out(f"{printable(one)} is {printable(words)}\n")
    say("live schedules go on as they are; no apply and no loop changes them before that")
    if state is None and session.config.section("state") is None:
        say(
            f"it is kept in {FOLDER}/{FILE} here: only what applies with the same state heeds it;"
            " `state` in reconciler.yaml names one for all"
        )


def _suspend_schedule(
    session: Session, name: str, target: str | None, state: str | None, asked: Suspension
) -> None:
    one = session.one_target(target)
    provider = session.provider(one)
    live = find_live(provider, name)
    # One that is over and that no apply has ended yet still says what the schedule was.
    was = live.schedule.enabled or (live.suspended is not None and live.suspended.was_enabled)
    asked = replace(asked, was_enabled=was)
    provider.suspend(live, asked)
    words = suspension_words(asked)
    out(f"{printable(str(live.key))} is {printable(words)}\n")
    try_note(session, state, live, SUSPENDED, words, "disable")
    if live.owner == session.config.owner:
        say(f"to keep it so by the repository: reconciler hold {printable(name)} --suspended")


def _until(session: Session, text: str) -> datetime:
    moment = read_until(text.strip())
    if moment is not None:
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    else:
        try:
            moment = session.now + duration(text.strip())
        except (click.BadParameter, OverflowError):
            raise click.UsageError(
                f'--until "{printable(text)}" is not a date, a date and time, nor a span:'
                ' write it like "4h", "2026-12-01" or "2026-12-01T08:00"'
            ) from None
    if moment <= session.now:
        raise click.UsageError("--until is in the past")
    return moment
