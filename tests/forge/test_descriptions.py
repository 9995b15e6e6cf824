"""What is sent to the forges, and what their stand-ins answer, by what the forges publish.

GitHub publishes a description of its API; Azure DevOps and GitLab have clients, made from theirs,
which run in a virtual environment of their own (judge.py).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fakes.forges import azuredevops, github, gitlab
from fakes.messages import Answer, Call, answer
from helpers import declaration, invoke, repository, write
from judges import BIN, DESCRIPTION, described, needed

from forge.jobs import SHA, command, saved
from forge.places import OTHER, Place, on_azure, on_github, on_gitlab

JUDGE = Path(__file__).parent / "judge.py"


def life(place: Place, repo: Path) -> None:
    """Every call that is made of a forge."""
    place.open(12)
    place.write(12, "looks good", OTHER)
    saved(repo)
    command(repo, "comment", place.env())
    command(repo, "issue", place.env(None))
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    command(repo, "comment", place.env())
    place.merge(12, SHA)
    command(repo, "reviewed", place.env(None))
    command(repo, "issue", place.env(None))
    invoke(repo, "apply", "--yes")
    saved(repo)
    command(repo, "issue", place.env(None))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo", "a", "b")


# ------------------------------------------------------------------------------------------- GitHub


@cache
def description() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    return read


def as_schema(part: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON schema."""
    if isinstance(part, list):
        return [as_schema(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {key: as_schema(value) for key, value in part.items() if key != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if part.get("nullable") is True else made


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = description()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


@cache
def schemas() -> dict[str, Any]:
    made: dict[str, Any] = as_schema(description()["components"]["schemas"])
    return made


def complaints(schema: Any, value: Any) -> Iterator[str]:
    whole = {**as_schema(schema), "components": {"schemas": schemas()}}
    for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
        yield f"{error.json_path}: {error.message[:300]}"


def operation(call: Call) -> dict[str, Any]:
    """The one that an address and a method mean; names before placeholders."""
    found = []
    for path, methods in description()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, call.path) and call.method.lower() in methods:
            found.append((path.count("{"), path, methods[call.method.lower()]))
    assert found, f"GitHub has no {call.method} {call.path}"
    best: dict[str, Any] = min(found, key=lambda one: one[:2])[2]
    return best


def check(call: Call, answered: Answer) -> Iterator[str]:
    described_call = operation(call)
    parameters = [resolved(one) for one in described_call.get("parameters", ())]
    queries = {one["name"]: one for one in parameters if one["in"] == "query"}
    for name, text in call.query.items():
        if name not in queries:
            yield f"no parameter {name}"
            continue
        kind = queries[name]["schema"].get("type")
        yield from complaints(queries[name]["schema"], int(text) if kind == "integer" else text)
    if call.body:
        schema = described_call["requestBody"]["content"]["application/json"]["schema"]
        body = json.loads(call.body)
        yield from complaints(schema, body)
        yield from (f"no field {name}" for name in set(body) - set(resolved(schema)["properties"]))
    response = resolved(described_call["responses"][str(answered.status)])
    if not call.path.endswith("/pulls"):  # where the stand-in has only what is read
        schema = response["content"]["application/json"]["schema"]
        yield from complaints(schema, json.loads(answered.body))


@described
def test_github(tmp_path: Path, repo: Path) -> None:
    place = on_github(tmp_path)
    with place.site as site:
        life(place, repo)
        assert {(call.method, operation(call)["operationId"]) for call in site.calls} == {
            ("GET", "users/get-authenticated"),
            ("GET", "issues/list-comments"),
            ("POST", "issues/create-comment"),
            ("PATCH", "issues/update-comment"),
            ("GET", "issues/list-for-repo"),
            ("POST", "issues/create"),
            ("PATCH", "issues/update"),
            ("GET", "repos/list-pull-requests-associated-with-commit"),
        }
        for call, answered in zip(site.calls, site.answers, strict=True):
            assert list(check(call, answered)) == [], (call.method, call.path)
            assert call.headers["X-GitHub-Api-Version"] == "2022-11-28"
        assert github.TOKEN not in "".join(call.path for call in site.calls)


@described
def test_the_description_is_a_judge() -> None:
    path = "/repos/acme/schedules/issues/12/comments"
    answered = answer(201, {})
    sent = Call("POST", path, {"sort": "up"}, {}, b'{"bodyy": 1}')
    said = list(check(sent, answered))
    assert said[:3] == ["no parameter sort", "$: 'body' is a required property", "no field bodyy"]
    assert any("'html_url' is a required property" in one for one in said)


# ---------------------------------------------------------------------------- GitLab, Azure DevOps


def judged(what: str, given: Any) -> Any:
    done = subprocess.run(
        [BIN / "python", JUDGE, what],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needed
def test_gitlab_by_its_client(tmp_path: Path, repo: Path) -> None:
    """The client sees what we wrote, and we edit what it wrote: over pages, at one address."""
    place = on_gitlab(tmp_path)
    with place.site as site:
        life(place, repo)
        body = place.bodies(12)[1]
        given = {"address": site.address, "token": gitlab.TOKEN, "project": gitlab.PROJECT}
        seen = judged("gitlab", {**given, "merge_request": 12, "commit": SHA, "copy": 1})
        assert seen["notes"] == place.bodies(12)[:2]
        assert seen["merged"] == [12]
        ((state, title, text),) = place.issues()
        assert seen["issues"] == [[state, title, text]]
        assert place.bodies(12) == [*seen["notes"], body]  # the client wrote a copy


@needed
def test_azure_devops_by_its_models(tmp_path: Path, repo: Path) -> None:
    """Each body has the fields that the service's own models have, and no others."""
    place = on_azure(tmp_path)
    with place.site as site:
        life(place, repo)
        bodies = []
        for call, answered in zip(site.calls, site.answers, strict=True):
            for model, body in models(call, answered):
                bodies.append([model, body])
        assert judged("azuredevops", bodies) == []
        assert {model for model, _ in bodies} >= {
            "git.GitPullRequestCommentThread",
            "git.Comment",
            "git.GitPullRequestQuery",
            "work_item_tracking.Wiql",
            "work_item_tracking.JsonPatchOperation",
        }
        assert azuredevops.TOKEN not in "".join(call.path for call in site.calls)


def models(call: Call, answered: Answer) -> Iterator[tuple[str, Any]]:
    """The model of each body of a call."""
    path, sent = call.path, json.loads(call.body) if call.body else None
    got = json.loads(answered.body)
    if path.endswith("/threads"):
        for thread in [sent] if sent else got["value"]:
            yield "git.GitPullRequestCommentThread", thread
    elif "/comments/" in path:
        yield "git.Comment", sent
        yield "git.Comment", got
    elif path.endswith("/pullrequestquery"):
        yield "git.GitPullRequestQuery", sent
        yield "git.GitPullRequestQuery", got
    elif path.endswith("/wiql"):
        yield "work_item_tracking.Wiql", sent
        yield "work_item_tracking.WorkItemQueryResult", got
    elif path.endswith("/states"):
        for state in got["value"]:
            yield "work_item_tracking.WorkItemStateColor", state
    elif "/workitems/" in path:
        for one in sent or ():
            yield "work_item_tracking.JsonPatchOperation", one
        yield "work_item_tracking.WorkItem", got
    else:
        assert path.endswith("/connectionData"), path
        yield "location.ConnectionData", got


@needed
def test_the_models_are_judges() -> None:
    bodies = [
        ["git.Comment", {"contentt": "x"}],
        ["git.GitPullRequestCommentThread", {"comments": [{"contentt": "x"}]}],
        ["git.Comment", {"publishedDate": "yesterday"}],
    ]
    assert judged("azuredevops", bodies) == [
        "git.Comment: no field contentt",
        "git.GitPullRequestCommentThread: comments.no field contentt",
        "git.Comment: not to be read",
    ]
