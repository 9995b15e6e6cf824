"""`reconciler status`: what is live, whose it is, and how it differs from the repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from operator import itemgetter

import click

from reconciler.cli.live_schedules import shown_document
from reconciler.cli.loop.agent_status import (
    agent_status_document,
    agent_statuses,
    show_agent_status,
)
from reconciler.cli.loop.status import (
    loop_status_document,
    loop_statuses,
    show_loop_status,
    target_suspensions,
)
from reconciler.cli.output import out, paint
from reconciler.cli.planning import ANSWERING
from reconciler.cli.running.last_and_next import (
    AROUND,
    Runs,
    around_document,
    around_words,
    runs_around,
)
from reconciler.cli.running.standing import (
    Standing,
    failing_document,
    show_failing,
    show_standing,
    standing_document,
    standing_of,
)
from reconciler.cli.session import (
    Session,
    config_option,
    format_option,
    target_option,
    trigger_words,
)
from reconciler.cli.state_options import state_option
from reconciler.cli.workspace_target import Workspace
from reconciler.declare.holds import hold_words, zone_of
from reconciler.declare.suspensions import suspension_words
from reconciler.firing.words.trigger_words import describe
from reconciler.masking import mask_text
from reconciler.model import Action, Change, Key, LiveSchedule, Plan, Schedule
from reconciler.plan.causes import why
from reconciler.reconcile import plan_target
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.holds import hold_document
from reconciler.render.plain_text import printable, table

_DRIFT = {
    Action.CREATE: "not live yet",
    Action.UPDATE: "differs",
    Action.DISABLE: "not in the repository",
    Action.SKIP: "declared, but not ours",
}


_WIDE = 100
"""Columns of a terminal that has room for triggers in words, and for owners."""
_NARROW = 72
"""Columns of a terminal that has room for last runs."""
Row = tuple[Key, LiveSchedule | None, Change | None, str]
"""A schedule as it is live, the change planned for it, and its trigger in words."""


@click.command()
@target_option
@state_option
@config_option
@format_option("text", "json")
def command(
    target: str | None, state: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """Live schedules, how they differ from the repository, and how the loop stands."""
    session = Session(config, no_color=no_color)
    targets = session.targets(target)
    declared = session.declared(targets)
    rows: list[Row] = []
    standings: list[Standing] = []
    runs: dict[Key, Runs] = {}
    engines = [Workspace(session, one) for one in targets if one.provider == "local"]
    for one in targets:
        provider = session.provider(one)
        plan = plan_target(
            declared[one.name],
            provider,
            owner=session.config.owner,
            options=ANSWERING,
            root=session.config.root,
            now=session.now,
            impact=False,
            repository=session.config.repository,
            adoptions=session.config.adoptions,
        )
        live = list(provider.list())
        rows += _rows(plan, live, partial(trigger_words, provider))
        runs |= runs_around(session, one, provider, live, _holds(plan))
        if (standing := standing_of(one.name, provider)) is not None:
            standings.append(standing)
    agents = agent_statuses(session, state, targets)
    loop = loop_statuses(session, state, [one.name for one in targets])
    suspended = target_suspensions(session, state, [one.name for one in targets])
    if form == "json":
        document: dict[str, object] = {
            "schedules": [_json(*row) | around_document(runs.get(row[0])) for row in rows]
        }
        document["workspaces"] = [_engine_json(workspace) for workspace in engines]
        document["workers"] = [standing_document(standing) for standing in standings]
        document["suspended"] = {
            name: {
                "until": one.until.isoformat(),
                "by": one.by,
                "since": one.since.isoformat(),
                "reason": one.reason and mask_text(one.reason),
            }
            for name, one in suspended.items()
        }
        document["agents"] = [agent_status_document(standing) for standing in agents]
        document["loop"] = [loop_status_document(standing) for standing in loop]
        out(dumps({"format_version": FORMAT_VERSION, **document}))
        return
    header: tuple[str, ...] = ("SCHEDULE", "ENABLED", "OWNER", "REPOSITORY", *AROUND, "TRIGGER")
    told: list[tuple[str, ...]] = [
        (*cells[:-1], *around_words(runs.get(key), session.now), cells[-1])
        for key, cells in _cells(rows)
    ]
    columns = paint.columns or _WIDE
    # What there is no room for is in `schedules list`, and in `runs list`.
    left_out = {"TRIGGER", "OWNER"} if columns < _WIDE else set()
    left_out |= {AROUND[0]} if columns < _NARROW else set()
    shown = [place for place, title in enumerate(header) if title not in left_out]
    header, *told = [tuple(cells[place] for place in shown) for cells in (header, *told)]
    out(table(header, told, paint, sentences=["REPOSITORY"]))
    if not rows:
        out("nothing is live, and nothing is declared\n")
    for workspace in engines:
        _show_engine(workspace)
    for standing in standings:
        show_standing(standing)
    for name, asked in suspended.items():
        out(f"\n{printable(name)} is {printable(suspension_words(asked))}: nothing is applied\n")
    for agent in agents:
        show_agent_status(agent)
    for stand in loop:
        show_loop_status(stand)


def _show_engine(workspace: Workspace) -> None:
    """Whether anything fires in an embedded workspace, and which folders cannot be looked at."""
    holder = workspace.lease.holder()
    name = printable(workspace.target.name)
    served = f"{name} is run by {holder or 'another process'}"
    out(f"\n{workspace.not_run() or served}\n")
    with workspace.errors():
        failing = workspace.ledger.failing()
    for watch in failing:
        show_failing(workspace.target.name, watch)


def _engine_json(workspace: Workspace) -> dict[str, object]:
    holder = workspace.lease.holder()
    with workspace.errors():
        failing = workspace.ledger.failing()
    return {
        "target": workspace.target.name,
        "engine_runs": workspace.lease.is_held(),
        "engine": asdict(holder) if holder is not None else None,
        "failing": [failing_document(watch) for watch in failing],
    }


def _rows(plan: Plan, live: list[LiveSchedule], words: Callable[[Schedule], str]) -> list[Row]:
    """Every live schedule with the change planned for it, and those that are to be created."""
    changes = {change.key: change for change in plan.changes}
    rows: list[Row] = [
        (one.key, one, changes.pop(one.key, None), words(one.schedule)) for one in live
    ]
    for change in changes.values():
        assert change.after is not None
        rows.append((change.key, None, change, describe(change.after.trigger)))
    return sorted(rows, key=itemgetter(0))


def _holds(plan: Plan) -> dict[Key, datetime]:
    """When what is held or suspended comes back."""
    found = {change.key: change.after.hold for change in plan.changes if change.after is not None}
    return {key: hold.until for key, hold in found.items() if hold is not None}


def _drift(live: LiveSchedule | None, change: Change | None) -> str:
    if change is None:
        return "unmanaged"
    held = ""
    if change.after is not None and change.after.hold is not None:
        held = f"; {hold_words(change.after.hold, zone_of(change.after))}"
    if change.after is not None and change.after.mode != "heal":
        held += f"; reconcile: {change.after.mode}"
    return _differs(change) + held


def _differs(change: Change) -> str:
    if change.action is Action.NOOP:
        return "in sync" if change.after is not None else "not in the repository; disabled"
    if change.cause == "over" and change.before is not None and change.after is not None:
        return f"differs: {why(change.cause, change.before, change.after)}"
    if change.action is Action.UPDATE and change.fields:
        names = [field.name for field in change.fields]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"differs: {shown}"
    return _DRIFT[change.action]


def _cells(rows: Sequence[Row]) -> Iterator[tuple[Key, tuple[str, ...]]]:
    for row in rows:
        yield row[0], _text(*row)


def _text(
    key: Key, live: LiveSchedule | None, change: Change | None, words: str
) -> tuple[str, ...]:
    drift = _drift(live, change)
    if live is None:
        return (str(key), "-", "-", drift, words)
    enabled = "yes" if live.schedule.enabled else "no"
    return (str(key), enabled, live.owner or "(by hand)", drift, words)


def _json(
    key: Key, live: LiveSchedule | None, change: Change | None, words: str
) -> dict[str, object]:
    if live is not None:
        document = shown_document(live, words)
    else:
        document = {"target": key.target, "name": key.name, "owner": None, "enabled": None}
    document["trigger"] = words
    document["repository"] = _drift(live, change)
    after = change.after if change is not None else None
    document["hold"] = hold_document(after) if after is not None else None
    document["mode"] = after.mode if after is not None else None
    return document
