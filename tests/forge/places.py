"""The three stand-ins behind one set of names, so that one suite is passed on each of them."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.forges import azuredevops, github, gitlab
from fakes.forges.site import User

from forge import jobs

OTHER = User(999, "mallory")


@dataclass
class Place:
    """A repository on a forge. `path`: of what a comment is written to."""

    site: Any
    env: Callable[..., dict[str, str | None]]
    open: Callable[[int], object]
    merge: Callable[[int, str], None]
    write: Callable[[int, str, User], object]
    bodies: Callable[[int], list[str]]
    issues: Callable[[], list[tuple[str, str, str]]]
    """(state, title, text) of each; state: open or closed."""
    me: User
    token: str
    path: str
    edit: str = "PATCH"
    review: str = "pull request"


def on_github(folder: Path) -> Place:
    site = github.GitHub(page=2)
    return Place(
        site,
        lambda number=12, **more: jobs.actions(site, folder, number, **more),
        site.open_pull,
        site.merge,
        site.comment,
        lambda number: [one["body"] for one in site.issues[number].comments],
        lambda: [(i.state, i.title, i.body) for i in site.issues.values() if not i.pull],
        github.ACTIONS,
        "GITHUB_TOKEN",
        "/comments$",
    )


def on_gitlab(folder: Path) -> Place:
    site = gitlab.GitLab(page=2)
    return Place(
        site,
        lambda number=12, **more: jobs.gitlab_ci(site, number, **more),
        site.open_merge,
        site.merge,
        site.note,
        lambda number: [one["body"] for one in site.notes[number]],
        lambda: [
            (i["state"].replace("opened", "open"), i["title"], i["description"])
            for i in site.issues.values()
        ],
        gitlab.BOT,
        "GITLAB_TOKEN",
        "/notes$",
        "PUT",
        "merge request",
    )


def on_azure(folder: Path) -> Place:
    site = azuredevops.AzureDevOps()
    return Place(
        site,
        lambda number=12, **more: jobs.pipelines(site, number, **more),
        site.open_pull,
        site.merge,
        site.thread,
        lambda number: [one["comments"][0]["content"] for one in site.threads[number]],
        lambda: [
            (
                "closed" if i["System.State"] == "Done" else "open",
                i["System.Title"],
                html.unescape(i["System.Description"]),
            )
            for i in site.items.values()
        ],
        azuredevops.BUILD,
        "SYSTEM_ACCESSTOKEN",
        "/threads$",
    )


PLACES = {"github": on_github, "gitlab": on_gitlab, "azuredevops": on_azure}
