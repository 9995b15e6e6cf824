"""The pages of targets on a state, in a thread of the test's process."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from helpers import declaration, environment, invoke, write

from reconciler.cli.commands.run import opener
from reconciler.loop.controller import Loop
from reconciler.loop.folder import FolderSource
from reconciler.loop.target_status import Settings
from reconciler.providers import AzureAccess
from reconciler.state import State, open_state
from reconciler.web.control.app import ControlServices, create_control_app
from reconciler.web.serving.server import quiet_server
from reconciler.web.serving.sockets import address_of, bind
from reconciler.web.settings import Control, ControlSite
from reconciler.web.tokens import Tokens
from reconciler.web.trusted_proxy import TrustedProxy

TOKEN, READER = "full-" + "t" * 32, "read-" + "r" * 32
OBSERVED = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db, reconcile: observe}
"""
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def repository(folder: Path, *names: str) -> Path:
    """Schedules that are applied, in a target that the loop only observes."""
    write(folder, {"reconciler.yaml": OBSERVED, "schedules/job.yml": "type: command\ncommand: a\n"})
    write(folder, {f"schedules/{name}.yaml": declaration(name) for name in names})
    invoke(folder, "apply", "--yes")
    return folder


def cycle(folder: Path) -> None:
    """One cycle of the loop on the folder."""
    source = FolderSource(
        folder / "reconciler.yaml", folder / ".reconciler", environment=environment()
    )
    state = open_state(None, folder / ".reconciler")
    loop = Loop(
        source,
        state,
        opener(source, "loop", AzureAccess()),
        Settings("test", actor="loop"),
        clock=lambda: datetime.now(UTC),
        log=lambda event, **fields: None,
    )
    assert list(loop.turn()) == ["local"]
    loop.close()
    state.close()


class Pages:
    """The pages, and what they are about."""

    def __init__(
        self, folder: Path, *, config: bool = True, proxy: TrustedProxy | None = None
    ) -> None:
        self.folder = folder
        self.state: State = open_state(None, folder / ".reconciler")
        self.logged: list[str] = []
        path = folder / "reconciler.yaml" if config else None
        control = Control(lambda: self.state, path, may_edit=config)
        self.tokens = Tokens(TOKEN, READER)
        site = ControlSite("us", self.tokens, control, proxy=proxy, log=self._log)
        self.services = ControlServices(site)
        self._bound = bind("127.0.0.1", 0)
        self.address = address_of(self._bound)
        self._server = quiet_server(create_control_app(self.services), self._log)
        self._thread = threading.Thread(target=self._server.run, args=([self._bound],))
        self._thread.start()

    def _log(self, event: str, **fields: Any) -> None:
        self.logged.append(event)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.services.close()
        self._bound.close()
        self.state.close()

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def browser(self, right: Any = "write", name: str | None = "ana") -> Iterator[Browser]:
        """One that is signed in, as `name`."""
        with httpx.Client(base_url=self.address, timeout=60, follow_redirects=True) as client:
            code = self.tokens.new_link(time.time(), right, name)
            assert client.get(f"/login?code={code}").status_code == 200
            yield Browser(client)


class Browser:
    """Reads pages, and sends their forms."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def read(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text

    def csrf(self) -> str:
        found = _CSRF.search(self.read("/targets"))
        assert found is not None
        return found[1]

    def do(self, path: str, **fields: str) -> httpx.Response:
        """Send a form, and follow where it leads until what was begun has ended."""
        answer = self.client.post(path, data={"csrf": self.csrf(), **fields})
        for _ in range(300):
            if 'class="done running"' not in answer.text and "done waiting" not in answer.text:
                break
            time.sleep(0.1)
            answer = self.client.get(answer.url)
        return answer
