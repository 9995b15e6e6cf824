"""Many people, many repositories, one target: random events, and what holds at every step.

Five repositories of three owners, two loops each, one workspace. At the end everything is as the
last revisions say; on the way no loop disabled what a repository in force wants, and no renaming
made a schedule anew.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from helpers import declaration, environment, write

from reconciler.cli.commands.run import opener
from reconciler.loop.checkout import GitSource
from reconciler.loop.controller import Loop
from reconciler.loop.target_status import Settings
from reconciler.model import LiveSchedule, Suspension
from reconciler.providers import AzureAccess
from reconciler.providers.local import LocalProvider
from reconciler.state import State, open_state
from reconciler.state.records import CycleRecord
from reconciler.workspace.store.schedules import Store

from .clock import Clock
from .looping import commit, git, moved_away, upstream

OWNERS = ("a", "a", "b", "b", "c")
CONFIG = """\
owner: {owner}
repository: example.org/{number}
schedules: [schedules]
limits: {{disable: {{percent: 100, count: 1000}}, update: {{percent: 100, count: 1000}}}}
targets:
  local: {{provider: local, workspace: ../shared.db}}
"""


@dataclass
class Repository:
    """One of them, with what its newest revision declares, and its loops."""

    number: int
    path: Path
    state: State
    declared: dict[str, dict[str, str]] = field(default_factory=dict)
    at: dict[str, set[str]] = field(default_factory=dict)
    """By commit, the names that it declares."""
    in_force: str | None = None
    """The revision that its loops applied last, whole."""
    loops: list[Loop] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return f"example.org/{self.number}"

    def commit(self) -> None:
        """Write what is declared, and nothing else."""
        folder = self.path / "schedules"
        for file in folder.glob("*.yaml"):
            file.unlink()
        write(
            folder,
            {f"{n}.yaml": declaration(n, **more) for n, more in self.declared.items()},  # type: ignore[arg-type]
        )
        self.at[commit(self.path)] = set(self.declared)


class World:
    """The repositories, the target, the clock, and the events."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng, self.clock = folder, random.Random(seed), Clock()
        self.fresh = 0
        self.renamed: dict[str, str] = {}
        self.repositories = [self._repository(n, owner) for n, owner in enumerate(OWNERS)]

    def _repository(self, number: int, owner: str) -> Repository:
        path = upstream(
            self.folder / f"up{number}", config=CONFIG.format(owner=owner, number=number)
        )
        base = self.folder / f"at{number}"
        base.mkdir()
        one = Repository(number, path, open_state(None, base / ".reconciler"))
        for _ in range(3):
            one.declared[self._name()] = {}
        one.commit()
        one.loops = [self._loop(one, which) for which in range(2)]
        return one

    def _name(self) -> str:
        self.fresh += 1
        return f"s{self.fresh}"

    def _loop(self, one: Repository, which: int) -> Loop:
        base = self.folder / f"at{one.number}"
        source = GitSource(
            one.path.as_uri(),
            base / f".loop{which}",
            environment=environment(),
            base=base,
            ref="main",
        )
        return Loop(
            source,
            one.state,
            opener(source, f"loop {one.number}.{which}", AzureAccess()),
            Settings(f"{one.number}.{which}", timedelta(seconds=60)),
            clock=self.clock,
            log=lambda event, **fields: None,
            rng=random.Random(1),
        )

    @contextmanager
    def target(self) -> Iterator[LocalProvider]:
        store = Store(self.folder / "shared.db", actor="hand")
        try:
            yield LocalProvider("local", store, owner=None, clock=self.clock)
        finally:
            store.close()

    def live(self) -> dict[str, LiveSchedule]:
        with self.target() as provider:
            return {one.key.name: one for one in provider.list()}

    # ------------------------------------------------------------------------------------ events

    def event(self) -> None:
        kinds = [
            self.edit, self.add, self.remove, self.rename, self.move, self.by_hand,
            self.suspend, self.resume, self.outage, self.lose_clone, self.lose_objects,
            self.restart, self.merge, self.queue,
        ]  # fmt: skip
        self.rng.choice(kinds)()
        self.turn(self.rng.choice(self.repositories))

    def some(self) -> tuple[Repository, str]:
        one = self.rng.choice(self.repositories)
        return one, self.rng.choice(sorted(one.declared))

    def edit(self) -> None:
        one, name = self.some()
        one.declared[name] |= {"hour": str(self.rng.randrange(24))}
        one.commit()

    def add(self) -> None:
        one, _ = self.some()
        one.declared[self._name()] = {}
        one.commit()

    def remove(self) -> None:
        one, name = self.some()
        if len(one.declared) > 1:
            del one.declared[name]
            one.commit()

    def rename(self) -> None:
        one, old = self.some()
        live = self.live().get(old)
        if live is None or live.repository != one.identity:
            return
        self.turn(one)  # a renaming of a renaming would need both names
        new = self._name()
        self.renamed[new] = old
        more = {k: v for k, v in one.declared.pop(old).items() if k == "hour"}
        one.declared[new] = more | {"renamed_from": old}
        one.commit()

    def move(self) -> None:
        one, name = self.some()
        to = self.rng.choice(self.repositories)
        if to is one or len(one.declared) < 2:
            return
        self.turn(one)
        if name not in self.live():
            return  # an outage kept it from being renamed first: what is moved would be another
        more = {k: v for k, v in one.declared[name].items() if k == "hour"}
        to.declared[name] = more | {"adopt": f"{{from: {one.identity}}}"}
        to.commit()
        if self.rng.random() < 0.5:
            self.turn(to)
        del one.declared[name]
        one.commit()

    def merge(self) -> None:
        one, name = self.some()
        git(one.path, "checkout", "--quiet", "-b", "work")
        one.declared[name] |= {"hour": str(self.rng.randrange(24))}
        one.commit()
        git(one.path, "checkout", "--quiet", "main")
        git(one.path, "merge", "--quiet", "--no-ff", "-m", "merge", "work")
        git(one.path, "branch", "--quiet", "-D", "work")
        one.at[git(one.path, "rev-parse", "HEAD")] = set(one.declared)

    def queue(self) -> None:
        """A group of a merge queue: several pull requests, and one push of all of them, or none."""
        one, _ = self.some()
        before = {name: dict(more) for name, more in one.declared.items()}
        names = self.rng.sample(sorted(before), min(3, len(before)))
        hours = {name: str(self.rng.randrange(24)) for name in names}
        for name in names:
            git(one.path, "checkout", "--quiet", "-b", f"work-{name}", "main")
            one.declared = {n: more | ({"hour": hours[n]} if n == name else {}) for n, more in
                            before.items()}  # fmt: skip
            one.commit()
        git(one.path, "checkout", "--quiet", "-b", "group", "main")
        for name in names:
            git(one.path, "merge", "--quiet", "--no-ff", "-m", "merge", f"work-{name}")
        git(one.path, "checkout", "--quiet", "main")
        if self.rng.random() < 0.8:  # else its checks failed
            git(one.path, "merge", "--quiet", "--ff-only", "group")
            one.declared = {n: more | ({"hour": hours[n]} if n in hours else {}) for n, more in
                            before.items()}  # fmt: skip
            one.at[git(one.path, "rev-parse", "HEAD")] = set(one.declared)
        else:
            one.declared = before
        git(one.path, "branch", "--quiet", "-D", "group", *(f"work-{name}" for name in names))

    def by_hand(self) -> None:
        with self.target() as provider:
            live = [one for one in provider.list() if one.schedule.enabled]
            if live:
                provider.disable(self.rng.choice(live), by_hand=True)

    def suspend(self) -> None:
        with self.target() as provider:
            live = [one for one in provider.list() if one.schedule.enabled]
            if live:
                until = self.clock() + timedelta(minutes=self.rng.randrange(1, 60))
                provider.suspend(self.rng.choice(live), Suspension(until, "ana", self.clock()))

    def resume(self) -> None:
        with self.target() as provider:
            stopped = [one for one in provider.list() if one.suspended is not None]
            if stopped:
                provider.suspend(self.rng.choice(stopped), None)

    def outage(self) -> None:
        one = self.rng.choice(self.repositories)
        with moved_away(one.path):
            self.turn(one)

    def lose_clone(self) -> None:
        """A loop that begins again without what it had fetched."""
        one = self.rng.choice(self.repositories)
        which = self.rng.randrange(2)
        one.loops[which].close()
        shutil.rmtree(self.folder / f"at{one.number}" / f".loop{which}", ignore_errors=True)
        one.loops[which] = self._loop(one, which)

    def lose_objects(self) -> None:
        """A loop whose clone lost, or has half of, some of what it had fetched."""
        one = self.rng.choice(self.repositories)
        folder = self.folder / f"at{one.number}" / f".loop{self.rng.randrange(2)}"
        files = sorted(p for p in folder.rglob("objects/**/*") if p.is_file())
        for path in self.rng.sample(files, min(len(files), self.rng.randrange(1, 4))):
            path.chmod(0o644)
            if self.rng.random() < 0.5:
                path.unlink()
            else:
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        one.commit()

    def restart(self) -> None:
        one = self.rng.choice(self.repositories)
        which = self.rng.randrange(2)
        one.loops[which].close()
        one.loops[which] = self._loop(one, which)

    # ------------------------------------------------------------------------------------- turns

    def turn(self, one: Repository) -> None:
        """A cycle of both loops of a repository: one of them leads."""
        for loop in one.loops:
            self.clock.go(seconds=121)
            before = self.live()
            record = loop.turn().get("local")
            if record is not None:
                self.check(one, record, before)

    def check(self, one: Repository, record: CycleRecord, before: dict[str, LiveSchedule]) -> None:
        after = self.live()
        if record.outcome in ("in_sync", "applied") and record.revision is not None:
            one.in_force = record.revision
        for other in self.repositories:
            for name in other.at.get(other.in_force or "", ()):
                was = before.get(name)
                if was is None or other is one or was.repository != other.identity:
                    continue
                # What another repository in force holds is left as it is.
                if after[name].repository == other.identity:
                    assert after[name].fingerprint == was.fingerprint, (name, record)
        for result in record.results:
            if result.outcome == "disabled":
                declared = one.at.get(record.revision or "", set())
                assert result.name not in declared, record
            old = before.get(self.renamed.get(result.name, ""))
            if result.outcome == "created" and old is not None:
                assert old.repository != one.identity, f"{result.name} was made anew"
        for name, old_name in self.renamed.items():
            if name in after and name not in before and old_name in before:
                assert after[name].created_at == before[old_name].created_at
                assert old_name not in after

    def settle(self) -> None:
        """Until nothing is left to be done: suspensions end, and what was left is tried again."""
        self.clock.go(days=2)
        for _ in range(4):
            for one in self.repositories:
                self.turn(one)

    def check_end(self) -> None:
        live = self.live()
        wanted = {name: one for one in self.repositories for name in one.declared}
        assert {name for name, one in live.items() if one.schedule.enabled} == set(wanted)
        for name, one in wanted.items():
            found = live[name]
            assert (found.repository, found.owner) == (one.identity, OWNERS[one.number])
            hour = one.declared[name].get("hour", "2")
            assert getattr(found.schedule.trigger, "expression", "") == f"0 {hour} * * *"


def simulate(folder: Path, seed: int, events: int) -> None:
    world = World(folder, seed)
    try:
        for one in world.repositories:
            world.turn(one)
        for _ in range(events):
            world.event()
        world.settle()
        world.check_end()
    finally:
        for one in world.repositories:
            for loop in one.loops:
                loop.close()
            one.state.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("seed", [1])
def test_fifty_events(tmp_path: Path, seed: int) -> None:
    simulate(tmp_path / "world", seed, 50)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(10))
def test_five_hundred_events(tmp_path: Path, seed: int) -> None:
    simulate(tmp_path / "world", seed, 500)
