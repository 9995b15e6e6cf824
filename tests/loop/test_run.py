"""`reconciler run`, as people and machines start it; and two of them on one state."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import CONFIG, OWNER, declaration, invoke, repository, run, write

from reconciler.providers.local import LocalProvider
from reconciler.workspace.store.schedules import Store

from .looping import commit, upstream
from .running import Run

LEASE = ("--lease", "2s")


def live(folder: Path) -> dict[str, tuple[str, bool]]:
    """What is live: its description, and whether it is enabled."""
    store = Store(folder / "workspace.db")
    provider = LocalProvider("local", store, owner=OWNER)
    found = {
        s.key.name: (s.schedule.description or "", s.schedule.enabled) for s in provider.list()
    }
    store.close()
    return found


def test_it_applies_what_is_committed_and_ends_when_told(tmp_path: Path) -> None:
    origin = upstream(tmp_path / "upstream", "one")
    here = tmp_path / "here"
    here.mkdir()
    options = ("--source", origin.as_uri(), "--ref", "main", "--interval", "1h")
    with Run(here, *options) as loop:
        loop.wait("cycle", outcome="applied", cause="start")
        assert live(here) == {"one": ("", True)}
        at = commit(origin, {"schedules/two.yaml": declaration("two")})
        loop.send(signal.SIGHUP)
        loop.wait("cycle", outcome="applied", cause="signal", revision=at)
        assert [line["name"] for line in loop.events("change")] == ["one", "two"]
        assert loop.stop() == 0
        assert loop.events("stopped")
    assert list(live(here)) == ["one", "two"]


def test_it_looks_every_interval(tmp_path: Path) -> None:
    folder = repository(tmp_path, "one")
    with Run(folder, "--interval", "1s") as loop:
        loop.wait("cycle", outcome="applied")
        write(folder, {"schedules/one.yaml": declaration("one", description="new")})
        loop.until(lambda: live(folder)["one"] == ("new", True))
        assert loop.stop(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, 0),
        ({"schedules/one.yaml": "name: one\n"}, 1),
        ({"reconciler.yaml": "owner: [\n"}, 1),
        ({"schedules/one.yaml": declaration("one").replace("./job.yml", "azureml:x")}, 1),
    ],
)
def test_once_says_how_it_went(tmp_path: Path, files: dict[str, str], code: int) -> None:
    folder = repository(tmp_path, "one")
    write(folder, files)
    done = run(folder, "run", "--once")
    assert done.code == code, done.text


def test_once_refuses_what_is_over_the_limits(tmp_path: Path) -> None:
    names = [f"s{number:02d}" for number in range(12)]
    folder = repository(tmp_path, *names)
    assert run(folder, "run", "--once").code == 0
    for name in names[:6]:
        (folder / f"schedules/{name}.yaml").unlink()
    done = run(folder, "run", "--once")
    assert done.code == 4
    assert "OverLimits" in done.err
    assert all(enabled for _, enabled in live(folder).values())


@pytest.mark.parametrize(
    "options",
    [
        ("--ref", "main"),
        ("--path", "x"),
        ("--source", "https://example.com/x", "--config", "x.yaml"),
        ("--interval", "0s"),
        ("--interval", "soon"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert invoke(tmp_path, "run", *options, code=2).err


def test_an_apply_by_hand_outside_a_window_is_said(tmp_path: Path) -> None:
    never = 'windows: [{kind: allow, schedule: "0 0 29 2 *", duration: 1m}]\n'
    folder = repository(tmp_path, "one", config=CONFIG + never)
    done = invoke(folder, "apply", "--yes")
    assert "outside the allow window" in done.err
    assert list(live(folder)) == ["one"]


# ------------------------------------------------------------------------------- two on one state


def two_on(folder: Path, state: str) -> None:
    """One works; it is killed, and the other takes over; one that is paused cannot write."""
    options = ("--state", state, "--interval", "1s", *LEASE)
    path = "schedules/one.yaml"
    with Run(folder, *options, name="first") as first:
        first.wait("cycle", outcome="applied")
        with Run(folder, *options, name="second") as second:
            second.wait("standby", target="local")
            first.process.kill()
            first.process.wait()
            second.wait("leading", target="local")
            write(folder, {path: declaration("one", description="second")})
            second.until(lambda: live(folder)["one"][0] == "second")

            with Run(folder, *options, name="third") as third:
                third.wait("standby", target="local")
                second.send(signal.SIGSTOP)
                third.wait("leading", target="local")
                write(folder, {path: declaration("one", description="third")})
                third.until(lambda: live(folder)["one"][0] == "third")
                second.send(signal.SIGCONT)
                second.wait("standby", target="local")
                before = len(second.events("change"))
                write(folder, {path: declaration("one", description="last")})
                third.until(lambda: live(folder)["one"][0] == "last")
                assert third.stop() == 0
                assert len(second.events("change")) == before
            second.until(lambda: len(second.events("leading")) == 2)  # given back, not run out
            assert second.stop() == 0


def test_two_loops_on_sqlite(tmp_path: Path) -> None:
    two_on(repository(tmp_path, "one"), "shared.db")


@pytest.mark.torture
def test_two_loops_on_postgresql(tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    two_on(repository(tmp_path, "one"), fresh_database())


# ----------------------------------------------------------------------------------- killed midway


def killed_midway(folder: Path, seed: int, kills: int) -> None:
    """Killed after some of its writes, again and again: the next one ends what it began."""
    rng = random.Random(seed)
    names = [f"s{number:02d}" for number in range(24)]
    origin = upstream(folder / "upstream", *names)
    here = folder / "here"
    here.mkdir()
    options = ("--source", origin.as_uri(), "--ref", "main", "--interval", "1s", "--lease", "1s")
    for kill in range(kills):
        word = f"kill {kill}"
        files = {
            f"schedules/{name}.yaml": declaration(name, hour=rng.randrange(24), description=word)
            for name in names
        }
        commit(origin, files)
        enough = rng.randrange(len(names))

        def written(word: str = word) -> int:
            return sum(said == word for said, _ in live(here).values())

        with Run(here, *options, name=word) as loop:
            loop.until(lambda enough=enough, written=written: written() >= enough)
            loop.process.kill()
            loop.process.wait()
        assert all(enabled for _, enabled in live(here).values())
    with Run(here, *options, name="last") as loop:
        loop.wait("cycle")
        loop.until(lambda: {said for said, _ in live(here).values()} == {word})
        assert loop.stop() == 0
    assert sorted(live(here)) == names


def test_killed_midway(tmp_path: Path) -> None:
    killed_midway(tmp_path, 1, 2)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(10))
def test_killed_midway_many_times(seed: int, tmp_path: Path) -> None:
    killed_midway(tmp_path, seed, 8)
