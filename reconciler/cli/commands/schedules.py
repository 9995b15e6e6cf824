"""`reconciler schedules`: look at live schedules, switch one off or on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import click

from reconciler.cli.output import out, paint
from reconciler.cli.session import (
    Session,
    config_option,
    find_live,
    format_option,
    target_option,
    trigger_words,
)
from reconciler.declare.holds import hold_words, zone_of
from reconciler.errors import ReconcilerError
from reconciler.model import Key, LiveSchedule, Schedule
from reconciler.render.documents import FORMAT_VERSION, dumps, live_document
from reconciler.render.holds import hold_document
from reconciler.render.plain_text import printable, table


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of live schedules, for the shell."""
    try:
        session = Session(ctx.params.get("config"))
        providers = [session.provider(t) for t in session.targets(ctx.params.get("target"))]
        names = [live.key.name for provider in providers for live in provider.list()]
    except (ReconcilerError, click.ClickException):
        return []
    return [name for name in names if name.startswith(incomplete)]


name_argument = click.argument("name", shell_complete=complete_names)


@click.group()
def command() -> None:
    """List, show, disable and enable live schedules."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Disabled schedules, too.")
@target_option
@config_option
@format_option("text", "json")
def list_schedules(
    everything: bool, target: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """List live schedules: those that are enabled, or --all."""
    session = Session(config, no_color=no_color)
    live: list[LiveSchedule] = []
    words: dict[Key, str] = {}
    for one in session.targets(target):
        provider = session.provider(one)
        for schedule in provider.list():
            live.append(schedule)
            words[schedule.key] = trigger_words(provider, schedule.schedule)
    shown = [schedule for schedule in live if everything or schedule.schedule.enabled]
    holds = holds_of(session, shown)
    if form == "json":
        listed = [
            live_document(schedule)
            | {"hold": hold_document(holds[schedule.key]) if schedule.key in holds else None}
            for schedule in shown
        ]
        out(dumps({"format_version": FORMAT_VERSION, "schedules": listed}))
        return
    header = ("SCHEDULE", "ENABLED", "OWNER", "RUNS", "TRIGGER")
    out(table(header, [_row(one, holds, words) for one in shown], paint))
    hidden = len(live) - len(shown)
    if hidden:
        out(f"{hidden} disabled, shown with --all\n")


def holds_of(session: Session, live: Sequence[LiveSchedule]) -> dict[Key, Schedule]:
    """Those that their declarations hold: ours, and disabled. None where a file is wrong."""
    owner = session.config.owner
    off = {one.key for one in live if one.owner == owner and not one.schedule.enabled}
    if not off:
        return {}
    targets = [session.config.target(name) for name in {key.target for key in off}]
    declared = session.read(targets).schedules
    return {s.key: s for s in declared if s.key in off and s.hold is not None}


def _words(schedule: Schedule) -> str:
    return hold_words(schedule.hold, zone_of(schedule)) if schedule.hold is not None else ""


def _row(
    live: LiveSchedule, holds: Mapping[Key, Schedule], words: Mapping[Key, str]
) -> tuple[str, ...]:
    schedule = live.schedule
    enabled = "yes" if schedule.enabled else "no"
    return (
        str(live.key),
        _words(holds[live.key]) if live.key in holds else enabled,
        live.owner or "(by hand)",
        schedule.job.reference,
        words[live.key],
    )


@command.command("show")
@name_argument
@target_option
@config_option
@format_option("text", "json")
def show_schedule(
    name: str, target: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """Show a live schedule, in the words of a declaration."""
    session = Session(config, no_color=no_color)
    provider = session.provider(session.one_target(target))
    live = find_live(provider, name)
    document = live_document(live)
    holds = holds_of(session, [live])
    if form == "json":
        hold = hold_document(holds[live.key]) if holds else None
        out(dumps({"format_version": FORMAT_VERSION, **document, "hold": hold}))
        return
    out(f"# {live.key}: {printable(trigger_words(provider, live.schedule))}\n")
    out(f"# owner: {printable(live.owner or 'nobody, it was made by hand')}\n")
    if live.modified_at is not None:
        who = f" by {printable(live.modified_by)}" if live.modified_by else ""
        out(f"# modified: {live.modified_at:%Y-%m-%d %H:%M:%S} UTC{who}\n")
    if holds:
        out(f"# {printable(_words(holds[live.key]))}\n")
    out(yaml_text(document["schedule"]))


def yaml_text(document: object) -> str:
    """A document as YAML, keys in their own order."""
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


@command.command("disable")
@name_argument
@target_option
@config_option
def disable_schedule(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Stop a live schedule firing, until the next apply or `enable`."""
    session = Session(config, no_color=no_color)
    provider = session.provider(session.one_target(target))
    live = find_live(provider, name)
    if not live.schedule.enabled:
        out(f"{live.key} is disabled already\n")
        return
    provider.disable(live, by_hand=True)
    out(f"disabled {live.key}\n")
    _say_who_decides(session, live, "is_enabled: false")


@command.command("enable")
@name_argument
@target_option
@config_option
def enable_schedule(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Let a live schedule fire again, until the next apply says otherwise."""
    session = Session(config, no_color=no_color)
    one = session.one_target(target)
    live = find_live(session.provider(one), name)
    if live.schedule.enabled:
        out(f"{live.key} is enabled already\n")
        return
    # As its own owner: enabling is not taking over.
    session.provider_as(one, live.owner).update(replace(live.schedule, enabled=True), live)
    out(f"enabled {live.key}\n")
    _say_who_decides(session, live, "is_enabled: true")


def _say_who_decides(session: Session, live: LiveSchedule, wanted: str) -> None:
    if live.owner == session.config.owner:
        out(f"the next apply follows the repository; to keep it so, set {wanted} there\n")
