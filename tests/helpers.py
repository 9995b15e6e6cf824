"""What many tests use: schedules made in one line, repositories on disk, the command line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import forks
from click.testing import CliRunner

from reconciler.cli import main_group
from reconciler.document import schedule_from_document
from reconciler.model import Canonical, JobDefinition, Key, LiveSchedule, Schedule, Source

ROOT = Path(__file__).parent.parent
TARGET = "local"
OWNER = "us"
CRON = {"type": "cron", "expression": "0 2 * * *"}
UNPRIVILEGED = 65534


def schedule(name: str = "nightly", **document: Any) -> Schedule:
    """A schedule by the keys of its declaration."""
    whole = {"name": name, "trigger": CRON, "create_job": {"job": "azureml:train"}} | document
    return schedule_from_document(whole, Key(TARGET, name), Source("s.yaml", 1))


def with_job_file(made: Schedule, text: str, name: str = "train") -> Schedule:
    """`made`, running a job file with that content."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    definition = JobDefinition(name, digest, text, f"jobs/{name}.yml")
    return replace(made, job=replace(made.job, reference=f"./{name}.yml", definition=definition))


def live(made: Schedule, owner: str | None = OWNER) -> LiveSchedule:
    return LiveSchedule(made, owner, "a fingerprint")


def canonical(*made: Schedule) -> list[Canonical]:
    return [Canonical(one) for one in made]


# ------------------------------------------------------------------------------------ repositories

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
"""
JOB = """\
type: command
command: echo hello
inputs: {epochs: 5, api_key: none}
"""
_JOB = {"command": "echo hello", "inputs": {"api_key": "none", "epochs": 5}, "type": "command"}
VERSION = hashlib.sha256(json.dumps(_JOB, separators=(",", ":")).encode()).hexdigest()[:12]


def declaration(name: str, hour: int = 2, **extra: str) -> str:
    """A declaration of a cron schedule, as text."""
    lines = [
        'name: "off"' if name == "off" else f"name: {name}",  # which YAML 1.1 takes for false
        f'trigger: {{type: cron, expression: "0 {hour} * * *"}}',
        "create_job: ./job.yml",
        *(f"{key}: {value}" for key, value in extra.items()),
    ]
    return "\n".join(lines) + "\n"


def repository(folder: Path, *names: str, config: str = CONFIG) -> Path:
    """A repository of cron schedules, one file each, and the job that they run."""
    write(folder, {"reconciler.yaml": config, "schedules/job.yml": JOB})
    write(folder, {f"schedules/{name}.yaml": declaration(name) for name in names})
    return folder


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# ------------------------------------------------------------------------------------ command line


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def invoke(
    folder: Path, *args: str, code: int | None = 0, env: dict[str, str] | None = None
) -> Done:
    """A command inside this process, called in `folder`; what it raises escapes."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main_group, args, env=env, catch_exceptions=False)
    finally:
        os.chdir(before)
    done = Done(result.exit_code, result.stdout, result.stderr)
    assert code is None or done.code == code, done.text
    return done


def environment(**changed: str | None) -> dict[str, str]:
    """This environment, without what changes how a command behaves; None takes a variable out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "PYTHON", "NO_COLOR"))}
    merged = (
        kept | {"PYTHONWARNINGS": "error"} | {k: v for k, v in changed.items() if v is not None}
    )
    return {k: v for k, v in merged.items() if not (k in changed and changed[k] is None)}


def command(*args: str | bytes) -> list[str | bytes]:
    return [sys.executable, "-m", "reconciler", *args]


def killed(
    folder: Path, after: float, *arguments: str, env: Mapping[str, str] | None = None
) -> bool:
    """Run a command in a process of its own, and kill it after so many seconds; whether it was
    still at work.
    """
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def run(folder: Path | None, *args: str | bytes, anew: bool = False, **options: Any) -> Done:
    """A command in a process of its own: a fork of one that has it imported, unless `anew`."""
    options = {"env": environment()} | options
    if not anew and options.keys() == {"env"} and forks.reconciler().fits(options["env"]):
        made = forks.run(forks.reconciler(), args, cwd=folder, env=options["env"], timeout=60)
    else:
        options = {"stdin": subprocess.DEVNULL} | options
        process = subprocess.run(
            command(*args), cwd=folder, capture_output=True, timeout=60, **options
        )
        made = process.returncode, process.stdout, process.stderr
    code, out, err = made
    done = Done(
        code, out.decode("utf-8", "backslashreplace"), err.decode("utf-8", "backslashreplace")
    )
    assert "Traceback" not in done.text, done.text
    return done


@contextmanager
def without_privileges() -> Iterator[None]:
    """As a user whom permissions hold back, also where tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(UNPRIVILEGED)
    try:
        yield
    finally:
        os.seteuid(0)
