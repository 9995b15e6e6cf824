"""Live schedules -> declarations that a plan finds nothing in but their owner."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reconciler.cli.imports.check import Checked, check
from reconciler.cli.live_schedules import code_note
from reconciler.cli.output import say
from reconciler.cli.session import Session, find_live
from reconciler.config import Target
from reconciler.importing import Imported, import_schedule
from reconciler.masking import mask_text
from reconciler.model import LiveSchedule
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import BringHome, Unsayable, WritesJobs
from reconciler.render.plain_text import printable


def import_live(
    session: Session,
    target: Target,
    names: tuple[str, ...],
    schema: str,
    home: BringHome | None = None,
) -> list[Imported]:
    """The declarations of `names`, or of all that is live. What cannot be said is left as it is.

    Left out as well: what is declared already, and what is of another kind. With a `home`, code
    comes along where files can say the same with it; else the schedule comes without.
    """
    provider = session.provider(target)
    chosen = [find_live(provider, name) for name in names] or list(provider.list())
    wanted = list(_unknown(session, target, chosen))
    for live in wanted:
        if (note := code_note(provider, live)) is not None:
            say(f"{live.key}: {printable(note)}")
    kept: list[Imported] = []
    if home is not None:
        if not isinstance(provider, WritesJobs):
            raise click.UsageError(f'the target "{target.name}" keeps no code of its own')
        found, failed = _tried(provider, session, target, wanted, schema, home)
        kept += found
        for live, why in failed:
            say(f"{live.key}: its code is not imported: {printable(mask_text(why))}")
        wanted = [live for live, _ in failed]
    found, failed = _tried(provider, session, target, wanted, schema, None)
    for live, why in failed:
        say(f"{live.key}: not imported, and left as it is: {printable(mask_text(why))}")
    return sorted([*kept, *found], key=lambda one: one.name)


def _tried(
    provider: Provider,
    session: Session,
    target: Target,
    wanted: list[LiveSchedule],
    schema: str,
    home: BringHome | None,
) -> tuple[list[Imported], list[tuple[LiveSchedule, str]]]:
    """What can be written, and what cannot, with why."""
    done: list[Checked] = []
    failed: list[tuple[LiveSchedule, str]] = []
    for live in wanted:
        try:
            done.append(Checked(live, _imported(provider, live, schema, home)))
        except Unsayable as error:
            failed.append((live, str(error)))
    kept = []
    for one in check(done, provider, target, session.now, home):
        if one.wrong is None:
            kept.append(one.imported)
        else:
            failed.append((one.live, one.wrong))
    return kept, failed


def _imported(
    provider: Provider, live: LiveSchedule, schema: str, home: BringHome | None
) -> Imported:
    reference = live.schedule.job.reference
    job = None
    if isinstance(provider, WritesJobs):
        job = provider.live_job(live, home)
    elif reference.startswith("("):
        raise Unsayable(reference.strip("()"))
    return import_schedule(live.schedule, schema, provider.firing_trigger(live.schedule), job)


def _unknown(
    session: Session, target: Target, chosen: list[LiveSchedule]
) -> Iterator[LiveSchedule]:
    """Without what the repository declares already, and what has a name that may not be told."""
    declared = {
        schedule.key.name: schedule.source
        for schedule in session.read([target]).schedules
        if schedule.key.target == target.name
    }
    for live in chosen:
        if mask_text(live.key.name) != live.key.name:
            say(f"{mask_text(str(live.key))}: not imported: its name looks like a credential")
        elif live.key.name in declared:
            source = declared[live.key.name]
            where = f"{source.path}:{source.line}" if source is not None else "the repository"
            say(f"{live.key}: not imported: {printable(where)} declares it")
        else:
            yield live
