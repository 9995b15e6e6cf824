"""Small shapes of text; whole plans are in tests/plans."""

from __future__ import annotations

import json
from typing import Any

import documents
import pytest
from helpers import OWNER, TARGET, canonical, live, schedule
from jsonschema import Draft202012Validator

from reconciler.model import Outcome, Result
from reconciler.plan import make_plan
from reconciler.render.documents import dumps, live_document, results_document
from reconciler.render.field_lines import facts_of, unsaid
from reconciler.render.plain_text import clip_pair, counted, pad, printable, table, value, width
from reconciler.render.text.plan_text import render_plan, render_result, render_results
from reconciler.schemas import schema


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 夜", "plain é 夜"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\u202e\u200b\ufeff", "\\u202e\\u200b\\ufeff"),
        ("\udcff", "\\udcff"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (None, "(none)"),
        ("(none)", '"(none)"'),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        ("1", '"1"'),
        ([1, "a"], '[1, "a"]'),
        ({"a": None}, '{"a": null}'),
        ("\x1b\u202e", '"\\u001b\\u202e"'),
    ],
)
def test_value(content: object, shown: str) -> None:
    assert value(content) == shown


def test_clip_pair_keeps_what_differs_in_sight() -> None:
    assert clip_pair("a", "b", 10) == ("a", "b")
    assert clip_pair("a" * 20, "b" * 20, 10) == ("aaaaaaa...", "bbbbbbb...")
    before, after = clip_pair("x" * 100 + "old", "x" * 100 + "new" + "y" * 50, 20)
    assert (before, after) == ("...xxxxxold", "...xxxxxnewyyyyyy...")
    before, after = clip_pair("x" * 100, "x" * 101, 20)
    assert before != after


def test_columns() -> None:
    assert [width(text) for text in ("ab", "é", "e\u0301", "夜")] == [2, 1, 1, 2]
    assert pad("夜", 4) == "夜  "
    assert table(("A", "B"), [("夜", "x"), ("abc", "\x1b")]) == "A    B\n夜   x\nabc  \\u001b\n"
    assert [counted(n, "file") for n in (0, 1, 2000)] == ["0 files", "1 file", "2,000 files"]
    assert counted(2, "entry", "entries") == "2 entries"


def results() -> tuple[object, list[Result]]:
    plan = make_plan(
        canonical(schedule("a"), schedule("b"), schedule("c"), schedule("d")),
        [live(schedule("c")), live(schedule("d"), "them")],
        target=TARGET,
        owner=OWNER,
    )
    outcomes = (
        (Outcome.CREATED, None),
        (Outcome.FAILED, "it does\x1b[31m not\nanswer"),
        (Outcome.UNCHANGED, None),
        (Outcome.SKIPPED, None),
    )
    return plan, [Result(c, *o) for c, o in zip(plan.changes, outcomes, strict=True)]


def test_results() -> None:
    _, made = results()
    assert "".join(map(render_result, made)) == (
        "created local/a\nfailed local/b: it does\\u001b[31m not\\nanswer\n"
    )
    assert render_results(made) == "1 created, 1 skipped, 1 failed\n"
    assert render_results([]) == "nothing was to be done\n"


def test_results_as_json() -> None:
    plan, made = results()
    document = json.loads(dumps(results_document([plan], [made])))
    assert [(c["outcome"], c["error"]) for c in document["plans"][0]["changes"]] == [
        ("created", None),
        ("failed", "it does\x1b[31m not\nanswer"),
        ("unchanged", None),
        ("skipped", None),
    ]
    validator = Draft202012Validator(schema("plan"))
    assert list(validator.iter_errors(document)) == []
    not_tried = results_document([plan], [[Result(made[0].change, Outcome.NOT_TRIED, "x")]])
    assert not_tried["plans"][0]["changes"][0]["outcome"] == "not_tried"
    assert list(validator.iter_errors(not_tried)) == []


def test_a_live_schedule_as_json() -> None:
    document = live_document(live(schedule(tags={"api_key": "hunter"})))
    assert document["schedule"]["tags"] == {"api_key": "****"}
    assert (document["target"], document["name"], document["owner"]) == (TARGET, "nightly", OWNER)
    assert (document["modified_by"], document["modified_at"]) == (None, None)


