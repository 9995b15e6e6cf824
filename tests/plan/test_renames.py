"""A new name: one change, its words, the hint where nobody said so, and when it is spent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from helpers import canonical, live, schedule

from reconciler.model import Action, Change, DatastoreChange, LiveSchedule, Plan, Schedule
from reconciler.plan import make_plan
from reconciler.plan.renames import predecessor, with_last_fires

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD = schedule("old")
NEW = replace(schedule("new"), renamed_from="old")


def planned(declared: list[Schedule], found: list[LiveSchedule]) -> Plan:
    return make_plan(canonical(*declared), found, target="local", owner="us")


def only(plan: Plan) -> Change:
    [change] = plan.changes
    return change


def test_it_is_one_change() -> None:
    plan = planned([NEW], [live(OLD)])
    change = only(plan)
    assert (change.action, change.key.name, change.renamed) == (Action.UPDATE, "new", True)
    assert change.reason == "renamed from local/old"
    assert [field.name for field in change.fields] == ["name"]
    assert plan.pending == (change,)


def test_of_another_owner_it_is_a_new_one() -> None:
    plan = planned([NEW], [live(OLD, "them")])
    change = only(plan)
    assert change.action is Action.CREATE
    assert change.notes[0].message == "local/new: renamed_from: old is spent, and can be removed"
    assert plan.unmanaged == 1


def test_the_old_name_is_declared_again() -> None:
    changes = planned([NEW, OLD], [live(OLD)]).changes
    assert [change.action for change in changes] == [Action.CREATE, Action.NOOP]


def test_it_is_spent_once_the_new_name_is_live() -> None:
    changes = planned([NEW], [live(schedule("new")), live(replace(OLD, enabled=False))]).changes
    assert [change.action for change in changes] == [Action.NOOP, Action.NOOP]
    assert [note.path for note in changes[0].notes] == ["renamed_from"]
    both = planned([NEW], [live(schedule("new")), live(OLD)])
    assert [change.action for change in both.pending] == [Action.DISABLE]


def test_who_comes_in_place_of_whom() -> None:
    old, new = live(OLD), live(schedule("new"))
    assert predecessor(NEW, {old.key: old, new.key: new}, "us") is new
    assert predecessor(NEW, {old.key: old}, "us") is old
    assert predecessor(NEW, {old.key: old}, "them") is None
    assert predecessor(NEW, {old.key: old}, None) is None
    assert predecessor(NEW, {}, "us") is None
    assert predecessor(schedule("new"), {old.key: old}, "us") is None


HINT = (
    "it is old but for its name: with renamed_from: old it keeps its history, its start and what"
    " is pending"
)


def test_a_hint_where_nobody_said_so() -> None:
    named = schedule("old", create_job={"job": "azureml:train", "experiment_name": "old"})
    wanted = schedule("new", create_job={"job": "azureml:train", "experiment_name": "new"})
    new, old = planned([wanted], [live(named)]).changes
    assert (new.action, new.reason) == (Action.CREATE, HINT)
    assert old.action is Action.DISABLE
    held = replace(wanted, mode="observe")
    assert planned([held], [live(named)]).changes[0].reason.endswith(f"; {HINT}")


def test_no_hint_where_it_is_not_the_same_or_not_alone() -> None:
    other = schedule("new", description="x")
    assert planned([other], [live(OLD)]).changes[0].reason == ""
    two = planned([schedule("new")], [live(OLD), live(schedule("older"))])
    assert two.changes[0].reason == ""
    kept = planned([schedule("new"), schedule("third")], [live(OLD), live(schedule("third"))])
    assert kept.changes[2].reason == ""


def test_the_last_fire_of_the_old_and_the_first_of_the_new() -> None:
    plan = planned([NEW], [live(OLD)])  # when it was made is not known
    told = only(with_last_fires(plan, lambda one: one.trigger, NOW))
    assert told.reason == "renamed from local/old; the first as new is 2026-11-23 02:00 UTC"
    born = replace(live(OLD), created_at=NOW - timedelta(days=3))
    told = only(with_last_fires(planned([NEW], [born]), lambda one: one.trigger, NOW))
    assert "its last fire as old was 2026-11-22 02:00 UTC" in told.reason
    unknown = only(with_last_fires(plan, lambda one: None, NOW))
    assert unknown.reason == "renamed from local/old"
    off = planned([replace(NEW, enabled=False)], [live(replace(OLD, enabled=False))])
    assert only(with_last_fires(off, lambda one: one.trigger, NOW)).reason == (
        "renamed from local/old"
    )
    watching = DatastoreChange("inbox")
    told = only(with_last_fires(plan, lambda one: watching, NOW))
    assert told.reason == "renamed from local/old"
    assert with_last_fires(planned([OLD], []), lambda one: None, NOW) == planned([OLD], [])


def test_a_fire_of_long_ago_is_found() -> None:
    yearly = schedule("old", trigger={"type": "cron", "expression": "0 2 1 1 *"})
    born = replace(live(yearly), created_at=NOW - timedelta(days=4000))
    wanted = replace(schedule("new", trigger={"type": "cron", "expression": "0 2 1 1 *"}),
                     renamed_from="old")  # fmt: skip
    told = only(with_last_fires(planned([wanted], [born]), lambda one: one.trigger, NOW))
    assert "its last fire as old was 2026-01-01 02:00 UTC" in told.reason
    never = schedule("old", trigger={"type": "cron", "expression": "0 2 29 2 *"})
    born = replace(live(never), created_at=NOW - timedelta(days=4000))
    told = only(with_last_fires(planned([wanted], [born]), lambda one: one.trigger, NOW))
    assert "its last fire" not in told.reason


# ---------------------------------------------------------------------------------------- adoption


def adopting(value: object) -> Schedule:
    return schedule("old", adopt=value)


def test_a_declaration_takes_over_what_it_names_and_nothing_else() -> None:
    taken = (Action.UPDATE, "us")
    for value, owner, expected in (
        (True, None, taken),
        (True, "them", (Action.SKIP, None)),
        ({"from": "them"}, "them", taken),
        ({"from": "them"}, "others", (Action.SKIP, None)),
        ({"from": "them"}, None, (Action.SKIP, None)),
        (False, None, (Action.SKIP, None)),
    ):
        change = only(planned([adopting(value)], [live(OLD, owner)]))
        owners = [field.after for field in change.fields if field.name == "owner"]
        assert (change.action, owners[0] if owners else None) == expected
        assert change.notes == ()


def test_an_adoption_that_is_spent_is_a_note() -> None:
    for found in ([live(OLD)], []):
        change = only(planned([adopting(True)], found))
        assert [note.message for note in change.notes] == [
            "local/old: adopt is spent, and can be removed"
        ]
    assert only(planned([adopting(False)], [live(OLD)])).notes == ()


def test_adoption_by_pattern() -> None:
    found = [live(schedule(name), "them") for name in ("a1", "a2", "b")]
    declared = canonical(*(schedule(name) for name in ("a1", "a2", "b")))
    for pattern, expected in (("a*", 2), ("*", 3), ("local/b", 1), ("other/*", 0)):
        plan = make_plan(declared, found, target="local", owner="us", adopt=(pattern,))
        assert plan.count(Action.UPDATE) == expected
