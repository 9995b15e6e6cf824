"""`reconciler run` under revisions that hang, die, or eat: the last good one stays in force."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from helpers import declaration, repository, write

from .hostile import FILES, site
from .looping import git
from .running import Run
from .test_run import live

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
  second: {provider: local, workspace: second.db}
"""
OPTIONS = ("--target", "all", "--interval", "1s", "--ops-port", "0")
READING = ("--read-timeout", "5s", "--read-memory", "512")
TARGETS = ("local", "second")
A_FEW = ("hangs", "kills itself", "eats", "ends well", "many tags", "odd configuration")


class Probe(threading.Thread):
    """Asks /healthz again and again, and keeps how long each answer took."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.seconds: list[float] = []
        self.wrong: list[object] = []
        self.done = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self.done.wait(0.02):
                began = time.monotonic()
                try:
                    status = client.get(f"{self.address}/healthz").status_code
                except httpx.HTTPError as error:
                    self.wrong.append(error)
                    continue
                self.seconds.append(time.monotonic() - began)
                if status != 200:
                    self.wrong.append(status)


def off_by_hand(folder: Path) -> None:
    from reconciler.providers.local import LocalProvider
    from reconciler.workspace.store.schedules import Store

    provider = LocalProvider("second", Store(folder / "second.db", actor="hand"), owner="us")
    provider.disable(next(iter(provider.list())), by_hand=True)
    provider.store.close()


def second(folder: Path) -> dict[str, bool]:
    from reconciler.providers.local import LocalProvider
    from reconciler.workspace.store.schedules import Store

    store = Store(folder / "second.db")
    found = {
        s.key.name: s.schedule.enabled for s in LocalProvider("second", store, owner="us").list()
    }
    store.close()
    return found


def outcomes(loop: Run, target: str, known: int) -> set[str]:
    """Of the cycles of a target that were logged after the first `known`."""
    return {line["outcome"] for line in loop.events("cycle", target=target)[known:]}


def ordeal(folder: Path, kinds: tuple[str, ...]) -> list[float]:
    """Each of these revisions after the other; how long /healthz took to answer."""
    origin = repository(folder, "one", config=CONFIG)
    changed = {"PYTHONPATH": site(folder / "site")}
    with Run(origin, *OPTIONS, *READING, **changed) as loop:
        probe = Probe(loop.wait("operations")["address"])
        for target in TARGETS:
            loop.wait("cycle", outcome="applied", target=target)
        probe.start()
        for turn, kind in enumerate(kinds):
            before = {target: len(loop.events("cycle", target=target)) for target in TARGETS}
            write(origin, FILES[kind])
            for target in TARGETS:
                loop.until(lambda t=target, b=before[target]: outcomes(loop, t, b) & {"broken"})
            # What was put in force before is still kept so.
            off_by_hand(origin)
            loop.until(lambda: second(origin) == {"one": True})
            for name in FILES[kind]:
                (origin / name).unlink()
            # One that is declared as before would be left: it was undone again and again.
            another = declaration("one", description=f'"{turn}"')
            write(origin, {"reconciler.yaml": CONFIG, "schedules/one.yaml": another})
            known = len(loop.events("cycle", target="second"))
            loop.until(lambda b=known: outcomes(loop, "second", b) & {"applied"})
        probe.done.set()
        probe.join()
        assert probe.wrong == []
        assert loop.events("bug") == []
        assert live(origin) == {"one": (str(len(kinds) - 1), True)}
        assert loop.stop() == 0
        return probe.seconds


def test_the_last_good_revision_holds(tmp_path: Path) -> None:
    seconds = sorted(ordeal(tmp_path, A_FEW))
    assert seconds[len(seconds) * 99 // 100] < 2  # it never waits for what is read


@pytest.mark.torture
def test_twenty_hostile_revisions(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seconds = sorted(ordeal(tmp_path, tuple(FILES)))
    record_property("healthz p99 ms", round(seconds[len(seconds) * 99 // 100] * 1000))
    assert seconds[len(seconds) * 99 // 100] < 2


def test_it_ends_while_it_reads_and_begins_again_on_the_same(tmp_path: Path) -> None:
    origin = repository(tmp_path, "one", config=CONFIG)
    changed = {"PYTHONPATH": site(tmp_path / "site")}
    with Run(origin, *OPTIONS, **changed) as loop:
        loop.wait("cycle", outcome="applied", target="second")
        write(origin, FILES["hangs"])
        # That it reads is seen by its process, which is busy.
        loop.until(lambda: children(loop.process.pid))
        began = time.monotonic()
        assert loop.stop() == 0
        assert time.monotonic() - began < 5
        assert children(loop.process.pid) == []
    with Run(origin, *OPTIONS, *READING, name="again", **changed) as loop:
        address = loop.wait("operations")["address"]
        assert httpx.get(f"{address}/healthz", timeout=10).status_code == 200
        off_by_hand(origin)
        loop.wait("cycle", outcome="broken", target="second")
        loop.until(lambda: second(origin) == {"one": True})
        assert loop.stop(signal.SIGINT) == 0


def test_without_a_good_one_it_says_so(tmp_path: Path) -> None:
    origin = repository(tmp_path, "one", config=CONFIG)
    write(origin, FILES["hangs"])
    changed = {"PYTHONPATH": site(tmp_path / "site")}
    with Run(origin, *OPTIONS, *READING, **changed) as loop:
        found = loop.wait("cycle", outcome="stalled", target="local")
        assert found["reason"] == "RevisionBroken"
        assert "schedules/hang.yaml:1" in found["message"]
        assert "took longer than 5 s" in found["message"]
        (origin / "schedules/hang.yaml").unlink()
        write(origin, {"schedules/two.yaml": declaration("two")})
        loop.wait("cycle", outcome="applied", target="local")
        assert loop.stop() == 0


def test_git_source_too(tmp_path: Path) -> None:
    from .looping import commit, upstream

    origin = upstream(tmp_path / "upstream", "one")
    here = tmp_path / "here"
    here.mkdir()
    changed = {"PYTHONPATH": site(tmp_path / "site")}
    options = ("--source", origin.as_uri(), "--ref", "main", "--interval", "1s", *READING)
    with Run(here, *options, **changed) as loop:
        loop.wait("cycle", outcome="applied")
        at = commit(origin, FILES["kills itself"])
        found = loop.wait("cycle", outcome="broken")
        assert "schedules/die.yaml:1: reading it ended the process by SIGKILL" in found["message"]
        git(origin, "revert", "--no-edit", at)
        loop.wait("cycle", outcome="in_sync")
        assert loop.stop() == 0


def test_a_bug_of_ours_is_said_and_stops_nothing(tmp_path: Path) -> None:
    origin = repository(tmp_path, "one", config=CONFIG)
    changed = {"PYTHONPATH": site(tmp_path / "site")}
    with Run(origin, *OPTIONS, *READING, **changed) as loop:
        loop.wait("cycle", outcome="applied", target="second")
        write(origin, {"schedules/bug.yaml": "name: bug\n"})
        found = loop.wait("cycle", outcome="broken", target="second")
        assert "schedules/bug.yaml:1: reading it met a bug of this program" in found["message"]
        assert "KeyError: 'nobody thought of it'" in found["message"]
        off_by_hand(origin)
        loop.until(lambda: second(origin) == {"one": True})
        assert loop.stop() == 0


def children(pid: int) -> list[int]:
    """The processes that this one started and that are there."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found
