"""What of a plan the loop may do."""

from __future__ import annotations

from dataclasses import replace

from helpers import OWNER, TARGET, canonical, live, schedule

from reconciler.config import Limit, Limits
from reconciler.model import Action, Plan
from reconciler.plan import make_plan
from reconciler.plan.filter import filter_plan
from reconciler.plan.windows import Opening


def plan() -> Plan:
    """One to create, one to update under observe, one to update under off, one gone, one same."""
    seen, away = schedule("seen", description="a"), schedule("away", description="a")
    desired = [
        schedule("new"),
        replace(seen, mode="observe", description="b"),
        replace(away, mode="off", description="b"),
        replace(schedule("same"), mode="observe"),
    ]
    current = [seen, away, schedule("gone"), schedule("same")]
    return make_plan(
        canonical(*desired), [live(one) for one in current], target=TARGET, owner=OWNER
    )


def test_modes() -> None:
    filtered = filter_plan(plan(), mode="heal", limits=None)
    assert [(c.key.name, c.action) for c in filtered.plan.changes] == [
        ("gone", Action.DISABLE),
        ("new", Action.CREATE),
        ("same", Action.NOOP),
    ]
    assert [(w.change.key.name, w.why) for w in filtered.waiting] == [("seen", "observe")]
    assert filtered.looked_away == 1


def test_a_target_narrows() -> None:
    filtered = filter_plan(plan(), mode="observe", limits=None)
    assert not filtered.plan.pending
    assert [w.change.key.name for w in filtered.waiting] == ["gone", "new", "seen"]
    filtered = filter_plan(plan(), mode="off", limits=None)
    assert (filtered.plan.changes, filtered.waiting, filtered.looked_away) == ((), (), 4)


def test_a_closed_window_lets_nothing_through() -> None:
    closed = Opening(False, "closed")
    filtered = filter_plan(plan(), mode="heal", limits=None, window=closed)
    assert [c.key.name for c in filtered.plan.changes] == ["same"]
    assert [(w.change.key.name, w.why) for w in filtered.waiting] == [
        ("gone", "closed"),
        ("new", "closed"),
        ("seen", "observe"),
    ]
    assert filter_plan(plan(), mode="heal", limits=None, window=Opening(True)).plan.pending


def test_limits_are_counted_over_what_would_be_done() -> None:
    current = [schedule(f"s{number:02d}", description="a") for number in range(20)]
    changed = [replace(one, description="b") for one in current]
    limits = Limits(update=Limit(count=5))

    def refusals(observed: int) -> tuple[str, ...]:
        desired = [
            replace(one, mode="observe") if number < observed else one
            for number, one in enumerate(changed)
        ]
        made = make_plan(
            canonical(*desired), [live(one) for one in current], target=TARGET, owner=OWNER
        )
        return filter_plan(made, mode="heal", limits=limits).plan.refusals

    assert len(refusals(14)) == 2
    assert refusals(15) == ()


def test_what_a_plan_is_refused_for_stays() -> None:
    made = make_plan([], [], target=TARGET, owner=OWNER)
    found = filter_plan(made, mode="heal", limits=Limits()).plan.refusals
    assert found[:1] == made.refusals != ()
    mark = found[1].partition("[")[2].removesuffix("]}")
    accepting = Limits(accept=(mark,))
    assert filter_plan(made, mode="heal", limits=accepting).plan.refusals == ()


def test_an_accepted_plan_is_the_whole_one_that_a_review_shows() -> None:
    """The loop only observes some of it, and is over its limits with the rest all the same."""
    current = [live(schedule(f"s{number:02d}", description="a")) for number in range(20)]
    desired = canonical(
        *(
            replace(schedule(f"s{number:02d}", description="b"), mode=mode)
            for number, mode in enumerate(["observe"] * 5 + ["heal"] * 15)
        )
    )
    few = Limits(update=Limit(count=5))
    shown = make_plan(desired, current, target=TARGET, owner=OWNER, limits=few).refusals
    accepting = replace(few, accept=(shown[-1].partition("[")[2].removesuffix("]}"),))
    made = make_plan(desired, current, target=TARGET, owner=OWNER)
    assert len(filter_plan(made, mode="heal", limits=accepting).plan.pending) == 15
    assert filter_plan(made, mode="heal", limits=few).plan.refusals != ()
