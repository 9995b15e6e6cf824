"""`reconciler experiments list`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fakes.arm import StandIn
from helpers import environment, invoke, run, write
from providers.azureml.opened import config_of
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


def test_in_azure(tmp_path: Path) -> None:
    """Of all jobs, page by page; what Azure has not is said."""
    made = datetime(2026, 11, 1, tzinfo=UTC)
    with StandIn(jobs={"train"}, page_size=2) as arm:
        write(tmp_path, {"reconciler.yaml": config_of(arm)})
        env = environment(AZURE_ACCESS_TOKEN=arm.settings.token)
        for at in range(5):
            shown = {"jobType": "Pipeline", "experimentName": "odd" if at % 2 else "even"}
            ended = "Failed" if at == 3 else "Completed"
            arm.jobs.add(f"job-{at}", shown, made + timedelta(hours=at), ended)
        assert run(tmp_path, "experiments", "list", env=env).out == (
            "EXPERIMENT  RUNS  NEWEST     AT (UTC)\n"
            "even        3     Completed  2026-11-01 04:00:00\n"
            "odd         2     Failed     2026-11-01 03:00:00\n"
        )
        pipelines = run(tmp_path, "pipelines", "list", env=env)
        assert (pipelines.code, pipelines.out) == (1, "")
        assert "Azure keeps no pipelines by name" in pipelines.err
        pruned = run(tmp_path, "runs", "prune", "--keep", "1", env=env)
        assert (pruned.code, "are not removed from here" in pruned.err) == (1, True)
        assert len(arm.jobs.made) == 5
        assert arm.violations == []
