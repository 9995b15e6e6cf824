"""Which revision is in force for a target, and what it declares there.

A revision that cannot be read whole is not taken: the last good one stays in force, by the
target's entry in the state. What was read is kept until the revision is another, or a hold that it
knows comes to its end. One that takes long to be read is read on while the last good one is worked
with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime
from typing import Any, Protocol

from reconciler.config import Config, Target
from reconciler.errors import ConfigError, Halted, SourceError
from reconciler.loop.memory import Declared, Memory
from reconciler.loop.reader.direct import DirectReader, Reader
from reconciler.loop.source import Revision, Source
from reconciler.model import Schedule
from reconciler.snapshots import files_of

EVERY = "*"
"""Under this name the state keeps the last revision whose reconciler.yaml could be read."""
PATIENCE_SECONDS = 10.0
"""How long a cycle waits for a revision to be read, where it has a good one to go on with."""
_AT_ONCE = 4


class GoodRevisions(Protocol):
    """What a State offers for this."""

    def good_revision(self, target: str) -> str | None:
        """The id of the last good revision."""
        ...


class ActiveRevision:
    """Reads revisions, and remembers what it read of each target's.

    `patience`: seconds, or None to wait for whatever is read. `ready` is called when something was
    read that was not waited for.
    """

    def __init__(
        self,
        source: Source,
        state: GoodRevisions,
        reader: Reader | None = None,
        *,
        patience: float | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._state = state
        self._reader = reader or DirectReader()
        self._patience = patience
        self._ready = ready
        self.lock = threading.RLock()
        """Held by whoever asks the source: targets have threads of their own."""
        self._known = threading.RLock()
        self._configs: dict[str, Config] = {}
        self._memory = Memory()
        self._files: dict[str, tuple[Declared, frozenset[str]]] = {}
        self._reading: dict[tuple[str, str], Future[Any]] = {}
        self._threads: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """End what is being read; whoever waits for it gets Halted. From any thread."""
        self._reader.close()
        with self._known:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def config(self, revision: Revision, *, wait: bool = True) -> Config:
        """Its reconciler.yaml; ConfigError. SourceError: it is not read yet, without `wait`."""
        with self._known:
            found = self._configs.get(revision.id)
        if found is None:
            path = revision.config_path
            found = self._read_on(
                ("", revision.id), wait, revision, self._reader.config, path, revision.id
            )
            self._keep_config(revision, found)
        return found

    def _keep_config(self, revision: Revision, config: Config) -> Config:
        """The one of the revision: each reading of a target brings another that is equal."""
        with self._known:
            config = self._configs.get(revision.id, config)
            self._configs = {**dict(list(self._configs.items())[-3:]), revision.id: config}
        return config

    def _read_on(
        self,
        key: tuple[str, str],
        wait: bool,
        revision: Revision,
        read: Callable[..., Any],
        *asked: Any,
    ) -> Any:
        """What `read` gives. It goes on where it is not waited for, and is asked for again."""
        if self._patience is None:
            return read(*asked)
        with self._known:
            future = self._reading.get(key)
            if future is None:
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="read")
                future = self._reading[key] = self._threads.submit(read, *asked)
        try:
            found = future.result(None if wait else self._patience)
        except CancelledError as error:  # it had not begun when all was ended
            raise Halted("the loop was told to stop") from error
        except NotYet:
            if future.done():  # it is what was read that raises this
                raise
            if self._ready is not None:
                ready = self._ready
                future.add_done_callback(lambda _: ready())
            raise SourceError(f"{revision.short} is still being read") from None
        finally:
            if future.done():
                with self._known:
                    if self._reading.get(key) is future:
                        del self._reading[key]
        return found

    def target_names(self, revision: Revision | None, wanted: str | None) -> tuple[str, ...]:
        """The targets that `wanted` means, by the newest reconciler.yaml that can be read.

        ConfigError where there is none. Without `wanted`: the default one, or every one.
        """
        return self._newest(revision).chosen(wanted)

    def _newest(self, revision: Revision | None) -> Config:
        wrong: ConfigError | SourceError = ConfigError("no revision has been read yet")
        good = self._recalled(EVERY)
        if revision is not None:
            try:
                return self.config(revision, wait=good is None)
            except (ConfigError, SourceError) as error:
                wrong = error
        if good is None:
            raise wrong
        return self.config(good)

    def read(self, revision: Revision, name: str, now: datetime) -> Declared:
        """What `revision` declares for a target.

        ConfigError, DeclarationError: it is broken. SourceError: it changed meanwhile, or is not
        read yet and the target has a good one.
        """
        good = self._state.good_revision(name)
        return self._read(revision, name, now, wait=good in (None, revision.id))

    def _read(self, revision: Revision, name: str, now: datetime, *, wait: bool) -> Declared:
        found = self._memory.get(name, revision.id, now)
        if found is not None:
            return found
        contents = self._read_on(
            (name, revision.id),
            wait,
            revision,
            self._contents,
            revision,
            name,
            now,
        )
        config, target, schedules, until = contents
        config = self._keep_config(revision, config)
        with self.lock:
            settled = self._source.is_settled(revision)
        if not settled:
            raise SourceError(f"{self._source.name}: it was changed while it was read")
        made = Declared(revision, config, target, schedules, until)
        self._memory.keep(made)
        return made

    def _contents(
        self, revision: Revision, name: str, now: datetime
    ) -> tuple[Config, Target, tuple[Schedule, ...], datetime | None]:
        found = self._reader.contents(revision.config_path, revision.id, name, now)
        return found.config, found.target, found.schedules, _next_end(found.schedules, now)

    def forget(self, name: str) -> None:
        """The target is gone: nothing of it is remembered."""
        self._memory.forget(name)
        self._files.pop(name, None)

    def last_good(self, name: str, now: datetime) -> Declared | None:
        """What was last good for a target; None where nothing was, or it is gone."""
        revision = self._recalled(name)
        return None if revision is None else self._read(revision, name, now, wait=True)

    def is_good(self, declared: Declared) -> None:
        """Keep its files and nothing else; SourceError where they cannot be kept."""
        name = declared.target.name
        stays = self._memory.settle(declared)
        known = self._files.get(name)
        if known is None or known[0] is not declared:
            known = (declared, _files_of(declared))
            if stays:  # what is packed would be held by this
                self._files[name] = known
            else:
                self._files.pop(name, None)
        with self.lock:
            self._source.keep(declared.revision, known[1])

    def _recalled(self, name: str) -> Revision | None:
        good = self._state.good_revision(name)
        if good is None:
            return None
        with self.lock:
            return self._source.recall(good)


def _files_of(declared: Declared) -> frozenset[str]:
    """Every file that is declared for a target, and that its jobs bring along."""
    files = {s.source.path for s in declared.schedules if s.source}
    jobs = (s.job.definition for s in declared.schedules)
    for job in {job.digest: job for job in jobs if job is not None}.values():
        files |= files_of(job)
    return frozenset(files)


def _next_end(schedules: Sequence[Schedule], now: datetime) -> datetime | None:
    holds = (schedule.hold for schedule in schedules)
    return min(
        (hold.until for hold in holds if hold is not None and hold.until > now), default=None
    )
