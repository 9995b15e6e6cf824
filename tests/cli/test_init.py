"""`init`: whose schedules they will be; never anybody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from declare.reading.test_absent import git
from helpers import invoke


def owner(folder: Path) -> str:
    text = (folder / "reconciler.yaml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("owner: ")]
    return line.split()[1]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://user:secret@github.com/vision-team/schedules.git", "vision-team/schedules"),
        ("git@gitlab.com:group/sub/ml.git", "sub/ml"),
        ("https://dev.azure.com/org/my%20project/_git/x", "my-20project/x"),
    ],
)
def test_the_owner_is_that_of_the_remote(tmp_path: Path, address: str, expected: str) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", address)
    done = invoke(tmp_path, "init")
    assert owner(tmp_path) == expected
    assert "secret" not in done.text
    invoke(tmp_path, "validate")


def test_the_owner_that_is_given(tmp_path: Path) -> None:
    done = invoke(tmp_path, "init", "mine", "--owner", "team-a")
    assert done.out.startswith("owner: team-a\n")
    assert owner(tmp_path / "mine") == "team-a"
    assert "--owner: letters, digits" in invoke(tmp_path, "init", "x", "--owner", "a b", code=2).err
    assert not (tmp_path / "x").exists()


def test_without_a_remote_and_a_terminal_it_is_the_folder(tmp_path: Path) -> None:
    invoke(tmp_path, "init", "my schedules")
    assert owner(tmp_path / "my schedules") == "my-schedules"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://user:secret@Example.org/team/models.git", "example.org/team/models"),
        ("git@example.org:team/models.git", "example.org/team/models"),
        ("ssh://git@example.org:22/team/models", "example.org/team/models"),
        ("/srv/git/models.git", None),
        ("file:///srv/git/models.git", None),
    ],
)
def test_the_identity_is_host_and_path_of_the_remote(
    tmp_path: Path, address: str, expected: str | None
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", address)
    invoke(tmp_path, "init")
    text = (tmp_path / "reconciler.yaml").read_text()
    assert (f"repository: {expected}\n" in text) is (expected is not None)
    assert ("repository:" in text) is (expected is not None)
