"""A folder of files -> all of its schedules and problems, in one order, whatever the machine does."""

# ruff: noqa: E501

from __future__ import annotations

import gc
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers import write

from reconciler.declare.per_target import _build
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.model import Source
from reconciler.render.problems import FORMATS, render_problems

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCHEDULE = """name: {name}
trigger: {{type: recurrence, frequency: day, interval: 1}}
create_job: {job}
"""


def read(
    folder: Path, files: dict[str, str], *targets: TargetSettings, known: tuple[str, ...] = ()
) -> Declarations:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    folder = folder.resolve()
    return read_declarations(
        ["."],
        base=folder,
        root=folder,
        targets=targets or [TargetSettings("")],
        known_targets=known,
        now=NOW,
    )


def places(declarations: Declarations) -> list[str]:
    return [f"{p.path}:{p.line} {p.code}" for p in declarations.problems]


def test_counts_and_order(tmp_path: Path) -> None:
    files = {
        "z.yaml": SCHEDULE.format(name="a", job="jobs/j.yml"),
        "b.yaml": SCHEDULE.format(name="z", job="jobs/j.yml"),
        "jobs/j.yml": "type: command\ncommand: echo\n",
        "jobs/c.yml": "$schema: https://x/commandComponent.schema.json\nname: c\ncommand: ls\n",
        "jobs/d.yml": "type: command\nversion: 1\ncommand: echo\n",
    }
    declarations = read(tmp_path, files, TargetSettings("x"), TargetSettings("a"))
    assert [str(schedule.key) for schedule in declarations.schedules] == [
        "a/a",
        "a/z",
        "x/a",
        "x/z",
    ]
    assert declarations.problems == ()
    assert (declarations.files, declarations.declared, declarations.jobs) == (5, 2, 1)
    assert (declarations.components, declarations.errors) == (2, 0)
    first = declarations.schedules[0]
    assert first.job.definition is not None
    assert first.job.definition.path == "jobs/j.yml"
    assert first.job.definition is declarations.schedules[3].job.definition


def test_progress_sees_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SCHEDULE.format(name="a", job="azureml:j"))
    seen: list[object] = []
    root = tmp_path.resolve()
    read_declarations(
        ["."],
        base=root,
        root=root,
        targets=[TargetSettings("")],
        known_targets=(),
        now=NOW,
        progress=lambda files, length: [seen.append((f, length)) or f for f in files],  # type: ignore[func-returns-value]
    )
    assert len(seen) == 1


