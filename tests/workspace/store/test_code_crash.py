"""kill -9 while versions are published, run and pruned: none is without its code, or has another's.

Every file of a version says the same number. One process publishes version after version, another
prunes; both are killed at random moments.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from helpers import ROOT, environment

from reconciler.workspace.store.schedules import Store

FILES = 12
PUBLISH = f"""
import sys
from datetime import UTC, datetime
from pathlib import Path
from reconciler.snapshots import Snapshots
from reconciler.workspace.store.schedules import Publication, Store

folder = Path(sys.argv[1])
store = Store(folder / "workspace.db", actor="us", busy_seconds=30)
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    for file in range({FILES}):
        (folder / f"src/{{file}}").write_text(f"{{number}}-{{file % 3}}")
    taken = Snapshots(folder).take(str(folder / "src"))
    name = f"p{{number % 3}}"
    digest = f"{{number:012}}" + "0" * 52
    document = '{{"type":"command","command":"x"}}'
    store.publish(Publication(name, digest, document, "j.yml", {{"./src": taken}}),
                  datetime.now(UTC))
    for copy in range(3):
        found = store.code.of(name, f"{{number:012}}")
        if found["./src"].files is not None:
            store.code.copy(found["./src"], folder / f"runs/{{number}}-{{copy}}")
"""
PRUNE = """
import sys
from pathlib import Path
from reconciler.workspace.store.schedules import Store

store = Store(Path(sys.argv[1]) / "workspace.db", actor="us", busy_seconds=30)
print("ready", flush=True)
while True:
    store.code.prune()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check(folder: Path) -> int:
    """What is there now; the number of the newest version."""
    with closing(Store(folder / "workspace.db", actor="us", busy_seconds=30)) as store:
        rows = store.database.read("SELECT name, version FROM version_code")
        newest = {}
        for name, version in rows:
            [found] = store.code.of(name, version).values()
            if found.files is None:
                continue
            newest[name] = max(version, newest.get(name, ""))
            for file in found.files:
                text = (store.code.folder / file.digest[:2] / file.digest).read_text()
                assert text.split("-")[0] == str(int(version)), (name, version, file.path)
        # A version that is the newest is never without its code.
        for name in ("p0", "p1", "p2"):
            versions = [version for of, version in rows if of == name]
            if versions:
                assert newest[name] == max(versions)
        store.code.prune()
        needed = {
            digest
            for (text,) in store.database.read("SELECT files FROM snapshots")
            for _, _, digest in json.loads(text)
        }
        there = {path.name for path in store.code.folder.rglob("*") if path.is_file()}
        assert {name for name in there if not name.startswith(".new-")} == needed
        return max((int(version) for _, version in rows), default=0)


@pytest.mark.parametrize(
    "kills", [8, pytest.param(200, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_no_version_without_its_code(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    folder = tmp_path.resolve()
    (folder / "src").mkdir()
    number = 0
    for _ in range(kills):
        both = (start(PUBLISH, folder, number), start(PRUNE, folder))
        time.sleep(chance.uniform(0.01, 0.4))
        for process in both:
            # Neither ends by itself: what ends has met an error.
            assert process.poll() is None
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        number = check(folder)
    assert number > kills
