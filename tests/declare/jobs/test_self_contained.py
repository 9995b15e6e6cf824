"""Component files in the place of the steps that run them, and what is bound to what then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import write

from reconciler.declare.jobs.job_document import JobFile
from reconciler.declare.jobs.job_files import JobFiles
from reconciler.declare.jobs.self_contained import SelfContained, self_contained
from reconciler.declare.reading.files import File
from reconciler.workspace.execution.run_inputs import Context
from reconciler.workspace.execution.steps import plan_run

TRAIN = """\
name: train
version: 1
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.1}
  seed: {type: integer, optional: true}
outputs:
  model: {type: uri_folder}
environment: azureml:env:1
environment_variables: {A: one, B: two}
code: ./src
command: train ${{inputs.data}} ${{inputs.rate}} $[[--seed ${{inputs.seed}}]] ${{outputs.model}}
"""


def read(root: Path, **files: str) -> JobFile:
    root = root.resolve()
    write(root, {name.replace("__", "/") + ".yml": text for name, text in files.items()})
    path = root / "jobs/job.yml"
    jobs = JobFiles(root)
    found, finding = jobs.find(File(str(path), "jobs/job.yml", str(path)), "job.yml")
    assert finding is None
    assert found is not None
    assert list(jobs.problems()) == []
    assert found.findings == ()
    return found


def made(root: Path, **files: str) -> SelfContained:
    return self_contained(read(root, **files).definition)


def run(document: Any, **given: Any) -> dict[str, tuple[str, dict[str, str], set[str]]]:
    """Of each step: its script, the values in its variables, the steps that it needs."""
    plan = plan_run(document, given, Context("r", "now"), "/run", check=False)
    return {
        step.name: (step.script, dict(step.environment), set(step.needs)) for step in plan.steps
    }


def test_a_command_component(tmp_path: Path) -> None:
    write(tmp_path, {"parts/src/train.py": "1"})
    found = made(
        tmp_path,
        jobs__job="""\
type: pipeline
inputs: {data: {type: uri_folder, path: "azureml:d:1"}, s: {type: integer, optional: true}}
jobs:
  prepare: {command: "prepare ${{outputs.o}}", outputs: {o: {type: uri_folder}}}
  fit:
    component: ../parts/train.yml
    inputs: {data: "${{parent.jobs.prepare.outputs.o}}", seed: "${{parent.inputs.s}}"}
    environment_variables: {B: three}
    limits: {timeout: 60}
  use: {command: "use ${{inputs.m}}", inputs: {m: "${{parent.jobs.fit.outputs.model}}"}}
""",
        parts__train=TRAIN,
    )
    step = found.document["jobs"]["fit"]
    assert step["code"] == "../parts/src"
    assert found.code == {"../parts/src": "parts/src"}
    assert step["limits"] == {"timeout": 60}
    assert step["environment"] == "azureml:env:1"
    script, values, needs = run(found.document)["fit"]
    assert needs == {"prepare"}
    assert "--seed" not in script
    assert values["A"] == "one"
    assert values["B"] == "three"
    assert values["RECONCILER_INPUT_data"] == "/run/outputs/prepare/o"
    assert values["RECONCILER_INPUT_rate"] == "0.1"
    script, values, needs = run(found.document, s=5)["fit"]
    assert "--seed" in script
    assert values["RECONCILER_INPUT_seed"] == "5"
    assert run(found.document)["use"][1:] == (
        {**run(found.document)["use"][1], "RECONCILER_INPUT_m": "/run/outputs/fit/model"},
        {"fit"},
    )


NESTED = """\
type: pipeline
inputs:
  raw: {type: uri_folder}
  rate: {type: number, default: 0.5}
  note: {type: string, optional: true}
outputs: {model: {type: uri_folder}, log: {type: uri_folder}}
jobs:
  clean: {command: "clean ${{inputs.x}} ${{outputs.o}}", inputs: {x: "${{parent.inputs.raw}}"},
          outputs: {o: {type: uri_folder}}}
  fit:
    component: ./train.yml
    inputs:
      data: ${{parent.jobs.clean.outputs.o}}
      rate: ${{parent.inputs.rate}}
    outputs: {model: "${{parent.outputs.model}}"}
  say:
    command: echo $[[${{inputs.note}}]] at ${{inputs.text}}
    inputs: {note: {type: string, optional: true, value: "${{parent.inputs.note}}"},
             text: "rate ${{parent.inputs.rate}}"}
"""


def test_a_pipeline_component(tmp_path: Path) -> None:
    write(tmp_path, {"parts/src/train.py": "1"})
    found = made(
        tmp_path,
        jobs__job="""\
type: pipeline
inputs: {raw: {type: uri_folder, path: "azureml:d:1"}}
outputs: {final: {type: uri_folder}}
jobs:
  all:
    type: pipeline
    component: ../parts/nested.yml
    inputs: {raw: "${{parent.inputs.raw}}"}
    outputs: {model: "${{parent.outputs.final}}"}
  other: {type: pipeline, component: ../parts/nested.yml, inputs: {raw: {path: "azureml:e:1"},
          rate: 1.5, note: hello}}
  use: {command: "use ${{inputs.m}} ${{inputs.n}}", inputs: {
        m: "${{parent.jobs.all.outputs.model}}", n: "${{parent.jobs.other.outputs.model}}"}}
""",
        parts__nested=NESTED,
        parts__train=TRAIN,
    )
    steps = run(found.document)
    assert list(steps) == [
        "all.clean", "all.fit", "all.say", "other.clean", "other.fit", "other.say", "use",
    ]  # fmt: skip
    assert steps["all.fit"][2] == {"all.clean"}
    assert steps["all.fit"][1]["RECONCILER_INPUT_rate"] == "0.5"
    assert steps["all.fit"][1]["RECONCILER_OUTPUT_model"] == "/run/pipeline_outputs/final"
    assert steps["other.fit"][1]["RECONCILER_INPUT_rate"] == "1.5"
    assert steps["other.fit"][1]["RECONCILER_OUTPUT_model"] == "/run/outputs/other.fit/model"
    assert steps["all.say"][1]["RECONCILER_INPUT_text"] == "rate 0.5"
    assert "RECONCILER_INPUT_note" not in steps["all.say"][1]
    assert steps["other.say"][1]["RECONCILER_INPUT_note"] == "hello"
    assert steps["other.clean"][1]["RECONCILER_INPUT_x"] == "azureml:e:1"
    assert steps["use"][1]["RECONCILER_INPUT_m"] == "/run/pipeline_outputs/final"
    assert steps["use"][1]["RECONCILER_INPUT_n"] == "/run/outputs/other.fit/model"
    assert steps["use"][2] == {"all.fit", "other.fit"}


def test_a_job_that_is_a_component(tmp_path: Path) -> None:
    write(tmp_path, {"parts/src/train.py": "1"})
    found = made(
        tmp_path,
        jobs__job="type: pipeline\ncomponent: ../parts/nested.yml\n"
        'inputs: {raw: {path: "azureml:d:1"}, rate: 3}\n',
        parts__nested=NESTED,
        parts__train=TRAIN,
    )
    steps = run(found.document)
    assert list(steps) == ["clean", "fit", "say"]
    assert steps["fit"][1]["RECONCILER_INPUT_rate"] == "3"
    assert steps["clean"][1]["RECONCILER_INPUT_x"] == "azureml:d:1"


def test_an_inline_component(tmp_path: Path) -> None:
    write(tmp_path, {"jobs/src/a.py": "1"})
    found = made(
        tmp_path,
        jobs__job="""\
type: pipeline
jobs:
  a:
    component: {command: "x ${{inputs.n}}", inputs: {n: {type: integer}}, code: ./src}
    inputs: {n: 4}
