"""How far schedules have followed their folders, in the store.

`cursors/NAME/looks.json` says when and how it was looked, `cursors/NAME/seen.json` what was seen
and what is owed: runs of files that were found, and may not have been started yet. A file is only
taken for settled with its run on record here, so that whoever is stopped in the middle loses none;
that a run started twice is one comes from its name (`run_of_file`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.model import DatastoreChange
from reconciler.providers.capabilities import DataCursor
from reconciler.providers.temporal.store import Files
from reconciler.workspace.datastores.changes import Changes, Seen
from reconciler.workspace.store.records import Watch

_FAILING = "failing"
"""The folder with the names of those that could not be looked at."""
ADOPTED = "*"
"""What a cursor belongs to that was carried here: whoever looks next."""


@dataclass(frozen=True, slots=True)
class Looks:
    """When and how a folder was looked at. Instants are aware."""

    of: str = ""
    """What it belongs to: another enabling or folder begins anew."""
    since: datetime | None = None
    """From when on changes count."""
    tried_at: datetime | None = None
    looked_at: datetime | None = None
    failures: int = 0
    """In a row."""
    error: str | None = None
    failing_since: datetime | None = None
    token: str = ""
    """Of the schedule, as Temporal gave it at that time, with when it said that it was updated."""
    updated: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """A run that a file asks for."""

    path: str
    stamp: str
    key: str
    """Its path as it is recorded."""
    found: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What was seen of a folder; `seen` None: nothing yet."""

    of: str = ""
    seen: Mapping[str, Seen] | None = None
    owed: tuple[Owed, ...] = field(default=())


def folder_of(trigger: DatastoreChange) -> str:
    """The folder as a cursor names it."""
    return f"{trigger.datastore}/{trigger.path_on_datastore}"


def run_of_file(schedule: str, key: str, stamp: str) -> str:
    """The name of the run for one version of a file, whoever asks for it."""
    said = f"{key}\n{stamp}".encode("utf-8", "surrogatepass")
    return f"{schedule}-{hashlib.sha256(said).hexdigest()[:16]}"


def after_look(before: Settled, of: str, found: Changes, now: datetime) -> Settled:
    """What is settled after a look that found `found`."""
    kept = {} if found.is_first else dict(before.seen or {})
    for key in found.forgotten:
        kept.pop(key, None)
    owed = tuple(Owed(one.path, one.stamp, one.key, now) for one in found.fired)
    return Settled(of, {**kept, **found.remembered}, (*before.owed, *owed))


class Cursors:
    """Those of one target. StoreError."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def looks(self, name: str) -> Looks:
        """When and how the folder of a schedule was looked at."""
        said = self._read(name, "looks")
        times = {
            name: datetime.fromisoformat(said[name])
            for name in ("since", "tried_at", "looked_at", "failing_since")
            if said.get(name) is not None
        }
        return Looks(**{**said, **times})

    def put_looks(self, name: str, looks: Looks, before: Looks | None = None) -> None:
        """Keep that. `before`: how it was; what fails is found by whoever asks for all."""
        said = {k: getattr(looks, k) for k in Looks.__slots__}
        self._write(name, "looks", said)
        if looks.failures:
            self._files.write(f"{_FAILING}/{name}", b"")
        elif before is not None and before.failures:
            self._files.remove(f"{_FAILING}/{name}")

    def settled(self, name: str) -> Settled:
        """What was seen of it."""
        said = self._read(name, "seen")
        seen, owed = said.get("seen"), said.get("owed") or ()
        return Settled(
            said.get("of", ""),
            None if seen is None else {key: Seen(*one) for key, one in seen.items()},
            tuple(
                Owed(path, stamp, key, datetime.fromisoformat(at)) for path, stamp, key, at in owed
            ),
        )

    def put_settled(self, name: str, settled: Settled) -> None:
        """Keep that."""
        seen = settled.seen
        said = {
            "of": settled.of,
            "seen": None if seen is None else {k: [s.stamp, s.digest] for k, s in seen.items()},
            "owed": [[one.path, one.stamp, one.key, one.found] for one in settled.owed],
        }
        self._write(name, "seen", said)

    def standing(self, name: str, of: str) -> Settled:
        """What goes on for an enabling of a folder; what is owed does in any case."""
        found = self.settled(name)
        return found if found.of in (of, ADOPTED) else Settled(of, None, found.owed)

    # ---------------------------------------------------------------------------- to other targets

    def carry_out(
        self,
        name: str,
        trigger: DatastoreChange,
        since: datetime,
        has_run: Callable[[str], bool],
    ) -> DataCursor | None:
        """What another target goes on from; None: it was never looked at.

        `has_run`: whether there is a run of that name. A look that was cut short may have started
        some of what it owed, without a word of it here.
        """
        settled, looks = self.settled(name), self.looks(name)
        if not settled.of:
            return None
        owed = {
            one.key for one in settled.owed if not has_run(run_of_file(name, one.key, one.stamp))
        }
        seen = settled.seen
        left = None if seen is None else {k: v for k, v in seen.items() if k not in owed}
        return DataCursor(folder_of(trigger), looks.since or since, left)

    def carry_in(self, name: str, trigger: DatastoreChange, cursor: DataCursor) -> None:
        """Have the next look go on from there; nothing for a cursor of another folder. What was
        owed when it left here was new elsewhere: it had its run there, and the file may be gone
        since then, or it is new here.
        """
        if cursor.folder != folder_of(trigger):
            return
        self.put_settled(name, Settled(ADOPTED, cursor.seen))
        looks = replace(self.looks(name), of=ADOPTED, since=cursor.since)
        self.put_looks(name, looks)

    def rename(self, old: str, new: str) -> None:
        """Have `new` go on from where `old` was, if that was ever looked at."""
        settled, looks = self.settled(old), self.looks(old)
        if settled.of:
            self.put_settled(new, replace(settled, of=ADOPTED))
            self.put_looks(new, replace(looks, of=ADOPTED))

    def failing(self, names: Iterable[str]) -> list[Watch]:
        """Of these schedules, those whose folders cannot be looked at."""
        marked = set(self._files.names(_FAILING))
        found = ((name, self.looks(name)) for name in names if name in marked)
        return [
            Watch(name, looks.error or "", looks.failures, looks.failing_since, looks.tried_at)
            for name, looks in found
            if looks.failures and looks.failing_since is not None and looks.tried_at is not None
        ]

    def _read(self, name: str, part: str) -> dict[str, Any]:
        data = self._files.read(f"cursors/{name}/{part}.json")
        found = json.loads(data) if data is not None else {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, part: str, said: Mapping[str, Any]) -> None:
        text = json.dumps(said, separators=(",", ":"), default=datetime.isoformat)
        self._files.write(f"cursors/{name}/{part}.json", text.encode("ascii"))
