"""What a cycle came to: its outcome in one word, a reason for machines, a line for people. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.declare.suspensions import suspension_words
from reconciler.errors import ConfigError, DeclarationError, ReconcilerError, SourceError
from reconciler.loop.source import Revision
from reconciler.model import Change, Outcome, Result, Suspension
from reconciler.plan.filter import OBSERVED, Filtered, Waiting
from reconciler.state.records import (
    STATUS_AFTER,
    Condition,
    Conditions,
    CycleOutcome,
    CycleRecord,
)

_CHANGED = (Outcome.CREATED, Outcome.UPDATED, Outcome.DISABLED)
_SHOWN = 3
NOT_OURS = "NotOurs"
CONTENDED = "Contended"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The outcome of a cycle. `retry`: the target is to be tried again, later and later."""

    outcome: CycleOutcome
    reason: str
    message: str
    retry: bool = True


def conclusion_of(
    filtered: Filtered,
    results: Sequence[Result],
    revision: Revision,
    trouble: ReconcilerError | None,
    suspended: Suspension | None = None,
    contended: Sequence[Waiting] = (),
) -> Conclusion:
    """What a cycle that came to its end came to. `trouble`: why `revision` is an earlier one.
    `suspended`: nothing was to be changed. `contended`: what was undone again and again.
    """
    if suspended is not None:
        return _while_suspended(suspended, filtered)
    found = _of_changes(filtered, results)
    if contended and found.outcome in ("waiting", "applied", "in_sync"):
        found = _contended(contended, results)
    alone = found.outcome in ("failed", "partial", "stalled") and found.reason not in (
        NOT_OURS,
        CONTENDED,
    )
    if trouble is None or alone:
        return found
    did = f" ({found.message})" if found.outcome != "in_sync" else ""
    kept = f"{revision.short} stays in force{did}: {words_of(trouble)}"
    if isinstance(trouble, SourceError):
        return Conclusion("unavailable", "SourceUnavailable", kept, retry=False)
    reason = "ConfigInvalid" if isinstance(trouble, ConfigError) else "RevisionBroken"
    return Conclusion("broken", reason, kept, retry=False)


def _while_suspended(suspended: Suspension, filtered: Filtered) -> Conclusion:
    words = f"the target is {suspension_words(suspended)}"
    number = len(filtered.waiting)
    if number:
        words += "; 1 difference waits" if number == 1 else f"; {number} differences wait"
    return Conclusion("waiting", "Suspended", words, retry=False)


def _of_changes(filtered: Filtered, results: Sequence[Result]) -> Conclusion:
    if filtered.plan.refusals:
        return Conclusion("stalled", "OverLimits", "; ".join(filtered.plan.refusals), retry=False)
    counts = Counter(result.outcome for result in results)
    failed = [r for r in results if r.outcome in (Outcome.FAILED, Outcome.NOT_TRIED)]
    done = sum(counts[outcome] for outcome in _CHANGED)
    said = ", ".join(f"{counts[o]} {o.value}" for o in _CHANGED if counts[o])
    if failed:
        errors = list(dict.fromkeys(f"{r.change.key}: {r.error}" for r in failed))
        shown = "; ".join(errors[:_SHOWN]) + ("; ..." if len(errors) > _SHOWN else "")
        words = f"{len(failed)} failed" + (f", {said}" if said else "") + f": {shown}"
        if done:
            return Conclusion("partial", "AppliedInPart", words)
        return Conclusion("failed", "ChangesFailed", words)
    theirs = filtered.plan.not_ours
    waiting = filtered.waiting
    if waiting:
        why = next((one.why for one in waiting if one.why != OBSERVED), None)
        number = "1 difference waits" if len(waiting) == 1 else f"{len(waiting)} differences wait"
        words = f"{number}: {why or 'only observed'}" + (f"; {said}" if said else "")
        words += f"; {_not_ours(theirs)}" if theirs else ""
        reason = "OutsideWindow" if why else "Observed"
        return Conclusion("waiting", reason, words, retry=False)
    left = ""
    stopped = [c for c in filtered.plan.changes if c.after and c.after.hold]
    stopped = [c for c in stopped if c.after and c.after.hold and c.after.hold.suspended]
    if stopped:
        left = f"; {len(stopped)} suspended"
    if filtered.looked_away:
        left += f"; {filtered.looked_away} not looked at (reconcile: off)"
    if theirs:
        words = (f"{said}; " if said else "") + _not_ours(theirs) + left
        return Conclusion("stalled", NOT_OURS, words, retry=False)
    if done:
        return Conclusion("applied", "Applied", said + left, retry=False)
    return Conclusion("in_sync", "InSync", "nothing to change" + left, retry=False)


def _contended(contended: Sequence[Waiting], results: Sequence[Result]) -> Conclusion:
    more = f"; and {len(contended) - 1} more" if len(contended) > 1 else ""
    done = sum(result.outcome in _CHANGED for result in results)
    changed = f"; {done} changed" if done else ""
    return Conclusion("stalled", CONTENDED, f"{contended[0].why}{more}{changed}", retry=False)


def _not_ours(changes: Sequence[Change]) -> str:
    """How many are declared and not applied, and whose the first ones are."""
    moving = [change for change in changes if change.waits]
    if moving:
        said = f"{len(moving)} not moved: {moving[0].key} is {moving[0].reason}"
        rest = [change for change in changes if not change.waits]
        return f"{said}; {_not_ours(rest)}" if rest else said
    head = "1 declared schedule is" if len(changes) == 1 else f"{len(changes)} declared are"
    shown = "; ".join(f"{change.key} is {change.reason}" for change in changes[:1])
    more = f"; and {len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{head} not ours: {shown}{more}"


def words_of(error: ReconcilerError) -> str:
    """Its message, and the first of the problems that it carries."""
    problems = error.problems if isinstance(error, DeclarationError | ConfigError) else ()
    first = next((p for p in problems if p.severity == "error"), None)
    if first is None:
        return error.message
    return f"{error.message}: {first.path}:{first.line}: {first.message}"


def conditions_after(
    before: Conditions | None,
    record: CycleRecord,
    *,
    attempted: str | None,
    applied: str | None,
    now: datetime,
) -> Conditions:
    """How a target stands after a cycle; what has not changed keeps its `since`."""

    def next_of(old: Condition | None, status: bool) -> Condition:
        since = old.since if old is not None and old.status == status else now
        return Condition(status, record.reason, record.message, since)

    ready, reconciling, stalled = STATUS_AFTER[record.outcome]
    return Conditions(
        next_of(before.ready if before else None, ready),
        next_of(before.reconciling if before else None, reconciling),
        next_of(before.stalled if before else None, stalled),
        attempted,
        applied if applied is not None else (before.applied if before else None),
    )
