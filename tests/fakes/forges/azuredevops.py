"""Azure DevOps: threads of pull requests, work items, and which pull request a commit merged."""

from __future__ import annotations

import html
import re
from typing import Any

from fakes.forges.site import Refused, Site, User, body_of
from fakes.messages import Answer, Call, answer

TOKEN = "eyJ0eXAi.thetokenofthebuild.service"
PROJECT = "ML Platform"
REPOSITORY = "2f3d611a-f012-4b39-b157-8db63f380226"
MOST = 150_000
MOMENT = "2026-11-22T12:00:00.000Z"
BUILD = User(1, "acme Build Service")
_STATES = {"To Do": "Proposed", "Doing": "InProgress", "Done": "Completed"}


def guid(user: User) -> str:
    return f"00000000-0000-0000-0000-{user.id:012d}"


class AzureDevOps(Site):
    """One repository of one project of the organisation acme."""

    base = "/acme/"

    def __init__(self) -> None:
        super().__init__()
        self.users = {TOKEN: BUILD}
        self.threads: dict[int, list[dict[str, Any]]] = {}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.items: dict[int, dict[str, Any]] = {}
        pull = "{project}/_apis/git/repositories/{repository}/pullRequests/{pull}/threads"
        work = "{project}/_apis/wit"
        self.route("GET", "_apis/connectionData", self._connection)
        self.route("GET", pull, self._threads)
        self.route("POST", pull, self._open_thread)
        self.route("PATCH", pull + "/{thread}/comments/{comment}", self._edit_comment)
        self.route(
            "POST", "{project}/_apis/git/repositories/{repository}/pullrequestquery", self._query
        )
        self.route(
            "GET", "{project}/_apis/git/repositories/{repository}/pullrequests", self._completed
        )
        self.route("GET", work + "/workitemtypes/{type}/states", self._states)
        self.route("POST", work + "/wiql", self._wiql)
        self.route("GET", work + "/workitems/{id}", self._item)
        self.route("POST", work + "/workitems/${type}", self._create)
        self.route("PATCH", work + "/workitems/{id}", self._update)

    # ------------------------------------------------------------------------------- the other hand

    def open_pull(self, number: int, branch: str = "refs/heads/main") -> None:
        self.pulls[number] = {
            "pullRequestId": number,
            "status": "active",
            "targetRefName": branch,
            "lastMergeCommit": {"commitId": "0" * 40},
        }
        self.threads[number] = []

    def merge(self, number: int, sha: str) -> None:
        merged = {"status": "completed", "lastMergeCommit": {"commitId": sha}}
        self.pulls[number].update(merged, closedDate=self.moment())

    def thread(self, number: int, content: str, author: User) -> dict[str, Any]:
        made = {
            "id": self.next_number(),
            "publishedDate": MOMENT,
            "lastUpdatedDate": MOMENT,
            "comments": [
                {
                    "id": 1,
                    "parentCommentId": 0,
                    "author": self._identity(author),
                    "content": content,
                    "publishedDate": MOMENT,
                    "lastUpdatedDate": MOMENT,
                    "lastContentUpdatedDate": self.moment(),
                    "commentType": "text",
                    "usersLiked": [],
                }
            ],
            "properties": {},
            "isDeleted": False,
        }
        self.threads[number].append(made)
        return made

    # ---------------------------------------------------------------------------------- the answers

    def caller(self, call: Call) -> User:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.users:
            if call.headers.get("X-TFS-FedAuthRedirect") != "Suppress":
                raise Refused(302, None, Location=f"{self.address}/_signin")
            raise Refused(401, {"message": "TF400813: The user is not authorized."})
        if not call.path.endswith("connectionData") and "api-version" not in call.query:
            raise Refused(400, {"message": "No api-version was supplied for the request."})
        return self.users[token]

    def _may(self, user: User, right: str, project: str, repository: str = REPOSITORY) -> None:
        if project != PROJECT or repository != REPOSITORY:
            words = (
                f"TF401019: The Git repository with name or identifier {repository} does not exist"
            )
            raise Refused(404, {"$id": "1", "message": words, "typeKey": "GitRepositoryNotFound"})
        if right not in user.rights:
            words = "TF401027: You need the Git 'PullRequestContribute' permission to perform this."
            raise Refused(403, {"$id": "1", "message": words, "typeKey": "GitNeedsPermission"})

    def _connection(self, call: Call, user: User) -> Answer:
        shown = {"id": guid(user), "providerDisplayName": user.login}
        return answer(200, {"authenticatedUser": shown, "instanceId": guid(user)})

    def _threads(self, call: Call, user: User, project: str, repository: str, pull: str) -> Answer:
        self._may(user, "read", project, repository)
        found = self._pull(pull)
        return answer(200, {"value": found, "count": len(found)})

    def _open_thread(
        self, call: Call, user: User, project: str, repository: str, pull: str
    ) -> Answer:
        self._may(user, "comment", project, repository)
        self._pull(pull)
        content = body_of(call)["comments"][0]["content"]
        if len(content) > MOST:
            raise Refused(400, {"message": "The comment is too long."})
        return answer(200, self.thread(int(pull), content, user))

    def _edit_comment(
        self,
        call: Call,
        user: User,
        project: str,
        repository: str,
        pull: str,
        thread: str,
        comment: str,
    ) -> Answer:
        self._may(user, "comment", project, repository)
        for one in self._pull(pull):
            for written in one["comments"]:
                if (str(one["id"]), str(written["id"])) == (thread, comment):
                    written["content"] = body_of(call)["content"]
                    written["lastContentUpdatedDate"] = self.moment()
                    return answer(200, written)
        return self.missing()

    def _query(self, call: Call, user: User, project: str, repository: str) -> Answer:
        self._may(user, "read", project, repository)
        queries = body_of(call)["queries"]
        results: list[dict[str, Any]] = []
        for query in queries:
            assert query["type"] == "lastMergeCommit", query
            found: dict[str, Any] = {}
            for sha in query["items"]:
                pulls = [p for p in self.pulls.values() if p["lastMergeCommit"]["commitId"] == sha]
                if pulls:
                    found[sha] = pulls
            results.append(found)
        return answer(200, {"queries": queries, "results": results})

    def _completed(self, call: Call, user: User, project: str, repository: str) -> Answer:
        self._may(user, "read", project, repository)
        status, branch = (call.query[f"searchCriteria.{n}"] for n in ("status", "targetRefName"))
        found = [
            pull
            for pull in self.pulls.values()
            if pull["status"] == status and pull["targetRefName"] == branch
        ]
        found.sort(key=lambda pull: str(pull["closedDate"]), reverse=True)
        found = found[: int(call.query["$top"])]
        return answer(200, {"value": found, "count": len(found)})

    def _pull(self, number: str) -> list[dict[str, Any]]:
        if not number.isdigit() or int(number) not in self.threads:
            raise Refused(404, {"message": f"TF401180: The requested pull request {number}"})
        return self.threads[int(number)]

    # ---------------------------------------------------------------------------------- work items

    def _states(self, call: Call, user: User, project: str, type: str) -> Answer:
        self._may(user, "read", project)
        states = [{"name": n, "color": "b2b2b2", "category": c} for n, c in _STATES.items()]
        return answer(200, {"count": len(states), "value": states})

    def _wiql(self, call: Call, user: User, project: str) -> Answer:
        """The one query that is asked: by type and tag, and not in some states."""
        self._may(user, "read", project)
        query = body_of(call)["query"]
        kind = re.search(r"\[System\.WorkItemType\] = '([^']*)'", query)
        tag = re.search(r"\[System\.Tags\] CONTAINS '([^']*)'", query)
        states = re.search(r"\[System\.State\] NOT IN \(([^)]*)\)", query)
        if not (kind and tag and states and "@project" in query):
            raise Refused(400, {"message": "TF51006: The query statement is missing a clause."})
        done = re.findall(r"'([^']*)'", states[1])
        found = [
            {"id": number, "url": f"{self.address}/{number}"}
            for number, fields in self.items.items()
            if fields["System.WorkItemType"] == kind[1]
            and tag[1] in fields["System.Tags"].split("; ")
            and fields["System.State"] not in done
        ]
        return answer(200, {"queryType": "flat", "workItems": found})

    def _item(self, call: Call, user: User, project: str, id: str) -> Answer:
        self._may(user, "read", project)
        if int(id) not in self.items:
            raise Refused(404, {"message": f"TF401232: Work item {id} does not exist"})
        return answer(200, {"id": int(id), "fields": self.items[int(id)]})

    def _create(self, call: Call, user: User, project: str, type: str) -> Answer:
        self._may(user, "issue", project)
        number = len(self.items) + 1
        self.items[number] = {
            "System.WorkItemType": type,
            "System.State": "To Do",
            "System.CreatedBy": self._identity(user),
        }
        return self._patched(call, number)

    def _update(self, call: Call, user: User, project: str, id: str) -> Answer:
        self._may(user, "issue", project)
        return self._patched(call, int(id))

    def _patched(self, call: Call, number: int) -> Answer:
        if call.headers.get("Content-Type") != "application/json-patch+json":
            raise Refused(415, {"message": "TF400898: the content type is not supported"})
        fields = self.items[number]
        patch: Any = call.json
        for operation in patch:
            assert operation["op"] == "add", operation
            name, value = operation["path"].removeprefix("/fields/"), operation["value"]
            if name == "System.State" and value not in _STATES:
                raise Refused(400, {"message": f"The field 'State' contains the value '{value}'"})
            if name == "System.Description":
                value = self._cleaned(value)
            fields[name] = value
        return answer(200, {"id": number, "fields": fields})

    def _cleaned(self, text: str) -> str:
        """As the service keeps HTML: comments and scripts are taken out."""
        text = re.sub(r"<!--.*?-->|<script.*?</script>", "", text, flags=re.DOTALL)
        return text.replace(html.escape("'"), "'")

    def _identity(self, user: User) -> dict[str, Any]:
        return {"id": guid(user), "displayName": user.login, "uniqueName": user.login}
