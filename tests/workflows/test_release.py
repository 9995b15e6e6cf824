"""A release: what its workflow may do, and its steps as shell, on a tag of a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import ROOT
from judges import BIN

from workflows.actions import Job, Runner
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


def test_the_links_of_the_readme_lead_somewhere_on_an_index() -> None:
    """Where it stands without the files beside it, each file has an address."""
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    said = (ROOT / "README.md").read_text("utf-8")
    files = re.findall(r"\]\(([^)]+)\)", said)
    for rule in hook["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        said = re.sub(rule["pattern"], rule["replacement"], said)
    shown = re.findall(r"\]\(([^)]+)\)", said)
    assert len(shown) == len(files) > 10
    for file, address in zip(files, shown, strict=True):
        assert (ROOT / file).is_file()
        assert address.startswith("https://")
        if not address.startswith("https://github.com/"):
            assert source_of(address) == ROOT / file


def source_of(address: str) -> Path:
    """The file that the site makes the page of that address from: the README of a folder is its
    index.
    """
    path = address.removeprefix("https://schedule-reconciler.github.io/reconciler/")
    named = path.removesuffix("index.html") + "README.md" if path.endswith("/index.html") else path
    return (ROOT / "docs" / named.replace(".html", ".md")).resolve()


@pytest.mark.parametrize("folder", ["docs/ci", "reconciler", ".github", "deploy"])
def test_every_address_of_the_site_has_a_page(folder: str) -> None:
    """Those that files name which people have without the site: `init` writes some of them."""
    named = {
        address
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".yaml", ".json", ".md", ".html", ".conf", ".service")
        for address in re.findall(
            r"https://schedule-reconciler\.github\.io/\S+?\.html", path.read_text("utf-8")
        )
    }
    assert [address for address in sorted(named) if not source_of(address).is_file()] == []
    assert named or folder in (".github", "deploy")


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


SHELL = "#!/bin/sh\n"
TOOL = SHELL + 'printf "%s\\n" "$(basename "$0") $*" >> "$CALLS"\n'
"""What stands for docker and gh: it writes down what it is told."""


@dataclass
class Released:
    """What became of a throw-away tag, the workflow's own steps having run as shell."""

    jobs: dict[str, Job]
    artifacts: dict[str, Path]
    calls: list[str]
    python: Path


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    folder = tmp_path_factory.mktemp("release")
    work, bin_folder, calls = copied(folder / "copy"), folder / "bin", folder / "calls"
    release(work, "prepare", "9.8.7")
    (work / ".ci/run").write_text("echo the tests, which have runs of their own\n")
    git(work, "commit", "--quiet", "--all", "--message", "Release 9.8.7")
    git(work, "tag", "v9.8.7")
    bin_folder.mkdir()
    for name, text in {
        "docker": TOOL + 'case "$*" in *"-u") echo 10001 ;; esac\n',
        "gh": TOOL,
    }.items():
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(0o755)
    python = folder / "python"
    venv.create(python, with_pip=True)
    artifacts: dict[str, Path] = {}

    def checkout(job: Path, given: Mapping[str, str]) -> None:
        assert given == {"persist-credentials": "false"}
        git(folder, "clone", "--quiet", "--branch", "v9.8.7", str(work), str(job))

    def upload(job: Path, given: Mapping[str, str]) -> None:
        kept = artifacts[given.get("name", "site")] = folder / given.get("name", "site")
        shutil.copytree(job / given["path"], kept)

    def download(job: Path, given: Mapping[str, str]) -> None:
        shutil.copytree(artifacts[given["name"]], job / given["path"])

    def publish(job: Path, given: Mapping[str, str]) -> None:
        assert given == {"attestations": "true"}
        artifacts["published"] = folder / "published"
        shutil.copytree(job / "dist", artifacts["published"])

    def nothing(job: Path, given: Mapping[str, str]) -> None:
        pass

    actions = {
        "actions/checkout": checkout,
        "actions/setup-python": nothing,
        "actions/upload-artifact": upload,
        "actions/upload-pages-artifact": upload,
        "actions/download-artifact": download,
        "actions/deploy-pages": nothing,
        "pypa/gh-action-pypi-publish": publish,
        "docker/setup-qemu-action": nothing,
        "docker/setup-buildx-action": nothing,
    }
    variables = {name: text for name, text in os.environ.items() if name.startswith("PIP_")} | {
        "PATH": f"{python / 'bin'}:{bin_folder}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "GITHUB_REF_NAME": "v9.8.7",
        "GITHUB_SHA": git(work, "rev-parse", "HEAD").strip(),
        "GITHUB_REPOSITORY": "schedule-reconciler/reconciler",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_ACTOR": "ana",
    }
    context = {
        "ref": "refs/tags/v9.8.7",
        "token": "t0ken",
        "server_url": "https://github.com",
        "repository": "schedule-reconciler/reconciler",
    }
    runs = folder / "runs"
    runs.mkdir()
    registry = {"CONTAINER_REGISTRY": "registry.test"}
    runner = Runner(runs, context, variables, registry, {}, actions, seconds=900)
    jobs = runner.run(work / ".github/workflows/release.yml")
    return Released(jobs, artifacts, calls.read_text("utf-8").splitlines(), python)


