"""kill -9 while versions are published, run and pruned: none is without its code, or has another's.

Every file of a version says the same number. One process publishes version after version and asks
for runs, another prunes, an engine runs what waits; all are killed at random moments. A run writes
down which numbers its code and its data say.
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

from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store
from workspace.engine.engines import wait_for

FILES = 12
PUBLISH = f"""
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from reconciler.workspace.store.records import NewRun
from reconciler.workspace.store.runs import Runs
from reconciler.snapshots import Snapshots
from reconciler.workspace.store.schedules import Publication, Store

folder = Path(sys.argv[1])
store = Store(folder / "workspace.db", actor="us", busy_seconds=30)
runs = Runs(store.database)
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    for file in range({FILES}):
        (folder / f"src/{{file}}").write_text(f"{{number}}-{{file % 3}}\\n")
    taken = Snapshots(folder).take(str(folder / "src"))
    name = f"p{{number % 3}}"
    digest = f"{{number:012}}" + "0" * 52
    document = json.dumps({{
        "type": "command",
        "code": "./src",
        "inputs": {{"d": {{"type": "uri_folder", "path": "./data"}}}},
        "command": f"echo ${{{{{{{{name}}}}}}}} $(cat [0-9]* ${{{{{{{{inputs.d}}}}}}}}/*"
                   f" | cut -d- -f1 | sort -u) >> {{folder}}/marks",
    }})
    store.publish(Publication(name, digest, document, "j.yml", {{"./src": taken, "./data": taken}}),
                  datetime.now(UTC))
    waiting = len(runs.waiting(9))
    for version in (f"{{number:012}}",) if waiting < 6 else ():
        asked = NewRun(None, "e", name, version, "manual", datetime.now(UTC))
        runs.add(asked, datetime.now(UTC))
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


RUN = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from reconciler.workspace.engine.engine import Engine
from reconciler.workspace.engine.executor import Settings
from reconciler.workspace.store.schedules import Store

folder = Path(sys.argv[1])
store = Store(folder / "workspace.db", durable=True, busy_seconds=30)
settings = Settings(folder / "engine-runs", folder, dict(os.environ), grace=5.0)
engine = Engine(store, settings, datastores={}, log=lambda *a, **k: None,
                clock=lambda: datetime.now(UTC))
print("ready", flush=True)
engine.start()
while True:
    engine.tick()
    engine._wait(0.002)
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


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def check(folder: Path) -> int:
    """What is there now; the number of the newest version."""
    with closing(Store(folder / "workspace.db", actor="us", busy_seconds=30)) as store:
        rows = store.database.read("SELECT name, version FROM version_code")
        newest = {}
        for name, version in rows:
            found, _ = store.code.of(name, version).values()
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


def check_runs(folder: Path) -> int:
    """Every run that printed anything had the code and the data of its version; how many."""
    engine = start(RUN, folder)
    with closing(Store(folder / "workspace.db", actor="us", busy_seconds=30)) as store:
        runs = Runs(store.database)
        wait_for(lambda: not runs.waiting(1) and not runs.newest(status="Running", limit=1))
        kill(engine)
        versions = {row.name: row.version for row in runs.newest(limit=100_000)}
        failed = [row.message for row in runs.newest(status="Failed", limit=100_000)]
        of_steps = [
            step.message
            for row in runs.newest(status="Failed", limit=100_000)
            for step in runs.steps(row.name)
        ]
    marks = [line.split() for line in (folder / "marks").read_text().splitlines()]
    for name, *numbers in marks:
        assert numbers == [str(int(versions[name]))], name
    assert len({name for name, *_ in marks}) == len(marks)
    # A run fails where its engine was killed over it, and for no other reason.
    assert not [one for one in [*failed, *of_steps] if one and "dropped" in one], failed
    return len(marks)


@pytest.mark.parametrize(
    "kills", [4, pytest.param(200, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_no_version_without_its_code(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    folder = tmp_path.resolve()
    (folder / "src").mkdir()
    number = 0
    engine: subprocess.Popen[str] | None = None
    for _ in range(kills):
        engine = engine or start(RUN, folder)
        both = (start(PUBLISH, folder, number), start(PRUNE, folder), engine)
        time.sleep(chance.uniform(0.01, 0.4))
        ended = [process.poll() for process in both]
        # An engine that was killed each time would hardly bring a run to its end.
        lives = chance.random() < 0.7
        for process in both[: 2 if lives else 3]:
            kill(process)
        engine = engine if lives else None
        if ended != [None] * 3 and engine is not None:
            kill(engine)
        assert ended == [None] * 3  # none ends by itself: what does has met an error
        number = check(folder)
    if engine is not None:
        kill(engine)
    assert number > kills
    executed = check_runs(folder)
    sys.stdout.write(f"\n{kills} kills: {number} versions, {executed} runs executed\n")
