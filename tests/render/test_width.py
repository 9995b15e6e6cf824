"""What a terminal of some width shows: nothing beyond it, and what matters still in sight."""

from __future__ import annotations

import re

import documents as made
import pytest

from reconciler.model import Problem
from reconciler.render.plain_text import clip_pair, middle, table, width, wrapped
from reconciler.render.problems import render_problems
from reconciler.render.text.plan_text import plan_parts, render_plan


class Narrow:
    """A terminal of so many columns, without colour."""

    def __init__(self, columns: int) -> None:
        self.columns = columns

    def __call__(self, text: str, role: str) -> str:
        return text


ROWS = [
    (
        "local/a-schedule-with-a-rather-long-name-of-the-team",
        "yes",
        "every day at 02:00, UTC (cron)",
    ),
    ("local/b", "no", "on the first of every month, and on the fifteenth, at 22:00 Europe/Lisbon"),
]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_a_table_keeps_to_the_width(columns: int) -> None:
    text = table(("SCHEDULE", "ENABLED", "TRIGGER"), ROWS, Narrow(columns))
    assert all(width(line) <= columns for line in text.splitlines())
    assert table(("SCHEDULE", "ENABLED", "TRIGGER"), ROWS).count("of-the-team") == 1


def test_the_words_of_a_table_are_cut_first() -> None:
    header = ("SCHEDULE", "REPOSITORY", "LAST RUN (UTC)", "TRIGGER")
    differs, last = "differs: trigger.expression", "Completed 11-28 05:11"
    rows = [("local/nightly-train", differs, last, "every day at 02:00, but not in summer " * 2)]
    shown = table(header, rows, Narrow(100)).splitlines()[1]
    assert width(shown) <= 100
    assert differs in shown
    assert last in shown
    assert shown.endswith("...")


def test_a_name_is_cut_in_the_middle() -> None:
    assert middle("local/a-long-name-of-one", 15) == "local/...of-one"
    assert middle("short", 15) == "short"
    assert width(middle("夜間の集計の予定" * 3, 15)) <= 15
    assert wrapped("one two three", 40, 4) == "one two three"
    assert wrapped("one two three four five six", 30, 12).split("\n    ")[0] == "one two three four"
    assert clip_pair("a", "b", 10) == ("a", "b")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_plan_keeps_to_the_width(columns: int) -> None:
    for plan in made.sample()["plans"]:
        for line in render_plan(plan, Narrow(columns)).splitlines():
            assert width(line) <= columns, line


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("start", [1, 30, 90, 170])
def test_a_caret_stands_below_what_it_means(columns: int, start: int) -> None:
    word = "wrong_key"
    line = "x" * (start - 1) + word + "y" * 60
    problem = Problem(
        code="SCH002",
        severity="error",
        message="a rather long message that does not fit beside the place of the file at all",
        path="schedules/some/folder/nightly.yaml",
        line=12,
        column=start,
        end_column=start + len(word),
        excerpt=line,
    )
    text = render_problems([problem], "text", Narrow(columns))
    assert all(width(one) <= columns for one in text.splitlines())
    shown, caret = re.findall(r"(?m)^  (?:12|  ) \| (.*)$", text)
    begin = caret.index("^")
    assert shown[begin : begin + len(word)] == word
    assert caret.strip() == "^" + "~" * (len(word) - 1)


def test_a_plan_of_many_changes_is_told_in_short() -> None:
    warned = made.moved(1) | {"warnings": [{"kind": "skips", "message": "look here"}]}
    changes = [made.change("create", f"new-{n:02}") for n in range(30)]
    plan = made.plan(*changes, made.change("update", "odd", impact=warned), impact=made.load())
    text = "".join(plan_parts(plan, full=False))
    assert "+ 30 to create\n" in text
    assert "new-00, new-01, new-02 and 27 more" in text
    assert "warning: look here" in text
    assert "--full shows all" in text
    assert text.count("\n") < 25
    assert "--full" not in "".join(plan_parts(plan))


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_sentences_are_cut_at_their_end_and_share_the_room_with_names(columns: int) -> None:
    header = ("SCHEDULE", "ENABLED", "REPOSITORY", "NEXT")
    said = (
        "differs: trigger.expression, is_enabled and 12 more; reconcile: observe; held until then"
    )
    name = "production-west-europe/the-long-name-of-a-schedule-of-the-team"
    shown = table(
        header, [(name, "yes", said, "11-30 06:00")], Narrow(columns), sentences=[header[2]]
    )
    for line in shown.splitlines():
        assert width(line) <= columns
    one, _, two, *_ = re.split("  +", shown.splitlines()[1])
    assert one.startswith("produc")
    assert one.endswith("team")
    assert two.startswith("differs: ")
    assert two.endswith("...")
    assert abs(width(one) - width(two)) <= 1
