"""What every provider must do. A provider's test subclasses `Contract` and says how to open it.

The first law: after a cycle, a second one changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers import CRON, OWNER, TARGET, schedule, with_job_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.apply import apply_plan
from reconciler.document import schedule_digest, schedule_from_document
from reconciler.errors import ProviderError, Rejected
from reconciler.firing import next_fires
from reconciler.model import (
    Action,
    DatastoreChange,
    Handover,
    Hold,
    Key,
    LiveSchedule,
    Outcome,
    Schedule,
    Suspension,
)
from reconciler.plan.diff import same
from reconciler.plan.options import PlanOptions
from reconciler.providers.base import Provider
from reconciler.reconcile import plan_target, reconcile

DAILY = {"type": "recurrence", "frequency": "day", "interval": 1}
INBOX = {"type": "datastore", "datastore": "inbox", "path_on_datastore": "images"}


class Opened(ABC):
    """One target, empty at first, that several owners may work on."""

    @abstractmethod
    def as_owner(self, owner: str | None = OWNER) -> Provider:
        """A provider for that owner, newly opened on the same target."""


class Contract(ABC):
    """Subclass as `class TestX(Contract)`, and say what the provider can take."""

    keeps_what_was_applied = True
    """Whether it can be told what was changed by hand."""
    refuses_to_enable = True
    """Whether it keeps a suspended schedule off by itself."""
    fills_in_start = False
    """Whether the target gives a start to a trigger that has none."""
    triggers: Sequence[dict[str, Any]] = (CRON, DAILY, INBOX)
    examples: st.SearchStrategy[list[Schedule]]
    """Schedules of every shape that the provider takes."""

    @abstractmethod
    def open(self) -> AbstractContextManager[Opened]:
        """A target with nothing in it."""

    def declare(self, name: str, **document: Any) -> Schedule:
        """A schedule whose job the provider takes."""
        return declare(name, **document)

    def same(self, found: Schedule, wanted: Schedule) -> bool:
        """Whether a target has what was wanted of it; a start that was left open is its own."""
        if self.fills_in_start and getattr(wanted.trigger, "start_time", None) is None:
            found = without_start(found)
        return same(found, wanted)

    def put(self, provider: Provider, *names: str) -> None:
        for name in names:
            provider.create(provider.canonical(self.declare(name), None).schedule)

    # -------------------------------------------------------------------------------------- list

    def test_what_is_suspended_is_not_enabled_and_no_difference(self) -> None:
        with self.open() as target:
            declared, other = self.declare("a", tags={"of": "us"}), self.declare("b")
            reconcile([declared, other], target.as_owner(), owner=OWNER)
            asked, now = suspension(), datetime.now(UTC)
            provider = target.as_owner()
            provider.suspend(named(provider, "a"), asked)
            live = named(target.as_owner(), "a")
            assert (live.schedule.enabled, live.suspended) == (False, asked)
            assert (live.owner, live.schedule.tags) == (OWNER, {"of": "us"})
            plan = plan_target([declared, other], target.as_owner(), owner=OWNER, now=now)
            assert plan.pending == ()
            assert "suspended until" in plan.changes[0].reason
            # What else is changed is applied, and it stays off.
            edited = replace(declared, description="new")
            provider = target.as_owner()
            plan = plan_target([edited, other], provider, owner=OWNER, now=now)
            assert apply_plan(plan, provider)[0].outcome is Outcome.UPDATED
            live = named(target.as_owner(), "a")
            assert (live.schedule.enabled, live.suspended) == (False, asked)
            assert live.schedule.description == "new"
            # A plan that knows nothing of it does not start it again.
            provider = target.as_owner()
            plan = plan_target([edited, other], provider, owner=OWNER)
            if self.refuses_to_enable:
                assert apply_plan(plan, provider)[0].outcome is Outcome.FAILED
            # At its end it is enabled by the next apply.
            provider = target.as_owner()
            plan = plan_target([edited, other], provider, owner=OWNER, now=asked.until)
            (change,) = plan.pending
            assert "is over" in change.reason

    def test_resuming_puts_it_back(self) -> None:
        with self.open() as target:
            declared = [self.declare("a"), self.declare("b", is_enabled=False)]
            reconcile(declared, target.as_owner(), owner=OWNER)
            before = snapshot(target)
            for name, was in (("a", True), ("b", False)):
                provider = target.as_owner()
                provider.suspend(named(provider, name), replace(suspension(), was_enabled=was))
                provider = target.as_owner()
                provider.suspend(named(provider, name), None)
                assert named(target.as_owner(), name).suspended is None
            assert snapshot(target) == before
            stale = named(target.as_owner(), "a")
            disable(target.as_owner(), "a")
            with pytest.raises(Rejected):
                target.as_owner().suspend(stale, suspension())

    def test_an_empty_target_lists_nothing(self) -> None:
        with self.open() as target:
            assert list(target.as_owner().list()) == []

    def test_it_is_known_again(self) -> None:
        """By the same name for every owner, and in every process, as soon as it exists."""
        with self.open() as target, self.open() as another:
            before = target.as_owner().identity()
            self.put(target.as_owner(), "ours")
            known = target.as_owner().identity()
            assert known is not None
            assert before in (None, known)
            assert target.as_owner("them").identity() == known
            self.put(another.as_owner(), "ours")
            assert another.as_owner().identity() != known

    def test_list_shows_everything(self) -> None:
        """Ours and others', enabled and disabled, made by hand."""
        with self.open() as target:
            self.put(target.as_owner(), "ours", "off")
            self.put(target.as_owner("them"), "theirs")
            self.put(target.as_owner(None), "by-hand")
            disable(target.as_owner(), "off")
            listed = {live.key.name: live for live in target.as_owner().list()}
            assert {name: live.owner for name, live in listed.items()} == {
                "by-hand": None,
                "off": OWNER,
                "ours": OWNER,
                "theirs": "them",
            }
            assert [name for name, live in listed.items() if not live.schedule.enabled] == ["off"]
            assert all(live.key.target == TARGET for live in listed.values())

    def test_list_changes_nothing(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a", "b")
            assert snapshot(target) == snapshot(target)

    # ------------------------------------------------------------------------- canonical, create

    @pytest.mark.parametrize("number", range(3))
    def test_what_is_listed_is_what_canonical_said(self, number: int) -> None:
        trigger = self.triggers[number % len(self.triggers)]
        with self.open() as target:
            declared = self.declare("a", trigger=trigger, tags={"team": "x"}, is_enabled=False)
            provider = target.as_owner()
            wanted = provider.canonical(declared, None).schedule
            provider.create(wanted)
            [found] = target.as_owner().list()
            assert same(found.schedule, provider.canonical(declared, found).schedule)
            assert self.same(found.schedule, wanted)
            assert found.owner == OWNER

    def test_canonical_is_a_fixed_point(self) -> None:
        with self.open() as target:
            provider = target.as_owner()
            once = provider.canonical(self.declare("a"), None).schedule
            assert same(provider.canonical(once, None).schedule, once)
            provider.create(once)
            [found] = provider.list()
            assert self.same(provider.canonical(self.declare("a"), found).schedule, once)

    def test_canonical_keeps_what_a_target_has_no_part_in(self) -> None:
        held = Hold(datetime(2030, 1, 1, tzinfo=UTC), "quarter end")
        marks = {"hold": held, "mode": "observe", "renamed_from": "old", "adopt": "them"}
        with self.open() as target:
            declared = replace(self.declare("a"), **marks)
            found = target.as_owner().canonical(declared, None).schedule
            assert {name: getattr(found, name) for name in marks} == marks

    def test_canonical_changes_nothing(self) -> None:
        with self.open() as target:
            target.as_owner().canonical(self.declare("a"), None)
            assert snapshot(target) == {}

    def test_creating_twice_is_creating_once(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a")
            before = snapshot(target)
            self.put(target.as_owner(), "a")
            assert snapshot(target) == before

    def test_creating_over_another_of_ours_is_refused(self) -> None:
        """Two applies of one repository at once, and one of an older commit: nobody planned to
        change what is there.
        """
        with self.open() as target:
            self.put(target.as_owner(), "a")
            wanted = (
                target.as_owner().canonical(self.declare("a", description="newer"), None).schedule
            )
            before = snapshot(target)
            with pytest.raises(Rejected, match="is another than this"):
                target.as_owner().create(wanted)
            assert snapshot(target) == before

    @pytest.mark.parametrize("owner", ["them", None])
    def test_creating_over_anothers_is_refused(self, owner: str | None) -> None:
        with self.open() as target:
            self.put(target.as_owner(owner), "a")
            before = snapshot(target)
            with pytest.raises(Rejected) as caught:
                self.put(target.as_owner(), "a")
            assert caught.value.key == Key(TARGET, "a")
            assert caught.value.reason
            assert snapshot(target) == before

    # ------------------------------------------------------------------------------------ update

    def test_update(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a", "b")
            before = snapshot(target)
            found = find(target, "a")
            provider = target.as_owner()
            wanted = provider.canonical(self.declare("a", trigger=DAILY), found).schedule
            provider.update(wanted, found)
            after = snapshot(target)
            assert same(find(target, "a").schedule, wanted)
            assert after["a"] != before["a"]
            assert after["b"] == before["b"]

    def test_updating_twice_is_updating_once(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a")
            found = find(target, "a")
            wanted = target.as_owner().canonical(self.declare("a", trigger=DAILY), found).schedule
            target.as_owner().update(wanted, found)
            before = snapshot(target)
            target.as_owner().update(wanted, found)
            assert snapshot(target) == before

    def test_an_update_of_what_changed_since_is_refused(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a")
            old = find(target, "a")
            provider = target.as_owner()
            newer = provider.canonical(self.declare("a", description="by another"), old).schedule
            provider.update(newer, old)
            before = snapshot(target)
            with pytest.raises(Rejected, match="changed after the plan was made"):
                provider.update(
                    provider.canonical(self.declare("a", trigger=DAILY), old).schedule, old
                )
            assert snapshot(target) == before

    def test_an_update_takes_over(self) -> None:
        with self.open() as target:
            self.put(target.as_owner("them"), "a")
            found = find(target, "a")
            provider = target.as_owner()
            provider.update(provider.canonical(self.declare("a"), found).schedule, found)
            assert only(target).owner == OWNER

    def test_an_update_of_what_is_not_there_is_refused(self) -> None:
        with self.open() as target, self.open() as elsewhere:
            self.put(elsewhere.as_owner(), "a")
            found = find(elsewhere, "a")
            with pytest.raises(Rejected):
                target.as_owner().update(found.schedule, found)
            assert snapshot(target) == {}

    def test_what_only_plans_need_to_know_is_kept(self) -> None:
        """Where it comes from, and whose it was: no target stores that, and none may drop it."""
        said = {
            "moved": "it comes from old",
            "handover": Handover("old", (TARGET,)),
            "renamed_from": "b",
            "adopt": "them",
            "mode": "observe",
        }
        with self.open() as target:
            for trigger in self.triggers:
                declared = replace(self.declare("a", trigger=trigger), **said)
                settled = target.as_owner().canonical(declared, None).schedule
                assert {name: getattr(settled, name) for name in said} == said

    # ------------------------------------------------------------------------------------ rename

    def test_a_renaming_leaves_one_that_fires(self) -> None:
        """In one change; a second cycle changes nothing."""
        with self.open() as target:
            self.put(target.as_owner(), "old")
            found = find(target, "old")
            declared = replace(self.declare("new"), renamed_from="old")
            plan = plan_target([declared], target.as_owner(), owner=OWNER)
            [change] = plan.pending
            assert (change.action, change.key.name, change.renamed) == (Action.UPDATE, "new", True)
            assert change.reason.startswith(f"renamed from {TARGET}/old")
            results = reconcile([declared], target.as_owner(), owner=OWNER)
            assert [r.outcome for r in results] == [Outcome.UPDATED], results
            live = {one.key.name: one.schedule.enabled for one in target.as_owner().list()}
            assert live.pop("new")
            assert not any(live.values())
            assert find(target, "new").schedule.trigger == found.schedule.trigger
            plan = plan_target([declared], target.as_owner(), owner=OWNER)
            assert plan.pending == ()
            [note] = next(c.notes for c in plan.changes if c.key.name == "new")
            assert note.message.endswith("is spent, and can be removed")

    def test_what_is_suspended_stays_so_under_another_name(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "old")
            asked, now = suspension(), datetime.now(UTC)
            provider = target.as_owner()
            provider.suspend(named(provider, "old"), asked)
            declared = replace(self.declare("new"), renamed_from="old")
            provider = target.as_owner()
            if self.refuses_to_enable:  # a plan that knows nothing of it
                plan = plan_target([declared], provider, owner=OWNER)
                assert [r.outcome for r in apply_plan(plan, provider)] == [Outcome.FAILED]
                provider = target.as_owner()
            plan = plan_target([declared], provider, owner=OWNER, now=now)
            assert [r.outcome for r in apply_plan(plan, provider)] == [Outcome.UPDATED]
            live = named(target.as_owner(), "new")
            assert (live.schedule.enabled, live.suspended) == (False, asked)
            plan = plan_target([declared], target.as_owner(), owner=OWNER, now=now)
            assert plan.pending == ()

    def test_a_renaming_of_what_changed_since_is_refused(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "old")
            found = find(target, "old")
            provider = target.as_owner()
            newer = provider.canonical(self.declare("old", description="x"), found).schedule
            provider.update(newer, found)
            before = snapshot(target)
            wanted = target.as_owner().canonical(self.declare("new"), found).schedule
            with pytest.raises(Rejected, match="changed after the plan was made"):
                target.as_owner().update(wanted, found)
            assert snapshot(target) == before

    # ----------------------------------------------------------------------------------- disable

    @pytest.mark.parametrize("owner", [OWNER, "them", None])
    def test_disable_keeps_everything_else(self, owner: str | None) -> None:
        with self.open() as target:
            self.put(target.as_owner(owner), "a")
            before = find(target, "a")
            target.as_owner().disable(before)
            after = find(target, "a")
            assert after.owner == owner
            assert same(after.schedule, replace(before.schedule, enabled=False))
            assert after.fingerprint != before.fingerprint

    def test_disabling_twice_is_disabling_once(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a")
            found = find(target, "a")
            target.as_owner().disable(found)
            before = snapshot(target)
            target.as_owner().disable(found)
            target.as_owner().disable(find(target, "a"))
            assert snapshot(target) == before

    def test_disabling_what_changed_since_is_refused(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a")
            old = find(target, "a")
            provider = target.as_owner()
            provider.update(provider.canonical(self.declare("a", trigger=DAILY), old).schedule, old)
            with pytest.raises(Rejected, match="changed after the plan was made"):
                provider.disable(old)
            assert only(target).schedule.enabled

    def test_disabling_what_is_not_there_is_refused(self) -> None:
        with self.open() as target, self.open() as elsewhere:
            self.put(elsewhere.as_owner(), "a")
            with pytest.raises(Rejected):
                target.as_owner().disable(find(elsewhere, "a"))

    def test_what_was_last_applied(self) -> None:
        """A change by hand leaves it on record; an apply, and what it switches off, is it."""
        with self.open() as target:
            self.put(target.as_owner(), "a")
            if not self.keeps_what_was_applied:
                assert find(target, "a").applied is None
                return
            assert is_as_applied(find(target, "a"))
            target.as_owner().disable(find(target, "a"), by_hand=True)
            by_hand = find(target, "a")
            assert not is_as_applied(by_hand)
            target.as_owner().update(replace(by_hand.schedule, enabled=True), by_hand)
            assert is_as_applied(find(target, "a"))
            disable(target.as_owner(), "a")
            assert is_as_applied(find(target, "a"))

    def test_what_is_live_may_become_what_was_applied(self) -> None:
        """Writing what is live already records that it is declared so, and changes nothing."""
        with self.open() as target:
            self.put(target.as_owner(), "a")
            target.as_owner().disable(find(target, "a"), by_hand=True)
            before = snapshot(target)
            provider = target.as_owner()
            [live] = provider.list()
            wanted = provider.canonical(self.declare("a", is_enabled=False), live).schedule
            provider.update(wanted, live)
            assert snapshot(target) == before
            assert is_as_applied(find(target, "a")) is self.keeps_what_was_applied

    def test_enabling_again(self) -> None:
        with self.open() as target:
            self.put(target.as_owner(), "a")
            first = snapshot(target)
            disable(target.as_owner(), "a")
            off = find(target, "a")
            target.as_owner().update(replace(off.schedule, enabled=True), off)
            assert snapshot(target) == first

    # ---------------------------------------------------------------------------- cycles, owners

    def test_other_owners_schedules_are_not_touched(self) -> None:
        with self.open() as target:
            self.put(target.as_owner("them"), "a", "b")
            self.put(target.as_owner(None), "c")
            before = snapshot(target)
            results = reconcile(
                [self.declare("a", trigger=DAILY), self.declare("d")],
                target.as_owner(),
                owner=OWNER,
            )
            assert [r.outcome for r in results] == [Outcome.SKIPPED, Outcome.CREATED]
            after = snapshot(target)
            assert {name: after[name] for name in before} == before
            assert sorted(after) == ["a", "b", "c", "d"]

    def test_a_life(self) -> None:
        """Created, changed, removed, put back: each cycle does it once, with one provider."""
        with self.open() as target:
            provider = target.as_owner()
            for declared, outcomes in (
                ([self.declare("a"), self.declare("b")], [Outcome.CREATED, Outcome.CREATED]),
                (
                    [self.declare("a", trigger=DAILY), self.declare("b")],
                    [Outcome.UPDATED, Outcome.UNCHANGED],
                ),
                ([self.declare("b")], [Outcome.DISABLED, Outcome.UNCHANGED]),
                (
                    [self.declare("a", trigger=DAILY), self.declare("b")],
                    [Outcome.UPDATED, Outcome.UNCHANGED],
                ),
            ):
                found = reconcile(declared, provider, owner=OWNER)
                assert [result.outcome for result in found] == outcomes
                assert_law(declared, target)

    def test_two_cycles_at_once_of_one_repository(self) -> None:
        """Both made their plan before either applied it."""
        with self.open() as target:
            self.put(target.as_owner(), "a", "gone")
            declared = [self.declare("a", trigger=DAILY), self.declare("b")]
            one, two = target.as_owner(), target.as_owner()
            plans = [plan_target(declared, provider, owner=OWNER) for provider in (one, two)]
            from reconciler.apply import apply_plan

            for plan, provider in zip(plans, (one, two), strict=True):
                results = apply_plan(plan, provider)
                assert {result.error for result in results} == {None}
            assert_law(declared, target)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    @given(data=st.data())
    def test_the_first_law(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)

    def check_the_first_law(self, data: st.DataObject) -> None:
        """Whatever is declared, and whatever was there before."""
        with self.open() as target:
            for _ in range(2):
                declared = data.draw(self.examples)
                results = reconcile(declared, target.as_owner(), owner=OWNER)
                assert {result.error for result in results} <= {None}
                assert_law(declared, target)

    # ------------------------------------------------------------------------------------- fires

    def test_next_fires(self) -> None:
        with self.open() as target:
            after, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, 2, tzinfo=UTC)
            provider = target.as_owner()
            found = list(provider.next_fires(self.declare("a"), after, until))
            assert found == [datetime(2026, 1, day, 2, tzinfo=UTC) for day in (1, 2, 3)]
            assert list(provider.next_fires(self.declare("a", trigger=INBOX), after, until)) == []

    def test_the_trigger_that_really_fires(self) -> None:
        """`next_fires` are its fires, in two weeks, whatever a schedule says."""
        created, after = datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC)
        until = after + timedelta(days=14)
        monthly = {"type": "cron", "expression": "0 2 1 * *"}
        with self.open() as target:
            provider = target.as_owner()
            for trigger in (CRON, monthly, DAILY, INBOX):
                declared = self.declare("a", trigger=trigger)
                really = provider.firing_trigger(declared)
                assert really is not None
                fires = list(provider.next_fires(declared, after, until, created))
                assert fires == list(next_fires(really, after, until, created))
                assert provider.firing_trigger(replace(declared, enabled=False)) == really

    def test_errors_name_the_schedule_and_what_was_tried(self) -> None:
        with self.open() as target:
            self.put(target.as_owner("them"), "a")
            with pytest.raises(ProviderError) as caught:
                self.put(target.as_owner(), "a")
            assert caught.value.message.startswith("create local/a: ")


# ------------------------------------------------------------------------------------------ helpers


def declare(name: str, **document: Any) -> Schedule:
    """A schedule that runs a job file."""
    return with_job_file(schedule(name, **document), '{"command":"echo","type":"command"}')


def without_start(schedule: Schedule) -> Schedule:
    """Azure fills in a start that was left open."""
    if isinstance(schedule.trigger, DatastoreChange):
        return schedule
    return replace(schedule, trigger=replace(schedule.trigger, start_time=None))


def find(target: Opened, name: str) -> LiveSchedule:
    return next(live for live in target.as_owner().list() if live.key.name == name)


def only(target: Opened) -> LiveSchedule:
    [found] = target.as_owner().list()
    return found


def named(provider: Provider, name: str) -> LiveSchedule:
    return next(live for live in provider.list() if live.key.name == name)


def suspension(hours: int = 2) -> Suspension:
    now = datetime.now(UTC).replace(microsecond=0)
    return Suspension(now + timedelta(hours=hours), "ana", now, "a flood")


def is_as_applied(live: LiveSchedule) -> bool:
    return live.applied == (live.digest or schedule_digest(live.schedule))


def disable(provider: Provider, name: str) -> None:
    provider.disable(next(live for live in provider.list() if live.key.name == name))


def snapshot(target: Opened) -> dict[str, tuple[str, str | None, str]]:
    return {
        live.key.name: (live.fingerprint, live.owner, repr(live.schedule))
        for live in target.as_owner().list()
    }


def assert_law(declared: Sequence[Schedule], target: Opened) -> None:
    """A second cycle changes nothing, and what is listed is what canonical says."""
    provider = target.as_owner()
    plan = plan_target(declared, provider, owner=OWNER, options=PlanOptions(allow_empty=True))
    assert {change.action for change in plan.changes} <= {Action.NOOP, Action.SKIP}
    before = snapshot(target)
    listed = {live.key: live for live in provider.list()}
    for one in declared:
        wanted = provider.canonical(one, listed[one.key]).schedule
        if listed[one.key].owner == OWNER:
            assert same(listed[one.key].schedule, wanted)
    reconcile(declared, target.as_owner(), owner=OWNER)
    assert snapshot(target) == before


# --------------------------------------------------------------------------------------- strategies

TEXT = st.text(max_size=8) | st.sampled_from(
    [
        "",
        " ",
        "null",
        "true",
        "1",
        "1.0",
        "~",
        "\0",
        "\x1b[31m",
        "\u2028",
        "é",
        "e\u0301",
        "𝄞",
        "'\"\\",
    ]
)
SCALAR = (
    st.booleans()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, 1.0, True, False, -0.0, 1e300, 5e-324])
    | TEXT
)
NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,5}", fullmatch=True)
KEYS = st.text(min_size=1, max_size=4) | st.sampled_from(["__x", "a.b", "0", "['a']", "root"])
DEEP = st.recursive(
    SCALAR | st.none(), lambda s: st.lists(s, max_size=2) | st.dictionaries(KEYS, s, max_size=2)
)
ZONES = st.sampled_from(["UTC", "Europe/Lisbon", "Asia/Kathmandu", "Pacific Standard Time"])
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
    lambda d: d.replace(microsecond=0).isoformat()
)


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


PATTERNS = optional(
    hours=st.lists(st.integers(0, 23), max_size=4) | st.integers(0, 23),
    minutes=st.lists(st.integers(0, 59), max_size=4),
    week_days=st.lists(st.sampled_from(["Monday", "sunday", "wednesday"]), max_size=3),
    month_days=st.lists(st.integers(1, 31), max_size=3),
)
BOUNDS = {"start_time": MOMENTS, "end_time": MOMENTS, "time_zone": ZONES}
TRIGGERS = st.one_of(
    st.builds(
        lambda fixed, extra: fixed | extra,
        st.fixed_dictionaries(
            {
                "type": st.just("recurrence"),
                "frequency": st.sampled_from(["minute", "Hour", "day", "week", "Month"]),
                "interval": st.integers(1, 1000),
            }
        ),
        optional(schedule=PATTERNS, **BOUNDS),
    ),
    st.builds(
        lambda fixed, extra: fixed | extra,
        st.fixed_dictionaries(
            {
                "type": st.just("cron"),
                "expression": st.sampled_from(["0 2 * * *", "*/5  *  * * MON-FRI", "0 0 31 2 0,7"]),
            }
        ),
        optional(**BOUNDS),
    ),
    st.builds(
        lambda fixed, extra: fixed | extra,
        st.fixed_dictionaries({"type": st.just("datastore"), "datastore": st.just("inbox")}),
        optional(
            path_on_datastore=st.sampled_from(["", "/", "a//b/", "é ü", "a/./b"]),
            polling_interval=st.integers(1, 10_000),
            data_path_parameter_name=NAMES,
        ),
    ),
)
JOBS = optional(
    experiment_name=TEXT,
    display_name=TEXT,
    description=TEXT,
    compute=TEXT,
    inputs=st.dictionaries(
        KEYS, SCALAR | st.none() | st.dictionaries(KEYS, SCALAR, max_size=2), max_size=3
    ),
    outputs=st.dictionaries(
        KEYS, TEXT | st.none() | st.dictionaries(KEYS, TEXT, max_size=2), max_size=2
    ),
    settings=optional(
        continue_on_step_failure=st.booleans() | st.just("True"),
        force_rerun=st.booleans(),
        default_compute=TEXT,
    ),
    tags=st.dictionaries(KEYS, SCALAR, max_size=2),
    identity=st.dictionaries(KEYS, DEEP, max_size=2),
    limits=DEEP,
)
DOCUMENTS = st.builds(
    lambda trigger, job, extra: (
        {"trigger": trigger, "create_job": {"job": "./job.yml"} | job} | extra
    ),
    TRIGGERS,
    JOBS,
    optional(
        display_name=TEXT,
        description=TEXT,
        is_enabled=st.booleans(),
        tags=st.dictionaries(KEYS, SCALAR, max_size=3),
        properties=st.dictionaries(KEYS, SCALAR | st.none(), max_size=2),
    ),
)
JOB_FILES = st.sampled_from(
    ['{"command":"echo","type":"command"}', '{"command":"true","type":"command"}']
)


@st.composite
def schedules(draw: st.DrawFn) -> list[Schedule]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return [
        with_job_file(
            schedule_from_document({"name": name} | draw(DOCUMENTS), Key(TARGET, name)),
            draw(JOB_FILES),
        )
        for name in names
    ]


SCHEDULES = schedules()
Contract.examples = SCHEDULES