@pytest.mark.torture
def test_the_workflow_on_a_tag(released: Released) -> None:
    """All of its steps, in their order; the forge's actions, docker and gh are played."""
    assert {name: job.result for name, job in released.jobs.items()} == dict.fromkeys(
        ("test", "build", "index", "image", "site", "notes"), "success"
    ), "".join(job.log for job in released.jobs.values())
    wheel, source = "schedule_reconciler-9.8.7-py3-none-any.whl", "schedule_reconciler-9.8.7.tar.gz"
    assert {path.name for path in released.artifacts["published"].iterdir()} == {wheel, source}
    assert {path.name for path in released.artifacts["dist"].iterdir()} == {
        wheel,
        source,
        "notes.md",
    }
    assert released.artifacts["dist"].joinpath("notes.md").read_text("utf-8").startswith("### ")
    assert (released.artifacts["site"] / "tutorial.html").exists()
    said = "\n".join(released.calls)
    assert "docker login registry.test --username ana --password-stdin" in said
    built = next(call for call in released.calls if call.startswith("docker buildx build"))
    for part in (
        "--file deploy/Dockerfile",
        "--platform linux/amd64,linux/arm64",
        "--sbom=true --provenance=mode=max --push",
        "--tag registry.test/schedule-reconciler/reconciler:9.8.7",
    ):
        assert part in built
    assert "docker run --rm --read-only --cap-drop ALL --tmpfs /tmp" in said
    made = next(call for call in released.calls if call.startswith("gh release create"))
    assert made.startswith("gh release create v9.8.7 --repo schedule-reconciler/reconciler")
    assert f"dist/{wheel} dist/{source}" in made
    assert "t0ken" not in said


@pytest.mark.torture
def test_what_is_built(released: Released) -> None:
    """What is in the distributions, as others judge it too."""
    dist = released.artifacts["published"]
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        metadata = wheel.read("schedule_reconciler-9.8.7.dist-info/METADATA").decode()
    assert "Version: 9.8.7\n" in metadata
    assert "Project-URL: Documentation, https://" in metadata
    links = re.findall(r"\]\(([^)]+)\)", metadata)
    site = "https://schedule-reconciler.github.io/reconciler/"
    assert {f"{site}tutorial.html", f"{site}pictures/plan.png"} <= {*links}
    for link in links:
        below = link.removeprefix(site)
        assert below != link or link.startswith("https://github.com/schedule-reconciler/"), link
        assert below == link or (released.artifacts["site"] / below).is_file(), link
    assert {name.partition("/")[0] for name in names} == {
        "reconciler",
        "schedule_reconciler-9.8.7.dist-info",
    }
    with tarfile.open(next(dist.glob("*.tar.gz"))) as source:
        held = {name.split("/")[1] for name in source.getnames() if "/" in name}
    assert {"reconciler", "schemas", "docs", "pyproject.toml", "LICENSE"} <= held
    both = sorted(dist.iterdir())
    pip: list[str | Path] = [released.python / "bin/python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "twine", "check-wheel-contents", both[0]], check=True, timeout=900)
    asked: dict[str, list[str | Path]] = {
        "twine": ["check", "--strict", *both],
        "check-wheel-contents": [both[0]],
    }
    for name, args in asked.items():
        program = released.python / "bin" / name
        done = subprocess.run([program, *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.torture
@pytest.mark.parametrize("forge", ["github", "gitlab", "azuredevops"])
def test_init_of_the_release(released: Released, forge: str, tmp_path: Path) -> None:
    """In an environment of its own, in an empty folder: all that it names is there."""
    wheel = next(released.artifacts["published"].glob("*.whl"))
    home = tmp_path / "python"
    venv.create(home, with_pip=True)
    pip: list[str | Path] = [home / "bin/python", "-m", "pip", "install", "--quiet", "--constraint"]
    subprocess.run([*pip, ROOT / "constraints.txt", wheel], check=True, timeout=900)
    options = ["--ci", forge, "--owner", "me", "--target", "local", "--editor", "demo"]
    told = subprocess.run(
        [home / "bin/reconciler", "init", *options],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    named = re.findall(r"/\S+", told)
    files = [path for path in (tmp_path / "demo").rglob("*") if path.is_file()]
    site = [
        address
        for path in files
        for address in re.findall(r"https://schedule-reconciler\S+?\.html", path.read_text("utf-8"))
    ]
    assert named
    assert all(Path(path).exists() for path in named if path.startswith(str(home))), told
    for address in site:
        assert (released.artifacts["site"] / address.partition(".io/reconciler/")[2]).is_file()


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
    assert all(source_of(one).is_file() for one in found)
