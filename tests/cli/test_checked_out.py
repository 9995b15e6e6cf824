"""What is recorded of a checkout is what is in it: dirty trees, hooks, a Git that refuses."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from declare.reading.test_absent import commit, git
from helpers import declaration, invoke, repository, write

from reconciler.cli.saved_plans import read_plan


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo", "a", "b")
    write(made, {".gitignore": ".reconciler/\n*.db*\n*.plan\n"})
    return commit(made)


def recorded(repo: Path) -> dict[str, str]:
    done = invoke(repo, "history", "list", "--format", "json", "--limit", "1")
    (entry,) = json.loads(done.out)["history"]
    return {name: entry[name] for name in ("revision", "author", "actor")}


def test_a_clean_tree_is_its_commit(repo: Path) -> None:
    write(repo, {"notes.txt": "x", "workspace.md": "x"})  # nothing that is declared
    done = invoke(repo, "apply", "--yes")
    assert "uncommitted" not in done.err
    assert re.fullmatch("[0-9a-f]{40}", recorded(repo)["revision"])
    assert recorded(repo)["author"] == "Ana <ana@example.com>"


@pytest.mark.parametrize("name", ["schedules/a.yaml", "schedules/job.yml", "schedules/new.yaml"])
def test_a_dirty_tree_is_said_and_recorded(repo: Path, name: str) -> None:
    text = "type: command\ncommand: echo 2\n" if "job" in name else declaration(Path(name).stem, 4)
    write(repo, {name: text})
    env = {"RECONCILER_ACTOR": "Bo"}
    done = invoke(repo, "apply", "--yes", env=env)
    said = re.search("uncommitted changes: .* recorded as ([0-9a-f]{12})-dirty, by Bo\n", done.err)
    assert said
    found = recorded(repo)
    assert found["revision"].startswith(said[1])
    assert found["revision"].endswith("-dirty")
    assert (found["author"], found["actor"]) == (None, "Bo")
    assert f"{said[1]}-dirty" in invoke(repo, "history", "list").out


CODE = "type: command\ncommand: echo\ncode: ./src\n"


@pytest.mark.parametrize("case", ["file", "folder", "unchanged", "gone", "skipped", "code"])
def test_what_git_was_told_not_to_see_is_in_no_commit(repo: Path, case: str) -> None:
    write(repo, {".venv/x.yaml": "x", "work/y.yaml": "y", "schedules/z.txt": "z"})
    write(repo, {".gitignore": ".reconciler/\n*.db*\n*.plan\n.venv\nwork\n*.txt\nprivate*\n"})
    write(repo, {"schedules/job.yml": CODE, "schedules/src/run.py": "pass\n"})
    commit(repo)
    assert "uncommitted" not in invoke(repo, "apply", "--yes").err
    if case in ("unchanged", "gone", "skipped"):
        bit = "--skip-worktree" if case == "skipped" else "--assume-unchanged"
        git(repo, "update-index", bit, "schedules/a.yaml", "schedules/b.yaml")
        write(repo, {"schedules/a.yaml": declaration("a", 2)})
        assert "uncommitted" not in invoke(repo, "apply", "--yes").err
    name = {
        "file": "schedules/private.yaml",
        "folder": "schedules/private/c.yaml",
        "code": "schedules/src/new.py",
    }.get(case, "schedules/a.yaml")
    text = declaration(Path(name).stem, 4)
    if case in ("folder", "code"):
        text = "pass\n" if case == "code" else text.replace("./job", "../job")
    if case == "gone":
        (repo / name).unlink()
    else:
        write(repo, {name: text})
    assert "uncommitted changes" in invoke(repo, "apply", "--yes").err
    assert recorded(repo)["revision"].endswith("-dirty")


def test_a_hook_of_another_repository(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = commit(tmp_path / "other", "x.yml")
    invoke(repo, "plan", "--out", "p.plan")
    mine = read_plan(repo / "p.plan").commit
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    invoke(repo, "plan", "--out", "p.plan")
    assert read_plan(repo / "p.plan").commit == mine


def test_the_sentence_of_git_is_shown(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    invoke(repo, "plan", "--out", "good.plan")
    monkeypatch.setenv("PATH", str(repo))
    sentence = "git is not installed, or not in the PATH"
    done = invoke(repo, "plan", "--out", "p.plan")
    assert f"warning: what is checked out is not known: {sentence}\n" in done.err
    assert read_plan(repo / "p.plan").commit is None
    done = invoke(repo, "apply", "good.plan", "--yes", code=4)
    assert f"which one is checked out is not known: {sentence} [commit]" in done.err
    assert "[SCH051]" in invoke(repo, "validate").text


def test_a_repository_of_somebody_else(repo: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(repo, 65534, 65534)
    os.chown(repo / ".git", 65534, 65534)
    done = invoke(repo, "plan", "--out", "p.plan")
    assert "detected dubious ownership in repository at" in done.err
    assert f"git config --global --add safe.directory {repo}" in done.err


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    git(repo, "init", "--quiet")
    assert "warning" not in invoke(repo, "apply", "--yes").err
    assert recorded(repo)["revision"] is None
