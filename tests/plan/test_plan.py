"""The decision table, row for row, and what surrounds it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from helpers import CRON, OWNER, TARGET, canonical, live, schedule

from reconciler.config import Limit, Limits
from reconciler.document import schedule_digest
from reconciler.model import (
    Action,
    Canonical,
    Change,
    FieldChange,
    Hold,
    Key,
    LiveSchedule,
    Note,
    Plan,
    Schedule,
)
from reconciler.plan import make_plan
from reconciler.plan.select import only as of_one

# The words of ARCHITECTURE and of reconciler/plan/decision_table.py.
TABLE = """
desired          | live                    | action
-----------------+-------------------------+----------
yes              | absent                  | CREATE   +
yes              | ours, same              | NOOP
yes              | ours, differs           | UPDATE   ~
yes              | another owner's         | SKIP     !
yes              | nobody's (made by hand) | SKIP     !
no               | ours, enabled           | DISABLE  -
no               | ours, disabled          | NOOP
no               | not ours                | left out
"""
ROWS = [tuple(cell.strip() for cell in row.split("|")) for row in TABLE.splitlines()[3:]]

SAME = schedule()
DIFFERS = schedule(trigger=CRON | {"expression": "0 3 * * *"})
DESIRED = {"yes": [SAME], "no": []}
LIVE = {
    "absent": [[]],
    "ours, same": [[live(SAME)]],
    "ours, differs": [[live(DIFFERS)], [live(replace(SAME, enabled=False))]],
    "another owner's": [[live(SAME, "them")], [live(DIFFERS, "them")]],
    "nobody's (made by hand)": [[live(SAME, None)], [live(DIFFERS, None)]],
    "ours, enabled": [[live(SAME)]],
    "ours, disabled": [[live(replace(SAME, enabled=False))]],
    "not ours": [
        [live(SAME, "them")],
        [live(SAME, None)],
        [live(replace(SAME, enabled=False), None)],
    ],
}


def plan_of(desired: list[Canonical], found: list[LiveSchedule], **options: object) -> Plan:
    options = {"target": TARGET, "owner": OWNER, "allow_empty": True} | options
    return make_plan(desired, found, **options)


def only(plan: Plan) -> Change:
    [change] = plan.changes
    return change


@pytest.mark.parametrize(
    ("desired", "found", "action"), ROWS, ids=[" & ".join(r[:2]) for r in ROWS]
)
def test_decision_table(desired: str, found: str, action: str) -> None:
    for states in LIVE[found]:
        plan = plan_of(canonical(*DESIRED[desired]), states)
        if action == "left out":
            assert (plan.changes, plan.unmanaged) == ((), 1)
            continue
        name, _, symbol = action.partition(" ")
        change = only(plan)
        assert change.action is Action[name]
        assert change.action.value == (symbol.strip() or " ")
        assert change.after is (SAME if desired == "yes" else None)
        assert change.before is (states[0] if states else None)
        assert plan.unmanaged == 0


def test_the_table_is_the_one_in_the_code() -> None:
    from reconciler.plan import decision_table as module

    documented = [
        [cell.strip() for cell in r.split("|")] for r in module.__doc__.splitlines() if "|" in r
    ]
    assert [tuple(cells[:2]) for cells in documented[1:]] == [row[:2] for row in ROWS]
    for cells, row in zip(documented[1:], ROWS, strict=True):
        assert cells[2].startswith(row[2])


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [(True, False, "disabled in the repository"), (False, True, "enabled again")],
)
def test_enabling_and_disabling_are_updates(before: bool, after: bool, reason: str) -> None:
    change = only(
        plan_of(canonical(replace(SAME, enabled=after)), [live(replace(SAME, enabled=before))])
    )
    assert change.action is Action.UPDATE
    assert change.fields == (FieldChange(("is_enabled",), before, after),)
    assert change.reason == reason


@pytest.mark.parametrize("name", ["nightly", "local/nightly"])
@pytest.mark.parametrize("owner", ["them", None])
@pytest.mark.parametrize("found", [SAME, DIFFERS])
def test_adopt_makes_an_update_that_takes_over(name: str, owner: str | None, found: object) -> None:
    change = only(plan_of(canonical(SAME), [live(found, owner)], adopt=[name]))
    assert change.action is Action.UPDATE
    assert change.fields[0] == FieldChange(("owner",), owner, OWNER)
    assert [field.name for field in change.fields[1:]] == (
        [] if found is SAME else ["trigger.expression"]
    )
    whose = 'managed by "them"' if owner else "made by hand"
    assert change.reason == f"taken over: it is {whose}"


@pytest.mark.parametrize(
    ("live_digest", "desired_digest", "reason"),
    [
        ("applied", "new", "changed in the repository"),
        ("edited", "applied", "changed live by ann on 2026-01-02 03:04 UTC"),
        ("edited", "new", "changed in the repository, and live by ann on 2026-01-02 03:04 UTC"),
    ],
)
def test_who_made_the_difference_where_the_target_keeps_what_was_applied(
    live_digest: str, desired_digest: str, reason: str
) -> None:
    found = replace(
        live(DIFFERS),
        applied="applied",
        digest=live_digest,
        modified_by="ann",
        modified_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )
    assert only(plan_of([Canonical(SAME, digest=desired_digest)], [found])).reason == reason
    unknown = replace(found, modified_by=None, modified_at=None)
    plan = plan_of([Canonical(SAME, digest=desired_digest)], [unknown])
    assert only(plan).reason == reason.replace(" by ann on 2026-01-02 03:04 UTC", "")


def test_without_a_digest_the_schedule_itself_is_compared() -> None:
    """A target that only keeps the digest of what was applied."""
    found = replace(live(DIFFERS), modified_by="ann")
    for applied, desired, cause, reason in (
        (DIFFERS, SAME, "repository", "changed in the repository"),
        (SAME, SAME, "live", "changed live by ann"),
        (schedule(description="x"), SAME, "both", "changed in the repository, and live by ann"),
    ):
        before = replace(found, applied=schedule_digest(applied))
        change = only(plan_of(canonical(desired), [before]))
        assert (change.cause, change.reason) == (cause, reason)
    off = replace(SAME, enabled=False)
    change = only(plan_of(canonical(SAME), [replace(live(off), applied=schedule_digest(SAME))]))
    assert change.reason == "switched off live"


HELD = replace(
    SAME, enabled=False, hold=Hold(datetime(2026, 12, 1, 8, tzinfo=UTC), "quarter end", "ana")
)
WORDS = "held until 2026-12-01 08:00 UTC by ana: quarter end"


@pytest.mark.parametrize(
    ("desired", "found", "reason"),
    [
        (HELD, None, WORDS),
        (HELD, live(SAME), WORDS),
        (HELD, live(HELD), WORDS),
        (HELD, live(DIFFERS, None), f"taken over: it is made by hand; {WORDS}"),
        (
            replace(SAME, mode="observe"),
            live(DIFFERS),
            "the loop only reports it (reconcile: observe)",
        ),
        (
            replace(SAME, mode="off"),
            live(replace(SAME, enabled=False)),
            "enabled again; the loop leaves it alone (reconcile: off)",
        ),
        (replace(SAME, mode="off"), live(SAME), ""),
    ],
)
def test_a_hold_and_a_mode_are_said(
    desired: Schedule, found: LiveSchedule | None, reason: str
) -> None:
    plan = plan_of(canonical(desired), [found] if found else [], adopt=["nightly"])
    assert only(plan).reason == reason


def test_the_plan_of_one_schedule_is_under_the_same_limits() -> None:
    names = [f"n{i:02}" for i in range(12)]
    found = [live(schedule(name, description="x")) for name in names]
    plan = plan_of(canonical(*(schedule(name) for name in names)), found)
    key = Key(TARGET, "n03")
    alone = of_one(plan, key, Limits(update=Limit(percent=50)))
    assert [change.key for change in alone.changes] == [key]
    assert alone.refusals == ()
    assert of_one(plan, key, None).refusals == ()
    [refusal] = of_one(plan, key, Limits(update=Limit(percent=5))).refusals
    assert refusal.startswith("it would update 1 of 12 schedules")


def test_adopt_is_only_for_the_one_that_is_named() -> None:
    other = schedule("other")
    plan = plan_of(canonical(SAME, other), [live(SAME, "them"), live(other, None)], adopt=["other"])
    assert [(c.key.name, c.action) for c in plan.changes] == [
        ("nightly", Action.SKIP),
        ("other", Action.UPDATE),
    ]


def test_adopt_of_what_is_ours_or_absent_changes_nothing() -> None:
    assert only(plan_of(canonical(SAME), [live(SAME)], adopt=["nightly"])).action is Action.NOOP
    assert only(plan_of(canonical(SAME), [], adopt=["nightly"])).action is Action.CREATE


def test_skip_says_how_to_take_over_and_what_differs() -> None:
    change = only(plan_of(canonical(SAME), [live(DIFFERS, "them")]))
    assert change.reason == 'managed by "them"; --adopt nightly takes it over'
    assert change.fields == (FieldChange(("trigger", "expression"), "0 3 * * *", "0 2 * * *"),)
    assert only(plan_of(canonical(SAME), [live(SAME, None)])).fields == ()


@pytest.mark.parametrize(
    ("said", "owner", "words"),
    [
        (True, "them", "`adopt: {from: them}`; `adopt: true` has no effect here"),
        ({"from": "others"}, "them", "`adopt: {from: them}`; `adopt: {from: others}` has no"),
        ({"from": "others"}, None, "`adopt: true`; `adopt: {from: others}` has no effect here"),
    ],
)
def test_an_adopt_without_effect_is_said(said: Any, owner: str | None, words: str) -> None:
    change = only(plan_of(canonical(schedule(adopt=said)), [live(SAME, owner)]))
    assert change.action is Action.SKIP
    assert f"--adopt nightly takes it over, and so does {words}" in change.reason


def test_changes_are_sorted_by_name_whatever_their_order() -> None:
    names = ["b", "a10", "B", "a2", "c"]
    forwards = plan_of(canonical(*map(schedule, names)), [live(schedule("b2"))])
    backwards = plan_of(canonical(*map(schedule, reversed(names))), [live(schedule("b2"))])
    assert forwards == backwards
    assert [c.key.name for c in forwards.changes] == ["B", "a10", "a2", "b", "b2", "c"]


def test_the_same_name_in_another_target_is_another_schedule() -> None:
    elsewhere = replace(SAME, key=Key("prod", "nightly"))
    plan = plan_of(canonical(SAME), [live(elsewhere, None)])
    assert (only(plan).action, plan.unmanaged) == (Action.CREATE, 1)


def test_notes_are_kept_for_what_changes_and_for_what_is_skipped() -> None:
    note = Note("approximated", "create_job", "environment is ignored")
    desired = [Canonical(SAME, (note,))]
    assert only(plan_of(desired, [])).notes == (note,)
    assert only(plan_of(desired, [live(DIFFERS)])).notes == (note,)
    assert only(plan_of(desired, [live(SAME, "them")])).notes == (note,)
    assert only(plan_of(desired, [live(SAME)])).notes == ()


def test_pending_counts_and_sources() -> None:
    plan = plan_of(
        canonical(schedule("new"), schedule("kept"), schedule("theirs")),
        [live(schedule("kept")), live(schedule("gone")), live(schedule("theirs"), "them")],
    )
    assert [c.key.name for c in plan.pending] == ["gone", "new"]
    assert {a.name: plan.count(a) for a in Action} == {
        "CREATE": 1,
        "UPDATE": 0,
        "DISABLE": 1,
        "SKIP": 1,
        "NOOP": 1,
    }
    assert [str(c.source) for c in plan.changes] == ["s.yaml:1"] * 4


# ---------------------------------------------------------------------------------------- limits


def gone(number: int, of: int) -> tuple[list[Canonical], list[LiveSchedule]]:
    """`of` live schedules, `number` of which are not declared any more."""
    made = [schedule(f"s{n:03}") for n in range(of)]
    return canonical(*made[number:]), [live(one) for one in made]


def changed(number: int, of: int) -> tuple[list[Canonical], list[LiveSchedule]]:
    made = [schedule(f"s{n:03}") for n in range(of)]
    new = [replace(one, description="new") if n < number else one for n, one in enumerate(made)]
    return canonical(*new), [live(one) for one in made]


def refusals(state: tuple[list[Canonical], list[LiveSchedule]], limits: Limits | None) -> list[str]:
    found = plan_of(*state, limits=limits).refusals
    if found:
        *found, accepted = found
        assert re.fullmatch(REVIEW, accepted)
    assert all(line.endswith(MEANT) for line in found)
    return [line.removesuffix(MEANT) for line in found]


REVIEW = r"a review can let just this plan through, with limits: {accept: \[plan-[0-9a-f]{24}\]}"
MEANT = "; if that is meant, use --ignore-limits"
PERCENT = Limits(disable=Limit(percent=30), update=Limit(percent=50))
COUNT = Limits(disable=Limit(count=3), update=Limit(count=2))


@pytest.mark.parametrize(
    ("state", "limits", "expected"),
    [
        (gone(3, 10), PERCENT, []),
        (
            gone(4, 10),
            PERCENT,
            ["it would disable 4 of 10 schedules (40 %), and limits.disable.percent is 30"],
        ),
        (changed(5, 10), PERCENT, []),
        (
            changed(6, 10),
            PERCENT,
            ["it would update 6 of 10 schedules (60 %), and limits.update.percent is 50"],
        ),
        (gone(3, 100), COUNT, []),
        (
            gone(4, 100),
            COUNT,
            ["it would disable 4 schedules, and limits.disable.count is 3"],
        ),
        (
            changed(3, 100),
            COUNT,
            ["it would update 3 schedules, and limits.update.count is 2"],
        ),
        (gone(8, 9), PERCENT, []),  # of fewer than ten a share says nothing
        (
            gone(8, 9),
            COUNT,
            ["it would disable 8 schedules, and limits.disable.count is 3"],
        ),
        (gone(9, 10), None, []),
        (gone(9, 10), Limits(disable=Limit(), update=Limit()), []),
        (gone(1, 10), Limits(disable=Limit(percent=0)), None),
        (gone(1, 10), Limits(disable=Limit(count=0)), None),
        (gone(1, 1000), Limits(disable=Limit(percent=0.05)), None),
    ],
)
def test_limits(
    state: tuple[list[Canonical], list[LiveSchedule]],
    limits: Limits | None,
    expected: list[str] | None,
) -> None:
    found = refusals(state, limits)
    if expected is None:
        assert len(found) == 1
    else:
        assert found == expected


def test_both_kinds_of_limit_are_said() -> None:
    limits = Limits(disable=Limit(percent=10, count=1), update=Limit())
    assert len(refusals(gone(5, 10), limits)) == 2


def test_a_limit_counts_live_schedules_of_ours_alone() -> None:
    desired, found = gone(4, 9)
    theirs = [live(schedule(f"t{n}"), "them") for n in range(50)]
    assert refusals((desired, [*found, *theirs]), PERCENT) == []
    # Those that are disabled already count as live, and are not disabled once more.
    off = [live(replace(schedule("off"), enabled=False))]
    assert refusals((desired, [*found, *off]), PERCENT) == [
        "it would disable 4 of 10 schedules (40 %), and limits.disable.percent is 30"
    ]


def test_an_empty_repository_is_refused_unless_it_is_meant() -> None:
    reason = "no schedule is declared for this target; if that is meant, use --allow-empty"
    for found in ([], [live(SAME)], [live(SAME, "them")]):
        assert plan_of([], found, allow_empty=False).refusals == (reason,)
        assert plan_of([], found, allow_empty=True).refusals == ()


def test_a_target_that_all_of_it_left_is_no_empty_repository() -> None:
    """What moved away ended there, or was disabled: none of that fires, or counts for a limit."""
    cron = {"type": "cron", "expression": "0 2 * * *", "end_time": "2026-01-01T00:00:00"}
    ended = [live(schedule(f"s{number}", trigger=cron)) for number in range(20)]
    off = live(replace(schedule("off"), enabled=False))
    before, after = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    for found, refused in (([off], False), (ended, False), ([*ended, live(schedule("on"))], True)):
        plan = plan_of([], found, allow_empty=False, now=after, limits=PERCENT)
        assert bool(plan.refusals) is refused
    assert plan_of(
        [], ended, allow_empty=False, now=after
    ).pending  # they are disabled all the same
    assert plan_of([], ended, allow_empty=False, now=before).refusals
    assert plan_of([], ended, allow_empty=False).refusals
    assert plan_of([], ended, now=before, limits=PERCENT).refusals


# ------------------------------------------------------------------------------- what is accepted


def mark_of(plan: Plan) -> str:
    found = re.search(r"\[(plan-[0-9a-f]{24})\]", plan.refusals[-1])
    assert found is not None
    return found[1]


def test_just_the_plan_that_was_reviewed_is_let_through() -> None:
    desired, found = gone(8, 9)
    at, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    found = [replace(one, modified_at=at) for one in found]
    mark = mark_of(plan_of(desired, found, limits=COUNT))
    accepting = replace(COUNT, accept=("plan-" + "0" * 24, mark))
    assert plan_of(desired, found, limits=accepting).refusals == ()
    # One more that goes, another state of one, the same at another time: none of them is it.
    for other in (
        [*found, live(schedule("more"))],
        [replace(found[0], fingerprint="another"), *found[1:]],
        [replace(found[0], modified_at=later), *found[1:]],
    ):
        assert plan_of(desired, other, limits=accepting).refusals != ()


def test_an_empty_repository_can_be_accepted() -> None:
    plan = plan_of([], [live(SAME)], allow_empty=False, limits=COUNT)
    accepting = replace(COUNT, accept=(mark_of(plan),))
    assert plan_of([], [live(SAME)], allow_empty=False, limits=accepting).refusals == ()


def test_what_is_not_ours_is_told_apart() -> None:
    desired = canonical(schedule("a"), schedule("b"))
    plan = make_plan(desired, [live(schedule("a"), "them")], target=TARGET, owner=OWNER)
    assert [change.key.name for change in plan.not_ours] == ["a"]
    assert [change.key.name for change in plan.pending] == ["b"]


def test_what_is_over_need_not_be_there() -> None:
    """Where a target drops what never fires any more; what is there is compared all the same."""
    over = Canonical(SAME, over=True)
    change = only(plan_of([over], []))
    assert (change.action, change.before, change.cause) == (Action.NOOP, None, None)
    assert change.reason == "over: it never fires any more"
    assert only(plan_of([over], [live(DIFFERS)])).action is Action.UPDATE
