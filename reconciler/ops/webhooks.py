"""A webhook's headers and body -> whether the repository changed. Nothing here speaks HTTP.

GitHub signs the body with a shared secret; GitLab sends the secret itself; Azure DevOps signs in
with a user and a password. Each is compared in constant time, before anything is read of the body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Forge = Literal["github", "gitlab", "azuredevops"]
Verdict = Literal["push", "ping", "ignored", "replayed", "unauthorized", "malformed"]
"""`ignored`: another event, or another branch."""

_REMEMBERED = 2000
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What forges prove themselves with; None: that forge is not listened to."""

    github: str | None = None
    gitlab: str | None = None
    azuredevops: str | None = None
    """USER:PASSWORD."""

    def of(self, forge: str) -> str | None:
        """That of one; None for a forge that nobody knows."""
        return {
            "github": self.github,
            "gitlab": self.gitlab,
            "azuredevops": self.azuredevops,
        }.get(forge)


class Hooks:
    """Judges webhooks, and remembers which came before."""

    def __init__(self, secrets: Secrets, branch: str | None = None) -> None:
        """`branch`: the only one whose pushes count; None: any."""
        self._secrets = secrets
        self._branch = branch
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, forge: str) -> bool:
        """Whether a secret was set for it."""
        return bool(self._secrets.of(forge))

    def judge(self, forge: Forge, headers: Mapping[str, str], body: bytes) -> Verdict:
        """What to do; `headers` by their names in lower case."""
        secret = self._secrets.of(forge)
        if not secret or not _PROOFS[forge](secret, headers, body):
            return "unauthorized"
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return "malformed"
        if not isinstance(document, dict):
            return "malformed"
        verdict = _READERS[forge](headers, document, self._branch)
        if verdict == "push" and self._came_before(forge, headers, document):
            return "replayed"
        return verdict

    def _came_before(
        self, forge: str, headers: Mapping[str, str], document: Mapping[str, Any]
    ) -> bool:
        delivery = (
            headers.get("x-github-delivery")
            or headers.get("idempotency-key")
            or headers.get("x-gitlab-event-uuid")
            or document.get("id")
        )
        if not isinstance(delivery, str) or not delivery:
            return False
        key = f"{forge} {delivery[:200]}"
        with self._lock:
            if key in self._seen:
                return True
            self._seen[key] = None
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return False


# ------------------------------------------------------------------------------------------ proofs


def _github_proof(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _same(f"sha256={digest}", headers.get("x-hub-signature-256", ""))


def _gitlab_proof(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    return _same(secret, headers.get("x-gitlab-token", ""))


def _azuredevops_proof(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(secret.encode(), decoded)


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "surrogateescape"))


# ----------------------------------------------------------------------------------------- reading


def _read_github(
    headers: Mapping[str, str], document: Mapping[str, Any], branch: str | None
) -> Verdict:
    match headers.get("x-github-event"):
        case "ping":
            return "ping"
        case "push":
            return _push(document.get("ref"), branch)
        case _:
            return "ignored"


def _read_gitlab(
    headers: Mapping[str, str], document: Mapping[str, Any], branch: str | None
) -> Verdict:
    if document.get("object_kind") != "push":
        return "ignored"
    return _push(document.get("ref"), branch)


def _read_azuredevops(
    headers: Mapping[str, str], document: Mapping[str, Any], branch: str | None
) -> Verdict:
    """Service hooks: the event `git.push`, whose resource lists what references moved."""
    if document.get("eventType") != "git.push":
        return "ignored"
    resource = document.get("resource")
    updates = resource.get("refUpdates") if isinstance(resource, dict) else None
    if not isinstance(updates, list):
        return "malformed"
    names = [update.get("name") for update in updates if isinstance(update, dict)]
    return "push" if any(_push(name, branch) == "push" for name in names) else "ignored"


def _push(ref: object, branch: str | None) -> Verdict:
    if not isinstance(ref, str):
        return "malformed"
    if branch is None:
        return "push"
    return "push" if ref in (branch, _HEADS + branch, f"refs/tags/{branch}") else "ignored"


_PROOFS = {
    "github": _github_proof,
    "gitlab": _gitlab_proof,
    "azuredevops": _azuredevops_proof,
}
_READERS = {
    "github": _read_github,
    "gitlab": _read_gitlab,
    "azuredevops": _read_azuredevops,
}
