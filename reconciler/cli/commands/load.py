"""`reconciler load`: the busiest minutes of a target, and how to spread them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from reconciler.cli.durations import duration
from reconciler.cli.editing.declaration_files import (
    Declared,
    find_declared,
    read_again,
    refuse_errors,
    replace_file,
    settings_of,
)
from reconciler.cli.output import out, say
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.declare.reading.edits import Edit, EditError, edit
from reconciler.errors import ReconcilerError
from reconciler.firing.counting.bitsets import minutes_of, span_of
from reconciler.firing.counting.count import raster
from reconciler.model import DatastoreChange, Schedule
from reconciler.plan.impact.spread import MAY_MOVE, Movable, Move, at_minute, movable, spread
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.plain_text import counted, printable, table

_SHOWN = 10
_BAR = 40


@click.command()
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True, help="From now.")
@click.option(
    "--may-move",
    metavar="SPAN",
    help=f"How far any schedule may be moved that has no tag {MAY_MOVE}; without it: not at all.",
)
@click.option("--write", is_flag=True, help="Write the proposal into the files.")
@target_option
@config_option
@format_option("text", "json")
def command(
    days: int,
    may_move: str | None,
    write: bool,
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
) -> None:
    """Show when most schedules of a target fire at once, and propose which to move.

    A schedule that fires at one minute of the hour may be moved within that hour, by as much as its
    tag `may-move: 15m` says. Nothing is asked of the target: it is about what the files declare.
    """
    session = Session(config, no_color=no_color)
    one = session.one_target(target)
    allowed = duration(may_move) if may_move is not None else timedelta()
    begin = session.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    declared = [s for s in session.declared([one])[one.name] if s.enabled]
    provider = session.provider(one)
    minutes = {
        schedule.key.name: _minutes(schedule, provider.firing_trigger(schedule), begin, days)
        for schedule in declared
    }
    counts = [0] * (days * 24 * 60)
    for found in minutes.values():
        for minute in found:
            counts[minute] += 1
    before = list(counts)
    names = _names(minutes)
    moves = spread(counts, _movable(declared, minutes, allowed))
    if form == "json":
        out(dumps(_document(begin, before, counts, moves, names)))
    else:
        _show(begin, before, counts, moves, names, bool(allowed))
    if write:
        _write(session, one.name, moves)
    elif moves and form == "text":
        out("\n`reconciler load --write` writes that into the files\n")


def _minutes(schedule: Schedule, trigger: Any, begin: datetime, days: int) -> list[int]:
    """In which minutes of the span it fires; it is taken to be live already when that begins."""
    if trigger is None or isinstance(trigger, DatastoreChange):
        return []
    span = span_of(begin - timedelta(seconds=1), begin + timedelta(days=days, seconds=-1))
    first = (begin - datetime.fromtimestamp(span.base, UTC)) // timedelta(minutes=1)
    found = minutes_of(raster(trigger, span, begin - timedelta(days=1)).bits, span.minutes)
    return [minute - first for minute in found if minute >= first]


def _names(minutes: Mapping[str, Sequence[int]]) -> dict[int, list[str]]:
    """Who fires in each minute."""
    by_minute: dict[int, list[str]] = defaultdict(list)
    for name, found in minutes.items():
        for minute in found:
            by_minute[minute].append(name)
    return by_minute


def _movable(
    declared: Sequence[Schedule], minutes: Mapping[str, Sequence[int]], allowed: timedelta
) -> list[Movable]:
    found = []
    for schedule in declared:
        by, said = allowed, schedule.tags.get(MAY_MOVE)
        if said is not None:
            try:
                by = duration(said)
            except click.BadParameter as error:
                what = f"{schedule.key}: the tag {MAY_MOVE}: {error.message}"
                raise ReconcilerError(what) from error
        one = movable(schedule, minutes[schedule.key.name], by) if by else None
        if one is not None:
            found.append(one)
    return found


# ----------------------------------------------------------------------------------------- showing


def _busiest(counts: Sequence[int]) -> list[int]:
    """The minutes with the highest counts, one for each time of day, the highest first."""
    found: dict[int, int] = {}
    for minute in sorted(range(len(counts)), key=lambda minute: (-counts[minute], minute)):
        if counts[minute] < 2 or len(found) == _SHOWN:
            break
        found.setdefault(minute % (24 * 60), minute)
    return list(found.values())


def _show(
    begin: datetime,
    before: Sequence[int],
    after: Sequence[int],
    moves: Sequence[Move],
    names: Mapping[int, list[str]],
    any_may: bool,
) -> None:
    total = sum(before)
    days = counted(len(before) // 1440, "day")
    out(f"{counted(total, 'fire')} from {begin:%Y-%m-%d %H:%M} UTC in {days}\n")
    busiest = _busiest(before)
    if busiest:
        rows = [
            (
                f"{begin + timedelta(minutes=minute):%a %d %b %H:%M}",
                f"{before[minute]:,}",
                _some(names.get(minute, ())),
            )
            for minute in busiest
        ]
        out("\n" + table(("BUSIEST (UTC)", "AT ONCE", "SCHEDULES"), rows))
    else:
        out("no two schedules fire in one minute\n")
    if not moves:
        if busiest and not any_may:
            out(f"\nnothing may move: tags `{MAY_MOVE}: 15m` say what may, or --may-move SPAN\n")
        return
    rows = [(printable(str(move.key)), f":{move.before:02}", f":{move.after:02}") for move in moves]
    out("\n" + table(("MOVE", "FROM", "TO"), rows))
    out("\n" + _picture(before, after))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in sorted(names)[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _picture(before: Sequence[int], after: Sequence[int]) -> str:
    """How many minutes there are with how many fires at once, before and after."""
    rows = []
    was, now = Counter(before), Counter(after)
    steps = sorted({count for count in (*was, *now) if count})
    most = max(max(was[count], now[count]) for count in steps)
    for count in reversed(steps):
        bars = [f"{'#' * -(-counts[count] * _BAR // most)}" for counts in (was, now)]
        rows += [
            (f"{count:,} at once", "before", f"{was[count]:,}", bars[0]),
            ("", "after", f"{now[count]:,}", bars[1]),
        ]
    return table(("FIRES", "", "MINUTES", ""), rows)


def _document(
    begin: datetime,
    before: Sequence[int],
    after: Sequence[int],
    moves: Sequence[Move],
    names: Mapping[int, list[str]],
) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "begin": begin.isoformat(),
        "minutes": len(before),
        "fires": sum(before),
        "at_once": {"before": max(before, default=0), "after": max(after, default=0)},
        "busiest": [
            {
                "at": (begin + timedelta(minutes=minute)).isoformat(),
                "before": before[minute],
                "after": after[minute],
                "schedules": sorted(names.get(minute, ())),
            }
            for minute in _busiest(before)
        ],
        "moves": [
            {"name": str(move.key), "minute": {"before": move.before, "after": move.after}}
            for move in moves
        ],
    }


# ----------------------------------------------------------------------------------------- writing


def _write(session: Session, target: str, moves: Sequence[Move]) -> None:
    """The proposal, as edits of the files; what cannot be edited is said, and left."""
    written = 0
    for move in moves:
        declared = find_declared(session, move.key.name, target)
        try:
            data = edit(declared.data, declared.source.document, [_edit(declared, target, move)])
        except EditError as error:
            say(f"{printable(str(declared.source))}: {printable(str(error))}: left as it is")
            continue
        settings = settings_of(session, declared.targets)
        _, findings = read_again(session, declared, data, settings)
        refuse_errors(declared, findings)
        replace_file(declared, data, session.config.root)
        written += 1
    out(f"wrote {counted(written, 'schedule')}\n")


def _edit(declared: Declared, target: str, move: Move) -> Edit:
    """Where its minute is written: in the target's overrides, or for all of its targets."""
    own = declared.document.get("overrides", {}).get(target, {})
    for place, written in ((("overrides", target), own), ((), declared.document)):
        found = at_minute(written.get("trigger"), move.after)
        if found is not None:
            return Edit((*place, "trigger", *found[0]), found[1])
    raise EditError("its trigger is written elsewhere, or without a minute")
