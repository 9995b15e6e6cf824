"""What `move` writes: `targets` and `moved_from` of declarations, and what intervals count from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from reconciler.cli.editing.declaration_files import (
    Declared,
    every_declared,
    read_again,
    refuse_errors,
    replace_file,
    settings_of,
)
from reconciler.cli.session import Session
from reconciler.declare.holds import read_until, until_instant, zone_of
from reconciler.declare.moves import counts_from_creation, move_of
from reconciler.declare.reading.edits import REMOVE, Edit, EditError, edit
from reconciler.declare.suspensions import in_force, suspension_words
from reconciler.errors import ReconcilerError
from reconciler.firing import next_fires
from reconciler.firing.clocks import zones
from reconciler.model import Cron, DatastoreChange, LiveSchedule, Recurrence, Schedule
from reconciler.render.plain_text import printable

_ALIKE = 20
_YEARS = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where, and when: an aware instant."""

    source: str
    target: str
    at: datetime


class Edits:
    """The edits of one `move`; each file is replaced whole, and can be put back."""

    def __init__(self, session: Session, route: Route, live: Mapping[str, LiveSchedule]) -> None:
        """`live`: what is live in the target that is left, by name."""
        self._session = session
        self._route = route
        self._live = live
        self._before: dict[str, Declared] = {}
        self._after: dict[str, bytes] = {}
        self.names: list[str] = []
        """Of all that moves, those whose files said so already among them."""

    @property
    def written(self) -> Sequence[str]:
        """The files that are others now."""
        return list(self._after)

    def make(self, names: Sequence[str]) -> None:
        """Write the files of `names`, or of all that is declared for the target that is left.

        What says so already stays, unless its moment has passed and nothing was done of it: then it
        is given another. ReconcilerError, with every file as it was.
        """
        wanted = dict.fromkeys(names)
        found: set[str] = set()
        try:
            for declared in list(every_declared(self._session)):
                name = str(declared.document["name"])
                if names and name not in wanted:
                    continue
                if self._one(name, declared, is_named=bool(names)):
                    found.add(name)
            missing = [name for name in wanted if name not in found]
            if missing:
                raise click.UsageError(self._not_there(missing[0]))
        except BaseException:
            self.undo()
            raise
        self.names = sorted(found)

    def moments(self) -> dict[str, datetime]:
        """From when what moves fires in its new target, by name, as the files say now."""
        found = {}
        for declared in every_declared(self._session):
            name, move = str(declared.document["name"]), move_of(declared.document)
            if (
                name in self.names
                and move is not None
                and move.at is not None
                and self._route.target in declared.targets
            ):
                found[name] = until_instant(move.at, _zone(declared))
        return found

    def undo(self) -> None:
        """Put every file back as it was, unless somebody else changed it meanwhile."""
        for path, declared in self._before.items():
            with suppress(ReconcilerError):
                as_written = replace(declared, data=self._after[path])
                replace_file(as_written, declared.data, self._session.config.root)
        self._before.clear()
        self._after.clear()

    # ---------------------------------------------------------------------------------------- one

    def _one(self, name: str, declared: Declared, *, is_named: bool) -> bool:
        """Whether it moves; its file is written by then."""
        route, where = self._route, declared.targets
        if route.source in where and route.target in where:
            if is_named:
                raise ReconcilerError(
                    f"{declared.source}: {printable(name)} is declared for both targets",
                    hint=f"name its targets, without {route.source}",
                )
            return False
        if route.source in where:
            self._write(declared, self._fresh(name, declared))
            return True
        if route.target not in where or not self._is_under_way(declared):
            return False
        late = self._late(name, declared)
        if late:
            self._write(declared, late)
        return True

    def _fresh(self, name: str, declared: Declared) -> list[Edit]:
        """Those of one that is still declared where it was."""
        route, live = self._route, self._live.get(name)
        before = declared.document.get("moved_from")
        if before is not None and self._is_to_come(before, declared):
            raise ReconcilerError(
                f"{declared.source}: it is being moved already, until the moment that it says"
            )
        stopped = in_force(live, self._session.now) if live is not None else None
        if stopped is not None:
            hint = "`reconciler resume` ends that, `reconciler hold --suspended` writes it down"
            what = f"it is {suspension_words(stopped)}"
            raise ReconcilerError(f"{declared.source}: {what}", hint=hint)
        targets = [one for one in declared.targets if one != route.source]
        edits = [Edit(("targets",), [*targets, route.target])]
        if live is None or not live.schedule.enabled:
            # Nothing fires there that would have to end.
            return [*edits, Edit(("moved_from",), REMOVE)]
        schedule = self._schedule(declared, declared.data, route.source)
        if isinstance(schedule.trigger, DatastoreChange):
            return [*edits, Edit(("moved_from",), REMOVE), Edit(("moved_from",), route.source)]
        wanted = {"target": route.source, "at": written(route.at)}
        edits += [Edit(("moved_from",), REMOVE), Edit(("moved_from",), wanted)]
        if counts_from_creation(schedule.trigger):
            edits.append(Edit(("trigger", "start_time"), self._phase(declared, schedule, live)))
        return edits

    def _is_under_way(self, declared: Declared) -> bool:
        move = declared.document.get("moved_from")
        named = move.get("target") if isinstance(move, Mapping) else move
        return bool(named == self._route.source)

    def _is_to_come(self, move: Any, declared: Declared) -> bool:
        at = read_until(move["at"]) if isinstance(move, Mapping) and "at" in move else None
        if at is None:
            return False
        return until_instant(at, _zone(declared)) > self._session.now

    def _late(self, name: str, declared: Declared) -> list[Edit]:
        """Another moment, where nothing was done until the one that is written."""
        move, live = declared.document["moved_from"], self._live.get(name)
        if not isinstance(move, Mapping) or self._is_to_come(move, declared):
            return []
        if live is None or not live.schedule.enabled or ends_by(live, self._session.now):
            return []
        return [Edit(("moved_from", "at"), written(self._route.at))]

    def _phase(self, declared: Declared, schedule: Schedule, live: LiveSchedule) -> str:
        """What it counts from where it is live, as a start that every target counts from."""
        trigger, created = live.schedule.trigger, live.created_at
        assert isinstance(schedule.trigger, Recurrence)
        if isinstance(trigger, Recurrence) and trigger.start_time is not None:
            return trigger.start_time.isoformat(timespec="seconds")
        if created is None or not isinstance(trigger, Recurrence):
            raise ReconcilerError(
                f"{declared.source}: it counts from when it was made, which is not known",
                hint="give it a start_time",
            )
        zone = schedule.trigger.time_zone
        shown = created.astimezone(zones.zone(zone)).replace(tzinfo=None, microsecond=0)
        return shown.isoformat(timespec="seconds")

    def _schedule(self, declared: Declared, data: bytes, target: str) -> Schedule:
        settings = settings_of(self._session, [target])
        schedules, findings = read_again(self._session, declared, data, settings)
        refuse_errors(declared, findings)
        if target not in schedules:
            raise ReconcilerError(f"{declared.source}: it cannot be read for {printable(target)}")
        return schedules[target]

    def _write(self, declared: Declared, edits: Sequence[Edit]) -> None:
        path = declared.source.path
        data = self._after.get(path, declared.data)
        try:
            made = edit(data, declared.source.document, edits)
        except EditError as error:
            raise ReconcilerError(f"{declared.source}: {error}", hint="edit it by hand") from error
        self._check(declared, made)
        if made == data:
            return
        # The file holds what was written for another of its documents by now.
        replace_file(replace(declared, data=data), made, self._session.config.root)
        self._before.setdefault(path, declared)
        self._after[path] = made

    def _check(self, declared: Declared, data: bytes) -> None:
        """It is sound with the edit, and fires as before."""
        route, live = self._route, self._live.get(str(declared.document["name"]))
        made = self._schedule(declared, data, route.target)
        if live is None or not live.schedule.enabled or not made.enabled:
            return
        was, will = live.schedule.trigger, made.trigger
        if not isinstance(was, (Cron, Recurrence)) or not isinstance(will, (Cron, Recurrence)):
            return
        begin = route.at
        old = _some(next_fires(was, begin, begin + _YEARS, live.created_at or begin))
        new = _some(next_fires(will, begin, begin + _YEARS, begin))
        if old and old[: len(new)] != new[: len(old)] and counts_from_creation(was):
            raise ReconcilerError(
                f"{declared.source}: it would not fire there as it does",
                hint="give it a start_time",
            )

    def _not_there(self, name: str) -> str:
        said, route = printable(name), self._route
        if name not in {str(one.document["name"]) for one in every_declared(self._session)}:
            return f'no schedule "{said}" is declared'
        return f"{said} is not declared for {printable(route.source)}, and does not come from there"


def _zone(declared: Declared) -> str:
    """That of its trigger, as far as the file says; moments that `move` writes need none."""
    trigger = declared.document.get("trigger")
    named = trigger.get("time_zone") if isinstance(trigger, Mapping) else None
    return (zones.resolve(named) if isinstance(named, str) else None) or "UTC"


def _some(fires: Iterable[datetime]) -> list[datetime]:
    found = []
    for fire in fires:
        found.append(fire)
        if len(found) == _ALIKE:
            break
    return found


def ends_by(live: LiveSchedule, now: datetime) -> bool:
    """Whether it was made to end, and has or will."""
    trigger = live.schedule.trigger
    if not isinstance(trigger, (Cron, Recurrence)) or trigger.end_time is None:
        return False
    return until_instant(trigger.end_time, zone_of(live.schedule)) <= now


def written(at: datetime) -> str:
    """A moment as it stands in a file."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
