"""Edits of a declaration: only the value meant changes, every other byte stays."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.reading.edits import REMOVE, Edit, EditError, changed, edit
from reconciler.declare.reading.scalars import inline
from reconciler.declare.reading.yaml_loader import MAX_DEPTH, parse
from reconciler.declare.reading.yaml_nodes import read_tree

SOURCE = """\
# top
name: a   # the name
trigger:
  type: cron
  expression: '0 2 * * *'  # at two

  # the zone
  time_zone: "UTC"
create_job: ./job.yml # runs
hold:
    until: 2026-12-01 # soon
    # why
    reason: >
      folded
      text
tags: {a: b, c: d}
hours:
- 1
- 2
empty:
# end
"""


def made(*edits: Edit, source: str = SOURCE, document: int = 0) -> str:
    return edit(source.encode(), document, edits).decode()


def swap(old: str, new: str) -> str:
    assert SOURCE.count(old) == 1
    return SOURCE.replace(old, new)


HOLD = {"until": "2026-12-01", "reason": "quarter end"}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("trigger.expression", "5 * * * *", swap("'0 2 * * *'", "'5 * * * *'")),
        ("trigger.expression", "it's", swap("'0 2 * * *'", "'it''s'")),
        ("trigger.expression", "a\nb", swap("'0 2 * * *'", '"a\\nb"')),
        ("trigger.time_zone", "Asia/Tokyo", swap('"UTC"', '"Asia/Tokyo"')),
        ("trigger.schedule.hours", [3], swap('"UTC"', '"UTC"\n  schedule:\n    hours: [3]')),
        ("name", "b", swap("name: a ", "name: b ")),
        ("name", "no", swap("name: a ", 'name: "no" ')),
        ("name", "2026-12-01", swap("name: a ", 'name: "2026-12-01" ')),
        ("create_job", {"job": "./j.yml"}, swap("./job.yml", "{job: ./j.yml}")),
        ("tags.c", True, swap("c: d", "c: true")),
        ("tags.e", None, swap("c: d", "c: d, e: null")),
        ("tags.a", REMOVE, swap("a: b, ", "")),
        ("tags.c", REMOVE, swap(", c: d", "")),
        ("tags", REMOVE, swap("tags: {a: b, c: d}\n", "")),
        ("hours", [7, 8, 9], swap("- 1\n- 2", "- 7\n- 8\n- 9")),
        ("hours", 7, swap("hours:\n- 1\n- 2", "hours: 7")),
        ("empty", 1, swap("empty:", "empty: 1")),
        ("empty.a.b", 1, swap("empty:", "empty: {a: {b: 1}}")),
        ("hold.until", "2027-01-01T08:00", swap("2026-12-01 #", '"2027-01-01T08:00" #')),
        ("hold.reason", "x", swap(">\n      folded\n      text", "x")),
        ("hold.reason", REMOVE, swap("    reason: >\n      folded\n      text\n", "")),
        ("hold.by", "ana", swap("      text\n", "      text\n    by: ana\n")),
        ("nothing", REMOVE, SOURCE),
        ("name.a.b", REMOVE, SOURCE),
        ("trigger.type", "cron", SOURCE),
        (
            "overrides.prod.hold",
            HOLD,
            swap(
                "empty:\n",
                "empty:\noverrides:\n  prod:\n    hold:\n"
                '      until: "2026-12-01"\n      reason: quarter end\n',
            ),
        ),
    ],
)
def test_one_value(path: str, value: Any, expected: str) -> None:
    assert made(Edit(tuple(path.split(".")), value)) == expected


def test_a_mapping_takes_the_place_of_another() -> None:
    text = made(Edit(("hold",), {"until": "2027-01-01"}))
    assert 'hold:\n    until: "2027-01-01"\ntags' in text


def test_what_was_added_and_taken_away_leaves_no_trace() -> None:
    for path in (("hold2",), ("overrides", "prod", "hold"), ("trigger", "x")):
        added = made(Edit(path, HOLD))
        assert added != SOURCE
        assert made(Edit(path, REMOVE), source=added) == SOURCE


@pytest.mark.parametrize(
    ("source", "path", "value", "expected"),
    [
        ("a: 1", "b", 2, "a: 1\nb: 2"),
        ("a: 1\nb: 2", "b", REMOVE, "a: 1"),
        ("a: 1\r\nb: 2", "b", REMOVE, "a: 1"),
        ("a: 1\r\nc: # d\r\n", "b", {"x": 2}, "a: 1\r\nc: # d\r\nb:\r\n  x: 2\r\n"),
        ("a: 1\r\nb: 2\r\nc: 3\r\n", "b", REMOVE, "a: 1\r\nc: 3\r\n"),
        ("\ufeffa: 1\n", "a", 2, "\ufeffa: 2\n"),
        ('{"a": 1}', "b", "x", '{"a": 1, "b": "x"}'),
        ('{\n  "a": 1\n}\n', "b", [1], '{\n  "a": 1,\n  "b": [1]\n}\n'),
        ('{"a": {"b": 1}, "c": 2}', "a.b", REMOVE, '{"c": 2}'),
        ('{"a": {}}', "a.b", "x", '{"a": {b: x}}'),
        ("a: {b: 1}\nc: 2\n", "a.b", REMOVE, "c: 2\n"),
        ("a: |+\n  x\n\n\n", "b", 2, "b: 2\na: |+\n  x\n\n\n"),
        ("a: |\n  x\n\n# c\n", "b", 2, "a: |\n  x\nb: 2\n\n# c\n"),
        ("a: \U0001f600 é # ü\nb: 1\n", "b", "ö\u2028", 'a: \U0001f600 é # ü\nb: "ö\\u2028"\n'),
        ("--- &r\na:\n  b: 1\n", "c", {"d": 2}, "--- &r\na:\n  b: 1\nc:\n  d: 2\n"),
        ('{"a": 1}', "a", REMOVE, "{}"),
        ("a: 1\n", "b", "\U000e0001", 'a: 1\nb: "\\U000e0001"\n'),
        ("b: &b {y: 1}\nx:\n  <<: *b\n", "x.y", 2, 'b: &b {y: 1}\nx:\n  <<: *b\n  "y": 2\n'),
        ("a: &x 1\nb: *x\n", "b", 2, "a: &x 1\nb: 2\n"),
        ("x:\n    deep:\n        a: 1\n", "w.z", 1, "x:\n    deep:\n        a: 1\nw:\n    z: 1\n"),
        ("a:\n  # c\n  - 1\n", "a", [2], "a:\n  # c\n  - 2\n"),
        ("a: [1,\n  2] # c\n", "a", [3], "a: [3] # c\n"),
        ("a: x\n  y # c\n", "a", "z", "a: z # c\n"),
    ],
)  # fmt: skip
def test_other_styles(source: str, path: str, value: Any, expected: str) -> None:
    assert made(Edit(tuple(path.split(".")), value), source=source) == expected


def test_one_of_several_documents() -> None:
    source = "a: 1\n---\n# two\na: 1 # c\n...\n---\n---\na: 3\n"
    assert made(Edit(("a",), 2), source=source, document=1) == source.replace("1 # c", "2 # c")
    assert made(Edit(("b",), 2), source=source, document=0) == "a: 1\nb: 2\n" + source[5:]
    assert made(Edit(("b",), 2), source=source, document=3) == source + "b: 2\n"


@pytest.mark.parametrize(
    ("source", "path", "value", "message"),
    [
        ("a: &x 1\nb: *x\n", "a", 2, "share values"),
        ("a: &x {y: 1}\nb: {<<: *x}\n", "b.y", REMOVE, "share values"),
        ("a: &x {y: 1}\nb: *x\n", "a.y", 2, "share values"),
        ("a: &x {y: 1}\nb: *x\n", "b.y", REMOVE, "share values"),
        ("a: &x {y: 1}\nb: *x\n", "a.z", 2, "share values"),
        ("a: &x {}\nb: *x\n", "a.z", 2, "share values"),
        ("a:\n- &x 1\nb: *x\n", "a", [2], "share values"),
        ("a: &x |\n  t\nb: *x\n", "a", "t2", "share values"),
        ("{a: &x 1, b: *x}", "a", REMOVE, "share values"),
        ("? a\n: 1\nb: 2\n", "a", REMOVE, "without changing more"),
        ("b: 1\n? a\n", "a", 2, "in a way that is not edited"),
        ("a: [", "a", 2, "cannot be read"),
        ("- 1\n", "a", 2, "not a mapping"),
    ],
)
def test_what_cannot_be_edited_is_refused(source: str, path: str, value: Any, message: str) -> None:
    with pytest.raises(EditError, match=message):
        made(Edit(tuple(path.split(".")), value), source=source)


def test_the_places_of_what_is_nested_too_deep_are_not_looked_for() -> None:
    deep = MAX_DEPTH + 2
    with pytest.raises(ValueError, match="too deep"):
        read_tree("a: " + "[" * deep + "]" * deep)


WORDS = ["yes", "on", "~", "1", "1.5", "0x1", "1:30", "@x", "*x", "-", "null", "NaN", ".inf", "é"]


@pytest.mark.parametrize("word", [*WORDS, "2026-12-01", "\x7f", "", " a", "a: b", "a #b"])
@pytest.mark.parametrize("quote", [None, "'", '"'])
def test_text_stays_text(word: str, quote: str | None) -> None:
    text = f"a: {inline([word, {word: word}], quote)}\n"
    assert parse(text.encode())[0][0].data == {"a": [word, {word: word}]}
    assert yaml.safe_load(text) == {"a": [word, {word: word}]}  # YAML 1.1, as Azure's client reads


# ------------------------------------------------------------------------------------ properties

_key = st.sampled_from(["a", "b", "until", "hold", "overrides", "x y", "on"])
_scalar = st.one_of(
    st.sampled_from(["x", "no", "0 2 * * *", "it's", 'say "x"', "a: b", "# x", "2026-12-01", ""]),
    st.integers(-3, 10**6),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
)
_value = st.recursive(
    _scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_key, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A document in styles, indents and comments as people write them."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    step = draw(st.integers(1, 4))
    lines: list[str] = []

    def comment() -> str:
        return draw(st.sampled_from(["", "", "  # a comment: {x}", " #"]))

    def mapping(data: dict[str, Any], indent: int) -> None:
        for name, value in data.items():
            if draw(st.integers(0, 4)) == 0:
                lines.append(draw(st.sampled_from(["", " " * indent + "# of its own", "# left"])))
            head = " " * indent + inline(name) + ":"
            if isinstance(value, dict) and value and draw(st.booleans()):
                lines.append(head + comment())
                mapping(value, indent + step)
            elif isinstance(value, list) and value and draw(st.booleans()):
                lines.append(head + comment())
                extra = draw(st.sampled_from([0, step]))
                lines.extend(" " * (indent + extra) + f"- {inline(v)}" + comment() for v in value)
            else:
                quote = draw(st.sampled_from([None, "'", '"']))
                lines.append(f"{head} {inline(value, quote)}{comment()}")

    mapping(draw(st.dictionaries(_key, _value, min_size=1, max_size=4)), 0)
    end = draw(st.sampled_from(["", newline, newline + "# the end" + newline]))
    return newline.join(lines) + end


@settings(max_examples=250, deadline=None)
@given(written(), st.lists(_key, min_size=1, max_size=3), _value | st.just(REMOVE))
def test_only_the_intended_value_changes(source: str, path: list[str], value: Any) -> None:
    data = source.encode("utf-8", "surrogatepass")
    documents, faults = parse(data)
    if faults or not isinstance(documents[0].data, dict):
        return
    before, one = documents[0].data, Edit(tuple(path), value)
    try:
        after = edit(data, 0, [one])
    except EditError:
        # Nothing is left of it, or a level that is too deep: never a silent change.
        assert value is REMOVE or "\\" in source or not _plain(value)
        return
    assert repr(_sorted(parse(after)[0][0].data)) == repr(_sorted(changed(before, one)))
    kept = [line for line in source.splitlines() if line.lstrip().startswith("#")]
    if not isinstance(before.get(path[0]), dict | list):
        assert [
            line for line in after.decode().splitlines() if line.lstrip().startswith("#")
        ] == kept
    assert (b"\r\n" in after) >= (b"\r\n" in data and b"\n" in after)


def _plain(value: Any) -> bool:
    text = repr(value)
    return text.isascii() and text.isprintable() and len(text) < 20


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(item) for item in value] if isinstance(value, list) else value
