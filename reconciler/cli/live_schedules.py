"""What commands about live schedules share: names, holds, and how a document is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconciler.cli.session import UNKNOWN, Session
from reconciler.declare.suspensions import suspended_schedule
from reconciler.errors import ReconcilerError
from reconciler.model import Key, LiveSchedule, Schedule
from reconciler.plan.causes import hold_over, suspension_over
from reconciler.providers.base import Provider
from reconciler.providers.local import LocalProvider
from reconciler.render.content_lines import listed
from reconciler.render.documents import live_document
from reconciler.render.plain_text import counted
from reconciler.workspace.store.code import code_files
from reconciler.workspace.store.references import split_reference


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


def holds_of(session: Session, live: Sequence[LiveSchedule]) -> dict[Key, Schedule]:
    """Those that are suspended where they live, and those that their declarations hold: ours, and
    disabled. None of the latter where a file is wrong.
    """
    stopped = {one.key: suspended_schedule(one.schedule, one, session.now) for one in live}
    stopped = {key: one for key, one in stopped.items() if one.hold is not None}
    return _held(session, [one for one in live if one.key not in stopped]) | stopped


def over_words(session: Session, live: LiveSchedule) -> str | None:
    """Of a schedule that is disabled: that what stopped it is over, and that an apply brings it
    back; None where that is not so.
    """
    asked = live.suspended
    if asked is not None and asked.was_enabled and asked.until <= session.now:
        return suspension_over(asked)
    if live.owner != session.config.owner:
        return None
    declared = session.read([session.config.target(live.key.target)]).schedules
    ours = next((one for one in declared if one.key == live.key), None)
    if ours is None or ours.ended is None or not ours.enabled:
        return None
    return hold_over(ours, ours.ended)


def _held(session: Session, live: Sequence[LiveSchedule]) -> dict[Key, Schedule]:
    owner = session.config.owner
    off = {one.key for one in live if one.owner == owner and not one.schedule.enabled}
    if not off:
        return {}
    targets = [session.config.target(name) for name in {key.target for key in off}]
    declared = session.read(targets).schedules
    return {s.key: s for s in declared if s.key in off and s.hold is not None}


def code_note(provider: Provider, live: LiveSchedule) -> str | None:
    """Of a schedule of an embedded workspace, which files of code it runs; None where it has none.
    A declaration can name them by their version alone.
    """
    if not isinstance(provider, LocalProvider):
        return None
    name, version = split_reference(live.schedule.job.reference)
    with provider.errors(live.key, "read the pipeline " + name):
        found = provider.store.version(name, version)
        code = {} if found is None else provider.store.code.of(name, found.version)
    paths = [path for path, _ in code_files(code.values())]
    if not paths or found is None:
        return None
    what = f"{name}:{found.version} has {counted(len(paths), 'file')} of its own"
    return f"{what} ({listed(paths)}); `reconciler pipelines show {name}` lists them"


def shown_document(live: LiveSchedule, words: str) -> dict[str, Any]:
    """`live_document`, without a trigger that is not known; `words`: of `trigger_words`."""
    document = live_document(live)
    if words == UNKNOWN:
        del document["schedule"]["trigger"]
    return document


def yaml_text(document: object) -> str:
    """A document as YAML, keys in their own order."""
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
