"""How the stand-in behaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .messages import Call
from .records import Author

SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
Limit = tuple[float, float] | None


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Settings:
    """How the stand-in behaves. Any of them may be changed while it runs, but for the limits."""

    subscription: str = SUBSCRIPTION
    group: str = "test-rg"
    workspace: str = "test-ws"
    region: str = "westeurope"
    token: str = "a-token"
    author: Author = ("reconciler", "Application")
    """Who is behind the calls."""
    jobs: frozenset[str] | set[str] | None = frozenset()
    """Names of jobs that are there; None: whatever is asked for."""
    page_size: int = 100
    null_next_link: bool = False
    """The last page says `"nextLink": null`, instead of nothing."""
    retry_after: int | None = None
    """Of operations; the service was not seen to say any."""
    async_header: bool = True
    """Puts answer with Azure-AsyncOperation."""
    reads: Limit = None
    """Calls at once, then calls a second; None: no limit."""
    writes: Limit = None
    latency: float | Callable[[Call], float] = 0.0
    """Seconds that every call takes."""
    now: Callable[[], datetime] = _utc
    monotonic: Callable[[], float] = time.monotonic

    @property
    def workspace_id(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )
