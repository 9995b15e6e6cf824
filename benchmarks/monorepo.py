"""A loop on a folder of a big repository: bytes fetched, disk and seconds for others' commits.

monorepo.py [MEGABYTES] [COMMITS]: prints a Markdown table. A repository of MEGABYTES (500 without
it) in files of 1 MB that do not compress, served over file://, with two schedules in `ml`; a loop
with `--path ml` takes its first cycle, then one for each of COMMITS (50) commits that touch
something else, each of which adds a file of 100 kB. Beside it, what a whole clone takes.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

CONFIG = """\
owner: us
schedules: [schedules]
targets: { local: { provider: local, workspace: workspace.db } }
"""
SCHEDULE = """\
name: s{number}
trigger: {{ type: cron, expression: "0 2 * * *" }}
create_job: ../jobs/job.yml
"""
RECONCILER = str(Path(sys.executable).parent / "reconciler")
IDENTITY = {f"GIT_{who}_{what}": "b@example.com" for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")}  # fmt: skip


def git(folder: Path, *args: str) -> None:
    environment = os.environ | IDENTITY
    subprocess.run(["git", "-C", str(folder), *args], check=True, env=environment, stdout=-3)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "x")


def made(folder: Path, megabytes: int, random: Random) -> None:
    """The repository; servers that are asked for a part of it may give it."""
    for name in ("ml/schedules", "ml/jobs", "other"):
        (folder / name).mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(folder, "config", "core.compression", "0")
    (folder / "ml/reconciler.yaml").write_text(CONFIG)
    (folder / "ml/jobs/job.yml").write_text("type: command\ncommand: echo hi\n")
    for number in range(2):
        (folder / f"ml/schedules/s{number}.yml").write_text(SCHEDULE.format(number=number))
    for number in range(megabytes):
        (folder / f"other/{number:04d}.bin").write_bytes(random.randbytes(1_000_000))
    commit(folder)


def cycle(there: Path, at: Path) -> tuple[float, float]:
    """Seconds and CPU of `run --once`, with all that it starts."""
    arguments = ["run", "--once", "--source", there.as_uri(), "--ref", "main", "--path", "ml"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run([RECONCILER, *arguments], cwd=at, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def size(folder: Path, part: str = "") -> float:
    """Megabytes of the files below, of those with `part` in their path."""
    files = (p for p in folder.rglob("*") if part in str(p) and p.is_file())
    return sum(p.stat().st_size for p in files) / 1e6


def main(megabytes: int, commits: int) -> None:
    """Measure and print."""
    random = Random(19)
    with tempfile.TemporaryDirectory() as name:
        there, at, whole = Path(name, "there"), Path(name, "at"), Path(name, "whole")
        for folder in (there, at):
            folder.mkdir()
        made(there, megabytes, random)
        began = time.perf_counter()
        git(Path(name), "clone", "--quiet", there.as_uri(), "whole")
        of_all = time.perf_counter() - began
        loop = at / ".reconciler"
        first = cycle(there, at)
        clone, disk = size(loop, "/objects/"), size(loop)
        later = []
        for number in range(commits):
            (there / f"other/new-{number}.bin").write_bytes(random.randbytes(100_000))
            commit(there)
            later.append(cycle(there, at))
        print(f"| {megabytes} MB, {commits} commits of others | the loop, --path | a whole clone |")
        print("|-|-:|-:|")
        print(f"| first cycle | {first[0]:.1f} s, {first[1]:.1f} s CPU | {of_all:.1f} s |")
        print(f"| objects after it | {clone:.2f} MB | {size(whole, '/objects/'):.0f} MB |")
        print(f"| disk after it | {disk:.2f} MB | {size(whole):.0f} MB |")
        mean = [sum(one) / commits for one in zip(*later, strict=True)]
        print(f"| a cycle per commit | {mean[0]:.2f} s, {mean[1]:.2f} s CPU | |")
        grown = size(loop, "/objects/") - clone
        print(f"| objects grew by | {grown:.2f} MB | {commits / 10:.1f} MB and trees |")
        print(f"| disk in the end | {size(loop):.2f} MB | |")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [500, 50][len(given) :]))
