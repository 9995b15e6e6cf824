"""`reconciler drift accept`: what is live becomes what is declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from reconciler.cli.editing.declaration_files import (
    Declared,
    find_declared,
    name_argument,
    read_again,
    refuse_errors,
    replace_file,
    settings_of,
    split_name,
)
from reconciler.cli.editing.drift_changes import Difference, find_differences
from reconciler.cli.output import out, say
from reconciler.cli.session import Session, config_option, target_option
from reconciler.declare.reading.edits import Edit, EditError, edit
from reconciler.declare.reading.yaml_loader import parse
from reconciler.errors import DeclarationError, ProviderError, ReconcilerError
from reconciler.model import Action, Change, Cron, Schedule
from reconciler.plan import make_plan
from reconciler.plan.accept import accept_edits
from reconciler.reconcile import canonicalize
from reconciler.render.plain_text import printable


@click.command()
@name_argument
@target_option
@config_option
def command(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Write what is live into the file: only what differs, with all else in the file as it was.

    The file is replaced only if the plan for the schedule is empty with it. A cron of which the
    target ignores a part is written as it fires. With --target all, what is live alike in every
    target is written once, and anything else under overrides.
    """
    session = Session(config, no_color=no_color)
    name, target = split_name(name, target)
    targets = session.targets(target)
    found = find_differences(session, name, targets)
    accepted = [_as_it_fires(one) for one in found if one.change.action is Action.UPDATE]
    if not accepted:
        change = found[0].change
        what = "is not live yet" if change.action is Action.CREATE else "is not declared"
        raise ReconcilerError(f"{change.key} {what}: there is nothing to accept")
    places = [one.change.key.target for one in accepted]
    declared = find_declared(session, name, places[0] if len(places) == 1 else None)
    try:
        data, edits = _edited(session, declared, accepted)
    except EditError as error:
        raise ReconcilerError(f"{declared.source}: {error}") from error
    settled = [_settled(session, declared, data, one) for one in accepted]
    for _, left in settled:
        if left is not None:
            names = ", ".join(field.name for field in left.fields)
            raise ReconcilerError(
                f"{names} would still differ, by a default or a variable; the file is as it was",
                hint="edit it by hand, or `reconciler drift revert` it",
            )
    replace_file(declared, data, session.config.root)
    shown = " and ".join(f"{place}/{name}" for place in places)
    words = "is declared as it is live" if len(places) == 1 else "are declared as they are live"
    out(f"{printable(declared.source.path)}: {printable(shown)} {words}\n")
    for one in edits:
        out(f"    {printable('.'.join(one.path))}\n")
    is_empty = True
    for difference, (schedule, _) in zip(accepted, settled, strict=True):
        restated = _restated(difference)
        if restated:
            say(restated)
        is_empty &= _remember(difference, schedule) or not restated
    if is_empty:
        say("the plan for it is empty now; commit the file")
    else:
        say("commit the file; the next apply writes the live cron as it fires: no fire differs")


def _as_it_fires(one: Difference) -> Difference:
    """A cron of which the target ignores a part, as it fires: its text, declared, would be refused
    or mean another schedule.
    """
    live = one.change.before
    assert live is not None
    said, fires = live.schedule.trigger, one.provider.firing_trigger(live.schedule)
    if not isinstance(said, Cron) or not isinstance(fires, Cron) or fires == said:
        return one
    schedule = replace(live.schedule, trigger=fires)
    return replace(one, change=replace(one.change, before=replace(live, schedule=schedule)))


def _restated(one: Difference) -> str:
    """What to say of a live cron that is written as it fires; empty where it is as it was."""
    planned = next(each for each in one.plan.changes if each.key == one.change.key).before
    taken = one.change.before
    assert planned is not None
    assert taken is not None
    said, fires = planned.schedule.trigger, taken.schedule.trigger
    if said == fires or not isinstance(said, Cron) or not isinstance(fires, Cron):
        return ""
    does = f'"{said.expression}" fires as "{fires.expression}" does, which is declared now'
    return printable(f"{one.change.key}: the live cron {does}")


def _edited(
    session: Session, declared: Declared, accepted: Sequence[Difference]
) -> tuple[bytes, list[Edit]]:
    """The file with what is live in each target, and the edits that made it. EditError."""
    places = {one.change.key.target for one in accepted}
    alike = set(declared.targets) <= places and len({_live(one.change) for one in accepted}) == 1
    data, edits = declared.data, list[Edit]()
    for one in accepted:
        # Once it is written for one target, it may be right for the next.
        _, change = _settled(session, declared, data, one)
        if change is not None:
            document = parse(data)[0][declared.source.document].data
            made = accept_edits(change, document, alone=alike)
            data = edit(data, declared.source.document, made)
            edits += made
            alike = alike and len(places) == 1
    return data, edits


def _live(change: Change) -> str:
    """What differs, and what is live there."""
    return repr([(field.path, field.before) for field in change.fields])


def _settled(
    session: Session, declared: Declared, data: bytes, one: Difference
) -> tuple[Schedule, Change | None]:
    """The schedule in its canonical form, with `data` in its file, and what differs still."""
    live, target = one.change.before, one.change.key.target
    assert live is not None
    schedules, findings = read_again(session, declared, data, settings_of(session, [target]))
    refuse_errors(declared, findings)
    try:
        desired = canonicalize([schedules[target]], {live.key: live}, one.provider)
    except DeclarationError as error:
        reason = error.problems[0].message
        raise ReconcilerError(f"the file is as it was, for the target refuses: {reason}") from error
    left = make_plan(desired, [live], target=target, owner=one.plan.owner)
    return desired[0].schedule, next(iter(left.pending), None)


def _remember(one: Difference, schedule: Schedule) -> bool:
    """Let the target keep that this is applied: a change of the file is then known as one. Whether
    it does.
    """
    live = one.change.before
    assert live is not None
    try:
        one.provider.update(schedule, live)
    except ProviderError as error:
        say(
            f"{printable(str(live.key))}: the target does not remember this:"
            f" {printable(error.reason)}; the next change of the file will read as one in both"
        )
        return False
    return True
