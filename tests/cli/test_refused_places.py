"""What the embedded workspace cannot run is said at its place in the file that says it, once."""

from __future__ import annotations

from pathlib import Path

from helpers import CONFIG, declaration, invoke, write

FILES = {
    "reconciler.yaml": CONFIG,
    "schedules/a.yaml": declaration("a") + "---\n" + declaration("b"),
    "schedules/job.yml": """\
type: pipeline
inputs:
  d: {type: uri_file, path: "azureml:gone:1"}
jobs:
  all: {type: pipeline, component: ./parts/all.yml}
  inline:
    component:
      type: pipeline
      jobs: {tune: {type: sweep, trial: ./parts/fit.yml}}
  far: {command: ls, code: "azureml:src:1"}
""",
    "schedules/parts/all.yml": """\
type: pipeline
jobs:
  good: {component: ./fit.yml}
  bad: {type: spark, entry: {file: a.py}}
  read:
    component: azureml:known@latest
    inputs: {x: {path: "azureml://datastores/lake/paths/x"}}
""",
    "schedules/parts/fit.yml": "command: ls\n",
}
SAID = """\
schedules/job.yml:3:29: error: local: the target has no data asset "gone" [TGT001]
schedules/job.yml:9:27: error: local: step "inline.tune" is of the type sweep, which runs in Azure\
 only [TGT001]
schedules/job.yml:10:28: error: local: step "far" runs code that is not here: azureml:src:1\
 [TGT001]
schedules/parts/all.yml:4:15: error: local: step "all.bad" is of the type spark, which runs in\
 Azure only [TGT001]
schedules/parts/all.yml:6:16: error: local: step "all.read" runs azureml:known@latest, which is\
 registered in Azure [TGT001]
schedules/parts/all.yml:7:24: error: local: the target has no datastore "lake" [TGT001]
"""


def said(repo: Path) -> str:
    lines = invoke(repo, "plan", code=1).text.splitlines(keepends=True)
    return "".join(line for line in lines if "[TGT001]" in line)


def test_at_the_place_of_the_step(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert said(tmp_path) == SAID


def test_a_job_that_is_a_component(tmp_path: Path) -> None:
    job = "type: pipeline\ncomponent: ./parts/all.yml\n"
    write(tmp_path, {**FILES, "schedules/job.yml": job})
    assert 'schedules/parts/all.yml:4:15: error: local: step "bad" is of the type spark' in said(
        tmp_path
    )


def test_a_job_that_stands_below_a_schedule(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    job = tmp_path / "schedules/job.yml"
    first = f"{declaration('c')}---\n"
    job.write_text(f"{first}{job.read_text()}")
    line = 3 + first.count("\n")
    assert f"schedules/job.yml:{line}:29: error: local: the target has no data" in said(tmp_path)


def test_a_file_that_has_moved_since_by_comments_alone(tmp_path: Path) -> None:
    """What a job means is known by its content, and where it stands is not."""
    write(tmp_path, FILES)
    assert said(tmp_path) == SAID
    job = tmp_path / "schedules/job.yml"
    job.write_text(f"# who knows\n{job.read_text()}")
    assert "schedules/job.yml:4:29: error: local: the target has no data" in said(tmp_path)
    assert 'schedules/job.yml:10:27: error: local: step "inline.tune"' in said(tmp_path)


def test_what_a_declaration_overrides_is_said_of_what_it_says_instead(tmp_path: Path) -> None:
    create = "create_job: ./job.yml\n"
    text = declaration("a").replace(create, "create_job: {job: ./job.yml, inputs: {g: x}}\n")
    text += 'overrides:\n  local: {create_job: {inputs: {g: {path: "azureml:gone@latest"}}}}\n'
    job = "type: command\ncommand: ls\ninputs: {g: {type: uri_file}}\n"
    write(tmp_path, {**FILES, "schedules/a.yaml": text, "schedules/job.yml": job})
    line = text.splitlines().index(
        '  local: {create_job: {inputs: {g: {path: "azureml:gone@latest"}}}}'
    )
    assert f"schedules/a.yaml:{line + 1}:" in said(tmp_path)


def test_paths_and_addresses_in_the_schedule(tmp_path: Path) -> None:
    inputs = '  inputs: {f: {path: ./data}, g: {path: "azureml:gone@latest"}}\n'
    create = "create_job: ./job.yml\n"
    text = declaration("a").replace(create, f"create_job:\n  job: ./job.yml\n{inputs}")
    write(
        tmp_path,
        {
            "reconciler.yaml": CONFIG,
            "schedules/a.yaml": text,
            "schedules/job.yml": "type: command\ncommand: ls\n"
            "inputs: {f: {type: uri_folder}, g: {type: uri_file}}\n",
        },
    )
    found = said(tmp_path)
    assert 'local/a: the job has no "./data": a path in a schedule is no part of it' in found
    assert 'local/a: the target has no data asset "gone"' in found
    assert found.count("schedules/a.yaml:5:") == 2
