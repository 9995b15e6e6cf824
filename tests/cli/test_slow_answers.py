"""What is said while a target does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import invoke, repository

from reconciler.cli.output import SlowAnswers

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  one: {provider: local, workspace: one.db}
  two: {provider: local, workspace: two.db}
"""


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


def test_of_several_targets_an_error_says_which(tmp_path: Path) -> None:
    repository(tmp_path, "a", config=CONFIG)
    (tmp_path / "two.db").write_bytes(b"no database at all, but long enough to be one" * 40)
    said = invoke(tmp_path, "plan", "--target", "all", code=1).err
    assert said.startswith("error: two: list: ")
    alone = invoke(tmp_path, "plan", "--target", "two", code=1).err
    assert alone.startswith("error: list: ")
