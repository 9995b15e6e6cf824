"""Text that is found to be plain is text of which masking makes no other."""

from __future__ import annotations

import random

import pytest
from credentials import SHAPES, made
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.masking.commands import _AFTER, _PROGRAMS, _SAYS, _SETS
from reconciler.masking.plain import is_plain
from reconciler.masking.text import _without_credentials

_WORDS = (
    *(
        "the",
        "model",
        "Keeps",
        "train",
        "x",
        "7",
        "90210",
        "cc-9134",
        "v1.2",
        "fresh.",
        "is",
        "was",
    ),
    *("for", "by", "password", "pwd", "passe", "secret", "token", "key", "sas", "SAS", "DB_SAS"),
    *(
        "auth",
        "jwt",
        "dsn",
        "pat",
        "api-key",
        "x-key",
        "identified",
        "masterauth",
        "bearer",
        "Basic",
    ),
    *("cookie", "authorization", "connection", "string", "hunter2", "Hunter2x9", "dXNlcjpwYXNz"),
    *("08:30", "2026-01-02T03:04:05", "*/5", "*", "1-5", "Europe/Lisbon", "America/New_York"),
    *("-p", "--sas", "-u", "a--sas", "/p", "ey", "eyJ", "AP", "AKC", "xoxb-1", "xapp-1", "ya29."),
    *sorted(_PROGRAMS | _SETS | _SAYS | _AFTER),
)
_BETWEEN = (" ", " ", " ", ", ", ",", "  ", "-", "_", ".", "/", ":", ": ", "=", " (", ")", "")


def _cut(seed: int, length: int) -> str:
    """What a key of a service may begin with, or be where it is short."""
    chosen = random.Random(seed)
    return made(chosen.choice(list(SHAPES.values())), chosen)[:length]


_PIECES = st.one_of(
    st.sampled_from(_WORDS),
    st.sampled_from(_WORDS).map(str.upper),
    st.from_regex(r"[A-Za-z0-9_.-]{1,16}", fullmatch=True),
    st.builds(_cut, st.integers(0, 10_000), st.integers(3, 17)),
)


@settings(max_examples=1_000, deadline=None)
@given(st.lists(st.tuples(_PIECES, st.sampled_from(_BETWEEN)), max_size=9))
@example([("vault", " "), ("login", " "), ("hunter2", "")])
@example([("set", " "), ("DB_SAS", " "), ("hunter2", "")])
@example([("ya29.", ""), ("a123456789", "")])
def test_nothing_that_is_plain_is_masked(pieces: list[tuple[str, str]]) -> None:
    text = "".join(piece + between for piece, between in pieces)
    if is_plain(text):
        assert _without_credentials(text) == text


@pytest.mark.parametrize("seed", range(10))
def test_no_key_of_a_service_is_plain(seed: int) -> None:
    chosen = random.Random(seed)
    for shape in SHAPES.values():
        key = made(shape, chosen)
        if _without_credentials(key) != key:
            assert not is_plain(key), key


@pytest.mark.parametrize(
    "text",
    [
        *("", "churn-ads-00004", "churn-ads", "cc-9134", "2026-03-20T06:00:00", "30 5 * * 1-5"),
        *("*/15 0-7,20 1 * *", "Europe/Lisbon", "Keeps the churn model fresh, variant 990569"),
        "every 4 weeks on Monday, Wednesday and Thursday at 05:20, 06:20 and 13:30",
        "at 18:30 on the 1st, 15th and 31st (UTC)",
    ],
)
def test_what_schedules_say_is_plain(text: str) -> None:
    assert is_plain(text)
