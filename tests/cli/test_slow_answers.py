"""What is said while a target does not answer."""

from __future__ import annotations

import pytest

from reconciler.cli.output import SlowAnswers


def test_what_is_waited_for_is_said_at_times(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    heard = SlowAnswers(lambda: now)
    heard("prod", "retry")  # of whose beginning nothing was heard
    for after, what in (
        (0, "GET"),
        (2, "retry"),
        (0, "GET"),
        (60, "retry"),  # said
        (0, "GET"),
        (60, "throttled"),  # said
        (0, "GET"),
        (19, "retry"),
        (0, "GET"),
        (30, "retry"),  # said
    ):
        now += after
        heard("prod", what)
    heard("other", "retry")
    assert capsys.readouterr().err.splitlines() == [
        "prod: no answer for 60 s; it is asked again",
        "prod: no answer for 60 s; it is asked again",
        "prod: no answer for 30 s; it is asked again",
        "other: no answer for 30 s; it is asked again",
    ]
