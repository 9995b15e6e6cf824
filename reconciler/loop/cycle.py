"""One cycle of one target: what is in force -> a plan -> what the loop may do of it -> done.

Nothing that is wrong with a target escapes: it becomes the cycle's outcome, so that the others go
on. Only Halted does: the lease is lost, or somebody said stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.apply import Guard, apply_plan
from reconciler.declare.repository import paused_collection
from reconciler.declare.suspensions import suspension_words
from reconciler.errors import (
    ConfigError,
    DeclarationError,
    Halted,
    ProviderUnavailable,
    ReconcilerError,
    SourceError,
    Unauthorized,
)
from reconciler.handover import OfRuns, bring_runs
from reconciler.loop.active_revision import EVERY, ActiveRevision
from reconciler.loop.conclusion import Conclusion, conclusion_of, words_of
from reconciler.loop.contention import Contention
from reconciler.loop.memory import Declared
from reconciler.loop.provider_pool import close_provider
from reconciler.loop.source import Revision
from reconciler.model import Action, Change, Outcome, Plan, Result, Suspension
from reconciler.plan.filter import Filtered, filter_plan
from reconciler.plan.options import PlanOptions
from reconciler.plan.windows import Opening, opening
from reconciler.providers.base import Provider
from reconciler.reconcile import plan_target
from reconciler.render.documents import plan_document
from reconciler.standings import schedule_rows
from reconciler.state.records import Cause, CycleRecord, ResultRecord
from reconciler.state.standings import ScheduleRow

_OPTIONS = PlanOptions(preflight=True)
_NOTHING = (Outcome.SKIPPED, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class CycleRequest:
    """What a cycle is to reach. `revision` None: the source has never answered."""

    revision: Revision | None
    trouble: SourceError | None
    cause: Cause
    fetch_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CycleContext:
    """What a cycle works with. `good`: remembers a revision as the last good one of a target."""

    active_revision: ActiveRevision
    open: Callable[[Declared], Provider]
    good: Callable[[str, str], None]
    guard: Guard
    clock: Callable[[], datetime]
    actor: str | None = None
    suspended: Callable[[datetime], Suspension | None] = lambda now: None
    """Of the target, if nothing is to be changed in it at a moment."""
    beside: Callable[[Declared], Provider] | None = None
    """Opens another target, for this cycle alone; None: nothing is brought from others."""
    tell: Callable[[Sequence[OfRuns]], None] = lambda said: None
    """Hears what became of runs that were to be brought from other targets."""
    contention: Contention = field(default_factory=Contention)
    """What was changed lately in the target."""
    parallelism: int = 16
    timer: Callable[[], float] = time.perf_counter


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a cycle went. `retry`: it is the target's trouble, and waiting may help."""

    record: CycleRecord
    retry: bool = False
    applied: str | None = None
    """The revision that the target was brought to, whole."""
    bug: BaseException | None = None
    revision: Revision | None = None
    """What was in force."""
    counts: dict[str, int] = field(default_factory=dict)
    """Schedules by how they stand, where that is known."""
    rows: Iterator[ScheduleRow] | None = None
    """Each of them, made as it is asked for."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A plan, and what it was made from. `broken`: why it is not the wanted revision."""

    declared: Declared
    provider: Provider
    plan: Plan
    broken: ReconcilerError | None


