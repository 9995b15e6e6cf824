"""Files land in folders, and each is one job of a schedule in Azure."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import TARGET

from agent.working import PARAMETER, Working, follows
from reconciler.errors import LeaseLost
from reconciler.reconcile import reconcile
from reconciler.state import open_state
from reconciler.workspace.datastores.changes import Listed
from reconciler.workspace.datastores.datastore import Datastore


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Working]:
    with StandIn(jobs={"train"}) as arm:
        working = Working(tmp_path, arm)
        yield working
        working.close()
        assert arm.violations == []


def test_a_file_that_lands_is_one_job(at: Working) -> None:
    at.land("in/old.csv")
    at.now += timedelta(seconds=10)
    at.apply(follows("a"))
    agent = at.agent()
    assert at.turn(agent).submitted == {}
    at.now += timedelta(hours=1)
    at.land("in/new.csv")
    at.land("in/sub/folder.csv")
    assert at.turn(agent).submitted == {"a": 1}
    assert at.submitted() == ["in/new.csv"]
    assert at.turn(agent).submitted == {}
    [job] = at.arm.jobs.made.values()
    properties = job["properties"]
    assert properties["experimentName"] == "a"
    assert properties["displayName"].startswith("a-2")
    assert properties["inputs"][PARAMETER]["jobInputType"] == "uri_file"


def test_what_is_there_before_it_is_enabled_is_not_run(at: Working) -> None:
    at.apply(follows("a", is_enabled=False))
    agent = at.agent()
    at.turn(agent)
    at.land("in/while-off.csv")
    assert at.turn(agent).submitted == {}
    at.now += timedelta(seconds=30)
    at.apply(follows("a"))
    assert at.turn(agent).submitted == {}
    at.land("in/while-on.csv")
    assert at.turn(agent).submitted == {"a": 1}
    assert at.submitted() == ["in/while-on.csv"]


def test_what_lands_before_an_agent_starts_is_run(at: Working) -> None:
    at.now -= timedelta(hours=1)
    at.apply(follows("a"))
    at.now += timedelta(hours=1)
    at.land("in/new.csv")
    assert at.turn(at.agent()).submitted == {"a": 1}


def test_a_change_of_another_kind_keeps_what_was_seen(at: Working) -> None:
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.land("in/one.csv")
    at.now += timedelta(minutes=1)
    at.apply(follows("a", description="new"))
    assert at.turn(agent).submitted == {"a": 1}
    at.apply(follows("a", folder="other"))
    at.land("other/two.csv")
    at.now += timedelta(hours=1)
    assert at.turn(agent).submitted == {}


def test_the_switch_of_the_studio(at: Working) -> None:
    """Somebody switches it off there, and on again: what came meanwhile is not run."""
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.arm.edit("a", lambda properties: properties.update(isEnabled=False))
    at.land("in/while-off.csv")
    assert at.turn(agent).submitted == {}
    at.arm.settings.now = lambda: at.now
    at.arm.edit("a", lambda properties: properties.update(isEnabled=True))
    assert at.turn(agent).submitted == {}
    at.land("in/while-on.csv")
    at.turn(agent)
    assert at.submitted() == ["in/while-on.csv"]


def test_a_listing_that_fails_loses_nothing(at: Working) -> None:
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.folder.rename(at.folder.parent / "gone")
    turn = at.turn(agent)
    assert turn.failing == {"a": f"there is no folder {at.folder}"}
    (at.folder.parent / "gone").rename(at.folder)
    at.land("in/new.csv")
    turn = at.turn(agent, timedelta(minutes=20))
    assert (turn.submitted, turn.failing) == ({"a": 1}, {})


@pytest.mark.parametrize("takes_again", [True, False])
def test_a_second_agent_submits_nothing_twice(
    at: Working, tmp_path: Path, takes_again: bool
) -> None:
    at.arm.jobs.takes_again = takes_again
    at.apply(follows("a"))
    first, other = at.agent(), open_state(None, tmp_path / "elsewhere")
    second = at.agent(other, "two")
    for agent in (first, second):
        at.turn(agent)
    for number in range(5):
        at.land(f"in/{number}.csv")
    assert at.turn(first).submitted == {"a": 5}
    assert at.turn(second).submitted == {"a": 5}
    assert sorted(at.submitted()) == [f"in/{number}.csv" for number in range(5)]
    other.close()


def test_what_is_refused_waits_and_holds_no_other_up(at: Working) -> None:
    at.apply(follows("a"), follows("b", folder="b"))
    agent = at.agent()
    at.turn(agent)
    at.arm.jobs.refused["in/"] = "The compute cpu does not exist"
    for name in ("in/1.csv", "in/2.csv", "b/3.csv"):
        at.land(name)
    turn = at.turn(agent)
    assert turn.submitted == {"b": 1}
    assert turn.pending == 2
    assert "The compute cpu does not exist" in turn.refused["a"]
    at.arm.jobs.refused.clear()
    assert at.turn(agent, timedelta(seconds=30)).submitted == {}
    assert at.turn(agent).submitted == {"a": 2}
    assert at.submitted() == ["b/3.csv", "in/1.csv", "in/2.csv"]


def test_what_is_owed_waits_while_it_is_off(at: Working) -> None:
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.land("in/1.csv")
    at.arm.fail(503, method="PUT", route="job", times=100)
    turn = at.turn(agent)
    assert turn.pending == 1
    assert turn.trouble is not None
    at.arm.faults.clear()
    at.apply(follows("a", is_enabled=False))
    assert at.turn(agent).pending == 1
    at.now += timedelta(minutes=1)
    at.apply(follows("a"))
    assert at.turn(agent).submitted == {"a": 1}


def test_a_schedule_that_is_not_ours_is_left_alone(at: Working) -> None:
    reconcile([follows("a")], at.provider("them"), owner="them")
    at.land("in/1.csv")
    assert at.turn(at.agent(), timedelta(hours=1)).watches == 0


def test_a_lease_that_is_lost_ends_it(at: Working) -> None:
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.land("in/1.csv")
    another = at.state.lease(f"data/{TARGET}", "two", timedelta(seconds=30))
    assert another.try_acquire(datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(LeaseLost):
        at.turn(agent)
    assert at.submitted() == []


def test_a_schedule_that_is_renamed_goes_on(at: Working) -> None:
    """What was seen is not run again, what landed before the next look is, what is owed too."""
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.land("in/1.csv")
    assert at.turn(agent).submitted == {"a": 1}
    at.land("in/2.csv")
    at.arm.fail(503, method="PUT", route="job", times=100)
    assert at.turn(agent).pending == 1
    at.arm.faults.clear()
    at.land("in/3.csv")
    at.now += timedelta(minutes=1)
    at.apply(replace(follows("b"), renamed_from="a"))
    assert at.turn(agent).submitted == {"b": 2}
    assert at.submitted() == ["in/1.csv", "in/2.csv", "in/3.csv"]
    at.apply(replace(follows("b", description="new"), renamed_from="a"))
    assert at.turn(agent).submitted == {}


def test_a_look_that_hangs_ends_a_turn_all_the_same(
    at: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.agent.agent.HANGS", timedelta(seconds=0.3))
    released = threading.Event()
    at.apply(follows("a"), follows("b", folder="b"))
    agent = at.agent()
    at.turn(agent)
    listed = Datastore.list

    def slowly(self: Datastore, path: str) -> list[Listed]:
        if path == "in":
            released.wait(60)
        return listed(self, path)

    monkeypatch.setattr(Datastore, "list", slowly)
    at.land("in/1.csv")
    at.land("b/2.csv")
    assert at.turn(agent).submitted == {"b": 1}
    released.set()
    while agent._lookers.in_hand:
        agent._lookers.wait(0.1)
    assert at.turn(agent, timedelta()).submitted == {"a": 1}


@pytest.mark.parametrize("meanwhile", ["disabled", "elsewhere"])
def test_a_look_that_ends_too_late_is_nothing(
    at: Working, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """While it was listed, the schedule was switched off, or began to follow another folder."""
    at.apply(follows("a"))
    agent = at.agent()
    at.turn(agent)
    at.land("in/1.csv")
    listed = Datastore.list

    def late(self: Datastore, path: str) -> list[Listed]:
        found = listed(self, path)
        monkeypatch.setattr(Datastore, "list", listed)
        at.now += timedelta(seconds=1)
        off = meanwhile == "disabled"
        at.apply(follows("a", is_enabled=False) if off else follows("a", "other"))
        watches = {one.name: one for one in at.provider().data_watches()}
        agent._followed(watches, at.now)
        return found

    monkeypatch.setattr(Datastore, "list", late)
    assert at.turn(agent).submitted == {}
    assert at.state.data_cursors.files(TARGET, "a") == {}
    assert at.state.data_cursors.backlog(TARGET) == {}