def test_a_job_file_outside_of_what_is_searched(tmp_path: Path) -> None:
    """It is read because a schedule runs it, and its problems are said once."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "j.yml").write_text("name: x\n---\ntype: command\n")
    (tmp_path / "s").mkdir()
    for name in ("a", "b"):
        (tmp_path / "s" / f"{name}.yaml").write_text(
            SCHEDULE.format(name=name, job="../jobs/j.yml")
        )
    root = tmp_path.resolve()
    declarations = read_declarations(
        ["s"], base=root, root=root, targets=[TargetSettings("")], known_targets=(), now=NOW
    )
    assert places(declarations) == ["jobs/j.yml:3 SCH010"]
    assert declarations.jobs == 1


def test_job_found_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "j.yml").write_text("type: command\ncommand: echo\n")
    (tmp_path / "link.txt").symlink_to("j.yml")
    declarations = read(tmp_path, {"a.yaml": SCHEDULE.format(name="a", job="link.txt")})
    assert declarations.problems == ()
    assert declarations.jobs == 1


def test_job_read_before_its_schedule(tmp_path: Path) -> None:
    files = {"a.yml": "type: command\ncommand: echo\n"}
    declarations = read(tmp_path, {**files, "b.yaml": SCHEDULE.format(name="b", job="a.yml")})
    assert declarations.problems == ()
    assert declarations.jobs == 1


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "event"},
        {"type": "recurrence", "frequency": "day", "interval": "often"},
        {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"week_days": ["x"]}},
    ],
)
def test_what_neither_schema_nor_lint_finds_is_a_problem_all_the_same(
    trigger: dict[str, object],
) -> None:
    document = {"name": "a", "trigger": trigger, "create_job": "azureml:j"}
    source = Source("a.yaml", 1)
    schedule, findings = _build(
        document, TargetSettings("local"), source, lambda _: (None, None), NOW
    )
    assert schedule is None
    assert [finding.code for finding in findings] == ["SCH010"]


def test_a_faulty_file_gives_no_schedule(tmp_path: Path) -> None:
    text = SCHEDULE.format(name="a", job="azureml:j")
    declarations = read(
        tmp_path, {"a.yaml": text + "---\n" + text.replace("name: a", "name: b") + "name: c\n"}
    )
    assert declarations.schedules == ()
    assert places(declarations)[-1] == "a.yaml:8 SCH006"


def test_an_error_in_one_target_leaves_the_others(tmp_path: Path) -> None:
    text = SCHEDULE.format(name="a", job="azureml:j") + "description: ${{ vars.x }}\n"
    declarations = read(
        tmp_path, {"a.yaml": text}, TargetSettings("good", {"x": "y"}), TargetSettings("bad")
    )
    assert [str(schedule.key) for schedule in declarations.schedules] == ["good/a"]
    assert places(declarations) == ["a.yaml:4 SCH031"]


@pytest.mark.parametrize("warnings", [50, 51, 60])
def test_many_warnings_stay_warnings(tmp_path: Path, warnings: int) -> None:
    text = "\n---\n".join(
        f"name: n{i}\ncreate_job: azureml:j\ntrigger: {{type: cron, expression: 0 6 31 * *}}"
        for i in range(warnings)
    )
    declarations = read(tmp_path, {"a.yaml": text})
    assert declarations.errors == 0
    assert len(declarations.schedules) == warnings
    assert len(declarations.problems) == min(warnings, 51)
    last = declarations.problems[-1].message
    assert ("not shown" in last) == (warnings > 50)
    if warnings == 51:
        assert last == "1 more problem of this file is not shown"


def test_an_error_after_many_warnings_stays_an_error(tmp_path: Path) -> None:
    text = "\n---\n".join(
        f"name: n{i}\ncreate_job: azureml:j\n"
        f"trigger: {{type: cron, expression: 0 {6 if i < 65 else 66} 31 * *}}"
        for i in range(70)
    )
    declarations = read(tmp_path, {"a.yaml": text})
    assert declarations.errors == 1
    assert declarations.problems[-1].code == "SCH012"
    assert declarations.problems[-1].message == "20 more problems of this file are not shown"


def test_a_name_twice_in_one_file(tmp_path: Path) -> None:
    text = SCHEDULE.format(name="a", job="azureml:j")
    declarations = read(tmp_path, {"a.yaml": text + "---\n" + text})
    (problem,) = declarations.problems
    assert (problem.code, problem.line) == ("SCH026", 5)
    assert problem.message == '"a" is declared twice; first at a.yaml:1'


def test_a_name_twice_but_for_the_case_of_its_letters(tmp_path: Path) -> None:
    """In a target of Azure it is one name; in others it is two."""
    write(tmp_path, {f"{name}.yaml": SCHEDULE.format(name=name, job="azureml:j") for name in "aAb"})
    targets = [TargetSettings("local"), TargetSettings("prod", folds_case=True)]
    found = read_declarations(
        ["."],
        base=tmp_path,
        root=tmp_path,
        targets=targets,
        known_targets=["local", "prod"],
        now=NOW,
    )
    (problem,) = found.problems
    what = '"a", or "A" in other letters, is declared twice in the target "prod"; first at A.yaml:1'
    assert (problem.code, problem.message) == ("SCH026", what)


@pytest.mark.parametrize("enabled", [True, False])
def test_collecting_garbage_is_as_before(tmp_path: Path, enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        read(tmp_path, {"a.yaml": ""})
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was else gc.disable)()


ALL = """
import sys
from tests_of_declarations import CASES, read
from reconciler.render.problems import FORMATS, render_problems
for case in CASES:
    problems = read(case).problems
    for form in FORMATS:
        sys.stdout.write(render_problems(problems, form))
"""


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    """Every invalid case, in every format, three times in processes of their own."""
    here = Path(__file__).parent
    script = ALL.replace("tests_of_declarations", "declare.test_declarations")
    outputs = set()
    for seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(here.parent), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        )  # fmt: skip
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


def test_control_characters_reach_no_output(tmp_path: Path) -> None:
    text = SCHEDULE.format(name='"a\\e[31m"', job='"\\u202e\\a.yml"') + '"\\e]0;x\\a": "\\x9b"\n'
    problems = read(tmp_path, {"a.yaml": text}).problems
    assert len(problems) == 3
    for form in FORMATS:
        shown = render_problems(problems, form)
        assert all(c == "\n" or c.isprintable() for c in shown)