def run_cycle(name: str, wanted: CycleRequest, means: CycleContext) -> Cycle:
    """Bring the target `name` to what is in force; Halted where it may not go on."""
    started = means.clock()
    steps = _Steps(means.timer, wanted.fetch_seconds)
    revision = wanted.revision
    bug: BaseException | None = None
    retry = True
    applied = reached = None
    done: _Done | None = None
    try:
        done = _reconcile(name, wanted, means, steps, started)
        revision = done.revision
        verdict = done.verdict
        retry = verdict.retry
        if revision is not None:
            whole = verdict.outcome in ("in_sync", "applied")
            applied = revision.name if whole and verdict.reason != "Off" else None
            # Under observe the loop has done all that it is to do.
            reached = revision.name if whole or verdict.reason == "Observed" else None
    except Halted:
        raise
    except (ProviderUnavailable, SourceError) as error:
        kind = "SourceUnavailable" if isinstance(error, SourceError) else "Unavailable"
        verdict = Conclusion("unavailable", kind, error.message)
    except DeclarationError as error:
        verdict = Conclusion("stalled", "RevisionBroken", words_of(error))
    except ConfigError as error:
        verdict = Conclusion("stalled", "ConfigInvalid", words_of(error))
    except Unauthorized as error:
        verdict = Conclusion("stalled", "Unauthorized", error.message)
    except ReconcilerError as error:
        verdict = Conclusion("failed", type(error).__name__, error.message)
    except Exception as error:
        bug = error
        verdict = Conclusion("failed", "Bug", f"{type(error).__name__}: {error}"[:500])
    record = CycleRecord(
        target=name,
        started_at=started,
        ended_at=means.clock(),
        outcome=verdict.outcome,
        reason=verdict.reason,
        message=verdict.message,
        revision=revision.name if revision else None,
        author=revision.author if revision else None,
        actor=means.actor,
        cause=wanted.cause,
        plan=done.document if done else None,
        results=done.results if done else (),
        durations=steps.seconds,
        suspended=done.suspended if done else 0,
        **_lag(wanted.revision, reached),
    )
    counts, rows = (done.counts, done.rows) if done is not None else ({}, None)
    return Cycle(record, retry, applied, bug, revision, counts, rows)


def _lag(wanted: Revision | None, reached: str | None) -> dict[str, Any]:
    """The revision that is wanted and not reached yet, and when the wanted one was made."""
    if wanted is None:
        return {}
    behind = wanted.name if wanted.name != reached else None
    return {"wanted": behind, "wanted_at": wanted.committed_at}


@dataclass(frozen=True, slots=True)
class _Done:
    verdict: Conclusion
    revision: Revision | None
    document: dict[str, object] | None = None
    results: tuple[ResultRecord, ...] = ()
    suspended: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    rows: Iterator[ScheduleRow] | None = None


def _reconcile(
    name: str, wanted: CycleRequest, means: CycleContext, steps: _Steps, now: datetime
) -> _Done:
    with steps("read"):
        declared, broken = _declared(name, wanted, means, now)
    mode = declared.target.settings.mode
    if mode == "off":
        said = "the target's mode is off: nothing was looked at"
        return _Done(Conclusion("in_sync", "Off", said), declared.revision)
    with steps("plan"):
        taken = _taken(name, declared, broken, means, now)
    if taken.broken is None:
        means.active_revision.is_good(taken.declared)
        means.good(name, taken.declared.revision.id)
        means.good(EVERY, taken.declared.revision.id)
    config = taken.declared.config
    suspended = means.suspended(now)
    window = opening(config.windows, name, now)
    if suspended is not None:
        window = Opening(False, suspension_words(suspended), suspended.until)
    filtered = filter_plan(taken.plan, mode=mode, limits=config.limits, window=window)
    filtered, contended = means.contention.left(filtered, now)
    results: Sequence[Result] = ()
    if filtered.plan.pending and not filtered.plan.refusals:
        with steps("apply"):
            results = apply_plan(
                filtered.plan, taken.provider, parallelism=means.parallelism, guard=means.guard
            )
        means.contention.note(results, now)
        _raise_if_halted(results)
    if mode == "heal" and suspended is None and means.beside is not None:
        means.tell(_bring_runs(taken, means.beside))
    trouble = taken.broken or wanted.trouble
    verdict = conclusion_of(
        filtered, results, taken.declared.revision, trouble, suspended, contended
    )
    told = taken.plan.pending or taken.plan.not_ours
    document = plan_document(_differing(taken.plan), quiet=False) if told else None
    counts, rows = schedule_rows(
        taken.plan,
        results,
        {one.change.key.name: one.why for one in filtered.waiting},
        {one.change.key.name: one.why for one in contended},
    )
    return _Done(
        verdict,
        taken.declared.revision,
        document,
        _recorded(filtered, results),
        sum(map(_is_suspended, taken.plan.changes)),
        counts,
        rows,
    )


