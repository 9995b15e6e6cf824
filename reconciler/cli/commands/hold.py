"""`reconciler hold`: pause a schedule until a moment, in its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from reconciler.cli.durations import duration
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
from reconciler.cli.output import out, say
from reconciler.cli.session import Session, actor, complete_targets, config_option, find_live
from reconciler.declare.holds import hold_words, read_until, zone_of
from reconciler.declare.reading.edits import REMOVE, Edit, EditError, edit
from reconciler.declare.suspensions import in_force
from reconciler.errors import ReconcilerError
from reconciler.model import Schedule, Suspension
from reconciler.render.plain_text import printable


@click.command()
@name_argument
@click.option(
    "--until",
    metavar="TIME",
    help="A date, a date and time (in the trigger's time zone, or with an offset), or a span such"
    " as 12h or 7d from now.",
)
@click.option("--reason", help="Why; plans and status show it.")
@click.option("--by", help="Who asks for it; without it, who calls.")
@click.option(
    "--suspended",
    is_flag=True,
    help="As it is suspended where it lives: until, reason and by are taken from there.",
)
@click.option("--release", is_flag=True, help="End the hold: take it out of the file.")
@click.option(
    "--target",
    metavar="NAME",
    shell_complete=complete_targets,
    help="In this target only: written under its overrides.",
)
@config_option
def command(
    name: str,
    until: str | None,
    reason: str | None,
    by: str | None,
    suspended: bool,
    release: bool,
    target: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Pause a schedule until a moment: it stays live, but disabled, until an apply after that.

    Writes `hold` into the file that declares it, with everything else in the file as it was; the
    next apply carries it out.
    """
    if sum((release, suspended, until is not None)) != 1 or (release and (reason or by)):
        raise click.UsageError("give --until (with --reason and --by), --suspended, or --release")
    session = Session(config, no_color=no_color)
    if suspended:
        bare, where = split_name(name, target)
        asked = _suspension(session, bare, where)
        until = f"{asked.until:%Y-%m-%dT%H:%M:%SZ}"
        reason, by = reason or asked.reason, by or asked.by
    if target is not None:
        session.config.target(target)
    declared = find_declared(session, name, target)
    _, named = split_name(name, target)
    if len(set(declared.targets)) > 1:
        target = named
    over: tuple[str, ...] = ("overrides", target) if target is not None else ()
    if release:
        edits = _released(declared, over)
        if not edits:
            out(f"{printable(declared.document['name'])} is not held\n")
            return
    else:
        assert until is not None
        edits = _held(declared, over, _until(session, until), reason, by or actor())
    try:
        data = edit(declared.data, declared.source.document, edits)
    except EditError as error:
        raise ReconcilerError(f"{declared.source}: {error}", hint="edit it by hand") from error
    affected = [target] if target is not None else list(declared.targets)
    schedules = _checked(session, declared, data, affected, release)
    replace_file(declared, data, session.config.root)
    _show(declared, schedules, release)


def _suspension(session: Session, name: str, target: str | None) -> Suspension:
    """That of the live schedule; an error where there is none that lasts."""
    provider = session.provider(session.one_target(target))
    live = find_live(provider, name)
    asked = in_force(live, session.now)
    if asked is None:
        raise ReconcilerError(f"{live.key} is not suspended")
    return asked


def _until(session: Session, text: str) -> str:
    """What is written: the moment as it was given, or the one that a span leads to."""
    text = text.strip()
    if read_until(text) is not None:
        return text
    try:
        moment = session.now + duration(text)
    except (click.BadParameter, OverflowError):
        raise click.UsageError(
            f'--until "{printable(text)}" is not a date, a date and time, nor a span:'
            ' write it like "2026-12-01", "2026-12-01T08:00" or "7d"'
        ) from None
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _held(
    declared: Declared, over: tuple[str, ...], until: str, reason: str | None, by: str
) -> list[Edit]:
    wanted: dict[str, Any] = {"until": until, "reason": reason, "by": by}
    path = (*over, "hold")
    if not isinstance(_at(declared.document, path), dict):
        return [Edit(path, {key: value for key, value in wanted.items() if value})]
    return [Edit((*path, key), value or REMOVE) for key, value in wanted.items()]


def _released(declared: Declared, over: tuple[str, ...]) -> list[Edit]:
    document = declared.document
    edits: list[Edit] = []
    if _at(document, (*over, "hold")) is not None:
        edits.append(Edit((*over, "hold"), REMOVE))
    if over and document.get("hold") is not None:
        edits = [Edit((*over, "hold"), None)]
    return edits


def _checked(
    session: Session, declared: Declared, data: bytes, affected: list[str], release: bool
) -> list[Schedule]:
    """What the schedule is with the edit; an error where that is not what was asked for."""
    settings = settings_of(session, session.config.target_names)
    before, _ = read_again(session, declared, declared.data, settings)
    after, findings = read_again(session, declared, data, settings)
    refuse_errors(declared, findings)
    for one, schedule in after.items():
        if one not in affected:
            if before.get(one) != schedule or before[one].hold != schedule.hold:
                raise ReconcilerError(f"it would change in the target {one}; edit it by hand")
        elif (schedule.hold is None) is not release:
            if not release and any(f.code == "SCH037" for f in findings):
                raise click.UsageError("--until is in the past")
            raise ReconcilerError(
                f"{declared.source}: the overrides of {one} say something else",
                hint=f"name it: --target {one}",
            )
    return [schedule for one, schedule in after.items() if one in affected]


def _show(declared: Declared, schedules: list[Schedule], release: bool) -> None:
    name, place = printable(declared.document["name"]), printable(declared.source.path)
    words = "not held any more"
    held = next((s for s in schedules if s.hold is not None), None)
    if held is not None and held.hold is not None:
        words = hold_words(held.hold, zone_of(held))
    out(f"{place}: {name} is {printable(words)}\n")
    say("the next apply carries it out; commit the file")


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document
