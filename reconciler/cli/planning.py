"""Plans as commands make them and show them, and the question before they are carried out."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from difflib import get_close_matches

import click

from reconciler.apply import Guard
from reconciler.cli.output import is_terminal, out, paint, say, waiting
from reconciler.cli.session import Session
from reconciler.config import Target
from reconciler.declare.adoption import is_adopted, spent_adoptions
from reconciler.errors import Halted, ProviderError
from reconciler.handover import handed_over, refusals
from reconciler.model import Outcome, Plan, Result, Schedule
from reconciler.plan.options import PlanOptions
from reconciler.providers.base import Provider
from reconciler.reconcile import plan_target
from reconciler.render.documents import plans_document
from reconciler.render.formats import render_document
from reconciler.render.plain_text import counted, printable
from reconciler.render.text.plan_text import plan_parts, render_plan, render_result
from reconciler.system.signals import heard

ANSWERING = PlanOptions(allow_empty=True, ignore_limits=True)
"""For plans that show how live schedules differ, and of which at most one change is carried out."""
_PIECE = 1 << 16
_CHANGED = (Outcome.CREATED, Outcome.UPDATED, Outcome.DISABLED)


def make_plans(
    session: Session, target: str | None, options: PlanOptions
) -> list[tuple[Plan, Provider]]:
    """The plan of each target that is meant, with the provider that can carry it out."""
    targets = session.targets(target)
    return plan_targets(
        session, targets, session.declared(targets, allow_empty=options.allow_empty), options
    )


def plan_targets(
    session: Session,
    targets: Sequence[Target],
    declared: Mapping[str, Sequence[Schedule]],
    options: PlanOptions,
) -> list[tuple[Plan, Provider]]:
    """The same, for targets that are opened and declarations that are read."""
    made: list[tuple[Plan, Provider]] = []
    for one in targets:
        provider = session.provider(one)
        with waiting(f"planning {printable(one.name)}"), _named_in_errors(one, len(targets)):
            plan = plan_target(
                declared[one.name],
                provider,
                owner=session.config.owner,
                limits=session.config.limits,
                options=options,
                now=session.now,
                root=session.config.root,
                repository=session.config.repository,
                adoptions=session.config.adoptions,
                together=[target.name for target in targets],
            )
        made.append((plan, provider))
    made = _able_to_hand_over(made, targets)
    plans = [plan for plan, _ in made]
    _check_adopted(options.adopt, plans)
    _check_named(options.names, plans, declared)
    for adoption in spent_adoptions(session.config.adoptions, plans):
        where = ", ".join(plan.target for plan in plans)
        say(f"adopt: {printable(str(adoption))} is spent in {printable(where)}, and can be removed")
    return made


@contextmanager
def _named_in_errors(target: Target, of: int) -> Iterator[None]:
    """What one of several targets does not answer, or is not asked for, is said with its name."""
    try:
        yield
    except ProviderError as error:
        if of > 1 and error.key is None:
            error.message = f"{target.name}: {error.message}"
        raise


def _able_to_hand_over(
    made: list[tuple[Plan, Provider]], targets: Sequence[Target]
) -> list[tuple[Plan, Provider]]:
    """The plans, refused where one of them goes on from what cannot be carried there."""
    places = {
        one.name: {
            name: str(options["url"])
            for name, options in (one.options.get("datastores") or {}).items()
        }
        for one in targets
    }
    wrong = list(refusals(made, places))
    return [
        (replace(plan, refusals=(*plan.refusals, *found)), provider)
        for plan, provider in made
        for found in [[one for one in wrong if one.startswith(f"{plan.target}/")]]
    ]


def _check_adopted(adopt: tuple[str, ...], plans: list[Plan]) -> None:
    declared = [change.key for plan in plans for change in plan.changes if change.after]
    for name in adopt:
        if not any(is_adopted(key, name) for key in declared):
            raise click.UsageError(
                f"--adopt {printable(name)}: no schedule of that name is declared"
            )


def _check_named(
    names: tuple[str, ...],
    plans: list[Plan],
    declared: Mapping[str, Sequence[Schedule]],
) -> None:
    """A usage error for a name that means no schedule: an apply of it would do nothing, and end
    well.
    """
    known = {change.key for plan in plans for change in plan.changes}
    for name in names:
        if any(is_adopted(key, name) for key in known):
            continue
        listed = [s.key for of_target in declared.values() for s in of_target]
        words = [word for key in listed for word in (key.name, str(key))]
        close = get_close_matches(name, words, 1)
        hint = f'; did you mean "{printable(close[0])}"?' if close else ""
        where = " or ".join(plan.target for plan in plans)
        raise click.UsageError(
            f'no schedule "{printable(name)}" is declared for {printable(where)}, or was{hint}'
        )


def show_plans(plans: list[Plan], form: str, *, full: bool = True) -> None:
    """Print plans: for people one after the other, in any other format as one document. On a
    terminal one of many changes is told in short, unless `full`.
    """
    if form == "text":
        full = full or not is_terminal(sys.stdout)
        for number, plan in enumerate(plans):
            _out_in_pieces(plan, "\n" if number else "", full)
        for (source, target), number in sorted(handed_over(plans).items()):
            move = "1 schedule moves" if number == 1 else f"{number:,} schedules move"
            where = f"from {printable(source)} to {printable(target)}"
            out(f"\n{move} {where}: what ends there and begins here is one change\n")
    else:
        out(render_document(plans_document(plans), form))


def _out_in_pieces(plan: Plan, before: str, full: bool) -> None:
    """The text of a plan, printed as it is made."""
    kept, length = [before], 0
    for part in plan_parts(plan, paint, full=full):
        kept.append(part)
        length += len(part)
        if length > _PIECE:
            out("".join(kept))
            kept, length = [], 0
    out("".join(kept))


def confirm(plans: list[Plan], form: str) -> bool:
    """Ask where the person looks, who may have sent standard output elsewhere."""
    elsewhere = form == "json" or not is_terminal(sys.stdout)
    if elsewhere:
        say("\n".join(render_plan(plan, paint) for plan in plans))
    else:
        out("\n")
    return click.confirm("Apply these changes?", err=elsewhere)


def show_result(result: Result) -> None:
    """Print what came of one change, as it comes."""
    # Whoever stops reading does not stop an apply half-way.
    with suppress(BrokenPipeError):
        out(render_result(result, paint))


@contextmanager
def stopping_between_changes() -> Iterator[Guard]:
    """A guard for `apply_plan` that a first SIGTERM turns into Halted: the change in hand ends, the
    rest is not tried, and what became of each is recorded. A second one ends the process.
    """
    stopped: list[int] = []

    def stop(number: int, frame: object) -> None:
        if stopped:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stopped.append(number)

    def guard() -> None:
        if stopped:
            raise Halted("interrupted")

    with heard(stop, signal.SIGTERM):
        yield guard


def exit_by(results: list[Result], left_out: int = 0) -> None:
    """End with the exit code that an apply with these results has, unless all of it was done."""
    outcomes = {result.outcome for result in results}
    skipped = sum(result.outcome is Outcome.SKIPPED for result in results)
    waiting = sum(r.outcome is Outcome.SKIPPED and r.change.waits for r in results)
    if waiting:
        say(f"{counted(waiting, 'schedule')} not moved: one run of both targets does that")
    if skipped > waiting:
        number = skipped - waiting
        are = "schedule is not ours, and is" if number == 1 else "schedules are not ours, and are"
        say(f"{number:,} declared {are} not applied: live is not as declared")
    if outcomes.isdisjoint((Outcome.FAILED, Outcome.NOT_TRIED)) and not left_out and not skipped:
        return
    click.get_current_context().exit(1 if outcomes.isdisjoint(_CHANGED) else 5)
