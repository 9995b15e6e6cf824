"""GitHub: comments of pull requests, issues, and which pull requests brought a commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fakes.forges.site import Refused, Site, User, body_of
from fakes.messages import Answer, Call, answer

TOKEN = "ghs_thetokenofthejob0000000000000000000000"
PERSONAL = "ghp_thetokenofaperson000000000000000000000"
READER = "ghs_atokenthatonlyreads0000000000000000000"
MOST = 65536
MOMENT = "2026-11-22T12:00:00Z"
ACTIONS = User(41898282, "github-actions[bot]", "Bot")


@dataclass
class Issue:
    """An issue, or a pull request."""

    number: int
    title: str
    body: str = ""
    author: User = ACTIONS
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    pull: dict[str, Any] | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)


class GitHub(Site):
    """One repository: owner/name."""

    def __init__(
        self, repository: str = "acme/schedules", base: str = "/", page: int = 100
    ) -> None:
        super().__init__(page)
        self.base = base
        self.repository = repository
        self.issues: dict[int, Issue] = {}
        reader = User(41898282, "github-actions[bot]", "Bot", frozenset({"read"}))
        self.users = {TOKEN: ACTIONS, PERSONAL: User(7, "ana"), READER: reader}
        repo = "repos/{owner}/{repo}"
        self.route("GET", "user", self._user)
        self.route("GET", repo + "/issues/{number}/comments", self._comments)
        self.route("POST", repo + "/issues/{number}/comments", self._add_comment)
        self.route("PATCH", repo + "/issues/comments/{id}", self._edit_comment)
        self.route("GET", repo + "/issues", self._issues)
        self.route("POST", repo + "/issues", self._open)
        self.route("PATCH", repo + "/issues/{number}", self._edit)
        self.route("GET", repo + "/commits/{sha}/pulls", self._pulls)
        self.route("GET", repo + "/pulls", self._closed)

    # ------------------------------------------------------------------------------- the other hand

    def open_pull(self, number: int, base: str = "main") -> Issue:
        pull = {"base": base, "merged_at": None, "merge_commit_sha": None}
        self.issues[number] = Issue(number, f"Change {number}", pull=pull)
        return self.issues[number]

    def merge(self, number: int, sha: str) -> None:
        issue = self.issues[number]
        assert issue.pull is not None
        issue.pull.update(merged_at=self.moment(), merge_commit_sha=sha)
        issue.state = "closed"

    def comment(self, number: int, body: str, author: User) -> dict[str, Any]:
        made = {"id": self.next_number(), "body": body, "author": author, "number": number}
        made["edited"] = self.moment()
        self.issues[number].comments.append(made)
        return made

    # ---------------------------------------------------------------------------------- the answers

    def caller(self, call: Call) -> User:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "token") or token not in self.users:
            raise Refused(401, {"message": "Bad credentials", "status": "401"})
        if not call.headers.get("User-Agent"):
            raise Refused(403, {"message": "Request forbidden by administrative rules."})
        return self.users[token]

    def _may(self, user: User, right: str, repo: dict[str, str], accepted: str) -> None:
        if f"{repo['owner']}/{repo['repo']}" != self.repository:
            raise Refused(404, {"message": "Not Found", "status": "404"})
        if right not in user.rights:
            words = "Resource not accessible by integration"
            headers = {"X-Accepted-GitHub-Permissions": accepted}
            raise Refused(403, {"message": words, "status": "403"}, **headers)

    def _found(self, number: str) -> Issue:
        if not number.isdigit() or int(number) not in self.issues:
            raise Refused(404, {"message": "Not Found", "status": "404"})
        return self.issues[int(number)]

    def _user(self, call: Call, user: User) -> Answer:
        if user.type == "Bot":
            return answer(403, {"message": "Resource not accessible by integration"})
        return answer(200, self._shown_user(user))

    def _comments(self, call: Call, user: User, number: str, **repo: str) -> Answer:
        self._may(user, "read", repo, "issues=read")
        return self.paged(call, [self._shown(one) for one in self._found(number).comments])

    def _add_comment(self, call: Call, user: User, number: str, **repo: str) -> Answer:
        self._may(user, "comment", repo, "issues=write; pull_requests=write")
        made = self.comment(self._found(number).number, self._text(call), user)
        return answer(201, self._shown(made))

    def _edit_comment(self, call: Call, user: User, **given: str) -> Answer:
        comment_id = given.pop("id")
        self._may(user, "comment", given, "issues=write; pull_requests=write")
        for issue in self.issues.values():
            for one in issue.comments:
                if str(one["id"]) == comment_id:
                    one.update(body=self._text(call), edited=self.moment())
                    return answer(200, self._shown(one))
        return self.missing()

    def _issues(self, call: Call, user: User, **repo: str) -> Answer:
        self._may(user, "read", repo, "issues=read")
        state = call.query.get("state", "open")
        label = call.query.get("labels", "")
        found = [
            self._shown_issue(one)
            for one in self.issues.values()
            if state in ("all", one.state) and (not label or label in one.labels)
        ]
        return self.paged(call, found)

    def _open(self, call: Call, user: User, **repo: str) -> Answer:
        self._may(user, "issue", repo, "issues=write")
        body = body_of(call)
        number = max(self.issues, default=0) + 1
        made = Issue(number, body["title"], self._text(call), user, labels=body.get("labels", []))
        self.issues[number] = made
        return answer(201, self._shown_issue(made))

    def _edit(self, call: Call, user: User, number: str, **repo: str) -> Answer:
        self._may(user, "issue", repo, "issues=write")
        issue, body = self._found(number), body_of(call)
        issue.title = body.get("title", issue.title)
        issue.body = self._text(call)
        issue.state = body.get("state", issue.state)
        return answer(200, self._shown_issue(issue))

    def _pulls(self, call: Call, user: User, sha: str, **repo: str) -> Answer:
        self._may(user, "read", repo, "pull_requests=read")
        found = [
            self._shown_pull(one)
            for one in self.issues.values()
            if one.pull and one.pull["merge_commit_sha"] == sha
        ]
        return self.paged(call, found)

    def _closed(self, call: Call, user: User, **repo: str) -> Answer:
        """The list of pull requests, as it is asked for: closed ones, the last changed first."""
        self._may(user, "read", repo, "pull_requests=read")
        assert call.query["state"] == "closed", call.query
        assert (call.query["sort"], call.query["direction"]) == ("updated", "desc"), call.query
        found = [
            one
            for one in self.issues.values()
            if one.pull and one.state == "closed" and one.pull["base"] == call.query["base"]
        ]
        found.sort(key=lambda one: str(one.pull and one.pull["merged_at"]), reverse=True)
        return self.paged(call, [self._shown_pull(one) for one in found])

    def _text(self, call: Call) -> str:
        text: str = body_of(call).get("body") or ""
        if len(text) > MOST:
            errors = [{"resource": "IssueComment", "code": "unprocessable", "field": "data"}]
            words = {"message": "Validation Failed", "errors": errors}
            raise Refused(422, words)
        return text.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else text

    # ---------------------------------------------------------------------------------- the shapes

    def _shown_user(self, user: User) -> dict[str, Any]:
        api, site = f"{self.address}{self.base}users/{user.login}", f"{self.address}/{user.login}"
        names = (
            "followers following gists starred subscriptions organizations repos events"
            " received_events"
        )
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "avatar_url": f"{site}.png",
            "gravatar_id": "",
            "url": api,
            "html_url": site,
            **{f"{name}_url": f"{api}/{name}" for name in names.split()},
            "type": user.type,
            "site_admin": False,
        }

    def _shown(self, comment: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.address}{self.base}repos/{self.repository}/issues"
        return {
            "id": comment["id"],
            "node_id": f"IC_{comment['id']}",
            "url": f"{url}/comments/{comment['id']}",
            "html_url": f"{self.address}/{self.repository}/pull/{comment['number']}",
            "issue_url": f"{url}/{comment['number']}",
            "user": self._shown_user(comment["author"]),
            "created_at": MOMENT,
            "updated_at": comment["edited"],
            "author_association": "CONTRIBUTOR",
            "body": comment["body"],
        }

    def _shown_issue(self, issue: Issue) -> dict[str, Any]:
        repo = f"{self.address}{self.base}repos/{self.repository}"
        url = f"{repo}/issues/{issue.number}"
        shown = {
            "id": issue.number + 10_000,
            "node_id": f"I_{issue.number}",
            "url": url,
            "repository_url": repo,
            "labels_url": url + "/labels{/name}",
            "comments_url": url + "/comments",
            "events_url": url + "/events",
            "html_url": f"{self.address}/{self.repository}/issues/{issue.number}",
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "user": self._shown_user(issue.author),
            "labels": [{"id": 1, "name": name, "color": "ededed"} for name in issue.labels],
            "state": issue.state,
            "locked": False,
            "assignee": None,
            "milestone": None,
            "comments": len(issue.comments),
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "closed_at": None if issue.state == "open" else MOMENT,
            "author_association": "CONTRIBUTOR",
        }
        if issue.pull:
            shown["pull_request"] = {"url": url, "html_url": "", "diff_url": "", "patch_url": ""}
        return shown

    def _shown_pull(self, issue: Issue) -> dict[str, Any]:
        assert issue.pull is not None
        return {
            "number": issue.number,
            "state": issue.state,
            "merged_at": issue.pull["merged_at"],
            "merge_commit_sha": issue.pull["merge_commit_sha"],
            "base": {"ref": issue.pull["base"]},
        }
