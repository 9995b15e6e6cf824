"""`reconciler serve` as a process of its own, and what it logs."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from helpers import command, environment, invoke, write

T = TypeVar("T")
PATIENCE = 60.0
CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {inbox: {url: inbox}}
"""
HELLO = """\
type: command
command: echo "hello ${{inputs.who}}"
inputs: {who: you}
"""
SLOW = """\
type: command
command: trap 'exit 3' TERM; echo up; sleep 600 & wait
"""
PIPELINE = """\
type: pipeline
jobs:
  one: {command: echo of one}
  two: {command: echo of two; exit 4}
"""
SCHEDULES = """\
name: greet
trigger: {type: cron, expression: "0 0 1 1 *"}
create_job: {job: ./hello.yml, experiment_name: greetings}
---
name: slow
trigger: {type: cron, expression: "0 0 1 1 *"}
create_job: ./slow.yml
---
name: steps
trigger: {type: cron, expression: "0 0 1 1 *"}
create_job: ./pipeline.yml
---
name: files
trigger:
  type: datastore
  datastore: inbox
  path_on_datastore: in
  polling_interval: 1
  data_path_parameter_name: who
create_job: ./hello.yml
"""
FILES = {
    "reconciler.yaml": CONFIG,
    "schedules/hello.yml": HELLO,
    "schedules/slow.yml": SLOW,
    "schedules/pipeline.yml": PIPELINE,
    "schedules/all.yaml": SCHEDULES,
}


def workspace(folder: Path) -> Path:
    """A repository with schedules of every kind, applied."""
    write(folder, FILES)
    (folder / "inbox/in").mkdir(parents=True)
    invoke(folder, "apply", "--yes")
    return folder


class Serve:
    """One that runs."""

    def __init__(self, folder: Path, *options: str, **changed: str | None) -> None:
        """Without HTTP, but where `--port` says which."""
        self.folder = folder
        self.log = folder / "serve.log"
        http = () if "--port" in options else ("--no-http",)
        with self.log.open("ab") as log:
            self._began = log.tell()
            self.process = subprocess.Popen(
                command("serve", "--log-format", "json", *http, *options),
                cwd=folder,
                env=environment(**changed),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def events(self, event: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """What it logged; every whole line of it is JSON."""
        text = self.log.read_bytes()[self._began :].decode()
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1:] == "\n"]
        wanted = ({"event": event} if event else {}) | fields
        return [line for line in lines if wanted.items() <= line.items()]

    def wait(self, event: str, **fields: Any) -> dict[str, Any]:
        """The first such event, when it has come."""
        return self.until(lambda: self.events(event, **fields))[0]

    def until(self, condition: Callable[[], T]) -> T:
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code, once it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def serving(folder: Path, *options: str, **changed: str | None) -> Iterator[Serve]:
    """Run it, from when it has started until it has stopped."""
    serve = Serve(folder, *options, **changed)
    try:
        serve.wait("started")
        yield serve
    finally:
        if serve.process.poll() is None:
            serve.stop()
