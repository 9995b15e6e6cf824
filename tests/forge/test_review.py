"""`reviewed`, change by change: queues, batches, left-overs, and what people have seen undone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import declaration, invoke, repository, write

from forge.jobs import SHA, command, saved
from forge.places import PLACES, Place


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "forge"
    folder.mkdir()
    made = PLACES[request.param](folder)
    with made.site:
        yield made


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository whose two schedules are live."""
    made = repository(tmp_path / "repo", "a", "b")
    invoke(made, "apply", "--yes")
    return made


def propose(place: Place, repo: Path, number: int, **hours: int) -> None:
    """A pull request that has so many schedules run at other hours; the repository is put back."""
    place.open(number)
    before = repo.parent / "before"
    shutil.copytree(repo / "schedules", before)
    merge(repo, **hours)
    saved(repo)
    command(repo, "comment", place.env(number))
    shutil.rmtree(repo / "schedules")
    before.rename(repo / "schedules")


def merge(repo: Path, **hours: int) -> None:
    for name, hour in hours.items():
        write(repo, {f"schedules/{name}.yaml": declaration(name, hour)})


def reviewed(place: Place, repo: Path, code: int = 0) -> str:
    saved(repo)
    return command(repo, "reviewed", place.env(None), code=code).text


def test_a_queue_merges_two_at_once(place: Place, repo: Path) -> None:
    propose(place, repo, 1, a=5)
    propose(place, repo, 2, c=7)
    merge(repo, a=5, c=7)
    place.merge(1, "1" * 40)
    place.merge(2, SHA)
    said = f"local: each of its changes is one of {place.review}s 1, 2\n"
    assert reviewed(place, repo) == said
    invoke(repo, "apply", "plan.json", "--yes")


def test_what_a_failed_apply_left_over_goes_with_the_next(place: Place, repo: Path) -> None:
    propose(place, repo, 1, a=5, b=6)
    place.merge(1, "1" * 40)
    merge(repo, a=5, b=6)
    half = repo.parent / "half"
    shutil.copytree(repo, half)
    merge(half, b=2)
    config = (repo / "reconciler.yaml").read_text()
    write(half, {"reconciler.yaml": config.replace("workspace.db", "../repo/workspace.db")})
    invoke(half, "apply", "--yes")  # of two changes, one was made
    merge(repo, c=7)
    place.open(2)
    saved(repo)
    command(repo, "comment", place.env(2))
    place.merge(2, SHA)
    assert reviewed(place, repo) == f"local: the plan is the one of {place.review} 2\n"


def test_what_nobody_was_shown_is_named(place: Place, repo: Path) -> None:
    propose(place, repo, 1, a=5)
    place.merge(1, SHA)
    merge(repo, a=5, b=9, c=7)
    said = reviewed(place, repo, code=4)
    assert f"the plan is not the one that {place.review} 1 shows (" in said
    assert f"b: no merged {place.review} showed it; c: no merged {place.review} showed it)" in said
    merge(repo, a=6)  # nor what two changed in one schedule
    assert f"a: {place.review} 1 showed another" in reviewed(place, repo, code=4)


def test_a_subset_of_what_was_shown_was_reviewed(place: Place, repo: Path) -> None:
    """A branch that was behind shows what it would undo; merged, it undoes nothing."""
    propose(place, repo, 1, a=5, c=7)
    place.merge(1, SHA)
    merge(repo, c=7)
    assert reviewed(place, repo) == f"local: each of its changes is one of {place.review} 1\n"


def test_a_commit_of_nobody_brings_what_was_reviewed(place: Place, repo: Path) -> None:
    """A version that a robot commits after an apply that failed."""
    propose(place, repo, 1, a=5)
    place.merge(1, "1" * 40)
    merge(repo, a=5)
    assert "each of its changes is one of" in reviewed(place, repo)
    merge(repo, b=5)
    assert "brought this commit: nobody reviewed it (b: " in reviewed(place, repo, code=4)


def test_what_was_seen_undone_is_not_reviewed_any_more(place: Place, repo: Path) -> None:
    propose(place, repo, 1, a=5)
    place.merge(1, "1" * 40)
    propose(place, repo, 2, c=7)  # planned later: it takes the change of a back
    place.merge(2, "2" * 40)
    merge(repo, a=5, c=7)
    said = reviewed(place, repo, code=4)
    review = place.review
    assert f"a: {review} 1 showed it, and {review} 2 was planned later without it" in said


def test_what_was_undone_by_review_is_not_done_again_without(place: Place, repo: Path) -> None:
    propose(place, repo, 1, a=5)
    place.merge(1, "1" * 40)
    merge(repo, a=5)
    invoke(repo, "apply", "--yes")
    propose(place, repo, 2, a=2)
    place.merge(2, "2" * 40)
    merge(repo, a=2)
    invoke(repo, "apply", "--yes")
    merge(repo, a=5)
    said = f"a: {place.review} 2 showed another change of it"
    assert said in reviewed(place, repo, code=4)


def test_what_is_written_after_the_merge_is_no_review(place: Place, repo: Path) -> None:
    place.open(1)
    place.merge(1, SHA)
    merge(repo, a=5)
    saved(repo)
    command(repo, "comment", place.env(1))
    assert "a: no merged" in reviewed(place, repo, code=4)
