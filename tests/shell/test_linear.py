"""Reading a command takes time in proportion to its length, whatever is in it."""

from __future__ import annotations

import time

import pytest

from reconciler.shell.assessment import assess
from reconciler.shell.binding import bind
from reconciler.shell.values import names_in, why_unsafe

PIECES = [
    "(",
    "(((((",
    "$(",
    "$((",
    "${",
    "`",
    "'",
    '"',
    "$[[",
    "]]",
    "${{",
    "${{x}}",
    "case;",
    "<<E",
    "<<E⏎",
    "{⏎",
    "[[",
    "$[[${{x}}",
    "a=(",
    "if⏎",
    "exec_",
    "--",
    "${a:-",
    "\\",
    "#",
    "$'",
    "a[",
    "a(",
    "<(",
    ">&",
    "!_",
    '"$(',
    ";;",
    "case_a_in_",
    "f(){⏎",
    "${a#'",
    "trap_'",
    "xargs_",
    "nohup_",
    "env_",
    "a=",
    "&",
    "|",
    "-a.",
    "\\⏎",
    "%%n",
    "*",
]


def seconds(piece: str, length: int) -> float:
    """CPU time to read a command made of one piece again and again."""
    command = (piece * (length // len(piece) + 1))[:length]
    began = time.process_time()
    script = bind(command, lambda _: "V")
    assess(script, ["V"])
    names = names_in(script)
    why_unsafe(command, names)
    return time.process_time() - began


@pytest.mark.parametrize("piece", PIECES)
def test_reading_is_linear(piece: str) -> None:
    """Four times the length takes about four times as long; quadratic, it would be sixteen."""
    piece = piece.replace("⏎", "\n").replace("_", " ")
    short = max(min(seconds(piece, 8_000) for _ in range(2)), 0.004)
    assert min(seconds(piece, 32_000) for _ in range(2)) < 10 * short
