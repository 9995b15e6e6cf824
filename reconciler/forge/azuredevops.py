"""Azure DevOps Services and Server: REST, version 7.1; threads for comments, tasks for issues."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from functools import cached_property
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

_VERSION = {"api-version": "7.1"}
_TOKEN = "give the step `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`"
_COMMENTS = "Contribute to pull requests, for the build service on the repository"
_ITEMS = "Edit work items in this node, for the build service on the area"
_PATCH = {"Content-Type": "application/json-patch+json"}
_TYPE = "Task"  # the one type that every process template has
_TITLE, _TEXT = "System.Title", "System.Description"


class AzureDevOps:
    """One repository of one project."""

    name = "Azure DevOps"
    review = "pull request"

    def __init__(
        self,
        collection: str,
        project: str,
        repository: str,
        token: str,
        job: Job,
        patience: Patience | None = None,
    ) -> None:
        """`repository`: its id or name."""
        self._project = quote(project, safe="")
        self._git = f"{self._project}/_apis/git/repositories/{quote(repository, safe='')}"
        self._job = job
        self._client = Client(
            collection.rstrip("/") + "/",
            forge=self.name,
            auth=Header("Authorization", f"Bearer {token}"),
            token=token,
            # Without this a token that is not accepted is answered with a page to sign in.
            headers={"Accept": "application/json", "X-TFS-FedAuthRedirect": "Suppress"},
            patience=patience,
            advise=_advice,
        )

    def number(self) -> int:
        """The pull request that this job runs for."""
        return self._job.pull_request(
            self.review,
            "make the pipeline a build validation policy of the branch,"
            " or name a pull request with --pull-request N",
        )

    def merged(self) -> Merged | None:
        """The completed pull request whose merge this commit is."""
        query = {"queries": [{"type": "lastMergeCommit", "items": [self._job.commit]}]}
        path = f"{self._git}/pullrequestquery"
        answer = self._client.json(
            "POST", path, body=query, parameters=_VERSION, needs="Read, on the repository"
        )
        for result in answer["results"]:
            for pull in result.get(self._job.commit, ()):
                if pull["status"] == "completed" and pull["targetRefName"] == self._job.branch:
                    return Merged(pull["pullRequestId"], moment(pull["closedDate"]))
        return None

    def merged_lately(self) -> Iterator[Merged]:
        """Completed ones; the service lists the newest first."""
        parameters: dict[str, str | int] = {
            **_VERSION,
            "searchCriteria.status": "completed",
            "searchCriteria.targetRefName": self._job.branch,
            "$top": MOST_MERGED,
        }
        answer = self._client.json(
            "GET",
            f"{self._git}/pullrequests",
            parameters=parameters,
            needs="Read, on the repository",
        )
        yield from newest_first(
            Merged(pull["pullRequestId"], moment(pull["closedDate"]))
            for pull in answer["value"]
            if pull["status"] == "completed" and pull["targetRefName"] == self._job.branch
        )

    def comments(self, number: int) -> Iterator[Note]:
        """The first comment of each thread; the service gives all threads at once."""
        path = f"{self._git}/pullRequests/{number}/threads"
        answer = self._client.json("GET", path, parameters=_VERSION, needs=_COMMENTS)
        for thread in answer["value"]:
            comments = thread.get("comments") or []
            if thread.get("isDeleted") or not comments or comments[0].get("isDeleted"):
                continue
            first = comments[0]
            mine = self._is_mine(first.get("author"))
            edited = moment(first.get("lastContentUpdatedDate") or first["lastUpdatedDate"])
            name = f"{thread['id']}/comments/{first['id']}"
            yield Note(name, first.get("content") or "", mine, edited=edited)

    def add_comment(self, number: int, body: str) -> None:
        """Open a thread, without a status: it is in sight, and holds no merge up."""
        comment = {"parentCommentId": 0, "content": body, "commentType": "text"}
        path = f"{self._git}/pullRequests/{number}/threads"
        new = {"comments": [comment]}
        self._client.call("POST", path, body=new, parameters=_VERSION, needs=_COMMENTS)

    def edit_comment(self, number: int, note: Note, body: str) -> None:
        """Replace the text of a comment."""
        path = f"{self._git}/pullRequests/{number}/threads/{note.id}"
        changed = {"content": body}
        self._client.call("PATCH", path, body=changed, parameters=_VERSION, needs=_COMMENTS)

    def issues(self, label: str) -> Iterator[Note]:
        """Tasks with the tag that are not done. A tag may hold no quote; ours has none."""
        states = ", ".join("'" + name.replace("'", "''") + "'" for name in self._done)
        query = (
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
            f" AND [System.WorkItemType] = '{_TYPE}' AND [System.Tags] CONTAINS '{label}'"
            f" AND [System.State] NOT IN ({states}) ORDER BY [System.Id]"
        )
        answer = self._client.json(
            "POST",
            f"{self._project}/_apis/wit/wiql",
            body={"query": query},
            parameters={**_VERSION, "$top": 200},
            needs=_ITEMS,
        )
        for item in answer["workItems"]:
            path = f"{self._project}/_apis/wit/workitems/{int(item['id'])}"
            fields = self._client.json("GET", path, parameters=_VERSION, needs=_ITEMS)["fields"]
            mine = self._is_mine(fields.get("System.CreatedBy"))
            yield Note(str(item["id"]), _unwrap(fields.get(_TEXT)), mine, fields.get(_TITLE) or "")

    def open_issue(self, label: str, title: str, body: str) -> None:
        """Make a task."""
        fields = {_TITLE: title, _TEXT: _wrap(body), "System.Tags": label}
        path = f"{self._project}/_apis/wit/workitems/${_TYPE}"
        self._write("POST", path, fields)

    def edit_issue(self, note: Note, title: str, body: str) -> None:
        """Replace the title and text of a task."""
        self._write("PATCH", self._item(note), {_TITLE: title, _TEXT: _wrap(body)})

    def close_issue(self, note: Note, body: str) -> None:
        """Replace the text of a task, which is done."""
        changed = {_TEXT: _wrap(body), "System.State": self._done[0]}
        self._write("PATCH", self._item(note), changed)

    def _write(self, method: str, path: str, fields: Mapping[str, str]) -> None:
        patch = [
            {"op": "add", "path": f"/fields/{name}", "value": text} for name, text in fields.items()
        ]
        self._client.call(
            method, path, body=patch, parameters=_VERSION, headers=_PATCH, needs=_ITEMS
        )

    def _item(self, note: Note) -> str:
        return f"{self._project}/_apis/wit/workitems/{note.id}"

    def _is_mine(self, author: Any) -> bool:
        return isinstance(author, dict) and author.get("id") == self._identity

    @cached_property
    def _identity(self) -> str:
        """Whose token it is."""
        return str(self._client.json("GET", "_apis/connectionData")["authenticatedUser"]["id"])

    @cached_property
    def _done(self) -> list[str]:
        """The states of a task that is done, which each process names in its own way."""
        path = f"{self._project}/_apis/wit/workitemtypes/{_TYPE}/states"
        states = self._client.json("GET", path, parameters=_VERSION, needs=_ITEMS)["value"]
        done = [s["name"] for s in states if s["category"] == "Completed"]
        if not done:
            raise ForgeError(f"the process of this project has no state in which a {_TYPE} is done")
        return done + [s["name"] for s in states if s["category"] == "Removed"]


def from_azure(
    environment: Mapping[str, str], number: int | None, patience: Patience | None = None
) -> AzureDevOps:
    """The repository of a job of Azure Pipelines."""
    set_by = "Azure Pipelines sets it"
    return AzureDevOps(
        needed(environment, "SYSTEM_COLLECTIONURI", set_by),
        needed(environment, "SYSTEM_TEAMPROJECT", set_by),
        needed(environment, "BUILD_REPOSITORY_ID", set_by),
        needed(environment, "SYSTEM_ACCESSTOKEN", _TOKEN),
        job=Job(
            number=number or whole_number(environment.get("SYSTEM_PULLREQUEST_PULLREQUESTID")),
            commit=environment.get("BUILD_SOURCEVERSION", ""),
            branch=environment.get("BUILD_SOURCEBRANCH", ""),
        ),
        patience=patience,
    )


def _wrap(body: str) -> str:
    """Markdown in a field of HTML: the marker is kept as text, since comments are taken out."""
    return f"<pre>{html.escape(body)}</pre>"


def _unwrap(text: Any) -> str:
    plain = str(text or "").strip()
    return html.unescape(plain.removeprefix("<pre>").removesuffix("</pre>"))


def _advice(response: requests.Response, needs: str) -> str | None:
    if response.status_code in (203, 302, 401):
        return f"the token is not accepted; {_TOKEN}"
    if response.status_code in (403, 404) and needs:
        return f"it takes the right: {needs}"
    return None
