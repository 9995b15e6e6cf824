"""What the loop leaves in the state for pages: each target, and each of its schedules."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from helpers import CONFIG, write

from reconciler.loop import controller
from reconciler.state.standings import Standing

from .looping import Looped, commit, on_git, upstream


def standing(loop: Looped, target: str = "local") -> Standing:
    found = loop.state.standings.get(target)
    assert found is not None
    return found


def syncs(loop: Looped) -> dict[str, str]:
    _, rows = loop.state.standings.schedules("local")
    return {row.name: row.sync for row in rows}


def test_a_target_and_its_schedules(tmp_path: Path) -> None:
    source = upstream(tmp_path / "up", "one", "two")
    loop = on_git(source, tmp_path / "base")
    record = loop.cycle()
    found = standing(loop)
    assert (found.outcome, found.revision, found.subject) == ("applied", record.revision, "first")
    assert found.author == "Ana <ana@example.com>"
    assert found.cycle_at == record.ended_at
    assert found.next_at is not None
    assert found.next_at > found.cycle_at
    assert found.counts == {"in_sync": 2, "unmanaged": 0}
    assert syncs(loop) == {"one": "in_sync", "two": "in_sync"}
    one = loop.state.standings.schedule("local", "one")
    assert one is not None
    assert one.entry["enabled"]
    assert one.entry["path"] == "schedules/one.yaml"
    assert loop.state.standings.schedules(text="TWO")[0] == 1
    assert loop.state.standings.schedules(text="%")[0] == 0
    loop.close()


def test_what_was_changed_live_is_drift_where_it_is_only_observed(tmp_path: Path) -> None:
    source = upstream(tmp_path / "up", "one", "two", "three")
    loop = on_git(source, tmp_path / "base")
    loop.cycle()
    commit(source, {"reconciler.yaml": CONFIG.replace("db}", "db, reconcile: observe}")})
    assert loop.cycle().outcome == "in_sync"
    loop.switch_off("two")
    commit(source, {"schedules/three.yaml": None})
    loop.cycle()
    assert syncs(loop) == {"one": "in_sync", "two": "drift", "three": "pending"}
    assert standing(loop).counts == {"in_sync": 1, "drift": 1, "pending": 1, "unmanaged": 0}
    _, (two,) = loop.state.standings.schedules(syncs=["drift"])
    assert two.entry["cause"] == "live"
    assert [field["path"] for field in two.entry["fields"]] == [["is_enabled"]]
    assert not two.entry["enabled"]
    loop.close()


def test_a_cycle_that_comes_to_no_plan_keeps_what_was_known(tmp_path: Path) -> None:
    source = upstream(tmp_path / "up", "one")
    loop = on_git(source, tmp_path / "base")
    loop.cycle()
    commit(source, {"reconciler.yaml": "owner: [\n"}, message="broken")
    record = loop.cycle()
    assert record.outcome == "broken"
    assert standing(loop).wanted is not None
    write(tmp_path / "base", {"workspace.db": "no database"})
    loop.cycle()
    assert standing(loop).counts == {"in_sync": 1, "unmanaged": 0}
    assert syncs(loop) == {"one": "in_sync"}
    loop.close()


def test_a_cycle_that_is_asked_for_in_the_state_comes_soon(tmp_path: Path) -> None:
    source = upstream(tmp_path / "up", "one")
    loop = on_git(source, tmp_path / "base")
    thread = threading.Thread(target=loop.loop.run)
    thread.start()
    done = threading.Event()

    def made() -> int:
        return len(loop.records)

    try:
        while made() < 1:
            assert not done.wait(0.05)
        loop.state.standings.ask("local", loop.clock(), "ana")
        for _ in range(600):
            if made() > 1:
                break
            done.wait(0.05)
        assert made() == 2
        assert loop.state.standings.asked() == {}
    finally:
        loop.loop.stop()
        thread.join()
        loop.state.close()


def test_one_that_is_asked_for_while_a_cycle_is_at_work_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one may have read the repository before; but it is what was asked for before."""
    loop = on_git(upstream(tmp_path / "up", "one"), tmp_path / "base")
    loop.cycle()
    whole, told = controller.run_cycle, list[bool]()

    def run_cycle(*arguments: Any) -> Any:
        loop.clock.go(seconds=5)
        told.append(loop.loop._take_asked())
        loop.clock.go(seconds=5)
        if len(told) == 1:
            loop.state.standings.ask("local", loop.clock(), "ben")
        loop.clock.go(seconds=5)
        return whole(*arguments)

    monkeypatch.setattr(controller, "run_cycle", run_cycle)
    loop.clock.go(seconds=1)
    loop.state.standings.ask("local", loop.clock(), "ana")
    loop.clock.go(seconds=1)
    assert loop.loop._take_asked()
    assert loop.loop.turn()
    assert loop.loop._take_asked()
    assert loop.loop.turn()
    assert not loop.loop._take_asked()
    assert told == [False, False]
    assert loop.state.standings.asked() == {}
    loop.close()
