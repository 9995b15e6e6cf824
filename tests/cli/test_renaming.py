"""A declaration gets another name: what the plan says, and what goes along in the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import declaration, invoke, repository, write


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path, "old")
    invoke(made, "apply", "--yes")
    invoke(made, "trigger", "old")
    (made / "schedules/old.yaml").unlink()
    return made


def test_without_a_word_it_is_a_hint(repo: Path) -> None:
    write(repo, {"schedules/new.yaml": declaration("new")})
    out = invoke(repo, "plan").out
    assert "it is old but for its name: with renamed_from: old it keeps its history" in out
    assert "local: 1 to create, 1 to disable" in out


def test_with_it_it_is_one_change_and_keeps_its_history(repo: Path) -> None:
    write(repo, {"schedules/new.yaml": declaration("new", renamed_from="old")})
    out = invoke(repo, "plan", "--out", "saved.plan").out
    assert (
        "~ local/new                       schedules/new.yaml:1\n    renamed from local/old;" in out
    )
    assert 'name                        "old" -> "new"' in out
    assert out.endswith("local: 1 to update\n")
    assert "updated local/new\n" in invoke(repo, "apply", "saved.plan", "--yes").out
    runs = invoke(repo, "runs", "list", "--format", "json").out
    assert '"schedule": "new"' in runs
    assert '"schedule": "old"' not in runs
    out = invoke(repo, "plan").out
    assert "note: local/new: renamed_from: old is spent, and can be removed (1 schedule)" in out
    assert out.endswith("local: nothing to change, 1 unchanged\n")
    assert "in sync" in invoke(repo, "status").out


def test_a_saved_plan_of_a_renaming_is_stale_where_the_old_one_changed(repo: Path) -> None:
    write(repo, {"schedules/new.yaml": declaration("new", renamed_from="old")})
    invoke(repo, "plan", "--out", "saved.plan")
    invoke(repo, "schedules", "disable", "old")
    done = invoke(repo, "apply", "saved.plan", "--yes", code=4)
    assert "local/new: it was changed live since [live]" in done.err
