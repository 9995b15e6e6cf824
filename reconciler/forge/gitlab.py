"""GitLab: REST, version 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import quote

import requests

from reconciler.forge.base import (
    MOST_MERGED,
    Job,
    Merged,
    Note,
    Patience,
    moment,
    needed,
    newest_first,
    whole_number,
)
from reconciler.forge.client import Client, Header

_TOKEN = (
    "a job's own token may not write notes: make a project access token with the scope api and the"
    " role Reporter, and set it as the masked variable GITLAB_TOKEN"
)
_API = "a token with the scope api and the role Reporter"


class GitLab:
    """One project."""

    name = "GitLab"
    review = "merge request"

    def __init__(
        self,
        api: str,
        project: str,
        token: str,
        job: Job,
        patience: Patience | None = None,
    ) -> None:
        """`project`: its id or path; the number of a merge request is its iid."""
        self._project = f"projects/{quote(project, safe='')}"
        self._job = job
        self._client = Client(
            api.rstrip("/") + "/",
            forge=self.name,
            auth=Header("PRIVATE-TOKEN", token),
            token=token,
            patience=patience,
            advise=_advice,
        )

    def number(self) -> int:
        """The merge request that this job runs for."""
        return self._job.pull_request(
            self.review,
            'use `rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]`,'
            " or name one with --pull-request N",
        )

    def merged(self) -> Merged | None:
        """The merge request that brought this commit to this branch."""
        commit = quote(self._job.commit, safe="")
        path = f"{self._project}/repository/commits/{commit}/merge_requests"
        found = [
            one
            for one in self._client.pages(path, parameters={"per_page": 100}, needs=_API)
            if one["state"] == "merged" and one["target_branch"] == self._job.branch
        ]
        found.sort(key=lambda one: self._job.commit not in _commits(one))
        return Merged(found[0]["iid"], moment(found[0]["merged_at"])) if found else None

    def merged_lately(self) -> Iterator[Merged]:
        """Merged ones are listed by when they were changed last."""
        parameters: dict[str, str | int] = {
            "state": "merged",
            "target_branch": self._job.branch,
            "order_by": "updated_at",
            "sort": "desc",
            "per_page": 100,
        }
        listed = self._client.pages(
            f"{self._project}/merge_requests", parameters=parameters, needs=_API
        )
        yield from newest_first(
            Merged(one["iid"], moment(one["merged_at"]))
            for one in islice(listed, MOST_MERGED)
            if one.get("merged_at") and one["target_branch"] == self._job.branch
        )

    def comments(self, number: int) -> Iterator[Note]:
        """Its notes; those that GitLab itself writes are left out."""
        for note in self._client.pages(
            f"{self._project}/merge_requests/{number}/notes",
            parameters={"per_page": 100, "sort": "asc", "order_by": "created_at"},
            needs=_API,
        ):
            if not note.get("system"):
                yield self._note(note, str(note["id"]), "body")

    def add_comment(self, number: int, body: str) -> None:
        """Write a note."""
        path = f"{self._project}/merge_requests/{number}/notes"
        self._client.call("POST", path, body={"body": body}, needs=_API)

    def edit_comment(self, number: int, note: Note, body: str) -> None:
        """Replace the text of a note."""
        path = f"{self._project}/merge_requests/{number}/notes/{note.id}"
        self._client.call("PUT", path, body={"body": body}, needs=_API)

    def issues(self, label: str) -> Iterator[Note]:
        """Open issues with the label."""
        parameters: dict[str, str | int] = {
            "labels": label,
            "state": "opened",
            "order_by": "created_at",
            "sort": "asc",
            "per_page": 100,
        }
        path = f"{self._project}/issues"
        for issue in self._client.pages(path, parameters=parameters, needs=_API):
            yield self._note(issue, str(issue["iid"]), "description")

    def open_issue(self, label: str, title: str, body: str) -> None:
        """Open an issue; GitLab makes a label that is not there yet."""
        new = {"title": title, "description": body, "labels": label}
        self._client.call("POST", f"{self._project}/issues", body=new, needs=_API)

    def edit_issue(self, note: Note, title: str, body: str) -> None:
        """Replace the title and text of an issue."""
        self._put_issue(note, {"title": title, "description": body})

    def close_issue(self, note: Note, body: str) -> None:
        """Replace the text of an issue, and close it."""
        self._put_issue(note, {"description": body, "state_event": "close"})

    def _put_issue(self, note: Note, changed: dict[str, str]) -> None:
        path = f"{self._project}/issues/{note.id}"
        self._client.call("PUT", path, body=changed, needs=_API)

    def _note(self, found: Mapping[str, Any], name: str, text: str) -> Note:
        mine = (found.get("author") or {}).get("id") == self._user
        edited = moment(found["updated_at"])
        return Note(name, found.get(text) or "", mine, found.get("title") or "", edited)

    @cached_property
    def _user(self) -> int:
        """Whose token it is; a project access token has a user of its own."""
        return int(self._client.json("GET", "user", needs=_API)["id"])


def from_gitlab(
    environment: Mapping[str, str], number: int | None, patience: Patience | None = None
) -> GitLab:
    """The project of a job of GitLab CI; for a merge request, that which it is made to."""
    set_by = "GitLab CI sets it"
    return GitLab(
        needed(environment, "CI_API_V4_URL", set_by),
        environment.get("CI_MERGE_REQUEST_PROJECT_ID")
        or needed(environment, "CI_PROJECT_ID", set_by),
        needed(environment, "GITLAB_TOKEN", _TOKEN),
        job=Job(
            number=number or _iid(environment),
            commit=environment.get("CI_COMMIT_SHA", ""),
            branch=environment.get("CI_COMMIT_BRANCH", ""),
        ),
        patience=patience,
    )


def _iid(environment: Mapping[str, str]) -> int | None:
    """The merge request of the pipeline, or the only open one of its branch."""
    given = whole_number(environment.get("CI_MERGE_REQUEST_IID"))
    opened = [one for one in environment.get("CI_OPEN_MERGE_REQUESTS", "").split(",") if one]
    if given is None and len(opened) == 1:
        path, _, iid = opened[0].rpartition("!")
        if path == environment.get("CI_PROJECT_PATH"):
            return whole_number(iid)
    return given


def _commits(merge_request: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(merge_request.get(f"{name}_sha") for name in ("merge_commit", "squash_commit"))


def _advice(response: requests.Response, needs: str) -> str | None:
    if response.status_code == 401:
        return f"GITLAB_TOKEN is not accepted, or has expired; it takes {_API}"
    if response.status_code in (403, 404) and needs:
        return f"it takes {needs}"
    return None
