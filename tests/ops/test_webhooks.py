from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from reconciler.ops.webhooks import Hooks, Secrets

SECRET = "it is a secret"
SECRETS = Secrets(github=SECRET, gitlab=SECRET, azuredevops=f"hook:{SECRET}")


def github(body: bytes, event: str = "push", delivery: str = "1", key: str = SECRET) -> Any:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {
        "x-hub-signature-256": f"sha256={digest}",
        "x-github-event": event,
        "x-github-delivery": delivery,
    }


def push(ref: str = "refs/heads/main") -> bytes:
    return json.dumps({"ref": ref, "object_kind": "push"}).encode()


def azure(*refs: str, event: str = "git.push") -> bytes:
    updates = [{"name": ref} for ref in refs]
    return json.dumps({"id": "1", "eventType": event, "resource": {"refUpdates": updates}}).encode()


def basic(secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


@pytest.mark.parametrize(
    ("ref", "branch", "verdict"),
    [
        ("refs/heads/main", "main", "push"),
        ("refs/heads/main", None, "push"),
        ("refs/heads/other", "main", "ignored"),
        ("refs/heads/not/main", "main", "ignored"),
        ("refs/tags/v1", "v1", "push"),
    ],
)
def test_only_the_followed_branch_counts(ref: str, branch: str | None, verdict: str) -> None:
    hooks = Hooks(SECRETS, branch)
    assert hooks.judge("github", github(push(ref)), push(ref)) == verdict
    assert hooks.judge("gitlab", {"x-gitlab-token": SECRET}, push(ref)) == verdict
    assert hooks.judge("azuredevops", basic(f"hook:{SECRET}"), azure(ref)) == verdict


def test_a_forged_signature_is_refused() -> None:
    hooks = Hooks(SECRETS)
    body = push()
    good = github(body)
    for forged in (
        {},
        {"x-github-event": "push"},
        good | {"x-hub-signature-256": ""},
        good | {"x-hub-signature-256": "sha256="},
        good | {"x-hub-signature-256": good["x-hub-signature-256"][7:]},
        good | {"x-hub-signature-256": "\udcff"},
        github(body, key="another"),
        github(push("refs/heads/other")),
    ):
        assert hooks.judge("github", forged, body) == "unauthorized"
    for forged in ({}, {"x-gitlab-token": ""}, {"x-gitlab-token": SECRET + " "}):
        assert hooks.judge("gitlab", forged, body) == "unauthorized"
    for forged in (
        {},
        {"authorization": ""},
        {"authorization": "Basic !!"},
        {"authorization": basic(f"hook:{SECRET}")["authorization"].replace("Basic", "Bearer")},
        basic(f"hook:{SECRET}x"),
        basic(SECRET),
    ):
        assert hooks.judge("azuredevops", forged, azure("refs/heads/main")) == "unauthorized"


def test_a_forge_without_a_secret_is_never_believed() -> None:
    for secrets in (Secrets(), Secrets(github="", gitlab="", azuredevops="")):
        hooks = Hooks(secrets)
        body = push()
        assert not hooks.knows("github")
        assert not hooks.knows("unheard-of")
        assert hooks.judge("github", github(body, key=""), body) == "unauthorized"
        assert hooks.judge("gitlab", {"x-gitlab-token": ""}, body) == "unauthorized"
        assert hooks.judge("azuredevops", basic(""), body) == "unauthorized"


def test_a_delivery_that_came_before() -> None:
    hooks = Hooks(SECRETS)
    body = push()
    assert hooks.judge("github", github(body), body) == "push"
    assert hooks.judge("github", github(body), body) == "replayed"
    assert hooks.judge("github", github(body, delivery="2"), body) == "push"
    gitlab = {"x-gitlab-token": SECRET, "x-gitlab-event-uuid": "1"}
    assert hooks.judge("gitlab", gitlab, body) == "push"
    assert hooks.judge("gitlab", gitlab, body) == "replayed"
    devops = azure("refs/heads/main")
    assert hooks.judge("azuredevops", basic(f"hook:{SECRET}"), devops) == "push"
    assert hooks.judge("azuredevops", basic(f"hook:{SECRET}"), devops) == "replayed"


def test_what_is_remembered_is_bounded() -> None:
    hooks = Hooks(SECRETS)
    body = push()
    for number in range(2100):
        assert hooks.judge("github", github(body, delivery=str(number)), body) == "push"
    assert len(hooks._seen) == 2000


def test_other_events() -> None:
    hooks = Hooks(SECRETS)
    body = push()
    assert hooks.judge("github", github(body, "ping"), body) == "ping"
    assert hooks.judge("github", github(body, "issues"), body) == "ignored"
    tag = json.dumps({"object_kind": "tag_push", "ref": "refs/tags/v1"}).encode()
    assert hooks.judge("gitlab", {"x-gitlab-token": SECRET}, tag) == "ignored"
    other = azure("refs/heads/main", event="build.complete")
    assert hooks.judge("azuredevops", basic(f"hook:{SECRET}"), other) == "ignored"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"ref": 1}', b"{}"])
def test_bodies_that_are_none(body: bytes) -> None:
    assert Hooks(SECRETS).judge("github", github(body), body) == "malformed"


def test_a_push_of_azure_devops_without_its_parts() -> None:
    body = json.dumps({"eventType": "git.push", "resource": 3}).encode()
    assert Hooks(SECRETS).judge("azuredevops", basic(f"hook:{SECRET}"), body) == "malformed"


def test_no_secret_in_a_repr() -> None:
    assert SECRET not in repr(SECRETS)
