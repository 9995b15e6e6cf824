"""`reconciler next`: when schedules will fire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import click

from reconciler.cli.live_schedules import complete_names, holds_of, over_words
from reconciler.cli.output import out, paint, say
from reconciler.cli.session import (
    UNKNOWN,
    Session,
    config_option,
    find_live,
    format_option,
    target_option,
    trigger_words,
)
from reconciler.cli.workspace_target import Workspace
from reconciler.config import Target
from reconciler.declare.holds import hold_words, zone_of
from reconciler.errors import ReconcilerError
from reconciler.firing.clocks.zones import zone
from reconciler.model import DatastoreChange, LiveSchedule, Schedule
from reconciler.providers.base import Provider
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.holds import hold_document
from reconciler.render.plain_text import printable, table

_FAR = timedelta(days=3660)
Row = tuple[LiveSchedule, str, Schedule | None, list[datetime]]
"""A live schedule, its trigger in words, its declaration if that holds it, and its fires."""


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date and time; without an offset it is UTC."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it; a usage error if it is none."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f'{value!r} is not a time; write it like "2026-12-01T06:00"', param, ctx)
        if not 1970 <= moment.year < 3000:
            self.fail(f"{value!r} is not between 1970 and 2999", param, ctx)
        return moment


@click.command()
@click.argument("name", required=False, shell_complete=complete_names)
@click.option(
    "--after", type=Moment(), help="From when on; without it, now. UTC, or with an offset."
)
@click.option("--count", type=click.IntRange(1, 10_000), help="How many of each schedule.")
@click.option("--until", type=Moment(), help="Until when, in place of --count.")
@target_option
@config_option
@format_option("text", "json")
def command(
    name: str | None,
    after: datetime | None,
    count: int | None,
    until: datetime | None,
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
) -> None:
    """Show when live schedules will fire next: the schedule NAME, or all that are enabled.

    One that is held is taken to come back when its hold ends.
    """
    if count is not None and until is not None:
        raise click.UsageError("--count and --until are two ways to say how many: use one")
    session = Session(config, no_color=no_color)
    start = after or session.now
    limit = count or (None if until else (5 if name else 1))
    rows: list[Row] = []
    targets = [session.one_target(target)] if name else session.targets(target)
    for one in targets:
        provider = session.provider(one)
        chosen = [find_live(provider, name)] if name else list(provider.list())
        holds = holds_of(session, chosen)
        for live in chosen:
            held = holds.get(live.key)
            if live.schedule.enabled or name or held:
                begin = max(start, held.hold.until) if held and held.hold else start
                fires = _fires(provider, live, begin, until or begin + _FAR)
                words = trigger_words(provider, live.schedule)
                rows.append((live, words, held, list(islice(fires, limit))))
    if form == "json":
        listed = [_document(*row) for row in rows]
        out(dumps({"format_version": FORMAT_VERSION, "schedules": listed}))
    elif name:
        live, _, held, _ = rows[0]
        off = held is None and not live.schedule.enabled
        _show_one(*rows[0], over_words(session, live) if off else None)
    else:
        _show_all(rows)
    if form == "text" and rows:
        _say_not_run(session, targets)


def _say_not_run(session: Session, targets: Sequence[Target]) -> None:
    for one in targets:
        if one.provider == "local" and (idle := Workspace(session, one).not_run()) is not None:
            say(idle)


def _fires(
    provider: Provider, live: LiveSchedule, start: datetime, until: datetime
) -> Iterator[datetime]:
    try:
        yield from provider.next_fires(live.schedule, start, until, live.created_at)
    except OverflowError as error:
        raise ReconcilerError(f"{live.key}: the range is too wide") from error


def _utc(fire: datetime) -> str:
    return f"{fire:%a %Y-%m-%d %H:%M:%S}"


def _local(live: LiveSchedule, fire: datetime) -> str:
    """The same instant in the zone of its trigger; empty where that is UTC."""
    trigger = live.schedule.trigger
    assert not isinstance(trigger, DatastoreChange)
    local = fire.astimezone(zone(trigger.time_zone))
    return "" if local.tzname() == "UTC" else f"{local:%a %Y-%m-%d %H:%M:%S %Z}"


def _held(held: Schedule | None) -> str:
    return printable(hold_words(held.hold, zone_of(held))) if held and held.hold else ""


def _show_one(
    live: LiveSchedule,
    words: str,
    held: Schedule | None,
    fires: list[datetime],
    over: str | None,
) -> None:
    out(f"{live.key}: {printable(words)}\n")
    if held is not None:
        out(f"{_held(held)}; the next apply after that brings it back\n")
    elif over is not None:
        out(f"{printable(over)}; the next apply brings it back\n")
    elif not live.schedule.enabled:
        out("it is disabled: this is when it would fire\n")
    for fire in fires:
        out(f"  {_utc(fire)} UTC   {_local(live, fire)}".rstrip() + "\n")
    if not fires and words == UNKNOWN:
        out("  its trigger cannot be read\n")
    elif not fires:
        by_time = not isinstance(live.schedule.trigger, DatastoreChange)
        out("  it does not fire in this time\n" if by_time else "  it fires when a file changes\n")


def _show_all(rows: list[Row]) -> None:
    timed = [(fire, live, held) for live, _, held, fires in rows for fire in fires]
    cells = [
        (_utc(fire), str(live.key), _beside(_local(live, fire), held))
        for fire, live, held in sorted(timed, key=lambda found: (found[0], found[1].key))
    ]
    cells += [
        ("-", str(live.key), _beside(words, held)) for live, words, held, fires in rows if not fires
    ]
    out(table(("NEXT (UTC)", "SCHEDULE", ""), cells, paint))


def _beside(text: str, held: Schedule | None) -> str:
    return "; ".join(part for part in (text, _held(held)) if part)


def _document(
    live: LiveSchedule, words: str, held: Schedule | None, fires: list[datetime]
) -> dict[str, object]:
    return {
        "target": live.key.target,
        "name": live.key.name,
        "enabled": live.schedule.enabled,
        "hold": hold_document(held) if held is not None else None,
        "trigger": words,
        "fires": [fire.isoformat() for fire in fires],
    }
