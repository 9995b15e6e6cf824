"""Bytes of YAML -> documents and faults: YAML 1.2, limits, and nothing that costs much."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.declare.reading import yaml_loader
from reconciler.declare.reading.positions import Locator, Span
from reconciler.declare.reading.yaml_loader import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Fault,
    Marks,
    parse,
)


@pytest.fixture(params=["libyaml", "python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml the parser in Python does the same."""
    monkeypatch.setattr(
        yaml_loader, "_Parser", yaml.CLoader if request.param == "libyaml" else yaml.Loader
    )


both_parsers = pytest.mark.usefixtures("_parser")


def value(text: str | bytes) -> Any:
    """The one document of a text without faults."""
    documents, faults = parse(text if isinstance(text, bytes) else text.encode())
    assert faults == []
    assert len(documents) == 1
    return documents[0].data


def fault(text: str | bytes) -> Fault:
    """The one fault of a text."""
    _, faults = parse(text if isinstance(text, bytes) else text.encode())
    assert len(faults) == 1
    return faults[0]


# ------------------------------------------------------------------------------ plain scalars

SCALARS: list[tuple[str, Any]] = [
    # text that YAML 1.1 reads as something else
    *((text, text) for text in ("on", "On", "off", "yes", "no", "NO", "y", "n", "Y", "N")),
    *((text, text) for text in ("18:30", "1:2:3", "190:20:30.15", "2026-01-01", "12:00:00")),
    *((text, text) for text in ("2026-01-01T00:00:00Z", "2026-01-01 10:00:00 +1", "=", "1_000")),
    *((text, text) for text in ("0b11", "0o18", "0xg", "-0x1F", "+0o7", "0X1F", "1,000", "1.2.3")),
    *((text, text) for text in ("+", ".", "+.", "e5", "1e", "1e+", ".e1", "--1", "1-", "١٢")),
    *((text, text) for text in ("nUll", "tRue", ".infinity", ".Nan1", "inf", "nan", "NaN", "None")),
    # null
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("", None),
    # booleans
    *((text, True) for text in ("true", "True", "TRUE")),
    *((text, False) for text in ("false", "False", "FALSE")),
    # whole numbers
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("012", 12),
    ("0o14", 12),
    ("0xFf", 255),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("0x7fffffffffffffff", 2**63 - 1),
    # others
    (".5", 0.5),
    ("-.5", -0.5),
    ("+.5e1", 5.0),
    ("5.", 5.0),
    ("1e3", 1000.0),
    ("1E-2", 0.01),
    ("1.5e+300", 1.5e300),
    ("-0.0", -0.0),
    # quoted, tagged, blocks
    ('"1"', "1"),
    ("'null'", "null"),
    ('""', ""),
    ("!!str 1", "1"),
    ("!!int 0x10", 16),
    ("!!float 1", 1.0),
    ('!!float "1"', 1.0),
    ("!!bool true", True),
    ("!!null ~", None),
    ("|-\n  1", "1"),
    (">-\n  a\n  b", "a b"),
    ('"\\x41\\u00e9\\U0001F600"', "Aé😀"),
]


@both_parsers
@pytest.mark.parametrize(("text", "expected"), SCALARS)
def test_scalars(text: str, expected: Any) -> None:
    for written in (f"k: {text}\n", f"k:\n- {text}\n" if "\n" not in text else f"k: {text}"):
        found = value(written)["k"]
        found = found[0] if isinstance(found, list) else found
        assert (found, type(found)) == (expected, type(expected))


@both_parsers
@pytest.mark.parametrize(
    "text",
    [
        *(".inf", "+.Inf", "-.INF", ".nan", ".NaN", ".NAN", "1e999", "-1e999", "1" * 400 + ".0"),
        *("9223372036854775808", "-9223372036854775809", "0x8000000000000000", "0o" + "7" * 30),
        *("1" * 30, "0" * 30, "0x" + "0" * 30, "0x1" + "0" * 22),
    ],
)
def test_numbers_that_cannot_be_held(text: str) -> None:
    found = fault(f"k: {text}\n")
    assert found.code == "SCH007"
    assert (found.line, found.column, found.end_column) == (1, 4, 4 + len(text))
    assert text not in found.message


