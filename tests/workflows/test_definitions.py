"""What the pipelines say: that they are well-formed, pinned, and ask for little."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import ROOT, invoke, repository, run, write
from judges import BIN, needed

from reconciler import __version__

TEMPLATES = sorted((ROOT / "docs/ci/github").glob("*.yml"))
WORKFLOWS = [*sorted((ROOT / ".github/workflows").glob("*.yml")), *TEMPLATES]
RELEASE = ROOT / ".github/workflows/release.yml"  # test_release.py has its rights
ACTION = ROOT / ".github/actions/reconciler/action.yml"
GITLAB = ROOT / "docs/ci/gitlab/gitlab-ci.yml"
AZURE = ROOT / "docs/ci/azuredevops/azure-pipelines.yml"
PINNED = re.compile(r"uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
LOCAL = "uses: ./.github/actions/reconciler"
WRITES = {"contents", "id-token", "pull-requests", "issues", "security-events"}


def loaded(path: Path) -> Any:
    """With every value as text, as the forges read them."""
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)


def steps(path: Path) -> list[dict[str, Any]]:
    document = loaded(path)
    if "runs" in document:
        return list(document["runs"]["steps"])
    return [step for job in document["jobs"].values() for step in job["steps"]]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=named)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    lines = [line.strip().removeprefix("- ") for line in path.read_text().splitlines()]
    uses = [line for line in lines if line.startswith("uses:")]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line) and line != LOCAL] == []


@pytest.mark.parametrize("path", [path for path in WORKFLOWS if path != RELEASE], ids=named)
def test_every_job_asks_for_little(path: Path) -> None:
    document = loaded(path)
    assert document["permissions"] == {}
    assert "pull_request_target" not in document["on"]
    assert "concurrency" in document
    for job in document["jobs"].values():
        assert job["permissions"].pop("contents") == "read"
        assert set(job["permissions"]) <= WRITES
        assert int(job["timeout-minutes"]) <= 60
        assert job["runs-on"] == "ubuntu-24.04"


def test_only_the_jobs_that_write_may_write() -> None:
    found = {
        f"{path.stem}.{name}": {
            right for right, level in job["permissions"].items() if level == "write"
        }
        for path in TEMPLATES
        for name, job in loaded(path)["jobs"].items()
    }
    assert found == {
        "apply.apply": {"id-token"},
        "drift.drift": {"id-token", "issues"},
        "plan.plan": {"id-token", "pull-requests"},
        "plan.code-scanning": {"security-events"},
        "plan.validate": set(),
    }


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=named)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """What an expression gives may be anything, and a script would run it."""
    for step in steps(path):
        assert "${{" not in step.get("run", "")


def test_one_apply_at_a_time_and_none_is_stopped() -> None:
    apply = loaded(ROOT / "docs/ci/github/apply.yml")
    assert apply["concurrency"] == {"group": "apply", "cancel-in-progress": "false"}
    job = _gitlab()["apply"]
    assert (job["resource_group"], job["interruptible"]) == ("apply", False)
    stage = next(s for s in loaded(AZURE)["stages"] if s["stage"] == "apply")
    assert stage["lockBehavior"] == "sequential"


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION, GITLAB, AZURE], ids=named)
def test_no_secret_is_asked_for(path: Path) -> None:
    text = path.read_text()
    assert "secrets." not in text
    assert not re.search(r"(?i)client.?secret|password(?!-stdin)|creds:", text)


@pytest.mark.parametrize("path", [ACTION, GITLAB, AZURE], ids=named)
def test_the_version_that_is_installed_is_this_one(path: Path) -> None:
    assert f'"{__version__}"' in path.read_text()


def test_the_checkout_keeps_no_token() -> None:
    for path in WORKFLOWS:
        for step in steps(path):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": "false"}


def test_all_that_init_writes_is_in_the_wheel() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        built = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert built["docs/ci"] == "reconciler/example/docs/ci"
    folder = ".github/actions/reconciler"
    assert built[folder] == f"reconciler/example/{folder}"


# --------------------------------------------------------------------------------------------- init


def test_init_writes_them(tmp_path: Path) -> None:
    done = invoke(tmp_path, "init", "--ci", "github")
    for name in ("plan", "apply", "drift"):
        written = tmp_path / f".github/workflows/{name}.yml"
        assert written.read_bytes() == (ROOT / f"docs/ci/github/{name}.yml").read_bytes()
        assert f"wrote .github/workflows/{name}.yml\n" in done.out
    assert (tmp_path / ".github/actions/reconciler/action.yml").read_bytes() == ACTION.read_bytes()
    assert "wrote reconciler.yaml\n" in done.out
    assert "\nwhat the pipelines need once is in " in done.out
    invoke(tmp_path, "validate")


def test_init_writes_none_unasked(tmp_path: Path) -> None:
    invoke(tmp_path, "init")
    assert not (tmp_path / ".github").exists()


def test_init_adds_them_to_a_repository(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    before = (repo / "reconciler.yaml").read_text()
    assert invoke(repo, "init", "--ci", "gitlab").out.startswith("wrote .gitlab-ci.yml\n")
    assert (repo / ".gitlab-ci.yml").read_bytes() == GITLAB.read_bytes()
    assert "wrote azure-pipelines.yml\n" in invoke(repo, "init", "--ci", "azuredevops").out
    assert (repo / "azure-pipelines.yml").read_bytes() == AZURE.read_bytes()
    assert (repo / "reconciler.yaml").read_text() == before


def test_init_writes_over_nothing(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    write(repo, {".github/workflows/apply.yml": "mine"})
    done = invoke(repo, "init", "--ci", "github", code=1)
    assert done.err == "error: .github/workflows/apply.yml exists already\n"
    assert not (repo / ".github/workflows/plan.yml").exists()
    assert (repo / ".github/workflows/apply.yml").read_text() == "mine"


def test_init_in_a_folder_writes_to_the_root(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for team in ("ml/one", "two"):
        repo = repository(tmp_path / team, "a")
        invoke(repo, "init", "--ci", "github")
        invoke(repo, "init", "--ci", "azuredevops")
    assert sorted(p.name for p in (tmp_path / ".github/workflows").iterdir()) == [
        f"schedules-{team}-{job}.yml" for team in ("ml-one", "two") for job in JOBS
    ]
    apply = loaded(tmp_path / ".github/workflows/schedules-ml-one-apply.yml")
    assert apply["on"]["push"]["paths"] == [
        "ml/one/**",
        ".github/workflows/schedules-ml-one-apply.yml",
    ]
    assert apply["defaults"]["run"]["working-directory"] == "ml/one"
    assert apply["concurrency"]["group"] == "apply-ml-one"
    azure = (tmp_path / "azure-pipelines-ml-one.yml").read_text()
    assert azure.count("workingDirectory: ml/one") == azure.count("bash: ") + azure.count(
        "inlineScript: "
    )
    invoke(tmp_path / "two", "init", "--ci", "gitlab")
    before = (tmp_path / ".gitlab-ci.yml").read_bytes()
    done = invoke(tmp_path / "ml/one", "init", "--ci", "gitlab", code=1)
    assert done.err.startswith(
        "error: ../../.gitlab-ci.yml exists already\n  hint: GitLab runs one"
    )
    assert (tmp_path / ".gitlab-ci.yml").read_bytes() == before
    done = invoke(tmp_path / "two", "init", "--ci", "azuredevops", code=1)
    assert done.err == "error: ../azure-pipelines-two.yml exists already\n"


def test_init_in_a_folder_of_an_odd_name_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    repo = repository(tmp_path / "our $(schedules)", "a")
    done = invoke(repo, "init", "--ci", "github", code=1)
    assert "cannot stand in a pipeline" in done.err
    assert not (tmp_path / ".github").exists()


# ------------------------------------------------------------------------------------------- judges


JOBS = ("apply", "drift", "plan")


def in_a_folder(tmp_path: Path) -> Path:
    """The pipelines of all forges, as they are written for one."""
    git(tmp_path, "init", "--quiet")
    repo = repository(tmp_path / "ml/one", "a")
    for forge in ("github", "gitlab", "azuredevops"):
        invoke(repo, "init", "--ci", forge)
    return tmp_path


def judge(*command: str | Path, folder: Path | None = None) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needed
def test_actionlint(tmp_path: Path) -> None:
    """In a repository as it is used: the templates among the workflows, beside the action."""
    workflows = tmp_path / ".github/workflows"
    workflows.mkdir(parents=True)
    for path in WORKFLOWS:
        shutil.copy(path, workflows)
    (tmp_path / ".github/actions/reconciler").mkdir(parents=True)
    shutil.copy(ACTION, tmp_path / ".github/actions/reconciler")
    (tmp_path / ".git").mkdir()
    judge("actionlint", "-no-color", "-shellcheck=", "-pyflakes=", folder=tmp_path)


@needed
def test_their_schemas(tmp_path: Path) -> None:
    check = ("check-jsonschema", "--builtin-schema")
    judge(*check, "vendor.github-workflows", *WORKFLOWS)
    judge(*check, "vendor.github-actions", ACTION)
    judge(*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", GITLAB)
    # Azure Pipelines reads every value as text, and its schema says so.
    as_text = tmp_path / "azure-pipelines.json"
    as_text.write_text(json.dumps(loaded(AZURE)))
    judge(*check, "vendor.azure-pipelines", "--regex-variant", "nonunicode", as_text)


@needed
def test_those_of_a_folder_too(tmp_path: Path) -> None:
    root = in_a_folder(tmp_path)
    judge("actionlint", "-no-color", "-shellcheck=", "-pyflakes=", folder=root)
    check = ("check-jsonschema", "--builtin-schema")
    judge(*check, "vendor.github-workflows", *sorted((root / ".github/workflows").iterdir()))
    gitlab = root / ".gitlab-ci.yml"
    judge(*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", gitlab)
    as_text = root / "azure-pipelines.json"
    as_text.write_text(json.dumps(loaded(root / "azure-pipelines-ml-one.yml")))
    judge(*check, "vendor.azure-pipelines", "--regex-variant", "nonunicode", as_text)


@needed
def test_the_hook_of_pre_commit() -> None:
    judge("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")


def test_what_the_hook_runs(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["pass_filenames"] is False
    assert hook["always_run"] is True  # files that are deleted are named to no hook
    repo = repository(tmp_path, "a")
    command, *rest = hook["entry"].split()
    assert command == "reconciler"
    assert run(repo, *rest).code == 0
    write(repo, {"schedules/a.yaml": "name: ["})
    assert run(repo, *rest).code == 1
    assert re.search(hook["files"], "schedules/a.yaml")
    assert not re.search(hook["files"], "README.md")


@needed
@pytest.mark.torture
def test_pre_commit_installs_and_runs_the_hook(tmp_path: Path) -> None:
    """From a repository that holds what is here now; the hook's packages come from the index."""
    hooks = tmp_path / "hooks"
    left_out = shutil.ignore_patterns(".*", "benchmarks", "tests", "__pycache__")
    shutil.copytree(ROOT, hooks, ignore=left_out)
    for name in (".pre-commit-hooks.yaml", ".github"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, hooks / name)
    repo = repository(tmp_path / "repo", "a")
    for folder in (hooks, repo):
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Start")
    command = ("pre-commit", "try-repo", str(hooks), "reconciler-validate", "--all-files")
    judge(*command, folder=repo)
    write(repo, {"schedules/a.yaml": "name: ["})
    with pytest.raises(AssertionError, match=r"schedules/a\.yaml:1"):
        judge(*command, folder=repo)


def git(folder: Path, *args: str) -> None:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
    subprocess.run(["git", *identity, *args], cwd=folder, check=True, timeout=60)


def _gitlab() -> Any:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))
    return yaml.load(GITLAB.read_text(), Loader=Loader)
