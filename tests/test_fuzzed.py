"""Anything that may be given to the program, given to it broken: it answers, soon, and well.

Ten thousand inputs here, a million in `make torture`; each kind is made from whole ones, by pieces
that are moved, repeated, cut and put together.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers import ROOT

from reconciler.cli.saved_plans import read_plan
from reconciler.config import load_config
from reconciler.declare.checking.lint import lint_document
from reconciler.declare.jobs.job_document import read_job
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import parse
from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import ReconcilerError
from reconciler.masking import mask_lines, mask_text
from reconciler.workspace.execution.run_inputs import Context, JobError
from reconciler.workspace.execution.steps import plan_run

PIECES = [
    *(
        "${{",
        "}}",
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        "- ",
        "\n",
        "  ",
        "\t",
        "'",
        '"',
        "&a ",
        "*a",
        "!",
    ),
    *(
        "#",
        "|",
        ">",
        "%",
        "@",
        "\\",
        "\x00",
        "\x1b[31m",
        "\u202e",
        "é",
        "\U0001f600",
        "0",
        "-1",
        "1e999",
    ),
    *(
        "name",
        "trigger",
        "cron",
        "recurrence",
        "expression",
        "0 0 * * *",
        "*/5",
        "L",
        "W",
        "#2",
        ",",
    ),
    *("2026-03-29T02:30:00", "24:00", "Z", "+14:00", "Europe/Lisbon", "inputs", "vars.a", "env.B"),
    *(
        "password: ",
        "https://u:p@h/",
        "sig=",
        "Bearer ",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "null",
    ),
    *(
        "((",
        "$((",
        "$[",
        "`",
        "<<EOF\n",
        "EOF",
        "$[[",
        "]]",
        "declare -i ",
        "type: command",
        "jobs:",
    ),
]
SCHEDULE = """name: a
trigger:
  type: cron
  expression: "0 0 * * *"
  time_zone: Europe/Lisbon
  start_time: "2026-01-01T00:00:00"
create_job:
  type: pipeline
  job: azureml:j:1
  inputs: {a: 1, password: x}
"""
JOB = """type: pipeline
inputs: {a: 1}
jobs:
  s:
    type: command
    command: echo ${{inputs.a}} $((1 + 2)) "x"
    inputs: {a: "${{parent.inputs.a}}"}
