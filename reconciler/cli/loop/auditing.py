"""The loop's own audits: each hour, whether everything ran in the last day that should have run."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.audit.audit import audit
from reconciler.audit.records import WRONG, Verdict
from reconciler.cli.events import Log
from reconciler.cli.past_changes import past_changes
from reconciler.cli.running.known_runs import known_runs
from reconciler.errors import ReconcilerError
from reconciler.loop.memory import Declared
from reconciler.loop.provider_pool import OpenTarget, close_provider
from reconciler.providers.base import KnowsRuns, Provider
from reconciler.state import State
from reconciler.state.standings import Audited

SPAN = timedelta(days=1)
_SHOWN = 50
"""So many missing fires are kept for pages."""
OnAudit = Callable[[str, Mapping[Verdict, int], Sequence[str]], None]
"""Hears of a target: how many fires had which verdict, and in words those newly missing."""


class Auditor:
    """Audits the targets that the loop has opened, in a thread of its own."""

    def __init__(
        self,
        state: State,
        every: timedelta,
        *,
        log: Log,
        on_audit: OnAudit,
        is_ours: Callable[[str], bool],
    ) -> None:
        """`is_ours`: whether this process works on a target now."""
        self._state = state
        self._every = every
        self._log = log
        self._on_audit = on_audit
        self._is_ours = is_ours
        self._declared: dict[str, tuple[OpenTarget, Declared]] = {}
        self._told: dict[str, set[tuple[str, datetime]]] = {}
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, open_target: OpenTarget) -> OpenTarget:
        """`open_target`, whose targets are audited as they were opened last."""

        def opened(declared: Declared) -> Provider:
            # Without what it declares, which the loop keeps as small as it can.
            bare = replace(declared, schedules=())
            self._declared[declared.target.name] = (open_target, bare)
            return open_target(declared)

        return opened

    def start(self) -> None:
        """Begin, the first time after one `every`."""
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; one that is under way is not waited for."""
        self._end.set()

    def _run(self) -> None:
        while not self._end.wait(self._every.total_seconds()):
            for target, (open_target, declared) in sorted(self._declared.items()):
                if self._end.is_set() or not self._is_ours(target):
                    continue
                try:
                    self._open_and_audit(open_target, declared)
                except ReconcilerError as error:
                    self._log("audit_failed", target=target, error=error.message)
                except Exception:
                    self._log("bug", target=target, traceback=traceback.format_exc(limit=-5))

    def _open_and_audit(self, open_target: OpenTarget, declared: Declared) -> None:
        provider = open_target(declared)
        try:
            known, owner = known_runs(declared.target, provider), declared.config.owner
            self.one(declared.target.name, provider, known, datetime.now(UTC), owner=owner)
        finally:
            close_provider(provider)

    def one(
        self,
        target: str,
        provider: Provider,
        known: KnowsRuns,
        now: datetime,
        *,
        owner: str | None,
    ) -> None:
        """Audit the schedules of `owner` in a target: of others', their own loop tells.
        ReconcilerError.
        """
        since = now - SPAN
        live = [one for one in provider.list() if one.owner is not None and one.owner == owner]
        names = {one.key.name for one in live}
        counts: Counter[Verdict] = Counter()
        wrong: set[tuple[str, datetime]] = set()
        missing: set[tuple[str, datetime]] = set()
        for one in audit(
            live,
            past_changes(self._state, target, names, since),
            known.runs_of,
            since=since,
            now=now,
            firing=provider.firing_trigger,
        ):
            counts.update(one.counts)
            of_it = [(one.key.name, each) for each in one.judged if each.verdict in WRONG]
            wrong |= {(name, each.at) for name, each in of_it}
            missing |= {(name, each.at) for name, each in of_it if each.verdict is Verdict.MISSING}
        told = self._told.get(target)
        # At the start nobody knows what was told before: what is older than an audit, it was.
        new = {
            (name, at)
            for name, at in missing - (told or set())
            if told is not None or at > now - self._every * 2
        }
        self._told[target] = missing
        words = [f"{name} at {at:%Y-%m-%d %H:%M} UTC" for name, at in sorted(new)]
        self._log(
            "audit",
            target=target,
            schedules=len(live),
            fires=sum(counts.values()),
            wrong=len(wrong),
            missing=counts[Verdict.MISSING],
            newly_missing=words[:10],
        )
        shown = [f"{name} at {at:%Y-%m-%d %H:%M} UTC" for name, at in sorted(missing)[:_SHOWN]]
        said = {verdict.words: number for verdict, number in counts.items()}
        self._state.standings.set_audit(target, Audited(now, said, shown))
        self._on_audit(target, counts, words)
