"""Arguments that no shell can pass, called inside this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import invoke, repository


@pytest.mark.parametrize(
    "line",
    [
        ["validate", "a\0b"],
        ["plan", "--config", "a\0b"],
        ["plan", "--target", "a\0b"],
        ["plan", "--adopt", "a\0b"],
        ["schedules", "show", "a\0b"],
        ["pipelines", "show", "a\0b"],
        ["pipelines", "publish", "a\0b"],
        ["init", "a\0b"],
        ["explain", "a\0b"],
    ],
    ids=lambda line: " ".join(line[:2]),
)
def test_nul(tmp_path: Path, line: list[str]) -> None:
    repository(tmp_path, "a")
    assert invoke(tmp_path, *line, code=None).code in (1, 2)


@pytest.mark.parametrize(
    "line", [["import"], ["validate"], ["plan", "--out"], ["schedules", "show"]]
)
def test_a_name_that_no_file_can_have(tmp_path: Path, line: list[str]) -> None:
    repository(tmp_path, "a")
    for name in ("9" * 400, "\U0001f600" * 77):
        assert invoke(tmp_path, *line, name, code=None).code in (1, 2)
