"""`reconciler schedules`: look at live schedules, switch one off or on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import click

from reconciler.cli.live_schedules import (
    holds_of,
    name_argument,
    shown_document,
    yaml_text,
)
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
from reconciler.model import Key, LiveSchedule, Schedule
from reconciler.providers.capabilities import PutsBack
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.holds import hold_document
from reconciler.render.plain_text import printable, table


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
            shown_document(schedule, words[schedule.key])
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
    words = trigger_words(provider, live.schedule)
    document = shown_document(live, words)
    holds = holds_of(session, [live])
    if form == "json":
        hold = hold_document(holds[live.key]) if holds else None
        out(dumps({"format_version": FORMAT_VERSION, **document, "hold": hold}))
        return
    out(f"# {live.key}: {printable(words)}\n")
    out(f"# owner: {printable(live.owner or 'nobody, it was made by hand')}\n")
    if live.modified_at is not None:
        who = f" by {printable(live.modified_by)}" if live.modified_by else ""
        out(f"# modified: {live.modified_at:%Y-%m-%d %H:%M:%S} UTC{who}\n")
    if holds:
        out(f"# {printable(_words(holds[live.key]))}\n")
    out(yaml_text(document["schedule"]))


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
    provider = session.provider(one)
    live = find_live(provider, name)
    if live.schedule.enabled:
        out(f"{live.key} is enabled already\n")
        return
    if isinstance(provider, PutsBack):
        provider.enable(live)
    else:
        # As its own owner: enabling is not taking over.
        session.provider_as(one, live.owner).update(replace(live.schedule, enabled=True), live)
    out(f"enabled {live.key}\n")
    _say_who_decides(session, live, "is_enabled: true")


def _say_who_decides(session: Session, live: LiveSchedule, wanted: str) -> None:
    if live.owner == session.config.owner:
        out(f"the next apply follows the repository; to keep it so, set {wanted} there\n")
