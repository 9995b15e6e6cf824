from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers import CONFIG, declaration, invoke, repository, run, write


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path, "a", "b")


def test_every_apply_is_written_down(repo: Path) -> None:
    invoke(repo, "apply", "--yes", env={"RECONCILER_ACTOR": "ada"})
    write(repo, {"schedules/a.yaml": declaration("a", 3)})
    invoke(repo, "apply", "--yes", env={"RECONCILER_ACTOR": "bob"})
    listed = invoke(repo, "history", "list").out.splitlines()
    assert len(listed) == 3
    assert "2 created" in listed[2]
    assert "ada" in listed[2]
    assert "1 updated" in listed[1]
    shown = invoke(repo, "history", "show", "2").out
    assert "run by bob" in shown
    assert '"0 2 * * *" -> "0 3 * * *"' in shown
    assert "1 to update" in shown


def test_formats_of_one(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    document = json.loads(invoke(repo, "history", "show", "1", "--format", "json").out)
    assert [each["outcome"] for each in document["results"]] == ["created", "created"]
    assert document["plan"]["summary"]["create"] == 2
    assert "2 to create" in invoke(repo, "history", "show", "1", "--format", "markdown").out
    assert "<html" in invoke(repo, "history", "show", "1", "--format", "html").out
    assert "no 7" in invoke(repo, "history", "show", "7", code=2).err


def test_filters_and_pages(repo: Path) -> None:
    for hour in (2, 3, 4):
        write(repo, {"schedules/a.yaml": declaration("a", hour)})
        invoke(repo, "apply", "--yes")
    invoke(repo, "apply", "--yes")  # nothing to do

    def ids(*options: str) -> list[int]:
        text = invoke(repo, "history", "list", "--format", "json", *options).out
        return [line["id"] for line in json.loads(text)["history"]]

    assert ids() == [4, 3, 2, 1]
    assert ids("--changes") == [3, 2, 1]
    assert ids("--schedule", "b") == [1]
    assert ids("--before", "3", "--limit", "1") == [2]
    assert ids("--target", "other") == []


def test_an_export_has_everything_on_lines_of_their_own(repo: Path) -> None:
    assert invoke(repo, "history", "export").out == ""
    invoke(repo, "apply", "--yes")
    invoke(repo, "apply", "--yes")
    lines = [json.loads(line) for line in invoke(repo, "history", "export").out.splitlines()]
    assert [line["outcome"] for line in lines] == ["applied", "in_sync"]
    assert lines[0]["plan"]["changes"][0]["name"] == "a"
    assert lines[1]["plan"] is None


def test_pruning(repo: Path) -> None:
    for _ in range(3):
        invoke(repo, "apply", "--yes")
    assert invoke(repo, "history", "prune", "--older-than", "0s").out == "2 removed\n"
    assert len(invoke(repo, "history", "list").out.splitlines()) == 2


def test_nothing_yet_makes_no_file(repo: Path) -> None:
    assert "nothing has been recorded" in invoke(repo, "history", "list").out
    assert not (repo / ".reconciler").exists()


def test_a_state_that_does_not_answer_stops_an_apply(repo: Path) -> None:
    """It may be that somebody has suspended the target."""
    (repo / ".reconciler").mkdir()
    with sqlite3.connect(repo / ".reconciler/state.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    invoke(repo, "apply", "--yes", code=1)
    assert "2 to create" in invoke(repo, "plan").out


def test_an_apply_that_cannot_be_written_down_is_still_done(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    write(repo, {"schedules/later.yaml": declaration("later").replace("./job", "../schedules/job")})
    with sqlite3.connect(repo / ".reconciler/state.db") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON cycles BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    connection.close()
    done = invoke(repo, "apply", "--yes")
    assert "1 created" in done.out
    assert "warning: this apply is not in the history" in done.err


def test_where_the_state_is(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG + "state: kept/${{ env.WHERE }}.db\n"})
    invoke(repo, "apply", "--yes", env={"WHERE": "here"})
    assert (repo / "kept/here.db").is_file()
    done = invoke(repo, "apply", "--yes", env={"WHERE": None})  # type: ignore[dict-item]
    assert "WHERE is not set" in done.err or "1 problem" in done.err
    invoke(repo, "apply", "--yes", "--state", "other.db")
    assert len(invoke(repo, "history", "list", "--state", "other.db").out.splitlines()) == 2
    assert "postgresql://" in invoke(repo, "history", "list", "--state", "ftp://x", code=1).err


def test_old_lines_go(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG + "history: {keep: 0s}\n"})
    for _ in range(3):
        invoke(repo, "apply", "--yes")
    assert len(invoke(repo, "history", "list").out.splitlines()) == 2


def test_secrets_are_masked(repo: Path) -> None:
    write(
        repo,
        {
            "schedules/a.yaml": declaration("a").replace(
                "create_job: ./job.yml",
                "create_job: {type: pipeline, job: ./job.yml, inputs: {api_key: hunter2}}",
            )
        },
    )
    invoke(repo, "apply", "--yes")
    for text in (
        invoke(repo, "history", "export").out,
        invoke(repo, "history", "show", "1").out,
        invoke(repo, "history", "show", "1", "--format", "html").out,
    ):
        assert "hunter2" not in text
    assert b"hunter2" not in (repo / ".reconciler/state.db").read_bytes()


def test_how_the_loop_stands(repo: Path) -> None:
    done = run(repo, "run", "--once")
    assert done.code == 0, done.err
    shown = invoke(repo, "status").out
    assert re.search(
        r"the loop on local: ready since [-0-9: ]+ UTC \(Applied\): 2 created\n"
        r"  last recorded [-0-9: ]+ UTC, attempted \w+, applied \w+\n",
        shown,
    )
    write(repo, {"schedules/a.yaml": declaration("a", reconcile="observe")})
    run(repo, "run", "--once")
    invoke(repo, "schedules", "disable", "a")
    run(repo, "run", "--once")
    assert "the loop on local: not ready since " in invoke(repo, "status").out
    write(repo, {"schedules/b.yaml": "name: b\n"})
    run(repo, "run", "--once")
    write(repo, {"schedules/b.yaml": declaration("b")})
    found = json.loads(invoke(repo, "status", "--format", "json").out)["loop"]
    assert [one["target"] for one in found] == ["local"]
    assert found[0]["stalled"]["status"]
    assert found[0]["stalled"]["reason"] == "RevisionBroken"
    assert "the loop on local: stalled since " in invoke(repo, "status").out


def test_a_state_that_cannot_be_read_hides_nothing_else(repo: Path) -> None:
    write(repo, {"other.db": "not a database"})
    shown = invoke(repo, "status", "--state", "other.db")
    assert "warning: how the loop stands is not known: " in shown.err
    assert "local/a" in shown.out


def test_a_state_is_read_without_a_configuration(
    repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As beside a loop that follows a repository elsewhere, or after a broken commit."""
    invoke(repo, "apply", "--yes")
    file = ".reconciler/state.db"
    write(repo, {"reconciler.yaml": "owner: [\n"})
    assert "2 created" in invoke(repo, "history", "list", "--state", file).out
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(repo / file, elsewhere / "state.db")
    assert "2 created" in invoke(elsewhere, "history", "show", "1", "--state", "state.db").out
    pruned = invoke(elsewhere, "history", "prune", "--older-than", "0s", "--state", "state.db")
    assert pruned.out == "0 removed\n"
    assert "no reconciler.yaml" in invoke(elsewhere, "history", "list", code=1).err
