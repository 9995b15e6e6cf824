"""All problems in one run: what is wrong with one part of a document hides nothing of another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from helpers import write
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings

JOB = {
    "type": "pipeline",
    "inputs": {"a": 1},
    "jobs": {"s": {"command": "echo", "inputs": {"x": 1}}},
}
COMPONENT = {
    "name": "part",
    "version": 1,
    "type": "command",
    "inputs": {"x": {"type": "string"}},
    "outputs": {"o": {"type": "uri_folder"}},
    "command": "echo ${{inputs.x}}",
}
Document = dict[str, Any]


def sound() -> Document:
    return {
        "name": "a",
        "trigger": {"type": "cron", "expression": "0 6 * * *", "time_zone": "UTC"},
        "create_job": {"job": "./job.yml", "inputs": {"a": 2}},
        "tags": {"team": "ml"},
    }


def put(*path: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        owner = document
        for key in path[:-1]:
            owner = owner[key]
        owner[path[-1]] = value

    return change


def without(*path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        owner = document
        for key in path[:-1]:
            owner = owner[key]
        del owner[path[-1]]

    return change


# Each is about a place of its own: none of them takes another away.
OF_SCHEDULES = {
    "retries": put("retries", value=3),
    "name": without("name"),
    "is_enabled": put("is_enabled", value="maybe"),
    "expression": put("trigger", "expression", value="61 6 * * *"),
    "time_zone": put("trigger", "time_zone", value="Europe/Lisbonn"),
    "start_time": put("trigger", "start_time", value="tomorrow"),
    "every": put("trigger", "every", value=1),
    "input": put("create_job", "inputs", "b", value=1),
    "jobs": put("create_job", "cluster", value="x"),
    "display_name": put("display_name", value=5),
}
OF_JOBS = {
    "retry": put("retry", value=1),
    "step key": put("jobs", "s", "timeout", value=5),
    "command": put("jobs", "s", "command", value="echo ${{inputs.y}}"),
    "binding": put("jobs", "s", "inputs", "x", value="${{parent.inputs.z}}"),
    "code": put("jobs", "s", "code", value="./nothing"),
    "limits": put("jobs", "s", "limits", value={"timeout": -1}),
    "second": put("jobs", "t", value={"component": "./gone.yml"}),
    "description": put("description", value=["x"]),
}


OF_COMPONENTS = {
    "retry": put("retry", value=1),
    "tags": put("tags", value="x"),
    "command": put("command", value="echo ${{inputs.y}} ${{outputs.o}}"),
    "code": put("code", value="./nothing"),
    "conda": put("environment", value={"image": "x", "conda_file": "./nothing.yml"}),
    "includes": put("additional_includes", value=["./nothing"]),
    "variable": put("environment_variables", value={"A": "${{outputs.zz}}"}),
    "is_deterministic": put("is_deterministic", value="perhaps"),
}


def errors(
    folder: Path, schedule: Document, job: Document, component: Document | None = None
) -> list[str]:
    write(folder, {"a.yaml": yaml.safe_dump(schedule), "job.yml": yaml.safe_dump(job)})
    if component is not None:
        write(folder, {"part.yml": yaml.safe_dump(component)})
    found = read_declarations(
        ["."],
        base=folder,
        root=folder,
        targets=[TargetSettings("local")],
        known_targets=["local"],
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return [f"{p.path}:{p.json_path} {p.message}" for p in found.problems if p.severity == "error"]


@settings(deadline=None)  # files are written; how fast is not what is asked
@given(
    st.sets(st.sampled_from(sorted(OF_SCHEDULES))),
    st.sets(st.sampled_from(sorted(OF_JOBS))),
    st.sets(st.sampled_from(sorted(OF_COMPONENTS))),
)
def test_as_many_problems_as_mistakes(
    tmp_path_factory: Any, of_schedule: set[str], of_job: set[str], of_component: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("all").resolve()
    schedule, job = sound(), yaml.safe_load(yaml.safe_dump(JOB))
    for name in sorted(of_schedule):
        OF_SCHEDULES[name](schedule)
    for name in sorted(of_job):
        OF_JOBS[name](job)
    component = yaml.safe_load(yaml.safe_dump(COMPONENT))
    job["jobs"]["run"] = {"component": "./part.yml", "inputs": {"x": 1}}
    # Both are about the code: what is added to code that is not there is not looked at.
    of_component = of_component - ({"code"} if "includes" in of_component else set())
    for name in sorted(of_component):
        OF_COMPONENTS[name](component)
    found = errors(folder, schedule, job, component)
    assert len(found) == len(of_schedule) + len(of_job) + len(of_component), found