""",
    )
    assert found.code == {"src": "jobs/src"}
    assert run(found.document)["a"][1]["RECONCILER_INPUT_n"] == "4"


@pytest.mark.parametrize(
    "step",
    [
        "{component: azureml:train:1}",
        "{type: sweep, trial: ./train.yml, objective: {}, limits: {}}",
        "{type: spark, code: ./src, entry: {file: a.py}}",
        "{type: automl, task: classification}",
    ],
)
def test_what_is_no_command_stays(tmp_path: Path, step: str) -> None:
    write(tmp_path, {"jobs/src/a.py": "1"})
    job = f"type: pipeline\njobs: {{a: {step}}}\n"
    found = made(tmp_path, jobs__job=job, jobs__train='command: "x"')
    assert "command" not in found.document["jobs"]["a"]


def test_the_version_is_that_of_all_it_brings(tmp_path: Path) -> None:
    def digest(name: str, **change: str) -> str:
        files = {
            "job": "type: pipeline\njobs: {a: {component: ../parts/c.yml}}\n",
            "component": "command: python a.py\ncode: ./src\n",
            "code": "1",
            **change,
        }
        write(tmp_path / name, {"parts/src/a.py": files["code"]})
        found = read(tmp_path / name, jobs__job=files["job"], parts__c=files["component"])
        return found.definition.digest

    first = digest("one")
    assert digest("two") == first
    assert digest("three", code="2") != first
    assert digest("four", component="command: python a.py -v\ncode: ./src\n") != first
    assert digest("five", job="type: pipeline\njobs: {b: {component: ../parts/c.yml}}\n") != first


@pytest.mark.parametrize("prefix", ["", "parent."])
def test_bindings_of_an_old_form_mean_what_they_meant(tmp_path: Path, prefix: str) -> None:
    job = f"""\
type: pipeline
inputs: {{rate: 1}}
outputs: {{all: {{type: uri_folder}}}}
jobs:
  make:
    command: echo ${{{{inputs.rate}}}} > ${{{{outputs.out}}}}/f
    inputs: {{rate: "${{{{{prefix}inputs.rate}}}}"}}
    outputs: {{out: "${{{{{prefix}outputs.all}}}}"}}
  use:
    command: cat ${{{{inputs.data}}}}/f
    inputs: {{data: {{type: uri_folder, path: "${{{{{prefix}jobs.make.outputs.out}}}}"}}}}
"""
    write(tmp_path, {"jobs/job.yml": job})
    path = tmp_path.resolve() / "jobs/job.yml"
    found, _ = JobFiles(tmp_path.resolve()).find(File(str(path), "j", str(path)), "job.yml")
    assert found is not None
    codes = [] if prefix else ["SCH045"] * 3
    assert [finding.code for finding in found.findings] == codes
    steps = run(self_contained(found.definition).document)
    assert steps["make"][1]["RECONCILER_INPUT_rate"] == "1"
    assert steps["make"][1]["RECONCILER_OUTPUT_out"] == "/run/pipeline_outputs/all"
    assert steps["use"][1]["RECONCILER_INPUT_data"] == "/run/pipeline_outputs/all"
    assert steps["use"][2] == {"make"}


@pytest.mark.parametrize("component", ["../parts/c.yml", "inline"])
def test_a_text_for_data_is_a_path(tmp_path: Path, component: str) -> None:
    unit = """\
{type: command, inputs: {d: {type: uri_folder}, f: {type: uri_file}, a: {type: mltable},
 s: {type: string}}, command: "ls ${{inputs.d}} ${{inputs.f}} ${{inputs.a}} ${{inputs.s}}"}
"""
    write(tmp_path, {"data/a.csv": "1", "data/b.csv": "2"})
    job = f"""\
type: pipeline
jobs:
  a:
    component: {unit if component == "inline" else component}
    inputs: {{d: ../data, f: ../data/a.csv, a: "azureml:claims:1", s: ../data}}
"""
    found = read(tmp_path, jobs__job=job, parts__c=unit)
    assert list(found.definition.snapshots) == ["data", "data/a.csv"]
    made = self_contained(found.definition)
    inputs = made.document["jobs"]["a"]["inputs"]
    assert inputs["d"] == {"type": "uri_folder", "path": "../data"}
    assert inputs["a"] == {"type": "mltable", "path": "azureml:claims:1"}
    assert inputs["s"] == {"type": "string", "value": "../data"}
    assert made.code == {"../data": "data", "../data/a.csv": "data/a.csv"}


def test_a_text_for_data_that_is_not_there(tmp_path: Path) -> None:
    files = {
        "jobs/job.yml": "type: pipeline\njobs: {a: {component: ./c.yml, inputs: {d: ./gone}}}\n",
        "jobs/c.yml": "command: ls ${{inputs.d}}\ninputs: {d: {type: uri_folder}}\n",
    }
    write(tmp_path, files)
    path = tmp_path.resolve() / "jobs/job.yml"
    found, _ = JobFiles(tmp_path.resolve()).find(File(str(path), "j", str(path)), "job.yml")
    assert found is not None
    assert [(f.code, f.path) for f in found.findings] == [("SCH057", ("jobs", "a", "inputs", "d"))]
