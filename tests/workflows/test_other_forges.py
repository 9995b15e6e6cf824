"""The pipelines for GitLab and Azure DevOps: the scripts of their jobs, run as shell.

Only `script` (GitLab: its lines in one shell that stops at the first that fails), `bash` and
`AzureCLI@2` (Azure: a shell each, with `condition: succeededOrFailed()` and `env`) are run, in a
folder that is the checkout, with the variables that the forge would set; what installs and signs
in is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import forks
import pytest
import yaml
from forge.jobs import SHA
from forge.places import Place, on_azure, on_gitlab
from helpers import ROOT, declaration, invoke, repository, write

from reconciler.cli.editing.ci_files import pipelines

MACRO = re.compile(r"\$\((\w+(?:\.\w+)?)\)")
Ran = tuple[int, str]


class Loader(yaml.SafeLoader):
    """Knows GitLab's one tag."""


Loader.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))
GITLAB = yaml.load((ROOT / "docs/ci/gitlab/gitlab-ci.yml").read_text(), Loader=Loader)
AZURE = yaml.safe_load((ROOT / "docs/ci/azuredevops/azure-pipelines.yml").read_text())


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", "a", "b", "c")
    invoke(made, "apply", "--yes")
    write(made, {".gitignore": "*.db*\n.reconciler/\nplan.json\nplan.html\nproblems.json\n"})
    git(made, "init", "--quiet", "--initial-branch=main")
    git(made, "init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    git(made, "remote", "add", "origin", str(tmp_path / "origin.git"))
    push(made, "main")
    forks.tool(tmp_path / "bin/reconciler")
    return made


def git(folder: Path, *args: str) -> str:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
    command = ["git", *identity, "-c", "commit.gpgsign=false", *args]
    done = subprocess.run(
        command, cwd=folder, check=True, timeout=60, capture_output=True, text=True
    )
    return done.stdout.strip()


def push(repo: Path, branch: str) -> None:
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", branch)
    git(repo, "push", "--quiet", "origin", branch)


def shell(repo: Path, script: str, env: Mapping[str, str | None]) -> Ran:
    tools = next(one / "bin" for one in repo.parents if (one / "bin/reconciler").exists())
    path = f"{tools}:{os.environ['PATH']}"
    whole = {**{k: v for k, v in env.items() if v is not None}, "PATH": path}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=repo,
        env=whole,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def gitlab_job(
    name: str,
    repo: Path,
    env: Mapping[str, str | None],
    pipeline: Mapping[str, Any] = GITLAB,
    **more: str,
) -> Ran:
    (repo / "plan.json").unlink(missing_ok=True)
    variables = pipeline["variables"] | pipeline[name].get("variables", {}) | more
    enters = [one for one in pipeline["default"]["before_script"] if one.startswith("cd ")]
    script = "\n".join([*enters, *pipeline[name]["script"]])
    return shell(repo, script, {**env, **variables})


def azure_job(
    stage: str,
    name: str,
    repo: Path,
    env: dict[str, str | None],
    pipeline: Mapping[str, Any] = AZURE,
) -> Ran:
    """Steps see the token only where they map it."""
    (repo / "plan.json").unlink(missing_ok=True)
    token = env.pop("SYSTEM_ACCESSTOKEN")
    known = {"System.AccessToken": token}
    jobs = next(one["jobs"] for one in pipeline["stages"] if one["stage"] == stage)
    job = next(one for one in jobs if name in (one.get("job"), one.get("deployment")))
    code, log = 0, ""
    for script, step in scripts(job):
        if code and step.get("condition") != "succeededOrFailed()":
            continue
        mapped = {
            key: MACRO.sub(lambda found: known[found[1]] or "", text)
            for key, text in step.get("env", {}).items()
        }
        where = step.get("workingDirectory") or step.get("inputs", {}).get("workingDirectory", "")
        ended, said = shell(repo / where, script, {**env, **pipeline["variables"], **mapped})
        code, log = code or ended, log + said
    return code, log


def scripts(job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    steps = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
    for step in steps:
        script = step.get("bash") or step.get("inputs", {}).get("inlineScript")
        if script and "pip install" not in script:
            yield script, step


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[Place]:
    place = on_gitlab(tmp_path)
    with place.site:
        place.open(12)
        yield place


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Place]:
    place = on_azure(tmp_path)
    with place.site:
        place.open(12)
        yield place


def test_gitlab(gitlab: Place, repo: Path) -> None:
    write(repo, {"schedules/a.yaml": declaration("a", hour=5)})
    assert gitlab_job("validate", repo, gitlab.env())[0] == 0
    assert (repo / "problems.json").read_text().strip() == "[]"
    code, log = gitlab_job("plan", repo, gitlab.env())
    assert code == 0, log
    assert "1 to update" in gitlab.bodies(12)[0]

    gitlab.merge(12, SHA)
    write(repo, {"schedules/b.yaml": declaration("b", hour=5)})
    code, log = gitlab_job("apply", repo, gitlab.env(None))
    assert (code, "is not the one that merge request 12 shows" in log) == (4, True)
    write(repo, {"schedules/b.yaml": declaration("b")})
    code, log = gitlab_job("apply", repo, gitlab.env(None))
    assert (code, "1 updated" in log) == (0, True), log

    for name in "abc":
        (repo / f"schedules/{name}.yaml").unlink()
    code, log = gitlab_job("plan", repo, gitlab.env())
    assert (code, "Refused" in gitlab.bodies(12)[0]) == (4, True), log


@pytest.mark.torture
def test_gitlab_by_hand_and_at_night(gitlab: Place, repo: Path) -> None:
    write(repo, {"schedules/a.yaml": declaration("a", hour=5)})
    assert gitlab_job("drift", repo, gitlab.env(None))[0] == 0
    assert [state for state, _, _ in gitlab.issues()] == ["open"]
    assert gitlab_job("apply", repo, gitlab.env(None))[0] == 4
    assert gitlab_job("apply", repo, gitlab.env(None), UNREVIEWED="yes")[0] == 0
    assert gitlab_job("drift", repo, gitlab.env(None))[0] == 0
    assert [state for state, _, _ in gitlab.issues()] == ["closed"]


def test_azure_devops(azure: Place, repo: Path) -> None:
    write(repo, {"schedules/a.yaml": declaration("a", hour=5)})
    assert azure_job("plan", "validate", repo, azure.env())[0] == 0
    code, log = azure_job("plan", "plan", repo, azure.env())
    assert code == 0, log
    assert "1 to update" in azure.bodies(12)[0]

    azure.merge(12, SHA)
    write(repo, {"schedules/b.yaml": declaration("b", hour=5)})
    code, log = azure_job("apply", "apply", repo, azure.env(None))
    assert (code, "is not the one that pull request 12 shows" in log) == (4, True), log
    assert azure_job("drift", "drift", repo, azure.env(None))[0] == 0
    assert [state for state, _, _ in azure.issues()] == ["open"]


PLANS: dict[str, Callable[[Path, Place, int], Ran]] = {
    "gitlab": lambda repo, place, number: gitlab_job("plan", repo, place.env(number)),
    "azure": lambda repo, place, number: azure_job("plan", "plan", repo, place.env(number)),
}
APPLIES: dict[str, Callable[[Path, Place], Ran]] = {
    "gitlab": lambda repo, place: gitlab_job("apply", repo, place.env(None)),
    "azure": lambda repo, place: azure_job("apply", "apply", repo, place.env(None)),
}


@pytest.mark.parametrize("forge", ["gitlab", pytest.param("azure", marks=pytest.mark.torture)])
def test_a_branch_that_is_behind_is_planned_as_it_will_be_merged(
    forge: str, repo: Path, request: pytest.FixtureRequest
) -> None:
    """What others have merged meanwhile is not shown as removed, and the review holds."""
    place: Place = request.getfixturevalue(forge)
    for number, name in ((1, "one"), (2, "two")):
        place.open(number)
        git(repo, "checkout", "--quiet", "-b", name, "main")
        write(repo, {f"schedules/{name}.yaml": declaration(name, hour=5 + number)})
        push(repo, name)
    git(repo, "checkout", "--quiet", "one")
    code, log = PLANS[forge](repo, place, 1)
    assert code == 0, log
    git(repo, "checkout", "--quiet", "main")
    git(repo, "merge", "--quiet", "--squash", "one")
    push(repo, "main")
    place.merge(1, SHA)
    assert APPLIES[forge](repo, place)[0] == 0

    git(repo, "checkout", "--quiet", "two")
    code, log = PLANS[forge](repo, place, 2)
    assert code == 0, log
    (body,) = place.bodies(2)
    assert "1 to create, 4 unchanged" in body
    git(repo, "checkout", "--quiet", "main")
    git(repo, "merge", "--quiet", "--squash", "origin/two")
    push(repo, "main")
    place.merge(2, SHA)
    code, log = APPLIES[forge](repo, place)
    assert code == 0, log


@pytest.mark.parametrize("forge", PLANS)
def test_a_branch_that_does_not_merge_is_behind(
    forge: str, repo: Path, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(forge)
    git(repo, "checkout", "--quiet", "-b", "mine", "main")
    write(repo, {"schedules/a.yaml": declaration("a", hour=5)})
    push(repo, "mine")
    git(repo, "checkout", "--quiet", "main")
    write(repo, {"schedules/a.yaml": declaration("a", hour=6)})
    push(repo, "main")
    git(repo, "checkout", "--quiet", "mine")
    code, log = PLANS[forge](repo, place, 12)
    assert code == 1
    assert "behind main, which does not merge into this branch" in log
    assert place.bodies(12) == []


SAFE = "safe.directory"


def calls_it_safe(forge: str) -> tuple[str, str]:
    """What a job of a forge runs for that, and the variable that names the checkout."""
    if forge == "gitlab":
        (line,) = [one for one in GITLAB["default"]["before_script"] if SAFE in one]
        return line, "CI_PROJECT_DIR"
    if forge == "azure":
        every = [[s for s, _ in scripts(job)] for one in AZURE["stages"] for job in one["jobs"]]
        (line,) = {one for job in every for one in job if SAFE in one}
        # Before anything that asks Git.
        assert all(job.index(line) == 1 for job in every)
        return line, "BUILD_SOURCESDIRECTORY"
    action = yaml.safe_load((ROOT / ".github/actions/reconciler/action.yml").read_text())
    (line,) = [one for one in action["runs"]["steps"][-1]["run"].splitlines() if SAFE in one]
    return line, "GITHUB_WORKSPACE"


@pytest.mark.parametrize("forge", ["github", "gitlab", "azure"])
def test_in_a_container_the_checkout_is_another_users(forge: str, repo: Path) -> None:
    """Git refuses to look at it, and says so, until the job has called it safe."""
    if os.getuid() != 0:
        pytest.skip("only root can have a checkout of another user")
    line, variable = calls_it_safe(forge)
    home = repo.parent / "home"
    home.mkdir()
    subprocess.run(["chown", "-R", "65534:65534", str(repo)], check=True, timeout=60)
    env = {"HOME": str(home), variable: str(repo)}
    before = shell(repo, "reconciler plan --out plan.json", env)
    assert "dubious ownership" in before[1], before
    assert json.loads((repo / "plan.json").read_text())["commit"] is None
    code, log = shell(repo, f"{line}\nreconciler plan --out plan.json", env)
    assert (code, "dubious" in log) == (0, False), log
    head = shell(repo, "git rev-parse HEAD", env)[1].strip()
    assert json.loads((repo / "plan.json").read_text())["commit"].removesuffix("-dirty") == head


def test_a_plan_that_the_repository_brings_is_removed_before_anything_can_fail() -> None:
    """It would say what its author likes, in our name, where planning fails."""
    for job in ("plan", "drift"):
        assert GITLAB[job]["script"][0] == "rm -rf plan.json"
        github = yaml.safe_load((ROOT / f"docs/ci/github/{job}.yml").read_text(encoding="utf-8"))
        steps = github["jobs"][job]["steps"]
        assert steps[1]["run"] == "rm -rf plan.json"
    for stage in AZURE["stages"]:
        for job in stage["jobs"]:
            steps = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
            assert steps[1]["bash"] == "rm -rf plan.json"


# ------------------------------------------------------------------------- folders, queues, forks


@pytest.mark.parametrize("forge", ["gitlab", pytest.param("azure", marks=pytest.mark.torture)])
def test_a_folder_of_a_monorepo_has_a_pipeline_of_its_own(
    forge: str, repo: Path, request: pytest.FixtureRequest
) -> None:
    """It runs at the root, works in the folder, and what it keeps is named from the root."""
    place: Place = request.getfixturevalue(forge)
    whole = repo.parent / "whole"
    git(repo.parent, "clone", "--quiet", str(repo), str(whole / "ml"))
    (repo.parent / "whole/ml/.git").rename(repo.parent / "gone")
    git(whole, "init", "--quiet", "--initial-branch=main")
    git(whole, "remote", "add", "origin", str(repo.parent / "whole.git"))
    git(repo.parent, "init", "--quiet", "--bare", "whole.git")
    push(whole, "main")
    invoke(whole / "ml", "apply", "--yes")
    git(whole, "checkout", "--quiet", "-b", "mine")
    write(whole, {"ml/schedules/a.yaml": declaration("a", hour=5)})
    push(whole, "mine")
    if forge == "gitlab":
        [(_, text)] = pipelines("gitlab", "ml", ROOT)
        pipeline = yaml.load(text, Loader=Loader)
        assert gitlab_job("validate", whole, place.env(), pipeline)[0] == 0
        reports = pipeline["validate"]["artifacts"]["reports"]
        assert (whole / reports["codequality"]).is_file()
        code, log = gitlab_job("plan", whole, place.env(), pipeline)
        assert (whole / pipeline["plan"]["artifacts"]["paths"][0]).is_file()
    else:
        [(_, text)] = pipelines("azuredevops", "ml", ROOT)
        pipeline = yaml.safe_load(text)
        assert azure_job("plan", "validate", whole, place.env(), pipeline)[0] == 0
        code, log = azure_job("plan", "plan", whole, place.env(), pipeline)
    assert code == 0, log
    assert "1 to update, 2 unchanged" in place.bodies(12)[0]
    git(whole, "checkout", "--quiet", "main")
    git(whole, "merge", "--quiet", "--squash", "mine")
    push(whole, "main")
    place.merge(12, SHA)
    if forge == "gitlab":
        code, log = gitlab_job("apply", whole, place.env(None), pipeline)
    else:
        code, log = azure_job("apply", "apply", whole, place.env(None), pipeline)
    assert (code, "1 updated" in log) == (0, True), log


@pytest.mark.torture
@pytest.mark.parametrize("forge", PLANS)
def test_a_train_or_a_batch_merges_two_before_one_apply(
    forge: str, repo: Path, request: pytest.FixtureRequest
) -> None:
    """Each of its changes was shown by one of the two; what none showed stops it."""
    place: Place = request.getfixturevalue(forge)
    heads = []
    for number, name in ((1, "a"), (2, "b")):
        place.open(number)
        git(repo, "checkout", "--quiet", "-b", f"to-{name}", "main")
        write(repo, {f"schedules/{name}.yaml": declaration(name, hour=5 + number)})
        push(repo, f"to-{name}")
        code, log = PLANS[forge](repo, place, number)
        assert code == 0, log
        git(repo, "checkout", "--quiet", "main")
    for number, name in ((1, "a"), (2, "b")):
        git(repo, "merge", "--quiet", "--squash", f"origin/to-{name}")
        push(repo, "main")
        heads.append(git(repo, "rev-parse", "HEAD"))
        place.merge(number, heads[-1])
    where = {"gitlab": "CI_COMMIT_SHA", "azure": "BUILD_SOURCEVERSION"}[forge]
    env = place.env(None, **{where: heads[-1]})
    write(repo, {"schedules/c.yaml": declaration("c", hour=9)})
    code, log = applied(forge, repo, env)
    assert code == 4, log
    git(repo, "checkout", "--quiet", "schedules/c.yaml")
    code, log = applied(forge, repo, place.env(None, **{where: heads[-1]}))
    assert (code, "2 updated" in log) == (0, True), log


def applied(forge: str, repo: Path, env: dict[str, str | None]) -> Ran:
    if forge == "gitlab":
        return gitlab_job("apply", repo, env)
    return azure_job("apply", "apply", repo, env)


def test_a_fork_is_validated_and_not_planned() -> None:
    """By the conditions of the jobs, as the forges read them."""
    event = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_PROJECT_ID": "42"}
    own = event | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42"}
    fork = event | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "666"}
    assert [runs("validate", own), runs("plan", own)] == [True, True]
    assert [runs("validate", fork), runs("plan", fork)] == [True, False]
    assert [runs("apply", own), runs("drift", fork)] == [False, False]
    validate, plan = AZURE["stages"][0]["jobs"]
    assert "condition" not in validate
    is_fork = "ne(variables['System.PullRequest.IsFork'], 'True')"
    assert plan["condition"] == f"and(succeeded(), {is_fork})"
    # What a fork's job runs is given no token.
    assert not any("env" in step for _, step in scripts(validate))
    assert "extends" not in GITLAB["validate"]


def runs(name: str, variables: Mapping[str, str]) -> bool:
    """Whether a pipeline of GitLab has the job."""
    return any(
        all(holds(part, variables) for part in rule["if"].split(" && "))
        for rule in GITLAB[name]["rules"]
    )


def holds(comparison: str, variables: Mapping[str, str]) -> bool:
    left, sign, right = comparison.split()
    one, other = (
        variables.get(side[1:]) if side.startswith("$") else side.strip('"')
        for side in (left, right)
    )
    return (one == other) is (sign == "==") and one is not None
