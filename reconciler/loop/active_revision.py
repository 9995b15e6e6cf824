"""Which revision is in force for a target, and what it declares there.

A revision that cannot be read whole is not taken: the last good one stays in force, by the
target's entry in the state. What was read is kept until the revision is another, or a hold that it
knows comes to its end.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.config import Config, Target, load_config
from reconciler.declare.repository import read_declarations
from reconciler.errors import ConfigError, DeclarationError, SourceError
from reconciler.loop.source import Revision, Source
from reconciler.model import Schedule

EVERY = "*"
"""Under this name the state keeps the last revision whose reconciler.yaml could be read."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a revision declares for one target."""

    revision: Revision
    config: Config
    target: Target
    schedules: tuple[Schedule, ...]
    until: datetime | None
    """When a hold ends, and it has to be read again. UTC; None: never by itself."""


class GoodRevisions(Protocol):
    """What a State offers for this."""

    def good_revision(self, target: str) -> str | None:
        """The id of the last good revision."""
        ...


class ActiveRevision:
    """Reads revisions, and remembers what it read of each target's."""

    def __init__(self, source: Source, state: GoodRevisions) -> None:
        self._source = source
        self._state = state
        self.lock = threading.RLock()
        """Held by whoever asks the source: targets have threads of their own."""
        self._configs: dict[str, Config] = {}
        self._declared: dict[str, dict[str, Declared]] = {}

    def config(self, revision: Revision) -> Config:
        """Its reconciler.yaml; ConfigError."""
        found = self._configs.get(revision.id)
        if found is None:
            found = load_config(revision.config_path)
            self._configs = {**dict(list(self._configs.items())[-3:]), revision.id: found}
        return found

    def target_names(self, revision: Revision | None, wanted: str | None) -> tuple[str, ...]:
        """The targets that `wanted` means, by the newest reconciler.yaml that can be read.

        ConfigError where there is none. Without `wanted`: the default one, or every one.
        """
        with self.lock:
            return self._newest(revision).chosen(wanted)

    def _newest(self, revision: Revision | None) -> Config:
        wrong = ConfigError("no revision has been read yet")
        if revision is not None:
            try:
                return self.config(revision)
            except ConfigError as error:
                wrong = error
        good = self._recalled(EVERY)
        if good is None:
            raise wrong
        return self.config(good)

    def read(self, revision: Revision, name: str, now: datetime) -> Declared:
        """What `revision` declares for a target.

        ConfigError, DeclarationError: it is broken. SourceError: it changed meanwhile.
        """
        with self.lock:
            return self._read(revision, name, now)

    def _read(self, revision: Revision, name: str, now: datetime) -> Declared:
        mine = self._declared.setdefault(name, {})
        found = mine.get(revision.id)
        if found is not None and (found.until is None or now < found.until):
            return found
        config = self.config(revision)
        target = config.target(name)
        declarations = read_declarations(
            config.schedules,
            base=config.folder,
            root=config.root,
            targets=[target.settings],
            known_targets=config.target_names,
            now=now,
            exclude=config.exclude,
        )
        if not self._source.is_settled(revision):
            raise SourceError(f"{self._source.name}: it was changed while it was read")
        if declarations.errors:
            raise DeclarationError(declarations.problems)
        schedules = declarations.schedules
        made = Declared(revision, config, target, schedules, _next_end(schedules, now))
        # The wanted one and the one in force: no more are asked for.
        self._declared[name] = {**dict(list(mine.items())[-1:]), revision.id: made}
        return made

    def last_good(self, name: str, now: datetime) -> Declared | None:
        """What was last good for a target; None where nothing was, or it is gone."""
        with self.lock:
            revision = self._recalled(name)
            return None if revision is None else self._read(revision, name, now)

    def is_good(self, declared: Declared) -> None:
        """Keep its files; SourceError where they cannot be kept."""
        files = {s.source.path for s in declared.schedules if s.source}
        jobs = (s.job.definition for s in declared.schedules)
        files |= {job.path for job in jobs if job is not None}
        with self.lock:
            self._source.keep(declared.revision, files)

    def _recalled(self, name: str) -> Revision | None:
        good = self._state.good_revision(name)
        return self._source.recall(good) if good is not None else None


def _next_end(schedules: Sequence[Schedule], now: datetime) -> datetime | None:
    holds = (schedule.hold for schedule in schedules)
    return min(
        (hold.until for hold in holds if hold is not None and hold.until > now), default=None
    )
