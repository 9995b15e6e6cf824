"""The environment of a CI job -> where the files and the commit of its pull request are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Shown:
    """A commit that the forge shows. `before` and `line` are what stands around the path of a file:
    `line` holds `{line}`, and may hold `{after}` for the one below it.
    """

    commit: str
    link: str
    before: str
    line: str


def shown_by(environment: Mapping[str, str]) -> Shown | None:
    """As GitHub, GitLab and Azure DevOps say it; None: this is no job of theirs.

    The newest commit of the pull request, not the one that the job made by merging: forges show the
    former for ever.
    """
    if repository := environment.get("GITHUB_REPOSITORY"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        commit = _head_of_event(environment) or environment.get("GITHUB_SHA", "")
        base = f"{server}/{repository}"
        return _shown(commit, f"{base}/commit/{commit}", f"{base}/blob/{commit}/", "#L{line}")
    if project := environment.get("CI_PROJECT_URL"):
        commit = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get(
            "CI_COMMIT_SHA", ""
        )
        base = f"{project}/-"
        return _shown(commit, f"{base}/commit/{commit}", f"{base}/blob/{commit}/", "#L{line}")
    if repository := environment.get("BUILD_REPOSITORY_URI"):
        commit = environment.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or environment.get(
            "BUILD_SOURCEVERSION", ""
        )
        # Who signs in may stand before the host, and is no part of an address for others.
        base = _without_user(repository)
        columns = "&lineStartColumn=1&lineEndColumn=1"
        after = f"&version=GC{commit}&line={{line}}&lineEnd={{after}}{columns}"
        return _shown(commit, f"{base}/commit/{commit}", f"{base}?path=/", after)
    return None


def _shown(commit: str, link: str, before: str, line: str) -> Shown | None:
    return Shown(commit, link, before, line) if commit.isalnum() and commit.isascii() else None


def _head_of_event(environment: Mapping[str, str]) -> str | None:
    """Of a pull request on GitHub, its newest commit: the job itself runs on a merge of it."""
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
        commit = event["pull_request"]["head"]["sha"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return commit if isinstance(commit, str) else None


def _without_user(url: str) -> str:
    scheme, found, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{found}{host.rpartition('@')[2]}{slash}{quote(path, safe='/%._-')}"
