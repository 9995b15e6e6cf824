"""`trigger` and `runs` say the same of the same story, in a workspace and on Temporal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers import invoke, write
from providers.temporal.server import Server, needed, served
from serving import FILES, serving

from worker.test_runs import until
from worker.working import Site

pytestmark = needed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server


class Story:
    """A repository with one target; who runs it is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, code: int = 0) -> str:
        return invoke(self.folder, *arguments, code=code).text

    def status(self, run: str) -> str:
        document = json.loads(self.run("runs", "show", run, "--format", "json"))
        return str(document["status"])

    def trigger(self, *arguments: str, end: bool = True) -> str:
        run = self.run("trigger", *arguments).splitlines()[0]
        if end:
            until(lambda: self.status(run) not in ("NotStarted", "Running"))
        return run

    def answers(self) -> list[str]:
        """What is printed, without instants and places."""
        greet = self.trigger("greet", "--input", "who=me; $(true)")
        steps = self.trigger("steps")
        slow = self.trigger("slow", end=False)
        until(lambda: "up" in self.run("runs", "logs", slow))
        canceling = self.run("runs", "cancel", slow)
        until(lambda: self.status(slow) == "Canceled")
        landed = self.folder / "inbox/in/landed.txt"
        landed.write_text("landed", "utf-8")
        span = ("--from", "2026-01-01", "--to", "2999-01-01", "--yes")
        filled = self.run("backfill", "files", *span)
        until(lambda: self.status("files") not in ("NotStarted", "Running"))
        said = [
            canceling,
            filled,
            self.run("backfill", "files", *span),
            self.run("runs", "show", "files"),
            self.run("runs", "logs", "files"),
            self.run("next", "files"),
            self.run("experiments", "list"),
            self.run("pipelines", "list"),
            self.run("trigger", "greet", "--input", "nobody=1", code=1),
            self.run("runs", "logs", greet),
            self.run("runs", "logs", steps),
            self.run("runs", "logs", "steps", "--step", "two"),
            self.run("runs", "logs", slow),
            self.run("runs", "show", greet),
            self.run("runs", "show", steps),
            self.run("runs", "list"),
            self.run("runs", "list", "--status", "Failed"),
            self.run("runs", "list", "--experiment", "greetings"),
            self.run("runs", "list", "--schedule", "slow"),
            self.run("runs", "show", "nothing", code=1),
            self.run("runs", "prune", "--keep", "0"),
            self.run("backfill", "files", *span),
        ]
        until(lambda: len(self.run("runs", "list").splitlines()) == 1)
        said += [self.run("experiments", "list"), self.run("runs", "prune", "--keep", "0")]
        return [anywhere(text) for text in said]


def anywhere(text: str) -> str:
    text = re.sub(r"\d{8}T\d{6}Z|(?<=files-)[0-9a-f]{16}", "<at>", text)
    text = re.sub(r"/\S*/inbox/", "<inbox>/", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<when>", text)
    text = re.sub(r"folder .*", "folder <somewhere>", text)
    text = re.sub(r"(; )?on one\b", "", text)
    text = re.sub(r" +", " ", re.sub(r"\d+\.\d s|(?<= )-(?= )", "<took>", text))
    return re.sub(r" $", "", text, flags=re.MULTILINE)


@contextmanager
def in_a_workspace(folder: Path) -> Iterator[Story]:
    (folder / "inbox" / "in").mkdir(parents=True)
    write(folder, FILES)
    invoke(folder, "apply", "--yes")
    with serving(folder):
        yield Story(folder)


@contextmanager
def on_temporal(folder: Path, server: Server) -> Iterator[Story]:
    config = (
        "owner: us\nschedules: [schedules]\ntargets:\n  local: {provider: temporal,"
        f' namespace: one, address: "{server.address}", store: store,'
        " datastores: {inbox: {url: inbox}}}\n"
    )
    (folder / "inbox" / "in").mkdir(parents=True)
    write(folder, FILES | {"reconciler.yaml": config})
    invoke(folder, "apply", "--yes")
    with Site(server, folder, inbox="inbox").machine("one"):
        yield Story(folder)


def test_the_same_story(server: Server, tmp_path: Path) -> None:
    with in_a_workspace(tmp_path / "local") as story:
        wanted = story.answers()
    with on_temporal(tmp_path / "temporal", server) as story:
        assert story.answers() == wanted
