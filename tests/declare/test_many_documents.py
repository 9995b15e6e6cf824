"""A file of thousands of tiny documents costs what its bytes are worth, and hides no other.

Work is counted in calls of functions, which are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from reconciler.declare.checking.json_schema import MOST_ERRORS, schema_findings
from reconciler.declare.reading.yaml_loader import MAX_NODES, parse
from reconciler.declare.repository import (
    MOST_PROBLEMS_COUNTED,
    MOST_PROBLEMS_OF_A_FILE,
    Declarations,
    read_declarations,
)
from reconciler.declare.resolve import TargetSettings

SIZE = 8_000
TINY = {
    "an empty mapping": "--- {}\n",
    "one unknown key": "---\na: 1\n",
    "a name of its own": "--- {name: a%d}\n",
    "a trigger that is none": "---\nname: a\ntrigger: 1\n",
    "a target that is none": "--- {name: a, targets: [b]}\n",
    "a variable that is none": '--- {a: "${{ vars.a }}"}\n',
    "no number": "--- 1e999\n",
    "a job": "---\ntype: command\ncommand: x\n",
    "a warning": "--- {name: a%d, create_job: azureml:j, "
    "trigger: {type: cron, expression: 0 6 31 * *}}\n",
}
SCHEDULE = "name: good\ntrigger: {type: cron, expression: 0 6 * * *}\ncreate_job: %s\n"


def filled(unit: str, size: int) -> str:
    """Documents that are `size` characters or a little more."""
    units, length = [], 0
    while length < size:
        units.append(unit % len(units) if "%" in unit else unit)
        length += len(units[-1])
    return "".join(units)


def read(folder: Path, *targets: str, **files: str) -> Declarations:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return read_declarations(
        ["."],
        base=folder.resolve(),
        root=folder.resolve(),
        targets=[TargetSettings(name) for name in targets or ("local",)],
        known_targets=targets or ["local"],
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def calls(work: Callable[[], object]) -> int:
    """How many functions were called, those of C among them."""
    count = 0

    def seen(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("what", TINY)
def test_work_grows_with_the_bytes_alone(what: str, tmp_path: Path) -> None:
    """Of two sizes behind the limits of what is shown and checked, and short of what is read."""
    few, many = (
        calls(partial(read, tmp_path, a=filled(TINY[what], size))) for size in (SIZE, 2 * SIZE)
    )
    assert many < 2.2 * few
    assert (many - few) / SIZE < 20, "calls for a byte, of which a second has a few million"


@pytest.mark.parametrize("count", [MOST_PROBLEMS_COUNTED // 3 - 1, MOST_PROBLEMS_COUNTED])
def test_how_many_more_problems_there_are(count: int, tmp_path: Path) -> None:
    """Three of each document: exact, until documents are not checked any more."""
    declarations = read(tmp_path, a="--- {}\n" * count)
    assert len(declarations.problems) == MOST_PROBLEMS_OF_A_FILE + 1
    left = min(3 * count, MOST_PROBLEMS_COUNTED + 2) - MOST_PROBLEMS_OF_A_FILE
    at_least = "at least " if count == MOST_PROBLEMS_COUNTED else ""
    last = declarations.problems[-1]
    assert last.message == f"{at_least}{left} more problems of this file are not shown"
    assert last.severity == "error"
    assert declarations.declared == count


def test_an_error_behind_thousands_of_warnings_is_found(tmp_path: Path) -> None:
    text = filled(TINY["a warning"], 100_000)
    assert read(tmp_path, a=text).errors == 0
    declarations = read(tmp_path, a=text + "--- {name: b}\n")
    assert declarations.errors == 1
    assert declarations.problems[-1].severity == "error"


def test_names_and_jobs_behind_what_is_checked_are_known(tmp_path: Path) -> None:
    """So that nothing untrue is said of another file."""
    text = "--- {}\n" * MOST_PROBLEMS_COUNTED
    job = "---\ntype: command\ncommand: x\n"
    component = "---\ntype: command\nversion: 1\ncommand: x\n"
    foreign = "---\ntype: managed\n"
    files = {
        "a": f"{text}--- {{name: taken}}\n{job}{component}{foreign}",
        "b": SCHEDULE % "./a.yml",
        "c": SCHEDULE.replace("good", "taken") % "azureml:j",
    }
    declarations = read(tmp_path, **files)
    assert [str(schedule.key) for schedule in declarations.schedules] == [
        "local/good",
        "local/taken",
    ]
    (other,) = [problem for problem in declarations.problems if problem.path != "a.yml"]
    assert (other.path, other.code) == ("c.yml", "SCH026")
    assert f"first at a.yml:{MOST_PROBLEMS_COUNTED + 1}" in other.message
    assert (declarations.jobs, declarations.components) == (1, 1)


def test_more_documents_than_are_read(tmp_path: Path) -> None:
    declarations = read(tmp_path, a="--- x\n" * MAX_NODES)
    assert len(declarations.problems) == MOST_PROBLEMS_OF_A_FILE + 1
    assert declarations.schedules == ()


def test_a_document_says_its_first_problems(tmp_path: Path) -> None:
    """A hundred of them, and that there may be more; of a file the first fifty are shown."""
    hours = ", ".join(["99"] * 5000)
    pattern = f"{{type: recurrence, frequency: day, interval: 1, schedule: {{hours: [{hours}]}}}}"
    [document] = parse(f"{{name: a, create_job: azureml:j, trigger: {pattern}}}".encode())[0]
    findings = schema_findings(document.data, "schedule")
    assert len(findings) == MOST_ERRORS + 1
    assert (
        findings[-1].message == f"only the first {MOST_ERRORS} problems of this document are listed"
    )
    declarations = read(tmp_path, a=f"name: a\ncreate_job: azureml:j\ntrigger: {pattern}\n")
    assert len(declarations.problems) == MOST_PROBLEMS_OF_A_FILE + 1
