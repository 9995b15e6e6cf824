"""GitLab: notes of merge requests, issues, and which merge requests brought a commit."""

from __future__ import annotations

from typing import Any

from fakes.forges.site import Refused, Site, User, body_of
from fakes.messages import Answer, Call, answer

TOKEN = "glpat-thetokenoftheproject"
JOB_TOKEN = "64_atokenofajob"
PROJECT = 42
MOST = 1_000_000
MOMENT = "2026-11-22T12:00:00.000Z"
BOT = User(101, "project_42_bot")


class GitLab(Site):
    """One project."""

    base = "/api/v4/"

    def __init__(self, path: str = "acme/schedules", page: int = 100) -> None:
        super().__init__(page)
        self.path = path
        self.users = {TOKEN: BOT}
        self.merges: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.issues: dict[int, dict[str, Any]] = {}
        project = "projects/{project}"
        self.route("GET", "user", self._user)
        self.route("GET", project, self._get_project)
        self.route("GET", project + "/merge_requests", self._list_merges)
        self.route("GET", project + "/merge_requests/{iid}", self._get_merge)
        self.route("GET", project + "/merge_requests/{iid}/notes", self._list_notes)
        self.route("POST", project + "/merge_requests/{iid}/notes", self._add_note)
        self.route("PUT", project + "/merge_requests/{iid}/notes/{note}", self._edit_note)
        self.route("GET", project + "/issues", self._list_issues)
        self.route("POST", project + "/issues", self._open)
        self.route("PUT", project + "/issues/{iid}", self._edit)
        self.route("GET", project + "/repository/commits/{sha}/merge_requests", self._of_commit)

    # ------------------------------------------------------------------------------- the other hand

    def open_merge(self, iid: int, branch: str = "main") -> None:
        self.merges[iid] = {
            "id": iid + 5000,
            "iid": iid,
            "project_id": PROJECT,
            "title": f"Change {iid}",
            "state": "opened",
            "target_branch": branch,
            "source_branch": "change",
            "merge_commit_sha": None,
            "squash_commit_sha": None,
        }
        self.notes[iid] = []

    def merge(self, iid: int, sha: str) -> None:
        self.merges[iid].update(state="merged", merge_commit_sha=sha, merged_at=self.moment())

    def note(self, iid: int, body: str, author: User, *, system: bool = False) -> dict[str, Any]:
        made = {
            "id": self.next_number(),
            "body": body,
            "author": self._shown(author),
            "created_at": MOMENT,
            "updated_at": self.moment(),
            "system": system,
            "noteable_id": iid + 5000,
            "noteable_type": "MergeRequest",
            "noteable_iid": iid,
            "resolvable": False,
        }
        self.notes[iid].append(made)
        return made

    # ---------------------------------------------------------------------------------- the answers

    def caller(self, call: Call) -> User:
        token = call.headers.get("PRIVATE-TOKEN", "")
        if token not in self.users:
            raise Refused(401, {"message": "401 Unauthorized"})
        return self.users[token]

    def missing(self) -> Answer:
        return answer(404, {"error": "404 Not Found"})

    def _user(self, call: Call, user: User) -> Answer:
        return answer(200, self._shown(user))

    def _get_project(self, call: Call, user: User, project: str) -> Answer:
        self._may(user, "read", project)
        return answer(200, {"id": PROJECT, "path_with_namespace": self.path})

    def _get_merge(self, call: Call, user: User, project: str, iid: str) -> Answer:
        self._may(user, "read", project)
        return answer(200, self._merge(iid))

    def _list_notes(self, call: Call, user: User, project: str, iid: str) -> Answer:
        self._may(user, "read", project)
        self._merge(iid)
        notes = self.notes[int(iid)]
        return self.paged(call, notes if call.query.get("sort") == "asc" else notes[::-1])

    def _add_note(self, call: Call, user: User, project: str, iid: str) -> Answer:
        self._may(user, "comment", project)
        self._merge(iid)
        return answer(201, self.note(int(iid), self._text(call, "body"), user))

    def _edit_note(self, call: Call, user: User, project: str, iid: str, note: str) -> Answer:
        self._may(user, "comment", project)
        for one in self.notes[int(iid)]:
            if str(one["id"]) == note:
                one.update(body=self._text(call, "body"), updated_at=self.moment())
                return answer(200, one)
        return answer(404, {"message": "404 Not found"})

    def _list_issues(self, call: Call, user: User, project: str) -> Answer:
        self._may(user, "read", project)
        state, label = call.query.get("state"), call.query.get("labels")
        found = [
            one
            for one in self.issues.values()
            if state in (None, one["state"]) and (label is None or label in one["labels"])
        ]
        return self.paged(call, found)

    def _open(self, call: Call, user: User, project: str) -> Answer:
        self._may(user, "issue", project)
        body = body_of(call)
        iid = len(self.issues) + 1
        self.issues[iid] = {
            "id": iid + 9000,
            "iid": iid,
            "project_id": PROJECT,
            "title": body["title"],
            "description": self._text(call, "description"),
            "labels": body.get("labels", "").split(","),
            "state": "opened",
            "author": self._shown(user),
            "created_at": MOMENT,
            "updated_at": MOMENT,
        }
        return answer(201, self.issues[iid])

    def _edit(self, call: Call, user: User, project: str, iid: str) -> Answer:
        self._may(user, "issue", project)
        issue, body = self.issues[int(iid)], body_of(call)
        issue.update({k: body[k] for k in ("title", "description") if k in body})
        if body.get("state_event") == "close":
            issue["state"] = "closed"
        return answer(200, issue)

    def _of_commit(self, call: Call, user: User, project: str, sha: str) -> Answer:
        self._may(user, "read", project)
        return self.paged(
            call, [one for one in self.merges.values() if one["merge_commit_sha"] == sha]
        )

    def _list_merges(self, call: Call, user: User, project: str) -> Answer:
        self._may(user, "read", project)
        assert (call.query["order_by"], call.query["sort"]) == ("updated_at", "desc"), call.query
        found = [
            one
            for one in self.merges.values()
            if one["state"] == call.query["state"]
            and one["target_branch"] == call.query["target_branch"]
        ]
        found.sort(key=lambda one: str(one["merged_at"]), reverse=True)
        return self.paged(call, found)

    def _may(self, user: User, right: str, project: str) -> None:
        if project not in (str(PROJECT), self.path):
            raise Refused(404, {"message": "404 Project Not Found"})
        if right not in user.rights:
            raise Refused(403, {"message": "403 Forbidden"})

    def _merge(self, iid: str) -> dict[str, Any]:
        if not iid.isdigit() or int(iid) not in self.merges:
            raise Refused(404, {"message": "404 Not found"})
        return self.merges[int(iid)]

    def _text(self, call: Call, name: str) -> str:
        text: str = body_of(call)[name]
        if len(text) > MOST:
            raise Refused(400, {"message": {name: ["is too long (maximum is 1000000 characters)"]}})
        return text

    def _shown(self, user: User) -> dict[str, Any]:
        return {"id": user.id, "username": user.login, "name": user.login, "state": "active"}
