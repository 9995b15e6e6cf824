"""Forges: GitHub, GitLab and Azure DevOps, where a change of the repository is reviewed.

In goes the environment of a CI job, as a mapping; out comes the Forge that the job runs on. A plan
file never says where anything is written: the repository and the pull request come from the
environment alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import ForgeError
from reconciler.forge.base import Forge, Patience

__all__ = ["Forge", "detect"]


def detect(
    environment: Mapping[str, str], number: int | None = None, patience: Patience | None = None
) -> Forge:
    """The forge whose CI this is; ForgeError. `number`: a pull request that was named by hand."""
    if environment.get("GITHUB_ACTIONS"):
        from reconciler.forge.github import from_actions

        return from_actions(environment, number, patience)
    if environment.get("GITLAB_CI"):
        from reconciler.forge.gitlab import from_gitlab

        return from_gitlab(environment, number, patience)
    if environment.get("TF_BUILD"):
        if environment.get("BUILD_REPOSITORY_PROVIDER", "").lower().startswith("github"):
            from reconciler.forge.github import from_pipelines

            return from_pipelines(environment, number, patience)
        from reconciler.forge.azuredevops import from_azure

        return from_azure(environment, number, patience)
    raise ForgeError(
        "this is no job of GitHub Actions, GitLab CI or Azure Pipelines",
        hint="`comment` and `issue` print what they would write with --dry-run",
    )