def test_colour_is_around_the_text_and_nothing_else() -> None:
    plan = make_plan(canonical(schedule()), [], target=TARGET, owner=OWNER)
    coloured = render_plan(plan, lambda text, role: f"<{role}>{text}</>")
    assert coloured.startswith("<create>+ local/nightly")
    import re

    assert re.sub(r"<[^>]*>", "", coloured) == render_plan(plan)


@pytest.mark.parametrize("name", ["plan", "planfile"])
def test_every_property_of_the_plan_schema_is_described(name: str) -> None:
    document = schema(name)
    Draft202012Validator.check_schema(document)

    # A job may hold keys that only some targets know.
    create_job = document["$defs"].get("schedule", {}).get("properties", {}).get("create_job")

    def visit(node: dict[str, Any], path: str) -> None:
        for name, inner in node.get("properties", {}).items():
            assert "description" in inner, f"{path}.{name}"
            visit(inner, f"{path}.{name}")
        if "properties" in node and node is not create_job:
            assert node["unevaluatedProperties"] is False, path
        if isinstance(node.get("items"), dict):
            visit(node["items"], f"{path}[]")

    visit(document, "")
    for name, inner in document["$defs"].items():
        visit(inner, name)


def test_a_new_schedule_says_all_of_itself_within_reason() -> None:
    inputs: dict[str, object] = {f"n{number:03}": number for number in range(100)}
    wanted = documents.schedule("a", create_job={"job": "b", "inputs": inputs})
    text = render_plan(documents.plan(documents.change("create", "a", after=wanted)))
    assert text.endswith(
        "    create_job.inputs.n029  29\n    ...                     and 70 more fields\n"
        "\nlocal: 1 to create\n"
    )


@pytest.mark.parametrize("action", ["create", "update", "disable", "skip"])
@pytest.mark.parametrize("odd", ["::error::x", "  ::stop-commands::x", "\n::error::x"])
def test_no_line_is_a_command_of_a_runner(action: str, odd: str) -> None:
    """GitHub's looks for them behind blanks; a file with a plan can say anything."""
    inputs = {odd: odd, "n": None}
    wanted = documents.schedule(odd, create_job={"job": odd, "inputs": inputs}, description=odd)
    there, will = action != "create", action != "disable"
    one = documents.change(
        action,
        odd,
        target=odd,
        reason=odd,
        source={"path": odd, "line": 1},
        fields=[
            documents.field(odd, None, odd),
            {"path": [odd, odd], "before": odd, "after": "****", "masked": True},
            {"path": [""], "before": None, "after": None, "masked": False},
        ],
        notes=[{"kind": "rewritten", "path": odd, "message": odd}],
        trigger={"before": odd if there else None, "after": odd if will else None},
        before=wanted if there else None,
        after=wanted if will else None,
        impact=documents.impact(None, None, warnings=[{"kind": "ended", "message": odd}]),
    )
    plan = documents.plan(one, target=odd, refusals=[odd])
    for text in (render_plan(plan), render_plan(plan, lambda text, role: text)):
        assert "error" in text or "stop-commands" in text
        assert [line for line in text.splitlines() if line.strip().startswith("::")] == []


def test_a_long_path_pushes_its_own_value_alone() -> None:
    fields = [
        documents.field("create_job.inputs." + "n" * 300, 1, 2),
        documents.field("description", "a", "b"),
        documents.field("x" * 48, 1, 2),
    ]
    text = render_plan(documents.plan(documents.change("update", "a", fields=fields)))
    assert f"\n    create_job.inputs.{'n' * 300}  1 -> 2\n" in text
    assert f'\n    description{" " * 37}  "a" -> "b"\n' in text
    assert f"\n    {'x' * 48}  1 -> 2\n" in text


def test_a_null_is_a_value_but_beside_the_name() -> None:
    job = {"job": "b", "inputs": {"none": None, "deep": {"er": None}}}
    wanted = documents.schedule(
        "a", create_job=job, description=None, properties={"cleared": None}, tags={}
    )
    said = [
        ("create_job.inputs.none", "(none)"),
        ("create_job.inputs.deep.er", "(none)"),
        ("properties.cleared", "(none)"),
        ("tags", "{}"),
    ]
    assert unsaid(wanted) == said
    assert [fact for fact in facts_of(wanted) if fact[1] == "(none)"] == said[:3]
    text = render_plan(documents.plan(documents.change("create", "a", after=wanted)))
    assert "\n    create_job.inputs.none     (none)\n" in text
