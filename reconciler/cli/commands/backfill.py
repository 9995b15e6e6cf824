"""`reconciler backfill`: runs of past instants."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

import click

from reconciler.apply import Guard
from reconciler.cli.live_schedules import name_argument
from reconciler.cli.output import out, say
from reconciler.cli.planning import stopping_between_changes
from reconciler.cli.running.known_runs import KnownRuns, known_runs
from reconciler.cli.running.past_fires import PastFires, past_fires
from reconciler.cli.running.target_runs import TargetRuns, runs_of
from reconciler.cli.session import Session, actor, config_option, find_live, target_option
from reconciler.cli.state_options import state_of, state_option
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule
from reconciler.providers.capabilities import PastFire
from reconciler.render.plain_text import counted, printable
from reconciler.state.records import CycleRecord, ResultRecord

BACKFILLED = "Backfilled"
"""The reason by which it stands in the history."""
_SHOWN = 20
_LOOK_SECONDS = 2.0


@click.command()
@name_argument
@click.option("--from", "since", required=True, metavar="TIME", help="From here on (inclusive).")
@click.option("--to", "until", required=True, metavar="TIME", help="Until here (exclusive).")
@click.option(
    "--missing-only", is_flag=True, help="What was to fire then, and did not; see `audit`."
)
@click.option("--dry-run", is_flag=True, help="Say what would run, and end.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--parallelism",
    type=click.IntRange(1),
    metavar="N",
    help="Wait, so that no more than N of these runs are at work at once.",
)
@click.option(
    "--order",
    type=click.Choice(("oldest", "newest")),
    default="oldest",
    show_default=True,
    help="Which come first.",
)
@target_option
@state_option
@config_option
def command(
    name: str,
    since: str,
    until: str,
    missing_only: bool,
    dry_run: bool,
    yes: bool,
    parallelism: int | None,
    order: str,
    target: str | None,
    state: str | None,
    config: str | None,
    no_color: bool,
) -> None:
    """Run the pipeline of a schedule for instants of the past, each with its own trigger time.

    TIME is a date or a time of day, in UTC unless it says otherwise: 2026-11-01, 2026-11-01T06:00,
    2026-11-01T06:00+01:00. What has a run is left out, so that the same command again goes on
    where one was stopped. Of a trigger by files: those that changed in that span.
    """
    session = Session(config, no_color=no_color)
    one = session.one_target(target)
    provider = session.provider(one)
    known = known_runs(one, provider)
    begin, end = _moment(since, "--from"), min(_moment(until, "--to"), session.now)
    if begin >= end:
        raise click.UsageError("--from is before --to, and both are of the past")
    live = find_live(provider, name)
    found = past_fires(
        session, one, live, known, begin, end, missing_only=missing_only, state=state
    )
    fires = found.to_run if order == "oldest" else found.to_run[::-1]
    _show(live, found, fires)
    if dry_run or not fires:
        return
    if not yes and not click.confirm(f"Start {counted(len(fires), 'run')}?"):
        click.get_current_context().exit(1)
    began = datetime.now(UTC)
    with stopping_between_changes() as guard:
        done = _start(known, runs_of(session, one), live, fires, parallelism, guard)
    _record(session, one, live, state, began, done, len(fires))
    if done.error is not None:
        raise ReconcilerError(
            f"{printable(done.error)} ({counted(done.started, 'run')} started)",
            hint="the same command again goes on from here",
        )


class _Done:
    """What came of it."""

    def __init__(self) -> None:
        self.started = 0
        self.error: str | None = None


def _start(
    known: KnownRuns,
    runs: TargetRuns,
    live: LiveSchedule,
    fires: Sequence[PastFire],
    parallelism: int | None,
    guard: Guard,
) -> _Done:
    done, began = _Done(), set[str]()
    try:
        for fire in fires:
            while parallelism is not None and len(began) >= parallelism:
                began = {name for name in began if _is_at_work(runs, name)}
                if len(began) >= parallelism:
                    guard()
                    time.sleep(_LOOK_SECONDS)
            guard()
            run = known.backfill(live, fire, datetime.now(UTC))
            if run is None:
                continue  # somebody else was faster
            began.add(run)
            done.started += 1
            out(f"started {run}\n")
    except KeyboardInterrupt:
        done.error = "interrupted"
    except ReconcilerError as error:
        done.error = error.message
    return done


def _is_at_work(runs: TargetRuns, name: str) -> bool:
    row = runs.get(name)
    return row is not None and row.status in ("NotStarted", "Running")


def _show(live: LiveSchedule, found: PastFires, fires: Sequence[PastFire]) -> None:
    where = f"{printable(str(live.key))}: {counted(len(found.to_run), 'run')} to start"
    out(f"{where}, {counted(found.ran, 'fire')} left out\n")
    for fire in fires[:_SHOWN]:
        file = f"  {printable(fire.file.path)}" if fire.file is not None else ""
        out(f"  + {fire.due_at:%Y-%m-%d %H:%M:%S} UTC{file}\n")
    if len(fires) > _SHOWN:
        out(f"  ... and {len(fires) - _SHOWN} more\n")
    if not live.schedule.enabled:
        out("it is disabled; these runs start all the same\n")


def _record(
    session: Session,
    target: Target,
    live: LiveSchedule,
    state: str | None,
    began: datetime,
    done: _Done,
    wanted: int,
) -> None:
    record = CycleRecord(
        target=target.name,
        started_at=began,
        ended_at=datetime.now(UTC),
        outcome="applied" if done.error is None else "partial",
        reason=BACKFILLED,
        message=f"{counted(done.started, 'run')} of {wanted} of the past started",
        actor=actor(),
        cause="apply",
        results=(ResultRecord(live.key.name, "backfill", "started", done.error),),
    )
    try:
        with closing(state_of(session.config, state)) as opened:
            opened.history.record(record)
    except ReconcilerError as error:
        say(f"warning: the history has no record of it: {printable(error.message)}")


def _moment(text: str, option: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        what = f'"{text}" is no time such as 2026-11-01 or 2026-11-01T06:00'
        raise click.BadParameter(what, param_hint=option) from error
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
