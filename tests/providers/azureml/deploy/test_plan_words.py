"""What a plan says of what will be put: what of it is another than what is live."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fakes.arm import StandIn
from helpers import OWNER, TARGET, write

from providers.azureml.deploy.test_deploying import declared, provider, repository
from providers.azureml.opened import client
from reconciler.apply import apply_plan
from reconciler.model import Outcome
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target

JOB = """\
type: pipeline
settings: {default_compute: "azureml:cpu"}
jobs:
  train:
    command: python train.py
    code: ./src
    environment: {image: "python:3.11", conda_file: ./conda.yml}
"""


def git(folder: Path, *args: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    made = subprocess.run(
        ["git", "-C", str(folder), *who, *args], check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


def committed(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "some")
    return git(folder, "rev-parse", "HEAD")


def made(folder: Path) -> Path:
    repository(folder, "a", job=JOB)
    write(folder, {"conda.yml": "dependencies: [python=3.11]\n"})
    git(folder, "init", "-q")
    return folder


def apply(folder: Path, arm: StandIn, revision: str | None) -> None:
    to = AzureMLProvider(TARGET, client(arm), owner=OWNER, revision=revision)
    [result] = apply_plan(plan_target(declared(folder, "a.yml"), to, owner=OWNER), to)
    assert result.outcome is Outcome.CREATED


def said(folder: Path, arm: StandIn) -> list[str]:
    arm.forget()
    options = PlanOptions(preflight=True)
    read = declared(folder, "a.yml")
    [change] = plan_target(read, provider(arm), owner=OWNER, options=options).changes
    assert [c.method for c in arm.calls if c.method not in ("GET", "HEAD")] == []
    return [note.message for note in change.notes]


def test_files_are_counted_since_the_commit_that_was_applied(tmp_path: Path) -> None:
    folder = made(tmp_path)
    write(folder, {"src/gone.py": "", "src/same.py": ""})
    with StandIn() as arm:
        apply(folder, arm, committed(folder))
        (folder / "src/train.py").write_text("new = 1\n")
        committed(folder)
        (folder / "src/lib/a.py").write_text("a = 22\n")
        (folder / "src/gone.py").unlink()
        write(folder, {"src/more.py": "", "elsewhere.py": ""})
        assert said(folder, arm) == [
            "code of train: 4 files changed, 15 B to upload from src",
            "component of train: new, with another code",
        ]


def test_where_git_does_not_say_all_files_are_counted(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with StandIn() as arm:
        committed(folder)
        for mark in (None, "f" * 40, "--output=x", "abc-dirty"):
            apply(folder, arm, mark)
            (folder / "src/train.py").write_text("new = 1\n")
            assert said(folder, arm)[0] == "code of train: 2 files, 14 B to upload from src"
            (folder / "src/train.py").write_text("pass\n")
            arm.remove("a")


def test_what_of_an_environment_and_a_component_is_another(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with StandIn() as arm:
        apply(folder, arm, None)
        (folder / "conda.yml").write_text("dependencies: [python=3.12]\n")
        assert said(folder, arm) == [
            "environment of train: conda file changed",
            "component of train: new, with another environment",
        ]
        text = JOB.replace("python:3.11", "python:3.12").replace("train.py", "train.py --fast")
        (folder / "job.yml").write_text(text)
        assert said(folder, arm) == [
            "environment of train: conda file and image changed",
            "component of train: new, with another command and environment",
        ]
