"""`validate --changed-since`: what a branch brought, and not what was there before."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import declaration, invoke, repository, write
from loop.looping import commit, git

BAD = 'name: {name}\ntrigger: {{type: cron, expression: "x"}}\ncreate_job: {{job: ./job.yml}}\n'


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A folder of a repository in which somebody's schedule is wrong, on a branch."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    made = repository(tmp_path / "ml", "a")
    write(made, {"schedules/old.yaml": BAD.format(name="old")})
    commit(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", "mine")
    return made


def test_what_was_there_is_not_shown(repo: Path) -> None:
    assert invoke(repo, "validate", code=1).out.count("error:") == 1
    done = invoke(repo, "validate", "--changed-since", "main")
    assert done.out.endswith("no problems\n1 problem that was there before is not shown\n")
    old = "# moved down\n" + (repo / "schedules/old.yaml").read_text()
    write(repo, {"schedules/old.yaml": old, "schedules/new.yaml": BAD.format(name="new")})
    commit(repo)
    done = invoke(repo, "validate", "--changed-since", "main", code=1)
    assert (done.out.count("error:"), "schedules/new.yaml:2" in done.out) == (1, True)


def test_what_a_branch_breaks_elsewhere_is_shown(repo: Path) -> None:
    """The file of the job is gone; the schedule that runs it was not touched."""
    (repo / "schedules/job.yml").unlink()
    commit(repo)
    done = invoke(repo, "validate", "--changed-since", "main", code=1)
    assert "schedules/a.yaml" in done.out


def test_what_others_merged_meanwhile_is_not_ours(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "main")
    commit(repo, {"schedules/old.yaml": declaration("old")})
    git(repo, "checkout", "--quiet", "mine")
    invoke(repo, "validate", "--changed-since", "main")


def test_where_git_does_not_say(repo: Path) -> None:
    done = invoke(repo, "validate", "--changed-since", "nothing", code=1)
    assert "where this branch left nothing is not known: fatal: Not a valid object" in done.err
