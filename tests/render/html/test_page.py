"""The page of a plan, parsed as browsers do: well formed, self-contained, and text stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import documents as made
import html5lib
import pytest

from reconciler.render.field_lines import is_short, lines_of
from reconciler.render.html.heatmap import heat_map
from reconciler.render.html.page import render_html
from reconciler.render.html.timeline import timeline
from reconciler.render.html.word_diff import word_diff
from reconciler.render.plain_text import printable

XHTML = "{http://www.w3.org/1999/xhtml}"
OURS = """
html head body meta title link style header main footer nav section div span p a b i h1 h2 h3 h4
ul li table caption thead tbody tr th td details summary code pre del ins strong
fieldset legend input label svg rect text line
"""
ATTRIBUTES = """
lang charset name content http-equiv rel href class id role scope type for checked open colspan
tabindex aria-label aria-labelledby aria-describedby aria-hidden viewBox preserveAspectRatio
x y x1 x2 y1 y2 width height rx
"""


def parse(text: str) -> Element:
    """The page by the rules of HTML 5; fails at the first thing that is not as it should be."""
    root: Element = html5lib.HTMLParser(strict=True).parse(text)
    return root


def words_of(element: Element) -> str:
    return "".join(element.itertext())


def tags(root: Element) -> set[str]:
    return {
        element.tag.rpartition("}")[2] for element in root.iter() if isinstance(element.tag, str)
    }


def by_class(root: Element, name: str) -> list[Element]:
    return [e for e in root.iter() if name in e.get("class", "").split()]


@pytest.mark.parametrize("document", ["sample", "hostile"])
def test_a_page_is_well_formed_and_needs_nothing_else(document: str) -> None:
    text = render_html(getattr(made, document)())
    root = parse(text)
    assert tags(root) <= set(OURS.split())
    assert {name for element in root.iter() for name in element.keys()} <= set(ATTRIBUTES.split())  # noqa: SIM118
    targets = {e.get("href", "") for e in root.iter() if e.get("href") is not None}
    assert all(target.startswith("#") or target == "data:," for target in targets)
    assert "url(" not in text
    assert "@import" not in text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    asked = re.findall(r'(?:for|aria-labelledby|aria-describedby)="([^"]+)"', text)
    assert set(asked) <= set(ids)
    assert {target[1:] for target in targets if target.startswith("#")} <= set(ids)


@pytest.mark.parametrize("name", made.HOSTILE)
def test_a_name_is_seen_as_it_is(name: str) -> None:
    text = made.HOSTILE[name]
    page = render_html(made.document(made.plan(made.change("update", text))))
    (shown,) = by_class(parse(page), "name")
    assert words_of(shown) == (printable(text) if text.strip() else f'"{text}"')
    assert all(line.isprintable() for line in page.split("\n"))
    for line in page.split("\n"):
        assert "##vso[" not in line
        assert "##[" not in line
        assert not line.lstrip().startswith("::")


def test_a_page_of_every_hostile_text_starts_no_command() -> None:
    for line in render_html(made.hostile()).split("\n"):
        assert line.isprintable()
        assert "##vso[" not in line
        assert "##[" not in line
        assert not line.lstrip().startswith("::")


def test_what_a_page_says() -> None:
    root = parse(render_html(made.sample()))
    shown = words_of(root)
    assert "This plan will be refused" in shown
    assert "changing it now skips the fire of Mon 23 Nov 02:00" in shown
    assert "61.1 → 65.4" in shown
    names = [words_of(one) for one in by_class(root, "name")][:5]
    assert names == [
        "old-report",
        "nightly-score",
        "train-weekly",
        "refresh-features",
        "score-new-images",
    ]
    assert [words_of(one) for one in by_class(root, "refused")[0].iter(f"{XHTML}li")]
    assert sum("kept" in e.get("class", "") for e in root.iter()) == 1  # in the legend alone
    assert "differs in what is masked" in shown


@pytest.mark.parametrize(("action", "side"), [("create", "after"), ("disable", "before")])
def test_facts_that_are_left_out_are_counted(action: str, side: str) -> None:
    for inputs, said in ((50, ""), (100, "and 45 more fields")):
        job = {"job": "a", "inputs": {f"n{number:03}": number for number in range(inputs)}}
        change = made.change(action, "a", **{side: made.schedule("a", create_job=job)})
        (facts,) = by_class(parse(render_html(made.document(made.plan(change)))), "facts")
        assert len(list(facts.iter(f"{XHTML}tr"))) == min(inputs + 5, 60)
        assert "".join(words_of(one) for one in by_class(facts, "quiet")) == said


def test_the_numbers_of_the_pictures_stand_in_tables_too() -> None:
    root = parse(render_html(made.sample()))
    (first, _) = by_class(root, "numbers")
    rows = [[words_of(cell) for cell in row] for row in first.iter(f"{XHTML}tr")]
    assert rows[1] == ["Mon 23 Nov", "56", "60"]
    pictures = [e for e in root.iter() if e.tag.endswith("svg") and e.get("role") == "img"]
    assert len(pictures) == 7
    assert all(e.get("aria-label") or e.get("aria-labelledby") for e in pictures)


def test_no_plan_and_an_empty_one() -> None:
    assert "Nothing to change" in words_of(parse(render_html(made.document())))
    shown = words_of(parse(render_html(made.document(made.plan()))))
    assert "nothing to change" in shown


def test_two_thousand_changes_and_more() -> None:
    text = render_html(made.many(2_100))
    assert len(text) < 5_000_000
    assert text.count('<div class="timeline"') == 200
    assert "850 more have none" in text
    assert "The first 2,000 of 2,100 changes can be opened" in text
    assert text.count('class="name"') == 2_100
    assert text.count('<details class="card') == 2_000
    parse(render_html(made.many(150)))


def test_the_policy_allows_the_style_of_the_page_alone() -> None:
    text = render_html(made.sample())
    assert re.search(r"default-src &#39;none&#39;; style-src &#39;sha256-[\w+/=]{44}&#39;;", text)
    assert "<script" not in text
    assert " style=" not in text
    assert " on" + "click" not in text


# ---------------------------------------------------------------------------------------- pictures


def heat(before: Any, after: Any) -> dict[str, Any]:
    return {"first_day": "2026-11-23", "before": before, "after": after}


def test_heat_is_of_one_scale() -> None:
    found = heat_map(heat([[0] * 23 + [4], [1] * 24], [[0] * 23 + [100], [1] * 24]))
    assert found is not None
    assert found.legend == ("0", "1", "2-4", "5-100")
    assert (found.rows[0].before[23].level, found.rows[0].after[23].level) == (4, 5)
    assert found.rows[0].after[23].title == "Mon 23 Nov 23:00: 4 before, 100 after"
    assert found.rows[1].after[0].title == "Tue 24 Nov 00:00: 1"
    assert (found.differing, found.is_marked, found.left_out) == (1, True, 0)


def test_hours_that_are_much_alike_show_where_they_differ() -> None:
    found = heat_map(heat([[3] * 8 + [21] * 8 + [30] * 8], [[21 + n % 10 for n in range(24)]]))
    assert found is not None
    assert [found.rows[0].before[hour].level for hour in (0, 8, 16)] == [3, 4, 5]
    alone = heat_map(heat([[0] * 24], [[21 + n % 10 for n in range(24)]]))
    assert alone is not None
    assert len({cell.level for cell in alone.rows[0].after}) >= 3


def test_who_is_only_counted_is_named() -> None:
    plan = made.sample()
    one = {**plan["plans"][0], "unmanaged": {"count": 5, "names": ["by-hand", "<i>b</i>"]}}
    text = render_html({**plan, "plans": [one]})
    assert "Unmanaged: <code>by-hand</code>, <code>&lt;i&gt;b&lt;/i&gt;</code> and 3 more" in text


def test_few_fires_are_dark_and_none_are_no_map() -> None:
    found = heat_map(heat([[1] * 24], [[0] * 24]))
    assert found is not None
    assert (found.legend, found.rows[0].before[0].level) == (("0", "1"), 5)
    assert heat_map(heat([[0] * 24], [[0] * 24])) is None
    assert heat_map(heat([], [])) is None


def test_a_long_horizon_is_cut() -> None:
    found = heat_map(heat([[1] * 24] * 366, [[2] * 24] * 366))
    assert found is not None
    assert (len(found.rows), found.left_out, found.differing) == (31, 335, 31 * 24)
    assert not found.is_marked  # where all differ, an edge says nothing


def test_a_timeline_tells_what_stays_goes_and_comes() -> None:
    before, after = made.daily(2), made.daily(2)[:7] + made.daily(5)[7:]
    change = made.change("update", "x", impact=made.impact(made.fires(*before), made.fires(*after)))
    found = timeline(change, made.START.isoformat(), made.DAYS)
    assert found is not None
    assert [kind for _, kind in found.before] == ["kept"] * 7 + ["removed"] * 7
    assert [kind for _, kind in found.after] == ["kept"] * 7 + ["added"] * 7
    assert [label for _, label in found.grid][:3] == ["Tue 24 Nov", "", "Thu 26 Nov"]
    assert found.note == ""


def test_a_timeline_ends_where_a_list_does() -> None:
    short = made.fires(*made.daily(2)[:3], count=100)
    change = made.change("update", "x", impact=made.impact(short, made.fires(*made.daily(5))))
    found = timeline(change, made.START.isoformat(), made.DAYS)
    assert found is not None
    assert found.note == "until Wed 25 Nov 02:00: the first fires of many"
    assert len(found.after) == 2
    assert found.before[-1][0] == 1_000


def test_a_timeline_of_hours_has_hours() -> None:
    change = made.change("update", "x", impact=made.impact(made.fires(*made.daily(2)[:1]), None))
    found = timeline(change, made.START.isoformat(), 1)
    assert found is not None
    assert found.grid[0] == (14.6, "01:00")
    assert timeline(change | {"impact": None}, made.START.isoformat(), 1) is None
    nothing = change | {"impact": made.impact(made.fires(), None)}
    assert timeline(nothing, made.START.isoformat(), 1) is None


def test_a_timeline_across_a_clock_change() -> None:
    change = made.change("update", "x", impact=made.impact(made.fires(*made.daily(2)), None))
    found = timeline(change | {"time_zone": "Europe/Lisbon"}, "2027-03-20T00:00:00+00:00", 14)
    assert found is None or len(found.grid) == 14


# ------------------------------------------------------------------------------------------ fields


def test_words_that_differ() -> None:
    assert word_diff("every day at 02:00", "every day at 03:00") == (
        (("every day at ", False), ("02", True), (":00", False)),
        (("every day at ", False), ("03", True), (":00", False)),
    )
    assert word_diff("abc", "xyz") == ((("abc", True),), (("xyz", True),))
    assert word_diff("a " * 500, "a")[0] == (("a " * 500, True),)


def test_lines_that_differ() -> None:
    assert lines_of(made.field("x", "a", None)) == [("-", '"a"')]
    assert lines_of(made.field("x", "a\nb\n", "a\nc\n")) == [(" ", "a"), ("-", "b"), ("+", "c")]
    assert not is_short(made.field("x", None, "a\nb"))
    assert is_short(made.field("x", 1, "b\n"))
    many = lines_of(made.field("x", None, "\n".join(f"line {n}" for n in range(200))))
    assert many[-1] == (" ", "... (the longer one has 200 lines)")
    assert len(many) == 41
    far = "\n".join(str(n) for n in range(60))
    assert (" ", "...") in lines_of(made.field("x", far, far.replace("5\n", "five\n")))


@pytest.mark.parametrize("case", ["datastore-removed", "datastore-disabled"])
def test_a_folder_that_is_not_looked_at_any_more(case: str) -> None:
    golden = Path(__file__).parents[2] / "plans" / case / "plan.json"
    root = parse(render_html(json.loads(golden.read_text(encoding="utf-8"))))
    assert "then never: it does not look at its folder any more" in words_of(root)


def test_what_changed_within_a_job_is_shown_line_by_line() -> None:
    inside = {
        "what": "code of report",
        "kind": "file",
        "added": [],
        "removed": [],
        "changed": ["a.py"],
        "diff": ["@@ a.py @@", "  x", "- <b>old</b>", "+ new"],
    }
    plan = made.plan(made.change("update", "nightly", contents=[inside]), impact=made.load())
    page = render_html(made.document(plan))
    assert '<span class="line gone"><i>-</i>&lt;b&gt;old&lt;/b&gt;</span>' in page
    assert '<span class="line come"><i>+</i>new</span>' in page