"""
CONFIG = (ROOT / "reconciler.yaml").read_text("utf-8")
PLAN = '{"format_version": "1.0", "plans": [{"target": "a", "changes": []}], "seal": "0"}'
COMMAND = """for x in 1 2; do echo "$x ${{inputs.a}}" | sed 's/a/b/'; done; cat <<EOF
${{inputs.a}}
EOF
"""


def _declaration(text: str, folder: Path) -> None:
    (folder / "s.yml").write_text(text, "utf-8", "surrogatepass", newline="")
    read_declarations(
        ("s.yml",),
        base=folder,
        root=folder,
        targets=[TargetSettings("local")],
        known_targets=["local"],
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _job(text: str, folder: Path) -> None:
    data = text.encode("utf-8", "surrogatepass")
    documents, _ = parse(data)
    for document in documents:
        if isinstance(document.data, dict):
            for finding in read_job(document.data, "job.yml").findings:
                Locator(data).find(document.index, finding.path)


def _config(text: str, folder: Path) -> None:
    (folder / "reconciler.yaml").write_text(text, "utf-8", "surrogatepass", newline="")
    load_config(folder / "reconciler.yaml")


def _plan(text: str, folder: Path) -> None:
    (folder / "p.json").write_text(text, "utf-8", "surrogatepass", newline="")
    read_plan(folder / "p.json")


def _command(text: str, folder: Path) -> None:
    job = {"type": "command", "command": text, "inputs": {"a": 1}}
    context = Context("run", datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    plan_run(job, {"a": "x"}, context, str(folder))


def _cron(text: str, folder: Path) -> None:
    lint_document({"trigger": {"type": "cron", "expression": text}})


def _date(text: str, folder: Path) -> None:
    trigger = {"type": "cron", "expression": "0 0 * * *", "start_time": text, "time_zone": text}
    lint_document({"trigger": trigger, "hold": {"until": text}})


def _masked(text: str, folder: Path) -> None:
    shown = mask_text(text)
    assert mask_text(shown) == shown
    lines = mask_lines(text.split("\n"))
    assert len(lines) == text.count("\n") + 1
    assert mask_lines(lines) == lines


KINDS: dict[str, tuple[str, Callable[[str, Path], None]]] = {
    "declaration": (SCHEDULE, _declaration),
    "job": (JOB, _job),
    "configuration": (CONFIG, _config),
    "plan": (PLAN, _plan),
    "command": (COMMAND, _command),
    "cron": ("*/5 0-23 1,15 * mon-fri", _cron),
    "date": ("2026-03-29T02:30:00+01:00", _date),
    "mask": (SCHEDULE + COMMAND, _masked),
}


def fuzzed(whole: str, chance: random.Random) -> str:
    """`whole`, changed at a few places; now and then long."""
    text = whole
    for _ in range(chance.randrange(1, 6)):
        at, end = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
        piece = chance.choice(PIECES)
        match chance.randrange(6):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + piece + text[at:]
            case 2:
                text = text[:end] + text[at:end] * chance.randrange(1, 4) + text[end:]
            case 3:
                text = text[:at] + piece * chance.choice((2, 30, 300)) + text[at:]
            case 4:
                text = (
                    text[:at] + chr(chance.choice((0, 9, 0x85, 0xD800, 0x2028, 0xFEFF))) + text[at:]
                )
            case _:
                text = text[:at] + piece + text[end:]
    if chance.random() < 0.002:
        text = text[:60] + chance.choice(PIECES) * (100_000 // 8) + text[60:]
    return text[:400_000]


def fuzz(kind: str, seed: int, count: int, folder: Path) -> float:
    """The most seconds of the processor that one input took, for each 100 kB of it."""
    whole, read = KINDS[kind]
    chance = random.Random(f"{kind} {seed}")
    worst = 0.0
    for _ in range(count):
        text = fuzzed(whole, chance)
        begin = time.process_time()
        try:
            read(text, folder)
        except (ReconcilerError, JobError):
            pass
        except BaseException as error:
            raise AssertionError(f"{kind}: {text[:2000]!r}") from error
        seconds = (time.process_time() - begin) / max(1.0, len(text) / 100_000)
        worst = max(worst, seconds)
        assert seconds < 1, f"{kind}: {seconds:.1f} s, {len(text)} characters: {text[:500]!r}"
    return worst


@pytest.mark.parametrize("kind", KINDS)
def test_broken_input(kind: str, tmp_path: Path) -> None:
    fuzz(kind, 0, 350 if kind == "date" else 1400, tmp_path)  # a zone has many neighbours


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
def test_a_million(kind: str, tmp_path: Path) -> None:
    """In as many processes as there are processors; one that takes 200 MiB or more fails."""
    workers = os.cpu_count() or 1
    each = int(os.environ.get("RECONCILER_FUZZED", "1000000")) // len(KINDS) // workers
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    running = []
    for number in range(workers):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, __file__, kind, str(number + 1), str(each), str(folder)]
        running.append(
            subprocess.Popen(
                command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
            )
        )
    for process in running:
        _, err = process.communicate()
        assert process.returncode == 0, err[-3000:]


def main() -> None:
    kind, seed, count, folder = sys.argv[1:]
    worst = fuzz(kind, int(seed), int(count), Path(folder))
    mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{kind}: {count} inputs, {worst:.3f} s, {mebibytes:.0f} MiB\n")
    assert mebibytes < 200, mebibytes


if __name__ == "__main__":
    main()
