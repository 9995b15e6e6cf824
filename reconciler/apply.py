"""Plan + Provider -> Results. A change that fails is a Result; the others go on."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.errors import ProviderError, UnsafePlan
from reconciler.model import Action, Change, Outcome, Plan, Result
from reconciler.providers.base import Provider

OnResult = Callable[[Result], None]

_DONE = {
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.DISABLE: Outcome.DISABLED,
    Action.SKIP: Outcome.SKIPPED,
    Action.NOOP: Outcome.UNCHANGED,
}


def apply_plan(plan: Plan, provider: Provider, on_result: OnResult | None = None) -> list[Result]:
    """Carry out every change, in order; `on_result` hears of each. UnsafePlan before any.

    An interrupt (Ctrl-C) lets the change in hand end; the rest are NOT_TRIED.
    """
    if plan.refusals:
        raise UnsafePlan(plan.refusals)
    results: list[Result] = []
    interrupted = False
    for change in plan.changes:
        if interrupted:
            result = Result(change, Outcome.NOT_TRIED, "interrupted")
        else:
            try:
                result = carry_out(change, provider)
            except KeyboardInterrupt:
                interrupted = True
                result = Result(change, Outcome.NOT_TRIED, "interrupted; it may have been done")
        results.append(result)
        if on_result is not None:
            on_result(result)
    return results


def carry_out(change: Change, provider: Provider) -> Result:
    """Do one change."""
    try:
        match change.action:
            case Action.CREATE:
                assert change.after is not None
                provider.create(change.after)
            case Action.UPDATE:
                assert change.after is not None
                assert change.before is not None
                provider.update(change.after, change.before)
            case Action.DISABLE:
                assert change.before is not None
                provider.disable(change.before)
            case Action.SKIP | Action.NOOP:
                pass
    except ProviderError as error:
        return Result(change, Outcome.FAILED, error.reason)
    return Result(change, _DONE[change.action])
