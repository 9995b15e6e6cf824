"""Random commits, edits by hand, outages and kills: the loop ends where the repository is.

And on the way it switches nothing off that the revision in force wants on. Every run is made from
a seed alone, on a clock of its own; a failure prints the seed.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import CONFIG, JOB, declaration, environment, write

from reconciler.errors import ProviderUnavailable, SourceError
from reconciler.loop.checkout import GitSource
from reconciler.loop.memory import Declared
from reconciler.loop.source import Revision, Source
from reconciler.model import LiveSchedule, Schedule
from reconciler.providers.base import Provider
from reconciler.providers.local import LocalProvider
from reconciler.workspace.store.schedules import Store

from .looping import Looped, commit, git, looped, upstream

NAMES = ("a", "b", "c", "d")
STEPS = 12
Wishes = dict[str, tuple[bool, int]]
"""By name: whether it is enabled, and at what hour it fires."""


class Killed(BaseException):
    """The process ends here: nothing may tidy up."""


class World:
    """A repository, its target, and what may go wrong with both."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder = folder
        self.rng = rng
        self.wishes: dict[str, Wishes] = {}
        self.head: Wishes = dict.fromkeys(NAMES, (True, 1))
        self.broken = False
        self.source_down = self.target_down = False
        self.writes_left: int | None = None
        self.workspace = folder / "workspace.db"
        self.path = self.folder / "upstream"
        self.loops = 0

    def files(self) -> dict[str, str]:
        files = {"reconciler.yaml": CONFIG, "schedules/job.yml": JOB}
        for name, (enabled, hour) in self.head.items():
            text = declaration(name, hour=hour, is_enabled=str(enabled).lower())
            files[f"schedules/{name}.yaml"] = text
        if self.broken:
            victim = self.rng.choice([*files])
            files[victim] = "]: broken\n"
        return files

    def said(self, revision: str) -> None:
        if not self.broken:
            self.wishes[revision] = dict(self.head)

    def commit(self) -> None:
        raise NotImplementedError

    def source(self) -> Source:
        raise NotImplementedError

    def open(self, declared: Declared) -> Provider:
        return Watched(self, declared.revision.name)

    def start(self, before: Looped | None) -> Looped:
        self.loops += 1
        made = looped(self.source(), self.workspace, before, holder=f"loop {self.loops}")
        made.loop._pool._open = self.open
        return made


class Watched(LocalProvider):
    """The workspace, which breaks down when told to, and looks at what is asked of it."""

    def __init__(self, world: World, revision: str) -> None:
        super().__init__("local", Store(world.workspace, actor="loop"), owner="us")
        self.world, self.revision = world, revision

    def list(self) -> list[LiveSchedule]:
        if self.world.target_down:
            raise ProviderUnavailable(None, "list", "it is down")
        return super().list()

    def create(self, schedule: Schedule) -> None:
        self._write(schedule.key.name, schedule.enabled)
        super().create(schedule)
        self._written()

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        self._write(schedule.key.name, schedule.enabled)
        super().update(schedule, live)
        self._written()

    def disable(self, live: LiveSchedule, *, by_hand: bool = False) -> None:
        self._write(live.key.name, False)
        super().disable(live, by_hand=by_hand)
        self._written()

    def _write(self, name: str, enabled: bool) -> None:
        assert self.revision in self.world.wishes, "a broken revision is applied"
        wanted, _ = self.world.wishes[self.revision].get(name, (False, 0))
        assert enabled is wanted, f"{name} at {self.revision}"
        self._written()

    def _written(self) -> None:
        """Once before and once after each write."""
        left = self.world.writes_left
        if left is not None:
            self.world.writes_left = left - 1
            if left == 0:
                self.world.writes_left = None
                raise Killed


