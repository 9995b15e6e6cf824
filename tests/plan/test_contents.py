"""What of the job that a schedule runs is another."""

from __future__ import annotations

from helpers import OWNER, live, schedule

from reconciler.model import Action, Canonical, ContentChange
from reconciler.plan import make_plan
from reconciler.plan.contents import MOST_LINES, content_changes, diff_lines, shortened

STEPS = {"type": "pipeline", "jobs": {"a": {"command": "x"}, "b": {"command": "y"}}}


def test_nothing() -> None:
    assert content_changes("train", STEPS, dict(STEPS), {"a.py": "1"}, {"a.py": "1"}) == ()


def test_files_steps_and_keys() -> None:
    after = {
        "type": "pipeline",
        "tags": {"a": "b"},
        "jobs": {"a": {"command": "z"}, "c": {"command": "y"}},
    }
    found = content_changes(
        "train", STEPS, after, {"a": "1", "b": "1", "c": "1"}, {"a": "2", "b": "1", "d": "1"}
    )
    assert found == (
        ContentChange("code of train", "file", ("a",), ("d",), ("c",)),
        ContentChange("steps of train", "step", ("a",), ("c",), ("b",)),
        ContentChange("job train", "key", (), ("tags",), ()),
    )


def test_a_command_job() -> None:
    found = content_changes("train", {"command": "x"}, {"command": "y"}, {}, {})
    assert found == (ContentChange("job train", "key", ("command",)),)


def test_the_plan_tells() -> None:
    told = (ContentChange("code of train", "file", ("a.py",)),)
    before, after = schedule("a"), schedule("a", display_name="new")
    plan = make_plan([Canonical(after, contents=told)], [live(before)], target="local", owner=OWNER)
    [change] = plan.changes
    assert (change.action, change.contents) == (Action.UPDATE, told)


def test_the_lines_that_differ() -> None:
    before = [f"line {n}" for n in range(20)]
    after = ["line 0", "new", *before[2:18], "line 19"]
    assert list(diff_lines(before, after)) == [
        "  line 0",
        "- line 1",
        "+ new",
        "  line 2",
        "  line 3",
        "  ...",
        "  line 16",
        "  line 17",
        "- line 18",
        "  line 19",
    ]
    assert list(diff_lines(before, before)) == []


def test_no_more_lines_than_people_read() -> None:
    few, many = ["+ x"] * MOST_LINES, ["+ x"] * (MOST_LINES + 3)
    assert shortened(few) == tuple(few)
    assert shortened(many) == (*few, "  ... and 3 more lines")
