"""GitHub, and GitHub Enterprise Server: REST, version 2022-11-28."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from reconciler.errors import ForgeError
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

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_PULL = re.compile(r"refs/pull/([0-9]+)/")
_TOKEN = "give the step `env: GITHUB_TOKEN: ${{ github.token }}`"
_COMMENTS = "pull-requests: write"
_ISSUES = "issues: write"
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHub:
    """One repository."""

    name = "GitHub"
    review = "pull request"

    def __init__(
        self,
        api: str,
        repository: str,
        token: str,
        job: Job,
        patience: Patience | None = None,
    ) -> None:
        """`repository`: its owner and name."""
        if not _REPOSITORY.fullmatch(repository):
            raise ForgeError(f"GITHUB_REPOSITORY is no repository: {repository}")
        self._repository = repository
        self._job = job
        self._client = Client(
            api.rstrip("/") + "/",
            forge=self.name,
            auth=Header("Authorization", f"Bearer {token}"),
            token=token,
            headers=_HEADERS,
            patience=patience,
            advise=_advice,
        )

    def number(self) -> int:
        """The pull request that this job runs for."""
        return self._job.pull_request(
            self.review,
            "run it `on: pull_request`, or name one with --pull-request N",
        )

    def merged(self) -> Merged | None:
        """The pull request that brought this commit to this branch."""
        path = f"repos/{self._repository}/commits/{quote(self._job.commit, safe='')}/pulls"
        found = [
            pull
            for pull in self._client.pages(
                path, parameters={"per_page": 100}, needs="pull-requests: read"
            )
            if pull["merged_at"] and pull["base"]["ref"] == self._job.branch
        ]
        found.sort(key=lambda pull: pull["merge_commit_sha"] != self._job.commit)
        return Merged(found[0]["number"], moment(found[0]["merged_at"])) if found else None

    def merged_lately(self) -> Iterator[Merged]:
        """Closed pull requests are listed by when they were changed last."""
        parameters: dict[str, str | int] = {
            "state": "closed",
            "base": self._job.branch,
            "sort": "updated",
            "direction": "desc",
            "per_page": 100,
        }
        closed = self._client.pages(
            f"repos/{self._repository}/pulls", parameters=parameters, needs="pull-requests: read"
        )
        merged = [
            Merged(pull["number"], moment(pull["merged_at"]))
            for pull in islice(closed, MOST_MERGED)
            if pull["merged_at"] and pull["base"]["ref"] == self._job.branch
        ]
        yield from newest_first(merged)

    def comments(self, number: int) -> Iterator[Note]:
        """The comments of its conversation."""
        for comment in self._client.pages(
            f"repos/{self._repository}/issues/{number}/comments",
            parameters={"per_page": 100},
            needs="pull-requests: read",
        ):
            yield self._note(comment, str(comment["id"]))

    def add_comment(self, number: int, body: str) -> None:
        """Write a comment into the conversation."""
        path = f"repos/{self._repository}/issues/{number}/comments"
        self._client.call("POST", path, body={"body": body}, needs=_COMMENTS)

    def edit_comment(self, number: int, note: Note, body: str) -> None:
        """Replace the text of a comment."""
        path = f"repos/{self._repository}/issues/comments/{note.id}"
        self._client.call("PATCH", path, body={"body": body}, needs=_COMMENTS)

    def issues(self, label: str) -> Iterator[Note]:
        """Open issues with the label; a list of issues has pull requests among them."""
        parameters: dict[str, str | int] = {
            "labels": label,
            "state": "open",
            "sort": "created",
            "direction": "asc",
            "per_page": 100,
        }
        path = f"repos/{self._repository}/issues"
        for issue in self._client.pages(path, parameters=parameters, needs="issues: read"):
            if "pull_request" not in issue:
                yield self._note(issue, str(issue["number"]))

    def open_issue(self, label: str, title: str, body: str) -> None:
        """Open an issue; GitHub makes a label that is not there yet."""
        new = {"title": title, "body": body, "labels": [label]}
        path = f"repos/{self._repository}/issues"
        self._client.call("POST", path, body=new, needs=_ISSUES)

    def edit_issue(self, note: Note, title: str, body: str) -> None:
        """Replace the title and text of an issue."""
        self._patch_issue(note, {"title": title, "body": body})

    def close_issue(self, note: Note, body: str) -> None:
        """Replace the text of an issue, and close it."""
        self._patch_issue(note, {"body": body, "state": "closed", "state_reason": "completed"})

    def _patch_issue(self, note: Note, changed: dict[str, str]) -> None:
        path = f"repos/{self._repository}/issues/{note.id}"
        self._client.call("PATCH", path, body=changed, needs=_ISSUES)

    def _note(self, found: Mapping[str, Any], name: str) -> Note:
        author = found.get("user") or {}
        if self._login is None:
            mine = author.get("type") == "Bot"
        else:
            mine = author.get("login") == self._login
        edited = moment(found["updated_at"])
        return Note(name, found.get("body") or "", mine, found.get("title") or "", edited)

    @cached_property
    def _login(self) -> str | None:
        """Whose token it is. None for that of an app, as a job's own is: GitHub does not tell it
        who it is, but it writes as a bot, which nobody else can.
        """
        response = self._client.call("GET", "user", accept=(401, 403, 404))
        if response.status_code != 200:
            return None
        login = response.json().get("login")
        return str(login) if login else None


def from_actions(
    environment: Mapping[str, str], number: int | None, patience: Patience | None = None
) -> GitHub:
    """The repository of a job of GitHub Actions."""
    return GitHub(
        environment.get("GITHUB_API_URL") or "https://api.github.com",
        needed(environment, "GITHUB_REPOSITORY", "GitHub Actions sets it"),
        needed(environment, "GITHUB_TOKEN", _TOKEN),
        job=Job(
            number=number or _event_number(environment),
            commit=environment.get("GITHUB_SHA", ""),
            branch=environment.get("GITHUB_REF_NAME", ""),
        ),
        patience=patience,
    )


def from_pipelines(
    environment: Mapping[str, str], number: int | None, patience: Patience | None = None
) -> GitHub:
    """The repository on GitHub that a job of Azure Pipelines builds."""
    hint = "Azure Pipelines has no token for GitHub: put one into the variable GITHUB_TOKEN"
    return GitHub(
        environment.get("GITHUB_API_URL") or "https://api.github.com",
        needed(environment, "BUILD_REPOSITORY_NAME", "Azure Pipelines sets it"),
        needed(environment, "GITHUB_TOKEN", hint),
        job=Job(
            number=number or whole_number(environment.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")),
            commit=environment.get("BUILD_SOURCEVERSION", ""),
            branch=environment.get("BUILD_SOURCEBRANCH", "").removeprefix("refs/heads/"),
        ),
        patience=patience,
    )


def _event_number(environment: Mapping[str, str]) -> int | None:
    """The pull request of the event, or of the ref that it checks out."""
    event: Any = {}
    with suppress(KeyError, OSError, ValueError):  # the ref may say it
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    if isinstance(event, dict):
        pull = event.get("pull_request")
        if isinstance(pull, dict) and isinstance(pull.get("number"), int):
            return int(pull["number"])
        issue = event.get("issue")
        if isinstance(issue, dict) and "pull_request" in issue:
            return int(issue["number"])
    found = _PULL.match(environment.get("GITHUB_REF", ""))
    return whole_number(found[1]) if found else None


def _advice(response: requests.Response, needs: str) -> str | None:
    status = response.status_code
    if status == 401:
        return "the token is not accepted; it may have expired"
    if response.headers.get("X-RateLimit-Remaining") == "0":
        return "the token has used up its calls of this hour"
    if status in (403, 404) and needs:
        fork = "; a pull request from a fork is never given it" if "write" in needs else ""
        return f"the job needs `permissions: {needs}`{fork}"
    return None
