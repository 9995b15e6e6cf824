"""Markdown, read by a real parser: nothing of others is anything but text, and all of it fits."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

import documents as made
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.render.markdown.document import (
    BUDGET,
    render_markdown,
    render_markdown_target,
    size,
)
from reconciler.render.markdown.escaping import code, fence, markup, prose
from reconciler.render.markdown.size_budget import COUNT, FULL, LINE, NAME, fold
from reconciler.render.plain_text import inert, printable

ALLOWED = {"paragraph", "heading", "fence", "html_block", "bullet_list", "list_item", "table"}
ALLOWED_INLINE = {"text", "code_inline", "softbreak", "html_inline", "strong", "link"}
OUR_TAGS = {"details", "summary", "code", "b"}
PARSER = MarkdownIt("gfm-like", {"linkify": False, "html": True})


class Tags(HTMLParser):
    """Every tag of the HTML in a text, and whether they are balanced."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: set[tuple[str, tuple[str, ...]]] = set()
        self.open: list[str] = []
        self.odd: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add((tag, tuple(name for name, _ in attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.odd.append(tag)

    def handle_comment(self, data: str) -> None:
        self.odd.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.odd.append("declaration")


def kind(token: Token) -> str:
    return re.sub(r"_(open|close)$", "", token.type)


def tokens(text: str) -> list[Token]:
    blocks = PARSER.parse(text)
    return [token for block in blocks for token in [block, *(block.children or [])]]


def check(text: str, *, link: str | None = None) -> None:
    """Blocks and tags of ours alone, balanced, and no line that a runner obeys."""
    found = tokens(text)
    rows = {"thead", "tbody", "tr", "th", "td", "inline"}
    assert {kind(t) for t in found} <= ALLOWED | ALLOWED_INLINE | rows
    links = {token.attrs["href"] for token in found if token.type == "link_open"}
    assert links <= ({link} if link else set())
    tags = Tags()
    for token in found:
        if token.type in ("html_block", "html_inline"):
            tags.feed(token.content)
    tags.close()
    assert {tag for tag, _ in tags.seen} <= OUR_TAGS
    assert {name for _, names in tags.seen for name in names} <= {"open"}
    assert (tags.open, tags.odd) == ([], [])
    for token in found:
        if token.type == "fence":
            assert token.info == "diff"
            assert all(line[:2] in ("- ", "+ ", "  ", "@@") for line in token.content.splitlines())
    opened = [line for line in text.splitlines() if re.fullmatch(r"`{3,}[a-z]*", line)]
    assert len(opened) == 2 * sum(token.type == "fence" for token in found)
    for line in text.split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##vso[" not in line
        assert "##[" not in line
        assert line.isprintable(), line
    text.encode()


@pytest.mark.parametrize("document", ["sample", "hostile"])
def test_everything_of_others_stays_text(document: str) -> None:
    check(render_markdown(getattr(made, document)()))


@pytest.mark.parametrize("name", made.HOSTILE)
def test_a_name_is_seen_as_it_is(name: str) -> None:
    text = made.HOSTILE[name]
    plan = made.plan(made.change("update", text, fields=[made.field("description", None, text)]))
    shown = render_markdown(made.document(plan))
    check(shown)
    summaries = re.findall(r"<summary><code>(.*)</code>", shown)
    escaped = printable(text) if text.strip() else f'"{text}"'
    assert [html.unescape(found) for found in summaries] == [escaped]
    plain = "".join(t.content for t in tokens(shown) if t.type in ("text",))
    assert "@octo-org/team" not in plain
    assert "evil.example" not in plain
    assert "#1" not in plain


@pytest.mark.parametrize("text", made.HOSTILE.values())
def test_code_prose_and_markup(text: str) -> None:
    (span,) = [t for t in tokens(code(text)) if t.type != "inline" and kind(t) != "paragraph"]
    assert span.type == "code_inline"
    wanted = printable(text) if text.strip() else f'"{text}"'
    # A code span loses one space on either side if it has both, and so was given one more.
    assert span.content == wanted
    said = "".join(
        t.content for t in tokens(f"x {prose(text)}") if t.type in ("text", "code_inline")
    )
    assert said.split() == ["x", *printable(text).split()]
    assert html.unescape(markup(text)) == wanted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fires at 03:00, as before (was 02:00)", "fires at 03:00, as before (was 02:00)"),
        ("its end_time is past: it never fires", "its end_time is past: it never fires"),
        ('managed by "them"; --adopt x takes it', 'managed by "them"; --adopt x takes it'),
        ("ask @team now", "ask `@team` now"),
        ("see #1 and #2", "see `#1` and `#2`"),
        ("a *b* c", "a `*b*` c"),
        ("_a_ :x: www.a.b ABC-1 0123abc", "`_a_ :x: www.a.b ABC-1 0123abc`"),
        ("1. x", "1. x"),
    ],
)
def test_words_stay_words(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_fences_are_longer_than_what_they_hold() -> None:
    assert fence(["a", "`````"], "diff") == "``````diff\na\n`````\n``````\n"


def test_two_thousand_changes_fit() -> None:
    text = render_markdown(made.many(2_000))
    assert 0.9 * BUDGET < size(text) <= BUDGET
    check(text)
    said = re.search(r"Folded to fit: ([\d,]+) changes; ([\d,]+) by name, ([\d,]+) as a num", text)
    assert said is not None
    folded, by_name, counted = (int(number.replace(",", "")) for number in said.groups())
    assert text.count("<summary><code>schedule-") == 2_000 - folded > 50
    assert text.count("`schedule-") - text.count("`schedules/") == by_name
    more = re.findall(r"([\d,]+) more, not named here", text)
    assert sum(int(number.replace(",", "")) for number in more) == counted == folded - by_name
    assert "500 to create, 1,000 to update, 500 to disable" in text


@pytest.mark.parametrize("number", [1, 3, 50, 400])
@pytest.mark.parametrize("budget", [150, 400, 1_000, 5_000, 20_000])
def test_every_size_fits_and_is_whole(number: int, budget: int) -> None:
    link = "https://ci.example/runs/7?a=1&b=(x)"
    text = render_markdown(made.many(number), budget=budget, link=link)
    assert size(text) <= budget
    check(text, link=link)


def test_what_is_wide_counts_as_what_it_weighs() -> None:
    plan = made.plan(*(made.change("create", f"夜間{n}" * 20) for n in range(500)))
    text = render_markdown(made.document(plan))
    assert len(text) < size(text) <= BUDGET
    check(text)


def test_a_small_target_keeps_its_details_beside_a_large_one() -> None:
    (large,) = made.many(2_000)["plans"]
    small = made.plan(made.change("disable", "old-report"), target="small")
    for plans in ((large, small), (small, large)):
        text = render_markdown(made.document(*plans))
        assert size(text) <= BUDGET
        check(text)
        assert "- every day at 02:00" in text.split("<code>old-report</code>")[1][:200]


@pytest.mark.parametrize("budget", [8_000, 30_000])
def test_many_targets_fit(budget: int) -> None:
    plans = [made.plan(made.change("disable", "x"), target=f"target-{n}") for n in range(600)]
    text = render_markdown(made.document(*plans), budget=budget)
    assert size(text) <= budget
    check(text)
    assert "# Plan for 600 targets: 600 to disable" in text


def test_what_warnings_are_about_is_told_in_full_to_the_last() -> None:
    warned = made.moved(1) | {"warnings": [{"kind": "skips", "message": "look here"}]}
    plan = made.plan(
        *(made.change("disable", f"old-{n}") for n in range(300)),
        made.change("update", "z-important", impact=warned),
        impact=made.load(),
    )
    text = render_markdown(made.document(plan), budget=5_000)
    assert "**Warning:** look here" in text
    check(text)


def test_a_link_stays_one() -> None:
    odd = "https://ci.example/a b>c)\n# x<script>"
    text = render_markdown(made.sample(), link=odd)
    found = [t.attrs["href"] for t in tokens(text) if t.type == "link_open"]
    assert found == ["https://ci.example/a%20b%3Ec)%0A#%20x%3Cscript%3E"] * 2


def test_a_target_alone_is_a_comment_of_its_own() -> None:
    plan: dict[str, Any] = made.sample()["plans"][0]
    closed = render_markdown_target(plan, opened=False)
    assert closed.startswith("<details>\n<summary><b><code>local</code></b>: 2 to create")
    check(closed)


def test_folding_starts_with_what_matters_least() -> None:
    sizes = [(100, 20, 5)] * 8
    assert fold(sizes, 800) == [FULL] * 8
    assert fold(sizes, 799) == [FULL] * 7 + [LINE]
    assert fold(sizes, 400) == [FULL] * 3 + [LINE] * 5
    assert fold(sizes, 399) == [FULL] * 2 + [LINE] * 6
    assert fold(sizes, 100) == [LINE] * 4 + [NAME] * 4
    assert fold(sizes, 40) == [NAME] * 8
    assert fold(sizes, 12) == [NAME] * 2 + [COUNT] * 6
    assert fold(sizes, 0) == [COUNT] * 8
    # What fits in a quarter of the budget is not shortened as long as others can be.
    assert fold([(100, 20, 5)] + [(300, 20, 5)] * 7, 400) == [FULL] + [LINE] * 7
    assert fold([], 0) == []


def test_a_line_that_a_runner_would_obey() -> None:
    assert inert("::error::x") == "\\u003a:error::x"
    assert inert("  ::error::x") == "  \\u003a:error::x"
    assert inert("a::b") == "a::b"
