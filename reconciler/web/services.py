"""The one place through which pages and APIs read and write the workspace.

SQLite's calls block, so they run in threads, each call with a connection that no other uses
meanwhile. Several read at once; one writes, for SQLite lets only one write anyhow, and so a writer
that waits for the engine holds up no reader.

    rows = await services.read(lambda workspace: workspace.runs.newest(limit=50))
    await services.write(lambda workspace: workspace.trigger("nightly"), by="a page")
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from reconciler.web.settings import Site
from reconciler.web.upload_folders import Uploads
from reconciler.web.workspace_view import Workspace

T = TypeVar("T")
READERS = 3
BUSY_SECONDS = 5.0
"""How long a write waits for the engine, or another process, before it is refused for now."""


class Services:
    """The workspace of a Site. Made once, closed once."""

    def __init__(
        self, site: Site, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.site = site
        self.clock = clock
        self.uploads = Uploads(site.path, site.readable_by, site.code_limits)
        self.closing: list[Callable[[], None]] = []
        """What else is to be closed with it."""
        self._idle: queue.SimpleQueue[Workspace] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="write")

    async def read(self, work: Callable[[Workspace], T]) -> T:
        """What `work` makes of the workspace, in a thread; it changes nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._do, work, None)

    async def write(self, work: Callable[[Workspace], T], *, by: str) -> T:
        """The same for what changes something; `by`: who is said to have done it."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._do, work, by)

    def close(self) -> None:
        """Wait for what is under way, and let go of the file."""
        for close in self.closing:
            close()
        self._readers.shutdown(cancel_futures=True)
        self._writer.shutdown(cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()

    def _do(self, work: Callable[[Workspace], T], by: str | None) -> T:
        try:
            workspace = self._idle.get_nowait()
        except queue.Empty:
            workspace = Workspace(self.site, clock=self.clock, busy_seconds=BUSY_SECONDS)
        try:
            workspace.actor = by
            return work(workspace)
        finally:
            self._idle.put(workspace)
