"""`reconciler suspend` and `resume`: what is live, what applies do, and what is shown."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import Done, declaration, invoke, repository, write

from reconciler.model import Suspension
from reconciler.providers.local import LocalProvider
from reconciler.workspace.store.schedules import Store

WORDS = re.compile(r"suspended until \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC by ann: a flood")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repository(tmp_path, "one", "two")
    call(tmp_path, "apply")
    return tmp_path


def call(repo: Path, *args: str, code: int = 0) -> Done:
    return invoke(repo, *args, code=code, env={"RECONCILER_ACTOR": "ann"})


def suspend(repo: Path, *args: str) -> Done:
    return call(repo, "suspend", *args, "--until", "4h", "--reason", "a flood")


def enabled(repo: Path) -> dict[str, bool]:
    listed = json.loads(call(repo, "schedules", "list", "--all", "--format", "json").out)
    return {one["name"]: one["enabled"] for one in listed["schedules"]}


def plan_documents(repo: Path, name: str) -> list[dict[str, Any]]:
    plans = json.loads(call(repo, "plan", "--format", "json").out)["plans"]
    return [one for plan in plans for one in plan["changes"] if one["name"] == name]


def test_a_schedule_stays_off_and_is_shown(repo: Path) -> None:
    assert WORDS.search(suspend(repo, "one").out)
    assert enabled(repo) == {"one": False, "two": True}
    call(repo, "plan", "--exit-code")
    assert WORDS.search(call(repo, "status").out)
    assert WORDS.search(call(repo, "next").out)
    assert WORDS.search(call(repo, "schedules", "show", "one").out)
    assert WORDS.search(call(repo, "schedules", "list", "--all").out)
    assert "Suspended" in call(repo, "history", "list", "--format", "json").out
    [said] = plan_documents(repo, "one")
    assert (said["hold"]["suspended"], said["hold"]["by"]) == (True, "ann")
    assert WORDS.search(said["hold"]["words"])
    # What else is changed is applied.
    write(repo, {"schedules/one.yaml": declaration("one", hour=5)})
    assert WORDS.search(call(repo, "plan").out)
    assert "1 updated" in call(repo, "apply").out
    assert enabled(repo)["one"] is False
    assert "suspended until" in call(repo, "schedules", "enable", "one", code=1).err
    assert "enabled again" in call(repo, "resume", "one").out
    assert enabled(repo) == {"one": True, "two": True}
    call(repo, "plan", "--exit-code")
    assert "is not suspended" in call(repo, "resume", "one").out
    assert "hold" not in plan_documents(repo, "one")[0]


def test_once_more_after_one_that_no_apply_has_ended(repo: Path) -> None:
    """What was enabled before the first is enabled after the second."""
    over = (datetime.now(UTC) - timedelta(hours=1)).replace(second=30, microsecond=0)
    with closing(Store(repo / "workspace.db")) as store:
        provider = LocalProvider("local", store, owner="us")
        one, _ = provider.list()
        provider.suspend(one, Suspension(over, "ann", over - timedelta(hours=1)))
    suspend(repo, "one")
    assert "enabled again" in call(repo, "resume", "one").out
    assert enabled(repo)["one"]


def test_one_that_is_over_is_the_cause_wherever_one_is_said(repo: Path) -> None:
    over = (datetime.now(UTC) - timedelta(hours=1)).replace(second=30, microsecond=0)
    with closing(Store(repo / "workspace.db")) as store:
        provider = LocalProvider("local", store, owner="us")
        one, _ = provider.list()
        provider.suspend(one, Suspension(over, "ann", over - timedelta(hours=1)))
    words = f"its suspension until {over:%Y-%m-%d %H:%M:%S} UTC is over"
    for command in (["plan"], ["status"], ["drift"], ["next", "one"]):
        assert words in call(repo, *command).out
    [found] = json.loads(call(repo, "drift", "--format", "json").out)["drift"]
    assert (found["name"], found["cause"], found["by"]) == ("one", "over", None)
    [said] = plan_documents(repo, "one")
    assert "undoes" not in said


def test_it_becomes_a_hold_of_the_file(repo: Path) -> None:
    assert "is not suspended" in call(repo, "hold", "one", "--suspended", code=1).err
    suspend(repo, "one")
    call(repo, "hold", "one", "--suspended")
    text = (repo / "schedules/one.yaml").read_text()
    assert "reason: a flood" in text
    assert "by: ann" in text
    call(repo, "resume", "one")
    call(repo, "apply")
    assert enabled(repo)["one"] is False
    assert "held until" in call(repo, "status").out


def test_a_target_is_left_as_it_is(repo: Path) -> None:
    done = suspend(repo, "--all")
    assert WORDS.search(done.out)
    assert "only what applies with the same state heeds it" in done.err
    assert "same state" not in suspend(repo, "--all", "--state", ".reconciler/state.db").err
    assert enabled(repo) == {"one": True, "two": True}
    write(repo, {"schedules/one.yaml": declaration("one", hour=5)})
    done = call(repo, "plan", "--exit-code", code=3)
    assert WORDS.search(done.err)
    refused = call(repo, "apply", code=4)
    assert WORDS.search(refused.err)
    assert "reconciler resume --target local" in refused.err
    assert WORDS.search(call(repo, "status").out)
    document = json.loads(call(repo, "status", "--format", "json").out)
    assert document["suspended"]["local"]["by"] == "ann"
    assert call(repo, "plan", "--exit-code", code=3).code == 3
    assert "may be changed again" in call(repo, "resume", "--target", "local").out
    assert "is not suspended" in call(repo, "resume", "--all").out
    assert "1 updated" in call(repo, "apply").out


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("one", "--all"),
        ("--all", "--target", "local"),
        ("one", "--until", "2001-01-01"),
        ("one", "--until", "soon"),
    ],
)
def test_what_is_not_clear_is_a_usage_error(repo: Path, args: tuple[str, ...]) -> None:
    until = () if "--until" in args else ("--until", "1h")
    call(repo, "suspend", *args, *until, code=2)
    assert enabled(repo) == {"one": True, "two": True}
