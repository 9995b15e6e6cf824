"""`init`: whose schedules they will be; never anybody else's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from declare.reading.test_absent import git
from helpers import invoke
from serving import serving

from cli.test_process import at_a_terminal


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


def test_pipelines_of_a_new_folder_are_in_it_where_there_is_no_git_yet(tmp_path: Path) -> None:
    """`git init` comes after it, in the folder: there forges look for them."""
    invoke(tmp_path, "init", "--minimal", "--ci", "github", "mine")
    assert (tmp_path / "mine/.github/workflows/plan.yml").exists()
    assert not (tmp_path / ".github").exists()


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


@pytest.mark.parametrize("more", [(), ("--minimal",)])
def test_what_is_written_for_azure_can_go_there(tmp_path: Path, more: tuple[str, ...]) -> None:
    done = invoke(tmp_path, "init", "--target", "azureml", *more)
    assert "your subscription, resource group and workspace" in done.out
    text = (tmp_path / "reconciler.yaml").read_text()
    assert "default_target: prod\n" in text
    assert "local" not in text
    assert invoke(tmp_path, "validate").out.endswith(": no problems\n")


def test_minimal_is_one_schedule_whose_job_has_code(tmp_path: Path) -> None:
    invoke(tmp_path, "init", "--minimal")
    names = {p.relative_to(tmp_path).as_posix() for p in (tmp_path / "schedules").rglob("*.*")}
    assert names == {
        "schedules/hello.yml",
        "schedules/pipelines/hello.yml",
        "schedules/pipelines/hello/greet.py",
    }
    assert "datastores" not in (tmp_path / "reconciler.yaml").read_text()
    assert "1 created" in invoke(tmp_path, "apply", "--yes").out
    with serving(tmp_path):
        # A minute of grace: it was applied before anybody served.
        fired = invoke(tmp_path, "trigger", "hello", "--input", "name=ana", "--follow").out
        assert "hello ana, it is" in fired
        runs = json.loads(invoke(tmp_path, "runs", "list", "--format", "json").out)["runs"]
        causes = {one["cause"] for one in runs}
        assert causes == {"time", "manual"}


def test_what_is_asked_on_a_terminal(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://gitlab.com/team/ml.git")
    with at_a_terminal(tmp_path, "init") as terminal:
        terminal.read_until("Owner [team/ml]: ")
        os.write(terminal.end, b"my team\n")
        terminal.read_until("at most 128")
        os.write(terminal.end, b"mine\n")
        terminal.read_until("(azureml).\r\nTarget (local, azureml) [local]: ")
        os.write(terminal.end, b"azureml\n")
        terminal.read_until("azuredevops) [gitlab]: ")
        assert terminal.answer("\n") == 0
    assert owner(tmp_path) == "mine"
    assert (tmp_path / ".gitlab-ci.yml").exists()
    assert "provider: azureml" in (tmp_path / "reconciler.yaml").read_text()


def test_a_narrow_terminal_cuts_no_word_and_no_command(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, "init", "demo", COLUMNS="50") as terminal:
        terminal.read_until("repository\r\nwill manage: a team, or a person.\r\nOwner [demo]: ")
        os.write(terminal.end, b"\n")
        terminal.read_until("[local]: ")
        os.write(terminal.end, b"azureml\n")
        terminal.read_until("[none]: ")
        assert terminal.answer("\n") == 0
        assert (
            "    pip install 'schedule-reconciler[azure]'\r\n"
            "        signs in as Azure's own tools do\r\n"
        ) in terminal.text
        said = terminal.text.partition("next:")[2]
        assert max(len(line) for line in said.split("\r\n")) <= 50
