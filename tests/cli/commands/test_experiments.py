"""`reconciler experiments list`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from helpers import invoke
from serving import workspace


def test_runs_by_experiment(tmp_path: Path) -> None:
    repo = workspace(tmp_path)
    for name in ("greet", "greet", "steps"):
        last = invoke(repo, "trigger", name).out.splitlines()[0]
    invoke(repo, "runs", "cancel", last)
    shown = re.sub(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<when>", invoke(repo, "experiments", "list").out
    )
    assert shown == (
        "EXPERIMENT  RUNS  NEWEST      AT (UTC)\n"
        "greetings   2     NotStarted  <when>\n"
        "steps       1     Canceled    <when>\n"
    )
    found = json.loads(invoke(repo, "experiments", "list", "--format", "json").out)
    assert [(one["name"], one["runs"], one["newest_status"]) for one in found["experiments"]] == [
        ("greetings", 2, "NotStarted"),
        ("steps", 1, "Canceled"),
    ]