@both_parsers
@pytest.mark.parametrize(
    "text",
    [
        *("!!int x", "!!int 1.5", "!!float x", "!!bool 1", "!!null x", "!!timestamp 2026-01-01"),
        *("!!binary aGk=", "!Ref x", "!!python/object:os.system x", "!!set {a}", "!!map [a]"),
        *(
            "!!seq {a: b}",
            "!!omap [a: b]",
            "!<tag:example.com,2000:x> y",
            "!!int 99999999999999999999",
        ),
    ],
)
def test_tags_that_are_not_read(text: str) -> None:
    assert fault(f"k: {text}\n").code == "SCH007"


@both_parsers
def test_tags_that_say_what_is_there() -> None:
    text = "--- !!map\n!!str a: !!seq [1]\n! b: !!map {c: d}\n"
    assert value(text) == {"a": [1], "b": {"c": "d"}}
    assert fault("!!int 1: a\n").code == "SCH007"


# ------------------------------------------------------------------------------ keys and merging


@both_parsers
def test_keys_are_text_as_written() -> None:
    assert value("1: a\ntrue: b\n~: c\n1.50: d\n'': e\n2026-01-01: f\n&x g: h\n? i\n: j\n") == {
        "1": "a",
        "true": "b",
        "~": "c",
        "1.50": "d",
        "": "e",
        "2026-01-01": "f",
        "g": "h",
        "i": "j",
    }
    assert value("{a, b: }") == {"a": None, "b": None}
    long = "k" * 100
    assert value(f"{long}: 1") == {long: 1}


@both_parsers
def test_anchored_key_can_be_used_as_a_value() -> None:
    assert value("&x name: &y 1\nother: [*x, *y]\n") == {"name": 1, "other": ["name", 1]}


@both_parsers
def test_duplicate_keys() -> None:
    documents, faults = parse(b"a: 1\nb: {c: 1, d: 2, 'c': 3}\na: 2\n")
    assert [(f.code, f.line, f.column) for f in faults] == [("SCH006", 2, 17), ("SCH006", 3, 1)]
    assert documents[0].data == {"a": 2, "b": {"c": 3, "d": 2}}


@both_parsers
def test_merge_keys() -> None:
    assert value("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")["b"] == {"x": 1, "y": 3}
    assert value("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n")["b"] == {"x": 1, "y": 3}
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}\nd: {<<: *a, <<: *b}\n"
    assert value(text)["c"] == {"x": 1, "y": 2, "z": 3}
    assert value(text)["d"] == {"x": 1, "y": 2}
    assert value("a: {<<: {b: 1}, <<: []}") == {"a": {"b": 1}}
    assert value("a: {'<<': 1}") == {"a": {"<<": 1}}
    nested = "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n"
    assert value(nested)["c"] == {"x": 1, "y": 2}


@both_parsers
@pytest.mark.parametrize("text", ["{<<: 1}", "{<<: [{a: b}, 1]}", "{<<: }", "{<<: [[{a: b}]]}"])
def test_only_mappings_are_merged(text: str) -> None:
    assert fault(text).code == "SCH007"


@both_parsers
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: *b\n", 1, 4),
        ("a: &a\n  b: *a\n", 2, 6),
        ("a: &a [1, *a]\n", 1, 11),
        ("&r [*r]", 1, 5),
        ("? {a: b}\n: c\n", 1, 3),
        ("? [a]\n: c\n", 1, 3),
        ("a: &a b\n*a : c\n", 2, 1),
        ("x: &a 1\n---\ny: *a\n", 3, 4),
    ],
)
def test_what_cannot_be_a_value(text: str, line: int, column: int) -> None:
    documents, faults = parse(text.encode())
    assert [(f.code, f.line, f.column) for f in faults] == [("SCH007", line, column)]
    assert len(documents) == text.count("---")


@both_parsers
def test_anchor_may_be_set_again() -> None:
    assert value("[&a 1, *a, &a 2, *a]") == [1, 1, 2, 2]


# ------------------------------------------------------------------------------------- documents


@both_parsers
def test_documents() -> None:
    text = "# first\n---\n# of a\na: 1\n---\n...\n---\n- b\n--- c\n---\n"
    documents, faults = parse(text.encode())
    assert faults == []
    assert documents == [
        Document({"a": 1}, 4, 0),
        Document(None, 5, 1),
        Document(["b"], 8, 2),
        Document("c", 9, 3),
        Document(None, 10, 4),
    ]


@both_parsers
@pytest.mark.parametrize("text", [b"", b"\n\n", b"# only a comment", b"\xef\xbb\xbf", b"   \n"])
def test_no_document(text: bytes) -> None:
    assert parse(text) == ([], [])


