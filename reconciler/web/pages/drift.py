"""How what is live differs from the repository: asked of `reconciler plan` in a process of its own.

Reading a large repository takes seconds of a processor. The engine must not wait for them, so they
are not spent in its process; a page shows the last answer, and asks for another when it is old.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciler.web.settings import Site

FRESH = timedelta(seconds=30)
"""An answer older than this is asked for again when somebody looks."""
_SECONDS = 120.0

_WORDS = {
    "create": "not live yet",
    "update": "differs",
    "disable": "not in the repository",
    "skip": "declared, but not its own",
    "noop": "in sync",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """What a plan says, or why there is none."""

    at: datetime
    problem: str | None = None
    summary: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By schedule: the action, and what to say of it."""
    holds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By schedule: its hold, or its suspension, as the plan document says it."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    """The plan document, without what is unchanged."""

    @property
    def pending(self) -> int:
        """How many changes an apply would make."""
        return sum(self.summary.get(action, 0) for action in ("create", "update", "disable"))

    @property
    def not_ours(self) -> int:
        """How many are declared, and not applied, for they are somebody else's."""
        return self.summary.get("skip", 0)

    @property
    def differing(self) -> tuple[str, ...]:
        """The names of what differs, or is not applied for it is somebody else's."""
        return tuple(name for name, (action, _) in self.changes.items() if action != "noop")

    def held(self, name: str, enabled: bool) -> tuple[datetime, str] | None:
        """When a hold or suspension that stops a schedule ends, and its words; None: it has none.
        One that is enabled still is not held yet.
        """
        hold = self.holds.get(name)
        if hold is None or enabled:
            return None
        return datetime.fromisoformat(hold["until"]), hold["words"]

    def of(self, name: str) -> str:
        """How one schedule stands to the repository."""
        if self.problem is not None:
            return "unknown"
        action, words = self.changes.get(name, ("", ""))
        return words or _WORDS.get(action, "not in the repository")


class DriftWatch:
    """The last answer, and at most one question at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._last: Drift | None = None
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._outdated = False

    def outdate(self) -> None:
        """Something was changed: the last answer is old, however new it is."""
        with self._lock:
            self._outdated = True

    def last(self, now: datetime) -> Drift | None:
        """The last answer; None: there is none yet, or no repository. Asks anew if it is old."""
        if self._site.config is None:
            return None
        with self._lock:
            old = self._outdated or self._last is None or now - self._last.at >= FRESH
            running = self._thread is not None and self._thread.is_alive()
            if old and not running and not self._closed:
                self._outdated = False
                self._thread = threading.Thread(target=self._ask, args=(now,), daemon=True)
                self._thread.start()
            return self._last

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
        if self._thread is not None:
            self._thread.join(10)

    def _ask(self, now: datetime) -> None:
        answer = self._answer(now)
        with self._lock:
            self._last = answer

    def _answer(self, now: datetime) -> Drift:
        command = [sys.executable, "-m", "reconciler", "plan", "--format", "json", "--allow-empty"]
        command += ["--ignore-limits", "--target", self._site.target]
        command += ["--config", str(self._site.config)]
        try:
            with self._lock:
                if self._closed:
                    return Drift(now, "the server is stopping")
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            output, _ = self._process.communicate(timeout=_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            if self._process is not None:
                self._process.kill()
                self._process.communicate()
            return Drift(now, f"no plan could be made: {error}")
        return read_plan(output, now)


def read_plan(output: bytes, now: datetime) -> Drift:
    """What `plan --format json` printed."""
    try:
        (plan,) = json.loads(output)["plans"]
        changes = {change["name"]: (change["action"], _words(change)) for change in plan["changes"]}
        holds = {change["name"]: change["hold"] for change in plan["changes"] if "hold" in change}
        kept = [change for change in plan["changes"] if change["action"] != "noop"]
        return Drift(now, None, plan["summary"], changes, holds, {**plan, "changes": kept})
    except (KeyError, TypeError, ValueError):
        return Drift(now, "the repository has problems; reconciler validate shows them")


def _words(change: Mapping[str, Any]) -> str:
    words = _WORDS.get(change["action"], "")
    if change["action"] == "noop" and change.get("after") is None:
        words = "not in the repository; disabled"
    if change.get("fields"):
        words += ": " + ", ".join(".".join(one["path"]) for one in change["fields"][:3])
    reason = change.get("reason")
    if change["action"] == "noop" and "hold" in change:
        return words  # that it is held is said beside it
    return f"{words} ({reason})" if reason else words
