"""`reconciler serve` as a process of its own, and what it logs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import forks
from helpers import environment, invoke, write
from logged import PATIENCE, Logged

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


class Serve(Logged):
    """One that runs."""

    def __init__(self, folder: Path, *options: str, **changed: str | None) -> None:
        """Without HTTP, but where `--port` says which."""
        self.folder = folder
        self.log = folder / "serve.log"
        http = () if "--port" in options else ("--no-http",)
        with self.log.open("ab") as log:
            self.began = log.tell()
            self.process = forks.popen(
                ["serve", "--log-format", "json", *http, *options],
                cwd=folder,
                env=environment(**changed),
                log=log,
            )

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
