"""A loop on a real Git repository and a real workspace, one cycle at a time."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from helpers import environment, repository, write

from reconciler.cli.commands.run import opener
from reconciler.loop.checkout import GitSource
from reconciler.loop.controller import Loop
from reconciler.loop.folder import FolderSource
from reconciler.loop.source import Source
from reconciler.loop.target_status import Settings
from reconciler.providers import AzureAccess
from reconciler.providers.local import LocalProvider
from reconciler.state import State, open_state
from reconciler.state.records import CycleRecord
from reconciler.workspace.store.schedules import Store

from .clock import Clock

INTERVAL = timedelta(seconds=60)


def git(folder: Path, *args: str, **changed: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "Ana",
        "GIT_AUTHOR_EMAIL": "ana@example.com",
        "GIT_COMMITTER_NAME": "Ana",
        "GIT_COMMITTER_EMAIL": "ana@example.com",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    made = subprocess.run(
        ["git", "-C", str(folder), *args],
        capture_output=True,
        check=True,
        timeout=60,
        env=environment(**(identity | changed)),
    )
    return made.stdout.decode().strip()


def commit(folder: Path, files: Mapping[str, str | None] | None = None, message: str = "x") -> str:
    """Write (None: remove) and commit; the commit."""
    for name, text in (files or {}).items():
        if text is None:
            (folder / name).unlink()
        else:
            write(folder, {name: text})
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def upstream(folder: Path, *names: str, **options: Any) -> Path:
    """A repository with schedules, committed on `main`."""
    repository(folder, *names, **options)
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, {".gitignore": "*.db*\n.reconciler/\n"})
    commit(folder, message="first")
    return folder


@dataclass
class Looped:
    """A loop that is turned by hand, on a clock of its own."""

    loop: Loop
    state: State
    clock: Clock
    workspace: Path
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    records: list[CycleRecord] = field(default_factory=list)

    def cycle(self, target: str = "local") -> CycleRecord:
        """The next one, an interval later."""
        self.clock.go(seconds=INTERVAL.total_seconds() * 2)
        made = self.loop.turn()
        record = made[target]
        assert record is not None, self.said
        return record

    def live(self) -> dict[str, bool]:
        """What is live, and whether it is enabled."""
        return {s.key.name: s.schedule.enabled for s in self.provider().list()}

    def close(self) -> None:
        self.loop.close()
        self.state.close()

    def provider(self) -> LocalProvider:
        return LocalProvider("local", Store(self.workspace, actor="hand"), owner="us")

    def switch_off(self, name: str) -> None:
        provider = self.provider()
        provider.disable(next(s for s in provider.list() if s.key.name == name), by_hand=True)
        provider.store.close()

    def conditions(self, target: str = "local") -> Any:
        return self.state.conditions.get(target)


def looped(
    source: Source, workspace: Path, before: Looped | None = None, *, holder: str = "test"
) -> Looped:
    """On the state and the clock of `before`, if there is one."""
    clock = before.clock if before else Clock()
    state = before.state if before else open_state(None, workspace.parent / ".reconciler")
    records: list[CycleRecord] = []
    said: list[tuple[str, dict[str, Any]]] = []
    settings = Settings(holder, INTERVAL, actor="tester")
    loop = Loop(
        source,
        state,
        opener(source, settings.actor, AzureAccess()),
        settings,
        clock=clock,
        log=lambda event, **fields: said.append((event, fields)),
        on_cycle=records.append,
        rng=random.Random(1),
    )
    return Looped(loop, state, clock, workspace, said, records)


def on_git(repository: Path, base: Path, before: Looped | None = None, **options: Any) -> Looped:
    """Following a Git repository; the workspace lies in `base`."""
    base.mkdir(exist_ok=True)
    options = {"ref": "main"} | options
    source = GitSource(
        repository.as_uri(), base / ".reconciler", environment=environment(), base=base, **options
    )
    return looped(source, base / "workspace.db", before)


def on_folder(folder: Path, before: Looped | None = None) -> Looped:
    """Following the folder itself. Its files are told apart as if they were not fresh."""
    source = FolderSource(
        folder / "reconciler.yaml",
        folder / ".reconciler",
        environment=environment(),
        wall=lambda: 4e9,
    )
    return looped(source, folder / "workspace.db", before)


@contextmanager
def moved_away(path: Path) -> Iterator[None]:
    """An outage of whatever lies there."""
    away = path.with_name(path.name + ".away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)