@both_parsers
def test_documents_before_a_fault_are_kept() -> None:
    documents, faults = parse(b"a: 1\n---\nb: [\n")
    assert [document.data for document in documents] == [{"a": 1}]
    assert [found.code for found in faults] == ["SCH005"]


# --------------------------------------------------------------------------------- cost and limits


def test_size() -> None:
    full = b"a: " + b"x" * (MAX_BYTES - 3)
    assert value(full) == {"a": "x" * (MAX_BYTES - 3)}
    assert fault(full + b"x").code == "SCH003"


@both_parsers
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? - "])
def test_depth(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}"}.get(opening, "")
    levels = MAX_DEPTH // 2 if opening == "? - " else MAX_DEPTH
    if opening != "? - ":
        value(opening * levels + "1" + closing * levels)
    found = fault(opening * (levels + 1) + "1" + closing * (levels + 1))
    assert found.code == ("SCH007" if opening == "? - " else "SCH003")


def test_depth_of_a_whole_file_of_brackets() -> None:
    assert fault(b"[" * MAX_BYTES).code == "SCH003"
    assert fault(b"{a: " * (MAX_BYTES // 4)).code == "SCH003"
    assert fault(b"- " * (MAX_BYTES // 2)).code == "SCH003"


def test_nodes() -> None:
    # a start and an end of the stream, the document and the list; the rest are items
    items = MAX_NODES - 6
    assert len(value(b"[" + b"1," * items + b"]")) == items
    found = fault(b"[" + b"1," * (items + 1) + b"]")
    assert found.code == "SCH003"
    assert "100,000" in found.message


def test_billion_laughs() -> None:
    lines = ['a0: &a0 ["lol"]']
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 50)]
    assert fault("\n".join(lines)).code == "SCH003"


def test_billion_laughs_by_merging() -> None:
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 50)]
    assert fault("\n".join(lines)).code == "SCH003"


def test_quadratic_aliases() -> None:
    text = "a: &a [" + "x," * 1000 + "]\nb: [" + "*a," * 1000 + "]\n"
    assert fault(text).code == "SCH003"
    assert len(value("a: &a [" + "x," * 200 + "]\nb: [" + "*a," * 200 + "]\n")["b"]) == 200


def test_aliases_of_long_text_cost_nothing() -> None:
    text = "a: &a " + "x" * 500_000 + "\nb: [" + "*a," * 50_000 + "]\n"
    assert len(value(text)["b"]) == 50_000


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH])
def test_deep_aliases(levels: int) -> None:
    """Each alias is one level deeper than the last: the value is as deep as if it was written."""
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, levels)]
    documents, faults = parse("\n".join(lines).encode())
    if levels < MAX_DEPTH:
        assert faults == []
        return
    assert [found.code for found in faults] == ["SCH003"]
    assert documents == []


def test_deep_alias_inside_a_deep_place() -> None:
    deep = "[" * 40 + "x" + "]" * 40
    text = f"a: &a {deep}\nb: {'[' * 40}*a{']' * 40}\n"
    assert fault(text).code == "SCH003"
    assert value(f"a: &a {deep}\nb: {'[' * 20}*a{']' * 20}\n")


def test_many_faults_end() -> None:
    documents, faults = parse(b"a: 1\n" * 40_000)
    assert documents[0].data == {"a": 1}
    assert len(faults) == 39_999


# -------------------------------------------------------------------------------- bytes and places


@both_parsers
def test_byte_order_mark() -> None:
    assert value(b"\xef\xbb\xbfname: a\n") == {"name": "a"}
    data = b"\xef\xbb\xbfname: a\x07\n"
    found = fault(data)
    assert (found.code, found.line) == ("SCH005", 1)
    assert Locator(data).line(1) == "name: a\x07"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_other_encodings(encoding: str) -> None:
    found = fault("name: é\n".encode(encoding))
    assert found.code in ("SCH004", "SCH005")
    assert ("UTF-16" in (found.hint or "")) == (encoding in ("utf-16", "utf-32"))


def test_not_utf8_has_a_place() -> None:
    found = fault(b"name: a\nd\xc3\xa9: \xff\n")
    assert (found.code, found.line, found.column) == ("SCH004", 2, 5)


@pytest.mark.parametrize("character", ["\0", "\x01", "\x07", "\x1b", "\x7f", "\x80", "\ufffe"])
def test_control_characters(character: str) -> None:
    found = fault(f"a: 1\né: x{character}y\n")
    assert (found.code, found.line, found.column) == ("SCH005", 2, 5)


