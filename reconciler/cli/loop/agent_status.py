"""How agents stand on their targets, as `status` shows it: from the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from reconciler.cli.loop.agents import wants_agent
from reconciler.cli.output import out, paint, say
from reconciler.cli.session import Session
from reconciler.cli.state_options import state_of
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import counted, printable
from reconciler.state.data_cursors import Backlog, FolderCursor


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """Of one target."""

    target: str
    cursors: Mapping[str, FolderCursor]
    """By schedule."""
    backlog: Mapping[str, Backlog]


def agent_statuses(
    session: Session, option: str | None, targets: Sequence[Target]
) -> list[AgentStatus]:
    """Those of the targets that have an agent; a warning where the state cannot be asked."""
    wanted = [one.name for one in targets if wants_agent(one)]
    if not wanted:
        return []
    try:
        with closing(state_of(session.config, option, readonly=True)) as state:
            cursors = state.data_cursors
            return [AgentStatus(one, cursors.cursors(one), cursors.backlog(one)) for one in wanted]
    except ReconcilerError as error:
        say(f"warning: how agents stand is not known: {printable(error.message)}")
        return []


def show_agent_status(standing: AgentStatus) -> None:
    """When its folders were looked at last, what is owed, and what goes wrong."""
    target = printable(standing.target)
    looked = [one.looked_at for one in standing.cursors.values() if one.looked_at is not None]
    if not looked:
        out(f"\n{target}: no agent has looked at a datastore yet: `reconciler agent`, or `run`\n")
    else:
        folders = counted(len(standing.cursors), "folder")
        owed = sum(one.pending for one in standing.backlog.values())
        out(f"\n{target}: {folders} looked at, last {max(looked):%Y-%m-%d %H:%M:%S} UTC")
        out(f"; {counted(owed, 'job')} to submit\n" if owed else "\n")
    for name, cursor in sorted(standing.cursors.items()):
        if cursor.problem is not None and not cursor.disabled:
            times = counted(cursor.failures, "time")
            _trouble(standing.target, name, f"{cursor.problem} ({times})")
    for name, backlog in sorted(standing.backlog.items()):
        if backlog.problem is not None:
            _trouble(standing.target, name, backlog.problem)


def agent_status_document(standing: AgentStatus) -> dict[str, object]:
    """The same for machines."""
    return {
        "target": standing.target,
        "schedules": {
            name: {
                "since": one.since.isoformat(),
                "looked_at": one.looked_at.isoformat() if one.looked_at is not None else None,
                "failures": one.failures,
                "problem": one.problem,
                "disabled": one.disabled,
                "pending": standing.backlog[name].pending if name in standing.backlog else 0,
                "refused": standing.backlog[name].problem if name in standing.backlog else None,
            }
            for name, one in sorted(standing.cursors.items())
        },
    }


def _trouble(target: str, name: str, problem: str) -> None:
    out(f"  {paint('failing', 'error')} {printable(target)}/{printable(name)}: ")
    out(f"{printable(problem)}\n")
