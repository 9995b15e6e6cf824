"""What a run executes is what was reviewed: code that changes is a change of the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import CONFIG, invoke, write

FILES = {
    "reconciler.yaml": CONFIG,
    "schedules/a.yaml": 'name: a\ntrigger: {type: cron, expression: "0 6 * * *"}\n'
    "create_job: ./jobs/train.yml\n",
    "schedules/jobs/train.yml": """\
type: pipeline
jobs:
  prepare: {command: python3 prepare.py, code: ./src}
  fit: {component: ../parts/fit.yml, inputs: {rate: 0.1}}
""",
    "schedules/jobs/src/prepare.py": "print('one')\n",
    "schedules/parts/fit.yml": "command: python3 fit.py ${{inputs.rate}}\ncode: ./fit\n"
    "inputs: {rate: {type: number}}\n",
    "schedules/parts/fit/fit.py": "print('fit')\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    assert invoke(tmp_path, "apply", "--yes").code == 0
    assert invoke(tmp_path, "plan", "--exit-code").code == 0
    return tmp_path


CHANGED = {
    "schedules/jobs/src/prepare.py": "print('two')\n",
    "schedules/jobs/src/new.py": "",
    "schedules/parts/fit/fit.py": "print('better')\n",
}
SAID = (
    "2 files changed (schedules/jobs/src/prepare.py, schedules/parts/fit/fit.py),"
    " 1 added (schedules/jobs/src/new.py)"
)


def test_every_format_shows_what_changed(repo: Path) -> None:
    write(repo, CHANGED)
    assert f"code of train   {SAID}" in invoke(repo, "plan").out
    [change] = json.loads(invoke(repo, "plan", "--format", "json").out)["plans"][0]["changes"]
    assert change["contents"] == [
        {
            "what": "code of train",
            "kind": "file",
            "changed": ["schedules/jobs/src/prepare.py", "schedules/parts/fit/fit.py"],
            "added": ["schedules/jobs/src/new.py"],
            "removed": [],
            "diff": [
                "@@ schedules/jobs/src/new.py @@",
                "@@ schedules/jobs/src/prepare.py @@",
                "- print('one')",
                "+ print('two')",
                "@@ schedules/parts/fit/fit.py @@",
                "- print('fit')",
                "+ print('better')",
            ],
        }
    ]
    assert f"@@ code of train @@\n! {SAID}" in invoke(repo, "plan", "--format", "markdown").out
    html = invoke(repo, "plan", "--format", "html").out
    assert f"<b>code of train</b> {SAID}" in html


def test_no_secret_of_code_or_steps_is_in_the_lines_that_differ(repo: Path) -> None:
    code = "password = 'hunter2-hunter2'\nprint('two')\n"
    job = FILES["schedules/jobs/train.yml"]
    write(repo, {"schedules/jobs/src/prepare.py": code})
    write(repo, {"schedules/jobs/train.yml": job + "tags: {api_key: hunter2-hunter2}\n"})
    for form in ("json", "markdown", "html", "text"):
        shown = invoke(repo, "plan", "--format", form).out
        assert "hunter2" not in shown
    assert "+ print('two')" in invoke(repo, "plan", "--format", "markdown").out
    invoke(repo, "plan", "--out", "p.plan")
    assert "hunter2" not in (repo / "p.plan").read_text()


def test_what_is_no_text_is_said_to_be_none(repo: Path) -> None:
    (repo / "schedules/jobs/src/prepare.py").write_bytes(b"\0\1\2")
    shown = invoke(repo, "plan", "--format", "markdown").out
    assert "(no text, or too long to be shown)" in shown


def test_a_step_that_changed(repo: Path) -> None:
    component = FILES["schedules/parts/fit.yml"].replace("fit.py", "fit.py -v")
    write(repo, {"schedules/parts/fit.yml": component})
    assert "steps of train  1 step changed (fit)" in invoke(repo, "plan").out
    write(repo, {"schedules/jobs/train.yml": FILES["schedules/jobs/train.yml"] + "tags: {a: b}\n"})
    assert "job train       1 key added (tags)" in invoke(repo, "plan").out


def test_a_saved_plan_is_bound_to_the_code(repo: Path) -> None:
    write(repo, CHANGED)
    assert invoke(repo, "plan", "--out", "plan.json").code == 0
    write(repo, {"schedules/jobs/src/prepare.py": "print('three')\n"})
    done = invoke(repo, "apply", "plan.json", "--yes", code=None)
    assert done.code != 0
    assert "create_job.job" in done.text
    write(repo, CHANGED)
    assert invoke(repo, "apply", "plan.json", "--yes").code == 0
    assert invoke(repo, "plan", "--exit-code").code == 0


def test_what_is_published_is_listed(repo: Path) -> None:
    shown = invoke(repo, "pipelines", "show", "train").out
    assert "# code: 2 files, 26 bytes\n#   schedules/jobs/src/prepare.py\n" in shown
    found = json.loads(invoke(repo, "pipelines", "show", "train", "--format", "json").out)
    assert [file["path"] for file in found["files"]] == [
        "schedules/jobs/src/prepare.py",
        "schedules/parts/fit/fit.py",
    ]


def test_a_limit_of_the_configuration(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG + "code: {max_files: 1}\n", **CHANGED})
    found = invoke(repo, "validate", code=1).out
    assert (
        'schedules/jobs/train.yml:3:48: error: "schedules/jobs/src" has more than 1 file [SCH055]'
        in found
    )


def test_prune_drops_the_code_of_what_nothing_needs(repo: Path) -> None:
    write(repo, CHANGED)
    assert invoke(repo, "apply", "--yes").code == 0
    folder = repo / "workspace-code"
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 5
    assert invoke(repo, "runs", "prune", "--keep", "1").code == 0
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 3


def test_import_names_the_files(repo: Path) -> None:
    (repo / "schedules/a.yaml").unlink()
    done = invoke(repo, "import", "a", "--out", "others")
    assert "local/a: train:" in done.text
    files = "schedules/jobs/src/prepare.py, schedules/parts/fit/fit.py"
    assert f" has 2 files of its own ({files}); `reconciler pipelines show train`" in done.text
    assert "azureml:train:" in (repo / "others/a.yml").read_text()
