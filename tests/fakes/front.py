"""ARM itself, before any service: who calls, how often, and at which address and version."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from .buckets import Bucket
from .errors import arm
from .messages import Call
from .settings import Settings

_STABLE = (
    "2022-10-01 2023-04-01 2023-10-01 2024-04-01 2024-10-01 2025-04-01 2025-06-01 2025-09-01"
    " 2025-12-01"
)
_PREVIEWS = (
    "2022-06-01 2022-10-01 2022-12-01 2023-02-01 2023-04-01 2023-06-01 2023-08-01 2024-01-01"
    " 2024-04-01 2024-07-01 2024-10-01 2025-01-01 2025-04-01 2025-07-01 2025-10-01"
)
API_VERSIONS = frozenset([*_STABLE.split(), *(f"{day}-preview" for day in _PREVIEWS.split())])
_READ_LEFT = "x-ms-ratelimit-remaining-subscription-reads"
_WRITES_LEFT = "x-ms-ratelimit-remaining-subscription-writes"


@dataclass(slots=True)
class Tokens:
    """Bearer tokens: those that are taken, and those that were."""

    valid: set[str]
    expired: set[str] = field(default_factory=set)

    def check(self, call: Call) -> None:
        given = call.headers.get("Authorization", "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() == "bearer" and token in self.valid:
            return
        if not given:
            code, words = "AuthenticationFailed", "The 'Authorization' header is missing."
            words = f"Authentication failed. {words}"
        elif token in self.expired:
            code, words = "ExpiredAuthenticationToken", "The access token has expired."
        else:
            code, words = "InvalidAuthenticationToken", "The access token is invalid."
        challenge = 'Bearer authorization_uri="https://login.microsoftonline.com/", '
        challenge += 'error="invalid_token"'
        raise arm(401, code, words, WWW_Authenticate=challenge)


class Front:
    """Lets a call pass, or refuses it. Used by many threads at once."""

    def __init__(self, settings: Settings) -> None:
        self.tokens = Tokens({settings.token})
        self.throttled = 0
        self._settings = settings
        self._buckets: dict[str, Bucket | None] = {
            name: None if limit is None else Bucket(*limit, settings.monotonic)
            for name, limit in ((_READ_LEFT, settings.reads), (_WRITES_LEFT, settings.writes))
        }
        self._counting = threading.Lock()

    def admit(self, call: Call, headers: dict[str, str]) -> None:
        """Raise what ARM says to a call that does not pass; `headers` say what is left."""
        self.tokens.check(call)
        self._throttle(call, headers)
        self._place(call)

    def _throttle(self, call: Call, headers: dict[str, str]) -> None:
        kind = _READ_LEFT if call.method == "GET" else _WRITES_LEFT
        bucket = self._buckets[kind]
        wait, left = (0, 11999 if kind == _READ_LEFT else 1199) if bucket is None else bucket.take()
        headers[kind] = str(left)
        if wait:
            with self._counting:
                self.throttled += 1
            sort = "read" if kind == _READ_LEFT else "write"
            words = (
                f"Number of '{sort}' requests for subscription '{self._settings.subscription}'"
                f" exceeded. Please try again after '{wait}' seconds."
            )
            raise arm(429, "SubscriptionRequestsThrottled", words, Retry_After=str(wait))

    def _place(self, call: Call) -> None:
        """The subscription, group, workspace and version of the address must be there."""
        settings, segments = self._settings, call.segments
        lower = [segment.lower() for segment in segments]
        if lower[0] != "subscriptions" or len(segments) < 2:
            raise arm(404, "NotFound", f"No HTTP resource was found at {call.path}")
        if lower[1] != settings.subscription.lower():
            words = f"The subscription '{segments[1]}' could not be found."
            raise arm(404, "SubscriptionNotFound", words)
        if lower[2:3] == ["resourcegroups"]:
            if lower[3:4] != [settings.group.lower()]:
                words = f"Resource group '{''.join(segments[3:4])}' could not be found."
                raise arm(404, "ResourceGroupNotFound", words)
            if lower[6:7] == ["workspaces"] and lower[7:8] != [settings.workspace.lower()]:
                name = f"Microsoft.MachineLearningServices/workspaces/{''.join(segments[7:8])}"
                words = f"The Resource '{name}' under resource group '{segments[3]}' was not found."
                raise arm(404, "ResourceNotFound", words)
        version = call.query.get("api-version")
        if version is None:
            words = "The api-version query parameter (?api-version=) is required for all requests."
            raise arm(400, "MissingApiVersionParameter", words)
        if version not in API_VERSIONS:
            words = (
                f"No registered resource provider found for location '{settings.region}' and API"
                f" version '{version}' for type 'workspaces'. The supported api-versions are"
                f" '{', '.join(sorted(API_VERSIONS))}'."
            )
            raise arm(400, "NoRegisteredProviderFound", words)
