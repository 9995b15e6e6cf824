"""Which plain scalars get a second look: all that PyYAML reads otherwise, and little else."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from reconciler.declare.checking import two_readings as module
from reconciler.declare.checking.two_readings import two_readings
from reconciler.declare.reading.yaml_loader import resolve_plain

DIGITS = "0127_:.eE+-oxb"


def scalars() -> Iterator[str]:
    for length in range(1, 4):
        yield from map("".join, itertools.product(DIGITS, repeat=length))
    rng = random.Random(19)
    for _ in range(5_000):
        yield "".join(rng.choice(DIGITS + "0000111223456789") for _ in range(rng.randrange(4, 10)))


def plain(text: str) -> Any:
    """PyYAML's reading of a plain scalar; None where it is none, or a date."""
    try:
        events = list(yaml.parse(f"k: {text}"))
        read = yaml.safe_load(f"k: {text}")["k"]
    except (yaml.YAMLError, ValueError, TypeError, KeyError):
        return None
    whole = len(events) == 8 and getattr(events[4], "value", None) == text
    return read if whole and isinstance(read, str | int | float) else None


def test_nothing_that_is_read_otherwise_or_loses_characters_is_overlooked() -> None:
    looked = 0
    for text in scalars():
        here, there = resolve_plain(text), plain(text)
        loses = not isinstance(here, str) and str(here) != text
        if there is not None and (loses or repr(here) != repr(there)):
            looked += 1
            for written in (f"tags: {{a: {text}}}\n", f"tags:\n  a: {text}\n", f"tags: [{text} ]"):
                assert module._SOME.search(written), written
    assert looked > 500


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: -15\nc: [1, 2, 30]\nd: 0.08504\ne: -2.5\nf: 1.0\ng: 0\n",
        "a: churn-00004\nb: cc-010\nc: '010'\nd: \"no\"\ne: v1_000\n",
        "a: 2026-01-01\nb: 2026-01-01T10:00:00\nc: 18:00 or later\nd: /a/b:1\n",
        "a: notes on off-days\nb: no way\nc: azureml:j:1\nd: ./no.yml\n",
    ],
)
def test_what_is_read_alike_takes_no_second_look(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_tree", None)
    assert two_readings(text.encode(), "a.yaml") == []
