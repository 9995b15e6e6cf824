"""A target: whether it is reached, what may be done there, its clock, who works on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

from reconciler.cli.checks.environment import disk_check
from reconciler.cli.checks.records import Check, Verdict, words_of
from reconciler.cli.session import Session
from reconciler.cli.state_options import now, state_of
from reconciler.cli.workspace_target import Workspace
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.render.plain_text import counted

_AHEAD_SECONDS = 5.0
"""By so much an engine may have been ahead of this clock."""


def target_checks(session: Session, name: str) -> Iterator[Check]:
    """One for each thing that was looked at; what cannot be is one too."""
    try:
        target = session.config.target(name)
        provider = session.provider(target)
        live = list(provider.list())
    except ConfigError as error:
        yield Check(name, Verdict.BROKEN, f"cannot be opened: {words_of(error)}", error.hint)
        return
    except ReconcilerError as error:
        yield Check(name, Verdict.BROKEN, f"does not answer: {error.message}", error.hint)
        return
    ours = sum(one.owner == session.config.owner for one in live)
    yield Check(
        name, Verdict.WELL, f"answers: {counted(len(live), 'schedule')} live, {ours:,} ours"
    )
    if target.provider == "local":
        yield from _workspace(Workspace(session, target))
    else:
        said = "it may be read; whether it may be written, only an apply shows"
        yield Check(name, Verdict.WELL, said)
    yield _loop(session, name)


def _workspace(workspace: Workspace) -> Iterator[Check]:
    name, folder = workspace.target.name, workspace.path.parent
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(place, os.W_OK) or (
        workspace.path.exists() and not os.access(workspace.path, os.W_OK)
    ):
        found = f"{workspace.path} may not be written"
        yield Check(name, Verdict.BROKEN, found, "apply and serve as the user who owns it")
    if not workspace.path.exists():
        yield Check(name, Verdict.LOOK, f"{workspace.path} is not there yet", "`reconciler apply`")
        return
    if workspace.lease.is_held():
        holder = workspace.lease.holder()
        yield Check(name, Verdict.WELL, f"is run by {holder or 'another process'}")
    else:
        yield Check(name, Verdict.LOOK, "nobody runs it: nothing fires", "`reconciler serve`")
    with workspace.errors():
        reached = workspace.ledger.handled_until()
    ahead = (reached - now()).total_seconds() if reached is not None else 0.0
    if ahead > _AHEAD_SECONDS:
        found = f"its engine was {ahead:,.0f} s ahead of the clock of this machine"
        yield Check(name, Verdict.LOOK, found, "set the clock: what fired then is not repeated")
    yield disk_check(name, place)


def _loop(session: Session, name: str) -> Check:
    try:
        with closing(state_of(session.config, None, readonly=True)) as state:
            conditions = state.conditions.get(name)
            asked = state.suspensions.get(name, session.now)
    except ReconcilerError as error:
        return Check(
            name, Verdict.LOOK, f"the state does not answer: {words_of(error)}", error.hint
        )
    if asked is not None:
        return Check(name, Verdict.LOOK, "is suspended: nothing is applied", "`reconciler resume`")
    if conditions is not None and conditions.stalled.status:
        return Check(name, Verdict.LOOK, f"the loop is stalled: {conditions.stalled.message}")
    return Check(name, Verdict.WELL, "no loop is stalled on it")
