"""The part of a plan that is about some schedules: nothing else is in it."""

from __future__ import annotations

import pytest
from helpers import canonical, live, schedule

from reconciler.config import Limit, Limits
from reconciler.model import Key
from reconciler.plan import make_plan
from reconciler.plan.select import named, only, with_others_as_they_are

GONE = [live(schedule(f"gone-{number}")) for number in range(3)]
PLAN = make_plan(
    canonical(schedule("new"), schedule("other")),
    [*GONE, live(schedule("theirs"), owner="somebody")],
    target="prod",
    owner="us",
)
NONE_DISABLED = Limits(disable=Limit(count=0))


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (["new"], ["new"]),
        (["gone-*"], ["gone-0", "gone-1", "gone-2"]),
        (["new", "gone-1"], ["gone-1", "new"]),
        (["nothing"], []),
        (["theirs"], []),
    ],
)
def test_what_is_not_named_is_not_in_it(names: list[str], kept: list[str]) -> None:
    part = named(PLAN, names, None)
    assert [change.key.name for change in part.changes] == kept
    assert part.unmanaged == 0


def test_the_others_stay_as_they_are() -> None:
    rest = with_others_as_they_are(PLAN, ["gone-1"])
    told = {change.key.name: change.action.name for change in rest.changes}
    assert told == {"gone-0": "NOOP", "gone-1": "DISABLE", "gone-2": "NOOP"}
    assert [one.after for one in rest.changes] == [GONE[0].schedule, None, GONE[2].schedule]


def test_limits_hold_for_the_part() -> None:
    assert named(PLAN, ["gone-1"], NONE_DISABLED).refusals
    assert not named(PLAN, ["new"], NONE_DISABLED).refusals
    [change] = only(PLAN, Key(GONE[0].key.target, "gone-0"), None).changes
    assert change.key.name == "gone-0"
