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
