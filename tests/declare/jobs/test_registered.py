"""Registered components, as a target says what they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers import write

from reconciler.declare.jobs.registered import read_reference
from reconciler.declare.jobs.self_contained import self_contained
from reconciler.declare.jobs.step_places import place_in_files
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.model import JobDefinition

SCHEDULE = """\
name: nightly
trigger: {type: cron, expression: "0 5 * * *"}
create_job: ./job.yml
"""
JOB = """\
type: pipeline
jobs:
  prepare:
    component: azureml:prepare:2
    inputs: {rows: 5}
  train:
    type: pipeline
    component: azureml://registries/shared/components/train/labels/latest
    inputs: {data: "${{parent.jobs.prepare.outputs.data}}"}
  tell:
    component: azureml:tell@latest
"""
PREPARE = """\
name: prepare
version: 2
code: ./src
inputs: {rows: {type: integer}}
outputs: {data: {type: uri_folder}}
command: python prepare.py ${{inputs.rows}} ${{outputs.data}}
"""
TRAIN = """\
type: pipeline
inputs: {data: {type: uri_folder}}
jobs:
  fit: {component: ./fit.yml, inputs: {data: "${{parent.inputs.data}}"}}
  more: {component: "azureml:prepare@latest", inputs: {rows: 1}}
"""
FIT = "inputs: {data: {type: uri_folder}}\ncommand: ls ${{inputs.data}}\n"
FILES = {
    "schedules/s.yml": SCHEDULE,
    "schedules/job.yml": JOB,
    "parts/prepare.yml": PREPARE,
    "parts/src/prepare.py": "1\n",
    "parts/train.yml": TRAIN,
    "parts/fit.yml": FIT,
}
ALL = {"prepare": "parts/prepare.yml", "train": "parts/train.yml"}


def read(root: Path, components: dict[str, str] | None = None, **files: str) -> Declarations:
    """In a target without components, too."""
    root = root.resolve()
    write(root, FILES | {name.replace("__", "/") + ".yml": text for name, text in files.items()})
    paths = {name: str(root / path) for name, path in (components or ALL).items()}
    return read_declarations(
        ["schedules"],
        base=root,
        root=root,
        targets=[TargetSettings("azure"), TargetSettings("here", components=paths)],
        known_targets=["azure", "here"],
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def definitions(found: Declarations) -> tuple[JobDefinition, JobDefinition]:
    assert [str(problem) for problem in found.problems] == []
    azure, here = (schedule.job.definition for schedule in found.schedules)
    assert azure is not None
    assert here is not None
    return azure, here


def problems(found: Declarations) -> list[tuple[str, str, str]]:
    return [(problem.path, problem.json_path, problem.message) for problem in found.problems]


def test_they_take_the_place_of_their_steps(tmp_path: Path) -> None:
    azure, here = definitions(read(tmp_path))
    assert (azure.registered, azure.components, azure.snapshots) == ({}, {}, {})
    assert list(here.components) == ["parts/fit.yml", "parts/prepare.yml", "parts/train.yml"]
    assert list(here.snapshots) == ["parts/src"]
    made = self_contained(here)
    steps = made.document["jobs"]
    assert list(steps) == ["prepare", "tell", "train.fit", "train.more"]
    assert steps["prepare"]["code"] == "../parts/src"
    assert made.code == {"../parts/src": "parts/src"}
    assert steps["train.fit"]["inputs"]["data"]["value"] == "${{parent.jobs.prepare.outputs.data}}"
    assert steps["tell"] == {"component": "azureml:tell@latest"}
    place = place_in_files(("jobs", "train.more", "command"), here)
    assert (place.path, place.keys) == ("parts/prepare.yml", ("command",))


def test_the_version_is_made_of_them_too(tmp_path: Path) -> None:
    azure, here = definitions(read(tmp_path))
    same = definitions(read(tmp_path))
    assert [one.digest for one in same] == [azure.digest, here.digest]
    changed = definitions(read(tmp_path, parts__fit=FIT.replace("ls", "ls -l")))
    assert changed[0].digest == azure.digest
    assert changed[1].digest != here.digest
    (tmp_path / "parts/src/more.py").write_text("2\n")
    again = definitions(read(tmp_path))
    assert again[0].digest == azure.digest
    assert again[1].digest not in (here.digest, changed[1].digest)


def test_what_is_wrong_with_them(tmp_path: Path) -> None:
    old = PREPARE.replace("version: 2", "version: 3")
    found = read(tmp_path, {**ALL, "tell": "parts/tell.yml"}, parts__prepare=old)
    path = "schedules/job.yml"
    what = 'the component "prepare" has the version 3 here, not 2'
    assert problems(found) == [
        (path, "jobs.prepare.component", what),
        (path, "jobs.tell.component", 'the component file "parts/tell.yml" does not exist'),
    ]
    job = JOB.replace("rows: 5", "row: 5")
    assert problems(read(tmp_path, parts__prepare=PREPARE, schedules__job=job)) == [
        (path, "jobs.prepare.component", 'the input "rows" of the component has no value'),
        (path, "jobs.prepare.inputs.row", 'the component has no input "row"'),
    ]
    assert [p.code for p in read(tmp_path, parts__prepare="x: [").problems] == ["SCH056"] * 2
    broken = PREPARE.replace("command:", "comand:")
    found = read(tmp_path, parts__prepare=broken, schedules__job=JOB)
    assert ("parts/prepare.yml", "comand", '"command" is missing') in problems(found)


def test_a_text_for_data_is_a_path(tmp_path: Path) -> None:
    write(tmp_path, {"data/a.csv": "1"})
    bound = 'data: "${{parent.jobs.prepare.outputs.data}}"'
    job = JOB.replace(bound, "data: ../data")
    _, here = definitions(read(tmp_path, schedules__job=job))
    assert list(here.snapshots) == ["data", "parts/src"]
    made = self_contained(here)
    assert made.document["jobs"]["train.fit"]["inputs"]["data"]["path"] == "../data"
    assert made.code == {"../data": "data", "../parts/src": "parts/src"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("azureml:a:1", ("a", "1")),
        ("azureml:a@latest", ("a", None)),
        ("azureml:a", ("a", None)),
        ("azureml://registries/r/components/a/versions/1", ("a", "1")),
        ("azureml://registries/r/components/a/labels/latest", ("a", None)),
        (
            "azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
            "/workspaces/w/components/a/versions/1",
            ("a", "1"),
        ),
        ("azureml://registries/r/models/a/versions/1", None),
        ("azureml:a:1:2", None),
        ("./a.yml", None),
    ],
)
def test_references(text: str, found: tuple[str, str | None] | None) -> None:
    assert read_reference(text) == found


def test_a_component_that_runs_itself_by_its_registered_name(tmp_path: Path) -> None:
    ring = 'type: pipeline\njobs:\n  a: {component: "azureml:prepare@latest"}\n'
    found = read(tmp_path, parts__prepare=ring, parts__train=ring)
    [(path, place, what)] = [one for one in problems(found) if "itself" in one[2]]
    assert (path, place) == ("parts/prepare.yml", "jobs.a.component")
    assert what == '"azureml:prepare@latest" runs itself, by way of its steps'
