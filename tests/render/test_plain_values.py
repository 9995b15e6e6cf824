"""Values on a line are those of JSON, however they are made."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.field_lines import facts_of
from reconciler.render.plain_text import inert, printable, value

_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["", "****"])
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(_VALUES)
def test_a_value_is_what_json_makes_of_it(content: object) -> None:
    whole = "(none)" if content is None else printable(json.dumps(content, ensure_ascii=False))
    assert value(content) == whole


@pytest.mark.parametrize("content", [10**30, -0.0, 1e300, 1.5e-9, float("inf"), float("nan"), True])
def test_numbers_are_those_of_json(content: object) -> None:
    assert value(content) == json.dumps(content)


@given(st.text(alphabet=": a\t", max_size=8))
def test_a_line_is_no_command(line: str) -> None:
    assert not inert(line).lstrip().startswith("::")
    if not line.lstrip().startswith("::"):
        assert inert(line) == line


def test_facts_are_those_of_every_kind_of_value() -> None:
    schedule = {"a": None, "name": "x", "m": {"n": None, "e": {}, "l": [1], "s": "x" * 400}, "t": 0}
    assert facts_of(schedule) == [
        ("m.n", "(none)"),
        ("m.e", "{}"),
        ("m.l", "[1]"),
        ("m.s", '"' + "x" * 296 + "..."),
        ("t", "0"),
    ]
