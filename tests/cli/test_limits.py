"""Mass changes by review: what a refused plan says, and what accepts just that plan, once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers import CONFIG, invoke, repository, write

NAMES = [f"s{number}" for number in range(9)]
FEW = CONFIG + "limits: {disable: {count: 2}%s}\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path, *NAMES)
    invoke(made, "apply", "--yes")
    write(made, {"reconciler.yaml": FEW % ""})
    for name in NAMES[1:]:
        (made / f"schedules/{name}.yaml").unlink()
    return made


def mark(text: str) -> str:
    found = re.search(r"accept: \[(plan-[0-9a-f]{24})\]", text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("command", [("apply", "--yes"), ("run", "--once")])
def test_a_reviewed_plan_goes_through_once(repo: Path, command: tuple[str, ...]) -> None:
    done = invoke(repo, "plan", code=4)
    assert "it would disable 8 schedules, and limits.disable.count is 2" in done.out
    invoke(repo, *command, code=4)
    write(repo, {"reconciler.yaml": FEW % f", accept: [{mark(done.out)}]"})
    invoke(repo, "plan", "--out", "p.plan")
    invoke(repo, *command)
    for name in NAMES[1:]:
        invoke(repo, "schedules", "enable", name)
    # The same changes again are another plan.
    invoke(repo, *command, code=4)


def test_the_last_schedule_is_retired(repo: Path) -> None:
    """By hand with --allow-empty, where no file is left; by review with schedules: []."""
    write(repo, {"reconciler.yaml": CONFIG})
    invoke(repo, "apply", "--yes")
    (repo / "schedules/s0.yaml").unlink()
    (repo / "schedules/job.yml").unlink()
    assert "[SCH035]" in invoke(repo, "plan", code=1).err
    assert "local: 1 to disable" in invoke(repo, "plan", "--allow-empty", "--out", "p.plan").out
    empty = CONFIG.replace("[schedules]", "[]")
    write(repo, {"reconciler.yaml": empty})
    accepted = f"limits: {{accept: [{mark(invoke(repo, 'plan', code=4).out)}]}}\n"
    write(repo, {"reconciler.yaml": empty + accepted})
    assert "1 disabled" in invoke(repo, "run", "--once").text
    write(repo, {"reconciler.yaml": CONFIG})
    assert "9 unchanged" in invoke(repo, "apply", "p.plan", "--yes", "--allow-empty").out
