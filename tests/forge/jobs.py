"""CI jobs, as their environments: what each forge sets, and nothing of the machine's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fakes.forges import azuredevops, github, gitlab
from fakes.forges.site import Site
from helpers import Done, invoke

SHA = "c0ffee" + "0" * 34
_CI = ("GITHUB_", "CI_", "GITLAB_", "SYSTEM_", "BUILD_", "AGENT_", "TF_BUILD")


def job(**variables: str) -> dict[str, str | None]:
    """An environment for `invoke`: these, and no others of a CI job."""
    gone: dict[str, str | None] = {name: None for name in os.environ if name.startswith(_CI)}
    return {**gone, **variables}


def actions(
    site: github.GitHub, folder: Path, number: int | None = 12, **more: str
) -> dict[str, str | None]:
    """A job of GitHub Actions: of a pull request, or of a push (number None)."""
    event = folder / "event.json"
    event.write_text(json.dumps({} if number is None else {"pull_request": {"number": number}}))
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": (site.address + site.base).rstrip("/"),
        "GITHUB_SERVER_URL": site.address,
        "GITHUB_REPOSITORY": site.repository,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REF": "refs/heads/main" if number is None else f"refs/pull/{number}/merge",
        "GITHUB_REF_NAME": "main" if number is None else f"{number}/merge",
        "GITHUB_SHA": SHA,
        "GITHUB_RUN_ID": "77",
        "GITHUB_TOKEN": github.TOKEN,
    }
    return job(**variables | more)


def gitlab_ci(site: gitlab.GitLab, number: int | None = 12, **more: str) -> dict[str, str | None]:
    """A job of GitLab CI: of a merge request, or of the branch."""
    variables = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": site.address + "/api/v4",
        "CI_PROJECT_ID": str(gitlab.PROJECT),
        "CI_PROJECT_PATH": site.path,
        "CI_COMMIT_SHA": SHA,
        "CI_JOB_URL": site.address + "/acme/schedules/-/jobs/5",
        "GITLAB_TOKEN": gitlab.TOKEN,
    }
    if number is None:
        variables["CI_COMMIT_BRANCH"] = "main"
    else:
        variables["CI_MERGE_REQUEST_IID"] = str(number)
        variables["CI_MERGE_REQUEST_PROJECT_ID"] = str(gitlab.PROJECT)
        variables["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "main"
    return job(**variables | more)


def pipelines(
    site: azuredevops.AzureDevOps, number: int | None = 12, **more: str
) -> dict[str, str | None]:
    """A job of Azure Pipelines: of a pull request, or of the branch."""
    variables = {
        "TF_BUILD": "True",
        "SYSTEM_COLLECTIONURI": site.address + "/acme/",
        "SYSTEM_TEAMPROJECT": azuredevops.PROJECT,
        "SYSTEM_ACCESSTOKEN": azuredevops.TOKEN,
        "BUILD_REPOSITORY_ID": azuredevops.REPOSITORY,
        "BUILD_REPOSITORY_PROVIDER": "TfsGit",
        "BUILD_SOURCEVERSION": SHA,
        "BUILD_SOURCEBRANCH": "refs/heads/main" if number is None else f"refs/pull/{number}/merge",
        "BUILD_BUILDID": "9",
    }
    if number is not None:
        variables["SYSTEM_PULLREQUEST_PULLREQUESTID"] = str(number)
        variables["SYSTEM_PULLREQUEST_TARGETBRANCH"] = "refs/heads/main"
    return job(**variables | more)


def saved(repo: Path, *options: str, name: str = "plan.json") -> Path:
    """A plan file of the repository as it is now."""
    invoke(repo, "plan", "--out", name, *options, code=None)
    return repo / name


def command(
    repo: Path, name: str, env: dict[str, str | None], *options: str, code: int = 0
) -> Done:
    """`comment`, `issue` or `reviewed` of the plan file."""
    return invoke(repo, name, "--plan", "plan.json", *options, env=env, code=code)  # type: ignore[arg-type]


def no_token_in(done: Done, site: Site) -> None:
    """No token of the site is shown."""
    for token in (*site.users, gitlab.JOB_TOKEN):
        assert token not in done.text
