"""Folders that go from a workspace to Temporal and back, killed at each write of a move."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from helpers import ROOT, environment, invoke, write
from logged import PATIENCE
from providers.temporal.server import connected, needed, served
from serving import serving
from worker.working import Site

from cli.moving.test_under_load import JOB, put
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger

pytestmark = [needed, pytest.mark.torture]
WRITES = 14
"""More than a move of one schedule makes."""
MINUTE = 75.0
"""A look at a folder is due each minute."""


class Folders:
    """Schedules f0, f1 ... of which each follows a folder of its own."""

    def __init__(self, folder: Path, site: Site, address: str) -> None:
        self.folder = folder
        self.site = site
        places = f'datastores: {{inbox: {{url: "{folder}/inbox"}}}}'
        temporal = f'{{provider: temporal, namespace: one, address: "{address}"'
        config = (
            "owner: us\nschedules: [schedules]\ndefault_target: local\ntargets:\n"
            f"  local: {{provider: local, workspace: workspace.db, {places}}}\n"
            f"  temporal: {temporal}, store: store, {places}}}\n"
        )
        write(folder, {"reconciler.yaml": config, "schedules/job.yml": JOB})
        self.names = [f"f{number}" for number in range(WRITES)]
        for name in self.names:
            declared = (
                f"name: {name}\ntargets: [local]\ntrigger: {{type: datastore, datastore: inbox,"
                f" path_on_datastore: {name}, polling_interval: 1}}\ncreate_job: ./job.yml\n"
            )
            write(folder, {f"schedules/{name}.yaml": declared})
            (folder / "inbox" / name).mkdir(parents=True)

    def put(self, name: str, file: str) -> None:
        put(self.folder / "inbox" / name, f"{name}-{file}")

    def move(self, source: str, target: str, came: str) -> int:
        """Each schedule, killed at another write, and again until it is done; how many were
        killed. Between the two a file comes.
        """
        killed = 0
        for number, name in enumerate(self.names):
            arguments = ("move", name, "--yes", "--from", source, "--to", target)
            ended = subprocess.run(
                [sys.executable, "-m", "cli.moving.killed", str(number + 1), *arguments],
                cwd=self.folder,
                env=environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
            )
            assert ended.returncode in (0, 1, 5, -9), ended.stderr
            killed += ended.returncode == -9
            self.put(name, came)
            for _ in range(5):
                done = invoke(self.folder, *arguments, code=None)
                if done.code == 0:
                    break
            assert done.code == 0, done.text
        return killed

    def ran(self) -> Counter[str]:
        """How often each file had a run, in both."""
        from reconciler.worker.runs import TemporalRuns

        runs = TemporalRuns(self.site.opened.as_owner())
        found = [row.data_path for row in runs.newest(limit=1_000) if row.data_path is not None]
        with closing(Database(self.folder / "workspace.db")) as database:
            ledger = Ledger(database)
            keys = [fire.key for name in self.names for fire in ledger.fires(name)]
        return Counter(os.path.basename(one.split("\n")[0]) for one in [*found, *keys])

    def wait(self, wanted: set[str]) -> None:
        """Until all of these had a run."""
        deadline = time.monotonic() + MINUTE
        while missing := wanted - self.ran().keys():
            assert time.monotonic() < deadline, sorted(missing)
            time.sleep(0.5)


def test_killed_at_each_write(tmp_path: Path) -> None:
    (tmp_path / "temporal").mkdir()
    with served(tmp_path / "temporal") as server:
        connected(server.address, "one").empty()
        site = Site(server, tmp_path, inbox="inbox")
        folders = Folders(tmp_path, site, server.address)
        for name in folders.names:
            folders.put(name, "before")
        invoke(tmp_path, "apply", "--yes")
        with serving(tmp_path, "--target", "local") as here, site.machine("one"):
            here.until(lambda: len(here.events("watching")) == WRITES)
            for name in folders.names:
                folders.put(name, "first")
            there = folders.move("local", "temporal", "second")
            for live in site.opened.as_owner().list():
                site.opened.as_owner().look_now(live)
            wanted = {f"{name}-{file}" for name in folders.names for file in ("first", "second")}
            folders.wait(wanted)
            for name in folders.names:
                folders.put(name, "third")
            back = folders.move("temporal", "local", "fourth")
            wanted |= {f"{name}-{file}" for name in folders.names for file in ("third", "fourth")}
            folders.wait(wanted)
            found = folders.ran()
    sys.stdout.write(f"{there} killed there, {back} back, {found.total()} runs of {len(wanted)}\n")
    assert found == Counter(wanted)
    assert WRITES > there > 4
    assert WRITES > back > 4
