"""A release: what its workflow may do, and its steps as shell, on a tag of a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT
from judges import BIN

from workflows.test_definitions import ACTION, AZURE, GITLAB, RELEASE, TEMPLATES, WORKFLOWS, loaded

READ, WRITE = "read", "write"


def git(folder: Path, *args: str) -> str:
    identity = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    done = subprocess.run(
        ["git", *identity, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that a version stands in, in a repository of their own."""
    return copied(tmp_path / "copy", ".ci/release", "reconciler/__init__.py", "*.md", "*.toml",
        ".github/actions", "docs/ci")  # fmt: skip


def copied(folder: Path, *only: str) -> Path:
    for name in git(ROOT, "ls-files", "-co", "--exclude-standard", "-z", *only).split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def release(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    return subprocess.run(
        ["bash", ".ci/release", *args],
        cwd=folder,
        env=kept | {"PYTHON": sys.executable} | env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_each_job_may_do_what_it_is_for() -> None:
    jobs = loaded(RELEASE)["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "test": {"contents": READ},
        "build": {"contents": READ},
        "index": {"id-token": WRITE},
        "image": {"contents": READ, "packages": WRITE},
        "site": {"id-token": WRITE, "pages": WRITE},
        "notes": {"contents": WRITE},
    }


def test_nothing_is_published_before_the_tests_pass() -> None:
    jobs = loaded(RELEASE)["jobs"]

    def before(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        wanted = [needs] if isinstance(needs, str) else needs
        return {*wanted, *(far for one in wanted for far in before(one))}

    assert all("test" in before(name) for name in jobs if name != "test")


def test_a_version_is_written_everywhere(copy: Path) -> None:
    assert release(copy, "check", "v9.8.7").returncode == 1
    assert release(copy, "prepare", "9.8.7").returncode == 0
    git(copy, "commit", "--quiet", "--all", "--message", "Release 9.8.7")
    git(copy, "tag", "v9.8.7")
    checked = release(copy, "check", "v9.8.7")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert git(copy, "status", "--porcelain") == ""
    notes = release(copy, "notes", "v9.8.7").stdout
    assert notes.startswith("### ")
    assert "\n## " not in notes
    changelog = (copy / "CHANGELOG.md").read_text("utf-8")
    assert "## Unreleased\n\n## 9.8.7 - 2" in changelog


def test_a_tag_that_does_not_fit_is_refused(copy: Path) -> None:
    for tag, said in (
        ("9.8.7", "no tag such as v1.2.3"),
        ("v9.8.7", "the package says"),
        ("v9.8.7-rc1", "no tag such as"),
    ):
        done = release(copy, "check", tag)
        assert done.returncode == 1
        assert said in done.stderr


def test_a_release_of_another_repository_is_refused(copy: Path) -> None:
    """The addresses in the package would lead elsewhere."""
    release(copy, "prepare", "9.8.7")
    there = "schedule-reconciler/reconciler"
    assert release(copy, "check", "v9.8.7", GITHUB_REPOSITORY=there).returncode == 0
    done = release(copy, "check", "v9.8.7", GITHUB_REPOSITORY="somebody/fork")
    assert done.returncode == 1
    assert "names another repository" in done.stderr


@pytest.mark.torture
def test_what_is_built(tmp_path: Path) -> None:
    """The distributions of a throw-away tag, and what is in them; packages come from the index."""
    copy = copied(tmp_path / "copy")
    release(copy, "prepare", "9.8.7")
    built = release(copy, "build")
    assert built.returncode == 0, built.stderr + built.stdout
    assert built.stdout.split() == [
        "schedule_reconciler-9.8.7-py3-none-any.whl",
        "schedule_reconciler-9.8.7.tar.gz",
    ]
    with zipfile.ZipFile(copy / "dist" / built.stdout.split()[0]) as wheel:
        names = wheel.namelist()
        metadata = wheel.read("schedule_reconciler-9.8.7.dist-info/METADATA").decode()
    assert "Version: 9.8.7\n" in metadata
    assert "Project-URL: Documentation, https://" in metadata
    assert {name.partition("/")[0] for name in names} == {
        "reconciler",
        "schedule_reconciler-9.8.7.dist-info",
    }
    with tarfile.open(copy / "dist" / built.stdout.split()[1]) as source:
        held = {name.split("/")[1] for name in source.getnames() if "/" in name}
    assert {"reconciler", "schemas", "docs", "pyproject.toml", "LICENSE"} <= held


def judge(name: str, *args: str | Path, folder: Path) -> None:
    program = shutil.which(name, path=f"{BIN}:{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{name} is not installed here (make judges)")
    done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor(tmp_path: Path) -> None:
    """The workflows of this repository, those that `init` writes, and the action."""
    for path in (*WORKFLOWS, *TEMPLATES):
        there = tmp_path / ".github/workflows" / path.name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)
    action = tmp_path / ".github/actions/reconciler"
    action.mkdir(parents=True)
    shutil.copy(ACTION, action)
    for name in ("dependabot.yml", "zizmor.yml"):
        shutil.copy(ROOT / ".github" / name, tmp_path / ".github")
    quiet = ("--offline", "--no-progress", "--persona", "regular", "--min-severity", "low")
    judge("zizmor", *quiet, ".", folder=tmp_path)


def test_hadolint() -> None:
    judge("hadolint", "deploy/Dockerfile", folder=ROOT)


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ("dependabot", ("dependabot.yml",)),
        ("github-issue-forms", ("ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/feature.yml")),
    ],
)
def test_files_of_the_forge(schema: str, names: tuple[str, ...]) -> None:
    options = ("--builtin-schema", f"vendor.{schema}")
    judge("check-jsonschema", *options, *names, folder=ROOT / ".github")


def test_addresses_in_what_init_writes_are_pages_of_the_site() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        site = tomllib.load(file)["project"]["urls"]["Documentation"]
    found = []
    for path in (*TEMPLATES, GITLAB, AZURE):
        text = path.read_text("utf-8")
        assert "of reconciler says" not in text
        found += re.findall(re.escape(site) + r"\S+", text)
    assert found
    pages = {one.removeprefix(site).replace(".html", ".md") for one in found}
    assert all((ROOT / "docs" / page).is_file() for page in pages)
