"""Plan + Provider -> Results. A change that fails is a Result; the others go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext

from reconciler.errors import Halted, ProviderError, UnsafePlan
from reconciler.model import Action, Change, Outcome, Plan, Result
from reconciler.providers.base import Provider
from reconciler.system.signals import heard

PARALLELISM = 16
"""Changes at a time, where a provider can make several."""

OnResult = Callable[[Result], None]
Guard = Callable[[], None]
"""Called before each change, from the thread that makes it; Halted: it is not to be made."""
Prepare = Callable[[Change], None]
"""Called with each change before it is made, from the thread that makes it."""

_IDLE = (Action.SKIP, Action.NOOP)
_DONE = {
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.DISABLE: Outcome.DISABLED,
    Action.SKIP: Outcome.SKIPPED,
    Action.NOOP: Outcome.UNCHANGED,
}


def apply_plan(
    plan: Plan,
    provider: Provider,
    on_result: OnResult | None = None,
    *,
    parallelism: int = PARALLELISM,
    guard: Guard | None = None,
    prepare: Prepare | None = None,
) -> list[Result]:
    """Carry out every change; `on_result` hears of each. UnsafePlan before any.

    The results are in the order of the plan. Where the provider can, `parallelism` changes are
    made at a time. An interrupt (Ctrl-C) lets those in hand end; the rest are NOT_TRIED. So are
    those that `guard` stops. `prepare` comes before each change, and fails it with ProviderError.
    """
    if plan.refusals:
        raise UnsafePlan(plan.refusals)
    say = on_result or _nobody
    with _interrupt_as_event() as interrupted:
        if provider.concurrent and parallelism > 1 and len(plan.pending) > 1:
            return _at_once(plan, provider, say, parallelism, guard, prepare, interrupted)
        return _in_turn(plan, provider, say, guard, prepare, interrupted)


def _nobody(result: Result) -> None:
    """Hear of a result, and do nothing."""


@contextmanager
def _interrupt_as_event() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets. KeyboardInterrupt would come between any two instructions: while
    a result is noted, with a lock in hand, or where Python cannot pass it on and drops it.
    """
    interrupted = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    # Whoever has a handler of their own, the loop say, asks by `guard` whether to go on.
    raises = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with heard(interrupt, signal.SIGINT) if raises else nullcontext():
        yield interrupted


def _in_turn(
    plan: Plan,
    provider: Provider,
    say: OnResult,
    guard: Guard | None,
    prepare: Prepare | None,
    interrupted: threading.Event,
) -> list[Result]:
    """One change after the other."""
    results: list[Result] = []
    for change in plan.changes:
        try:
            result = _unless_interrupted(change, provider, guard, prepare, interrupted)
        except KeyboardInterrupt:
            interrupted.set()
            result = Result(change, Outcome.NOT_TRIED, "interrupted; it may have been done")
        results.append(result)
        say(result)
    return results


def _at_once(
    plan: Plan,
    provider: Provider,
    say: OnResult,
    parallelism: int,
    guard: Guard | None,
    prepare: Prepare | None,
    interrupted: threading.Event,
) -> list[Result]:
    """Several changes at a time; what is not to be done is not handed to a thread."""
    results = {
        index: Result(change, _DONE[change.action])
        for index, change in enumerate(plan.changes)
        if change.action in _IDLE
    }
    with ThreadPoolExecutor(parallelism, thread_name_prefix="apply") as threads:
        waiting: dict[Future[Result], int] = {
            threads.submit(
                _unless_interrupted, change, provider, guard, prepare, interrupted
            ): index
            for index, change in enumerate(plan.changes)
            if change.action not in _IDLE
        }
        try:
            for future in as_completed(waiting):
                index = waiting[future]
                results[index] = future.result()
                try:
                    say(results[index])
                except KeyboardInterrupt:
                    interrupted.set()
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
    return [results[index] for index in range(len(plan.changes))]


def _unless_interrupted(
    change: Change,
    provider: Provider,
    guard: Guard | None,
    prepare: Prepare | None,
    interrupted: threading.Event,
) -> Result:
    if interrupted.is_set():
        return Result(change, Outcome.NOT_TRIED, "interrupted")
    return carry_out(change, provider, guard, prepare)


def carry_out(
    change: Change,
    provider: Provider,
    guard: Guard | None = None,
    prepare: Prepare | None = None,
) -> Result:
    """Do one change, if `guard` lets it be done, after what `prepare` does for it."""
    try:
        if guard is not None and change.action not in _IDLE:
            guard()
        if prepare is not None and change.action not in _IDLE:
            prepare(change)
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
    except Halted as halted:
        return Result(change, Outcome.NOT_TRIED, halted.message)
    except ProviderError as error:
        return Result(change, Outcome.FAILED, error.reason)
    return Result(change, _DONE[change.action])