@both_parsers
@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r", "\x85"])
def test_line_breaks(separator: str) -> None:
    text = separator.join(["a: 1", "b: |", "  x", "  y", "c: *d", ""]).encode()
    found = fault(text)
    assert (found.code, found.line, found.column) == ("SCH007", 5, 4)
    assert Locator(text).line(5) == "c: *d"


@both_parsers
def test_unusual_line_breaks_inside_text() -> None:
    text = "a: 'x\u2028y\u2029z'\nb: *c\n".encode()
    found = fault(text)
    assert found.code == "SCH007"
    assert Locator(text).line(found.line) == "b: *c"


def test_tabs_between_tokens() -> None:
    assert value("a:\t1\nb: [1,\t2]\n") == {"a": 1, "b": [1, 2]}


@both_parsers
def test_tabs() -> None:
    found = fault("a:\n\tb: 1\n")
    assert (found.code, found.line) == ("SCH005", 2)
    assert found.hint is not None
    assert "spaces" in found.hint


@both_parsers
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('a: "b\n', 1, 4),
        ("a: 'b\nc: d\n", 1, 4),
        ("a: @b\n", 1, 4),
        ("a: b: c\n", 1, 5),
        ("a: ]\n", 1, 4),
        ("%YAML 2.0\n---\na: b\n", 1, 1),
        ("a: !x!y z\n", 1, 4),
        ("%TAG ! a\n%TAG ! b\n---\na\n", 2, 1),
    ],
)
def test_not_yaml(text: str, line: int, column: int) -> None:
    found = fault(text)
    assert (found.code, found.line, found.column) == ("SCH005", line, column)


def test_parser_errors_without_a_place() -> None:
    error = yaml.MarkedYAMLError(problem="odd")
    assert yaml_loader._syntax(b"", error) == Fault("SCH005", "not valid YAML: odd")
    assert yaml_loader._syntax(b"", yaml.MarkedYAMLError()).message == (
        "not valid YAML: not readable as YAML"
    )


# ----------------------------------------------------------------------------------------- marks


@both_parsers
def test_places() -> None:
    text = (
        "ключ: {é: [1, '日本', x]}\n"
        + "block: |\n"
        + "  text\n"
        + "empty:\n"
        + "list:\n"
        + "- a: 1\n"
        + "- &anchor b\n"
        + "- {<<: {x: 1}, y: *anchor}\n"
        + "---\n"
        + "ключ: 2\n"
    )
    locator = Locator(text.encode())

    def span(*path: str | int, document: int = 0, on_key: bool = False) -> Span:
        return locator.find(document, path, on_key=on_key)

    assert span("ключ", on_key=True) == Span(1, 1, 5)
    assert span("ключ", "é", on_key=True) == Span(1, 8, 9)
    assert span("ключ", "é", 0) == Span(1, 12, 13)
    assert span("ключ", "é", 1) == Span(1, 15, 19)
    assert span("ключ", "é", 1, on_key=True) == Span(1, 15, 19)
    # a value of several lines, an empty one, and one that is not there: their key
    assert span("block") == Span(2, 1, 6)
    assert span("empty") == Span(4, 1, 6)
    assert span("list", 5, "z") == Span(5, 1, 5)
    assert span("list", 9) == Span(5, 1, 5)
    assert span("list") == Span(6, 1, 2)
    assert span("list", 0, "a") == Span(6, 6, 7)
    assert span("list", 1) == Span(7, 3, 12)
    assert span("list", 2, "y") == Span(8, 19, 26)
    assert span("list", 2, "x") == Span(5, 1, 5)
    assert span("list", 2, "<<", "x") == Span(8, 12, 13)
    assert span("nowhere", "at all") == Span(1, 1)
    assert span("ключ", document=1) == Span(10, 7, 8)
    assert span("ключ", document=7) == Span(1, 1)


def test_marks_and_documents_agree() -> None:
    """Parsing for places gives the same documents."""
    text = b"a: &a {b: [1, {c: d}]}\ne: {<<: *a, f: *a}\n"
    marks = Marks()
    assert parse(text, marks) == parse(text)
    assert {path for _, path in marks.keys} == {
        ("a",),
        ("a", "b"),
        ("a", "b", 1, "c"),
        ("e",),
        ("e", "f"),
    }


def test_lines() -> None:
    locator = Locator(b"a\r\nb\n\nc")
    assert [locator.line(number) for number in range(6)] == [None, "a", "b", "", "c", None]
    assert locator.excerpt(9) is None
    assert locator.excerpt(2) == "b"
    assert locator.excerpt(2, secret=True) == "****"
