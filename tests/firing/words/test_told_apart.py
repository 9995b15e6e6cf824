"""The words of triggers: by them one is told from any other, and can be written again."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from firing.words import made
from firing.words.plain import outline
from firing.words.reader import read
from reconciler.firing.words.trigger_words import describe
from reconciler.model import Cron, Trigger

CREATED = (
    datetime(2026, 11, 23, 10, 30, 17, tzinfo=UTC),
    datetime(2027, 1, 31, 23, 59, tzinfo=UTC),
    datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
)


def words_of(trigger: Trigger) -> str:
    """Without the expression, which would make every cron's its own."""
    words = describe(trigger)
    if isinstance(trigger, Cron):
        words, expression, _ = words.partition(" (cron ")
        assert expression, words
    return words


def differs(one: Trigger, other: Trigger) -> bool:
    """Whether they ever fire at other moments, created at one of some."""
    return any(outline(one, created) != outline(other, created) for created in CREATED)


def fires_sometimes(trigger: Trigger) -> bool:
    """Not of `0 9 31 2 *`, which has no words."""
    return "(cron " in describe(trigger) if isinstance(trigger, Cron) else True


def check_pairs(seed: str, number: int) -> Counter[str]:
    """Triggers that differ in one thing, or in all; how many of them read alike."""
    rng, found = random.Random(seed), Counter[str]()
    while found["pairs"] < number:
        one = made.trigger(rng)
        other = made.another(one, rng) if rng.random() < 0.8 else made.trigger(rng)
        if one == other or not fires_sometimes(one) or not fires_sometimes(other):
            continue
        found["pairs"] += 1
        if words_of(one) == words_of(other):
            found["alike"] += 1
            assert not differs(one, other), (one, other, words_of(one))
    return found


def check_readings(seed: str, number: int) -> None:
    """What is read from the words does what the trigger does."""
    rng, done = random.Random(seed), 0
    while done < number:
        trigger = made.trigger(rng)
        if fires_sometimes(trigger):
            done += 1
            again = read(words_of(trigger))
            assert not differs(trigger, again), (trigger, words_of(trigger), again)


def test_triggers_that_differ_never_read_the_same() -> None:
    found = check_pairs("pairs", 5_000)
    assert found["alike"] > 100  # such as one folder in two spellings


def test_a_trigger_can_be_written_again_from_its_words() -> None:
    check_readings("readings", 300)


@pytest.mark.torture
def test_ten_thousand_triggers_can_be_written_again_from_their_words() -> None:
    check_readings("many readings", 10_000)
    check_pairs("many pairs", 50_000)
