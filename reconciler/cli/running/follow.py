"""A run, watched until it has ended: what its steps print, and what it came to."""

from __future__ import annotations

import time

from reconciler.cli.output import out, paint, say
from reconciler.cli.running.follow_logs import StepLogs
from reconciler.cli.running.target_runs import TargetRuns
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import printable
from reconciler.workspace.store.records import RunRow

OPEN = ("NotStarted", "Running")
"""The statuses of a run that has not ended."""
_SECONDS = 0.2
_REMOTE_SECONDS = 5.0
"""Between two looks: at a file of this machine, and at a service."""


def find_run(runs: TargetRuns, name: str) -> RunRow:
    """A run by its name; the name of a schedule stands for its newest. ReconcilerError."""
    row = runs.get(name) or next(iter(runs.newest(schedule=name, limit=1)), None)
    if row is None:
        raise ReconcilerError(f'there is no run "{name}"', hint="`reconciler runs list` lists them")
    return row


def show_logs(runs: TargetRuns, run: str, logs: StepLogs, *, follow: bool) -> None:
    """Print what the steps of a run printed, and why it failed if it did; `follow`: until it has
    ended.
    """
    while True:
        # Asked before the logs are read, so that what was printed last is not missed.
        row = find_run(runs, run)
        ended = row.status not in OPEN
        logs.print_new(must_be=ended or not follow)
        if ended or not follow:
            break
        time.sleep(_SECONDS)
    if not logs.shown:
        out("nothing was printed\n" if ended else "it has not started\n")
    if ended:
        say_why(runs, row)


def wait_for(runs: TargetRuns, run: str, *, logs: bool) -> RunRow:
    """The run once it has ended; `logs`: with what it prints meanwhile, if that is known here."""
    idle = runs.idle()
    if idle is not None:
        say(f"waiting: {printable(idle)}")
    elsewhere = runs.no_logs(run)
    if logs and elsewhere is None:
        show_logs(runs, run, StepLogs(runs, run, None), follow=True)
        return find_run(runs, run)
    if logs and elsewhere is not None:
        say(printable(elsewhere))
    while (row := find_run(runs, run)).status in OPEN:
        time.sleep(_SECONDS if elsewhere is None else _REMOTE_SECONDS)
    say_why(runs, row)
    return row


def say_why(runs: TargetRuns, row: RunRow) -> None:
    """Of a run that failed: which step, and why. Its logs alone may look as if it had not."""
    if row.status not in ("Failed", "Canceled"):
        return
    steps = [step for step in runs.steps(row.name) if step.status == row.status]
    for step in steps:
        why = f": {printable(step.message)}" if step.message else ""
        say(f"{paint(row.status.lower(), 'error')} step {printable(step.name)}{why}")
    if not steps:
        say(f"{paint(row.status.lower(), 'error')}: {printable(row.message or 'no step ran')}")
