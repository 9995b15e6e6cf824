"""`reconciler history acts`: what people did by hand, on this command line and elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from helpers import invoke
from serving import workspace


def test_what_is_done_here_is_told_with_who(tmp_path: Path) -> None:
    repo = workspace(tmp_path)
    assert invoke(repo, "history", "acts").out.splitlines() == [
        "WHEN (UTC)  WHO  WHAT  KIND  NAME  RUN"
    ]
    run = invoke(repo, "trigger", "greet").out.splitlines()[0]
    for arguments in (
        ("runs", "cancel", run),
        ("schedules", "disable", "greet"),
        ("schedules", "enable", "greet"),
    ):
        assert invoke(repo, *arguments).code == 0
    acts = json.loads(invoke(repo, "history", "acts", "--format", "json").out)["acts"]
    assert [(act["what"], act["kind"], act["name"], act["run"]) for act in acts] == [
        ("enable", "schedule", "greet", None),
        ("disable", "schedule", "greet", None),
        ("cancel", "run", run, run),
        ("trigger", "schedule", "greet", run),
    ]
    assert all("@" in act["who"] for act in acts)
    listed = invoke(repo, "history", "acts", "--schedule", "greet", "--limit", "1").out
    assert [line.split()[3:5] for line in listed.splitlines()[1:]] == [["enable", "schedule"]]