def _bring_runs(taken: _Taken, beside: Callable[[Declared], Provider]) -> list[OfRuns]:
    """Bring the runs that moved schedules had where they were. Another cycle may be at work
    there: what is opened is for this one alone.
    """
    declared, opened = taken.declared, []

    def open_target(name: str) -> Provider:
        opened.append(beside(replace(declared, target=declared.config.target(name))))
        return opened[-1]

    try:
        return list(bring_runs([(taken.plan, taken.provider)], open_target))
    finally:
        for provider in opened:
            close_provider(provider)


def _is_suspended(change: Change) -> bool:
    wanted = change.after
    return wanted is not None and wanted.hold is not None and wanted.hold.suspended


def _raise_if_halted(results: Sequence[Result]) -> None:
    """Where it was stopped before its first change, nothing happened that is worth a record."""
    outcomes = {result.outcome for result in results}.difference(_NOTHING)
    if outcomes == {Outcome.NOT_TRIED}:
        raise Halted(next(r.error for r in results if r.outcome is Outcome.NOT_TRIED) or "")


def _declared(
    name: str, wanted: CycleRequest, means: CycleContext, now: datetime
) -> tuple[Declared, ReconcilerError | None]:
    """What the wanted revision declares; or the last good one, and why."""
    wrong: ReconcilerError
    if wanted.revision is None:
        wrong = wanted.trouble or SourceError("the source has not answered yet")
    else:
        try:
            return means.active_revision.read(wanted.revision, name, now), None
        except (ConfigError, DeclarationError, SourceError) as error:
            wrong = error
    good = means.active_revision.last_good(name, now)
    if good is None or (wanted.revision is not None and good.revision.id == wanted.revision.id):
        raise wrong
    return good, wrong


def _taken(
    name: str,
    declared: Declared,
    broken: ReconcilerError | None,
    means: CycleContext,
    now: datetime,
) -> _Taken:
    """The plan for `declared`; for the last good revision where the target refuses that."""
    provider = means.open(declared)
    try:
        return _Taken(declared, provider, _plan(declared, provider, now), broken)
    except DeclarationError as refused:
        good = means.active_revision.last_good(name, now) if broken is None else None
        if good is None or good.revision.id == declared.revision.id:
            raise
        provider = means.open(good)
        return _Taken(good, provider, _plan(good, provider, now), refused)


def _plan(declared: Declared, provider: Provider, now: datetime) -> Plan:
    # The limits are counted by the filter, over what would really be changed.
    with paused_collection():
        config = declared.config
        return plan_target(
            declared.schedules,
            provider,
            owner=config.owner,
            limits=None,
            options=_OPTIONS,
            root=config.root,
            now=now,
            impact=False,
            repository=config.repository,
            adoptions=config.adoptions,
        )


def _differing(plan: Plan) -> Plan:
    """Without the changes that are none, which would be most of what is kept."""
    changes = tuple(change for change in plan.changes if change.action is not Action.NOOP)
    return replace(plan, changes=changes)


def _recorded(filtered: Filtered, results: Sequence[Result]) -> tuple[ResultRecord, ...]:
    """What became of each change that there was to make."""
    idle = (Action.NOOP, Action.SKIP)
    made = [
        ResultRecord(
            r.change.key.name,
            r.change.action.name.lower(),
            r.outcome.value.replace(" ", "_"),
            r.error,
        )
        for r in results
        if r.change.action not in idle
    ]
    left = [
        ResultRecord(w.change.key.name, w.change.action.name.lower(), "waiting", w.why)
        for w in filtered.waiting
    ]
    return tuple(made + left)


class _Steps:
    """Seconds that each step took."""

    def __init__(self, timer: Callable[[], float], fetch: float) -> None:
        self._timer = timer
        self.seconds = {"fetch": fetch}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        began = self._timer()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + self._timer() - began
