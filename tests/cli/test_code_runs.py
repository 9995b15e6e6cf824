"""Runs of what was published: its code with what is added to it, and its local data, whatever has
become of the repository.
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from helpers import CONFIG, invoke, write
from loop.looping import commit, git
from workspace.engine.engines import wait_for

from reconciler.workspace.engine.engine import Engine
from reconciler.workspace.engine.executor import Settings
from reconciler.workspace.execution.data import TargetData
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store

SCHEDULE = 'name: a\ntrigger: {type: cron, expression: "0 6 1 1 *"}\ncreate_job: ./jobs/job.yml\n'


def run(repo: Path) -> dict[str, str]:
    """Trigger the schedule `a`, run it to its end; by step, what it printed, or why it failed."""
    assert invoke(repo, "trigger", "a").code == 0
    path = repo / "workspace.db"
    data = TargetData({}, {}, repo)
    settings = Settings(path.parent / "runs", repo, dict(os.environ), data=data)
    said: dict[str, str] = {}
    with closing(Store(path, actor="a test")) as store:
        engine = Engine(
            store,
            settings,
            datastores={},
            log=lambda event, **_: None,
            clock=lambda: datetime.now(UTC),
        )
        engine.start()
        runs = Runs(store.database)

        def ended() -> bool:
            engine.tick()
            return runs.newest(limit=1)[0].status not in ("NotStarted", "Running")

        try:
            wait_for(ended)
        finally:
            engine._shut_down()
        [row] = runs.newest(limit=1)
        for step in runs.steps(row.name):
            log = settings.runs_folder / row.name / "logs" / f"{step.name}.log"
            said[step.name] = log.read_text() if step.exit_code == 0 else str(step.message)
        if not said:
            said[""] = str(row.message)
    return said


def test_what_is_added_to_the_code(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "reconciler.yaml": CONFIG,
            "schedules/a.yaml": SCHEDULE,
            "schedules/jobs/job.yml": """\
type: pipeline
jobs:
  both: {component: ../parts/both.yml}
  one: {component: ../parts/one.yml}
  inline:
    component: {command: ls, additional_includes: [../shared/util.py]}
""",
            "schedules/parts/both.yml": "command: python3 main.py; ls -R lib; python3 -m zipfile"
            " -l pack.zip | wc -l\ncode: ./src\n"
            "additional_includes: [../shared/util.py, ../lib, ../shared/pack.zip]\n",
            "schedules/parts/one.yml": "command: ls\ncode: ./src\n",
            "schedules/parts/src/main.py": "import util\n",
            "schedules/shared/util.py": "print('shared')\n",
            "schedules/shared/pack/a.txt": "1",
            "schedules/lib/b.txt": "1",
        },
    )
    assert invoke(tmp_path, "apply", "--yes").code == 0
    assert run(tmp_path) == {
        "both": "shared\nlib:\nb.txt\n3\n",
        "one": "logs\nmain.py\noutputs\n",
        "inline": "logs\noutputs\nutil.py\n",
    }
    assert invoke(tmp_path, "plan", "--exit-code").code == 0
    write(tmp_path, {"schedules/shared/pack/a.txt": "2"})
    assert "1 file changed (schedules/parts/src/pack.zip)" in invoke(tmp_path, "plan").out
    write(tmp_path, {"schedules/parts/src/util.py": ""})
    found = invoke(tmp_path, "validate", code=1).out
    assert (
        'schedules/parts/both.yml:3:23: error: "../shared/util.py" cannot be added to the code:'
        ' the code has "util.py" already [SCH055]' in found
    )


def test_local_data(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "reconciler.yaml": CONFIG,
            "schedules/a.yaml": SCHEDULE,
            "schedules/jobs/job.yml": """\
type: pipeline
inputs:
  file: {type: uri_file, path: ./data/one.csv}
  folder: {path: ../data}
jobs:
  top:
    command: cat ${{inputs.f}}; ls ${{inputs.d}}
    inputs: {f: "${{parent.inputs.file}}", d: {path: "${{parent.inputs.folder}}"}}
  deep: {component: ../parts/deep.yml}
""",
            "schedules/parts/deep.yml": """\
type: pipeline
jobs:
  inner:
    command: cat ${{inputs.x}}
    inputs: {x: {type: uri_file, path: ./inner.txt}}
""",
            "schedules/parts/inner.txt": "inner\n",
            "schedules/jobs/data/one.csv": "a,b\n",
            "schedules/data/data": "like its folder",
        },
    )
    assert invoke(tmp_path, "apply", "--yes").code == 0
    shutil.rmtree(tmp_path / "schedules/data")
    write(tmp_path, {"schedules/jobs/data/one.csv": "other\n", "schedules/parts/inner.txt": "x"})
    assert run(tmp_path) == {"top": "a,b\ndata\n", "deep.inner": "inner\n"}
    write(tmp_path, {"schedules/data/data": "like its folder"})
    shown = invoke(tmp_path, "plan").out
    assert "2 files changed (schedules/jobs/data/one.csv, schedules/parts/inner.txt)" in shown


def test_data_that_is_too_large_to_be_published(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "reconciler.yaml": CONFIG + "code: {max_files: 1}\n",
            "schedules/a.yaml": SCHEDULE,
            "schedules/jobs/job.yml": "type: command\ncommand: ls\n"
            "inputs: {d: {type: uri_folder, path: ./data}}\n",
            "schedules/jobs/data/a": "1",
            "schedules/jobs/data/b": "1",
        },
    )
    found = invoke(tmp_path, "validate", code=1).out
    assert "schedules/jobs/job.yml:3:38: error: the data cannot be published with the job" in found
    assert '"schedules/jobs/data" has more than 1 file [SCH047]' in found


def test_code_that_the_loop_brings_from_git(tmp_path: Path) -> None:
    origin, host = tmp_path / "origin", tmp_path / "host"
    write(
        origin,
        {
            "reconciler.yaml": CONFIG,
            "schedules/a.yaml": SCHEDULE,
            "schedules/jobs/job.yml": "type: command\ncode: ./src\ncommand: cat said.txt\n",
            "schedules/jobs/src/said.txt": "one\n",
        },
    )
    git(origin, "init", "--quiet", "--initial-branch=main")
    commit(origin)
    write(host, {"reconciler.yaml": CONFIG})
    loop = ("run", "--once", "--source", origin.as_uri(), "--ref", "main")

    assert invoke(host, *loop).code == 0
    assert run(host) == {"command": "one\n"}
    commit(origin, {"schedules/jobs/src/said.txt": "two\n"})
    assert run(host) == {"command": "one\n"}  # until it is applied
    assert invoke(host, *loop).code == 0
    assert run(host) == {"command": "two\n"}
    shutil.rmtree(host / ".reconciler")
    shutil.rmtree(origin)
    assert run(host) == {"command": "two\n"}
