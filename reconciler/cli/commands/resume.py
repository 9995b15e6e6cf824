"""`reconciler resume`: end a suspension before its time."""

from __future__ import annotations

from contextlib import closing

import click

from reconciler.cli.loop.suspending import (
    check_meant,
    meant_targets,
    note,
    target_only,
    try_note,
)
from reconciler.cli.output import out
from reconciler.cli.session import Session, config_option, find_live
from reconciler.cli.state_options import state_of, state_option
from reconciler.render.plain_text import printable
from reconciler.state.records import RESUMED


@click.command()
@target_only
@state_option
@config_option
def command(
    name: str | None,
    target: str | None,
    everything: bool,
    state: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """End a suspension: the schedule NAME is as before; a target may be changed again."""
    session = Session(config, no_color=no_color)
    check_meant(name, target, everything)
    if name is not None:
        _resume_schedule(session, name, target, state)
        return
    with closing(state_of(session.config, state)) as opened:
        for one in meant_targets(session, target):
            if opened.suspensions.get(one, session.now) is None:
                out(f"{printable(one)} is not suspended\n")
                continue
            opened.suspensions.end(one, session.now)
            note(opened, one, "applied", RESUMED, "it may be changed again", session.now)
            out(f"{printable(one)} may be changed again\n")


def _resume_schedule(session: Session, name: str, target: str | None, state: str | None) -> None:
    provider = session.provider(session.one_target(target))
    live = find_live(provider, name)
    shown = printable(str(live.key))
    if live.suspended is None:
        out(f"{shown} is not suspended\n")
        return
    enabled = live.suspended.was_enabled
    provider.suspend(live, None)
    out(f"{shown} is {'enabled again' if enabled else 'not suspended any more; it was disabled'}\n")
    try_note(session, state, live, RESUMED, "is not suspended any more", "update")