class OnFolders(World):
    """Each revision is a folder: what Git does is left out, which makes hundreds of runs cheap."""

    name = "folders"

    def commit(self) -> None:
        number = len(list(self.folder.glob("r*")))
        write(self.folder / f"r{number:03d}", self.files())
        (self.folder / f"r{number:03d}/.git").mkdir()
        self.said(f"r{number:03d}")

    def source(self) -> Source:
        return self

    def fetch(self) -> Revision:
        if self.source_down:
            raise SourceError("it is down")
        newest = max(self.folder.glob("r*"))
        return Revision(newest.name, newest, newest.name)

    def is_settled(self, revision: Revision) -> bool:
        return True

    def keep(self, revision: Revision, files: Collection[str]) -> None:
        pass

    def recall(self, revision_id: str) -> Revision | None:
        return Revision(revision_id, self.folder / revision_id, revision_id)

    def prune(self, wanted: Collection[str]) -> None:
        pass

    def base(self, revision: Revision) -> Path:
        return self.folder


class OnGit(World):
    """A real repository, pushed over by force now and then."""

    def commit(self) -> None:
        if not self.path.exists():
            upstream(self.path)
        elif self.rng.random() < 0.2:
            git(self.path, "update-ref", "-d", "HEAD")  # another root
        git(self.path, "rm", "-rfq", "--ignore-unmatch", "schedules", "reconciler.yaml")
        write(self.path, self.files())
        self.said(commit(self.path))

    def source(self) -> Source:
        return Unreliable(self)


class Unreliable(GitSource):
    def __init__(self, world: World) -> None:
        super().__init__(
            world.path.as_uri(),
            world.folder / "state",
            environment=environment(),
            base=world.folder,
            ref="main",
        )
        self.world = world

    def fetch(self) -> Revision:
        if self.world.source_down:
            raise SourceError("it is down")
        return super().fetch()


def by_hand(world: World, following: Looped) -> None:
    """Somebody changes a live schedule, or its hour."""
    provider = following.provider()
    live = list(provider.list())
    if live:
        chosen = world.rng.choice(live)
        if world.rng.random() < 0.6:
            provider.disable(chosen, by_hand=True)
        else:
            enabled = world.rng.random() < 0.5
            provider.update(replace(chosen.schedule, enabled=enabled, description="mine"), chosen)
    provider.store.close()


def step(world: World, following: Looped) -> Looped:
    rng = world.rng
    match rng.choice(("commit", "commit", "break", "hand", "hand", "source", "target", "kill")):
        case "commit":
            world.broken = False
            name = rng.choice(NAMES)
            if rng.random() < 0.3 and len(world.head) > 1:
                world.head.pop(name, None)
            else:
                world.head[name] = (rng.random() < 0.6, rng.randrange(24))
            world.commit()
        case "break":
            world.broken = True
            world.commit()
        case "hand":
            by_hand(world, following)
        case "source":
            world.source_down = not world.source_down
        case "target":
            world.target_down = not world.target_down
        case "kill":
            world.writes_left = rng.randrange(6)
            if rng.random() < 0.3:  # between two cycles
                following = world.start(following)
    return following


def turn(world: World, following: Looped, *, seconds: float) -> Looped:
    """A turn; one that is killed is followed by another loop, which waits for the lease."""
    following.clock.go(seconds=seconds)
    following.loop.wake("signal")
    try:
        following.loop.turn()
    except Killed:
        return world.start(following)
    return following


def run(world: World) -> None:
    rng = world.rng
    world.commit()
    following = world.start(None)
    for _ in range(STEPS):
        following = step(world, following)
        if rng.random() < 0.7:
            following = turn(world, following, seconds=rng.choice((5, 20, 120)))
    world.broken = world.source_down = world.target_down = False
    world.writes_left = None
    world.commit()
    for _ in range(3):
        following = turn(world, following, seconds=120)
    wanted = {name: enabled for name, (enabled, _) in world.head.items()}
    live = following.live()
    assert {name: live[name] for name in wanted} == wanted
    assert not any(enabled for name, enabled in live.items() if name not in wanted)
    assert following.records[-1].outcome == "in_sync", following.records[-1]
    following.close()


@pytest.mark.parametrize("seed", range(12))
def test_interleavings(seed: int, tmp_path: Path) -> None:
    run(OnFolders(tmp_path, random.Random(seed)))


def test_interleavings_on_git(tmp_path: Path) -> None:
    run(OnGit(tmp_path, random.Random(1)))


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_a_thousand_interleavings(seed: int, tmp_path: Path) -> None:
    kind = OnGit if seed % 20 == 0 else OnFolders
    run(kind(tmp_path, random.Random(seed)))
