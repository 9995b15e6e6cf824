"""`move`: what it writes and applies, and how it goes on where it was stopped. Two workspaces."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import JOB, declaration, invoke, write

from reconciler.workspace.datastores.changes import Seen
from reconciler.workspace.execution.runner import RunReport, StepReport
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.records import NewRun
from reconciler.workspace.store.runs import Runs

CONFIG = """\
owner: us
schedules: [schedules]
default_target: old
targets:
  old: {provider: local, workspace: old.db, datastores: {inbox: {url: inbox}}}
  new: {provider: local, workspace: new.db, datastores: {inbox: {url: inbox}}}
"""
FILES = """\
name: files
trigger: {type: datastore, datastore: inbox, path_on_datastore: in, polling_interval: 1}
create_job: ./job.yml
targets: [old]
"""
INTERVAL = """\
name: every  # seven minutes
trigger:
  type: recurrence
  frequency: minute
  interval: 7
  time_zone: Asia/Kathmandu
create_job: ./job.yml
targets: [old]
"""
TWO = f"""\
{declaration("first", targets="[old]")}---
{declaration("second", targets="[old]")}"""
MOVE = ("move", "--from", "old", "--to", "new", "--yes")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {"every.yaml": INTERVAL, "two.yaml": TWO, "job.yml": JOB}
    write(tmp_path, {"reconciler.yaml": CONFIG})
    write(tmp_path, {f"schedules/{name}": text for name, text in files.items()})
    invoke(tmp_path, "apply", "--yes")
    return tmp_path


def read(repo: Path, name: str) -> str:
    return (repo / "schedules" / name).read_text("utf-8")


def pending(repo: Path, target: str) -> list[str]:
    out = invoke(repo, "plan", "--allow-empty", "--target", target, "--format", "json").out
    [plan] = json.loads(out)["plans"]
    return [
        f"{one['action']} {one['name']}"
        for one in plan["changes"]
        if one["action"] not in ("noop", "skip")
    ]


def at(repo: Path, name: str) -> str:
    return read(repo, name).split('at: "')[1].split('"')[0]


def test_both_files_and_targets_say_so(repo: Path) -> None:
    done = invoke(repo, *MOVE, "second", "--at", "10m")
    assert "updated old/second\ncreated new/second\n\n1 created, 1 updated\n" in done.out
    assert "wrote schedules/two.yaml: commit it\n" in done.err
    said = f'targets: [new]\nmoved_from:\n  target: old\n  at: "{at(repo, "two.yaml")}"\n'
    assert read(repo, "two.yaml") == f"{TWO.removesuffix('targets: [old]' + chr(10))}{said}"
    assert (pending(repo, "old"), pending(repo, "new")) == ([], [])
    assert invoke(repo, *MOVE, "second").out.count("nothing to change") == 2


def test_all_of_a_target_and_what_counts_from_its_creation(repo: Path) -> None:
    out = invoke(repo, *MOVE).out
    assert out.endswith("3 created, 3 updated\n")
    assert 'interval: 7\n  time_zone: Asia/Kathmandu\n  start_time: "20' in read(repo, "every.yaml")
    assert (pending(repo, "old"), pending(repo, "new")) == ([], [])


def test_the_files_alone(repo: Path) -> None:
    moved = invoke(repo, *MOVE, "first", "--no-apply", "--at", "2099-01-01T00:00:00Z")
    assert "created" not in moved.out
    assert at(repo, "two.yaml") == "2099-01-01T00:00:00Z"
    assert (pending(repo, "old"), pending(repo, "new")) == (["update first"], ["create first"])


def test_stopped_after_the_files_and_called_again_too_late(repo: Path) -> None:
    invoke(repo, *MOVE, "first", "--no-apply", "--at", "1s")
    passed(repo, "two.yaml")
    out = invoke(repo, *MOVE, "first").out
    assert out.endswith("1 created, 1 updated\n")
    assert datetime.fromisoformat(at(repo, "two.yaml")) > datetime.now(UTC)


def test_stopped_between_the_targets_and_called_again_too_late(repo: Path) -> None:
    """What was due since then ran in neither; it is made up for, once."""
    text = read(repo, "two.yaml").replace('"0 2 * * *"', '"* * * * *"')
    (repo / "schedules/two.yaml").write_text(text, "utf-8")
    invoke(repo, "apply", "--yes")
    invoke(repo, *MOVE, "first", "--no-apply", "--at", "1h")
    invoke(repo, "apply", "--yes")
    an_hour_ago(repo)
    done = invoke(repo, *MOVE, "first")
    assert "created new/first\n" in done.out
    assert "3 fires between the targets made up for:\n  first-" in done.err
    again = invoke(repo, *MOVE, "first")
    assert "made up for" not in again.err
    with closing(Database(repo / "new.db")) as database:
        assert database.read("SELECT count(*), count(DISTINCT due_at) FROM runs") == [(3, 3)]


def an_hour_ago(repo: Path) -> None:
    """What ends in an hour ended three minutes ago."""
    said = datetime.fromisoformat(at(repo, "two.yaml"))
    now = datetime.now(UTC)
    then = now.replace(second=0, microsecond=0) - timedelta(minutes=2, seconds=30)
    text = read(repo, "two.yaml").replace(at(repo, "two.yaml"), f"{then:%Y-%m-%dT%H:%M:%SZ}")
    (repo / "schedules/two.yaml").write_text(text, "utf-8")
    end = said - timedelta(seconds=1)
    with closing(Database(repo / "old.db")) as database, database.writing() as connection:
        for column in [row[1] for row in connection.execute("PRAGMA table_info(schedules)")]:
            connection.execute(
                f"UPDATE schedules SET {column} = replace({column}, ?, ?) WHERE name = 'first'"
                f" AND typeof({column}) = 'text'",
                (f"{end:%Y-%m-%dT%H:%M:%S}", f"{then - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"),
            )


def passed(repo: Path, name: str) -> None:
    text = read(repo, name)
    path = repo / "schedules" / name
    path.write_text(text.replace(at(repo, name), "2026-01-01T00:00:00Z"), "utf-8")


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("first", "--to", "old"), "--from and --to name the same target", 2),
        (("nobody",), 'no schedule "nobody" is declared', 2),
        (("first", "--at", "2020-01-01"), "--at is in the past", 2),
        (("first", "--at", "soon"), "is not a date and time, nor a span", 2),
        (("first", "--to", "nowhere"), 'no target "nowhere"', 1),
    ],
)
def test_refused(repo: Path, arguments: tuple[str, ...], said: str, code: int) -> None:
    before = read(repo, "two.yaml")
    assert said in invoke(repo, *MOVE, *arguments, code=code).err
    assert read(repo, "two.yaml") == before


def test_one_of_both_targets_or_on_its_way_already(repo: Path) -> None:
    both = TWO.replace("targets: [old]", "targets: [old, new]", 1)
    (repo / "schedules/two.yaml").write_text(both, "utf-8")
    done = invoke(repo, *MOVE, "first", code=1)
    assert "first is declared for both targets" in done.err
    (repo / "schedules/two.yaml").write_text(TWO, "utf-8")
    invoke(repo, *MOVE, "first")
    back = ("move", "--from", "new", "--to", "old", "--yes")
    assert "it is being moved already" in invoke(repo, *back, "first", code=1).err


def test_what_cannot_be_planned_leaves_the_files(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG.replace("new: {", "new: {variables: {a: b}, ")})
    taken = declaration("first", targets="[new]")
    write(repo, {"schedules/other.yaml": taken})
    done = invoke(repo, *MOVE, "first", code=1)
    assert "SCH" in done.err
    assert read(repo, "two.yaml") == TWO


# ------------------------------------------------------------------------------- without a moment


@pytest.fixture
def folders(repo: Path) -> Path:
    write(repo, {"schedules/files.yaml": FILES})
    invoke(repo, "apply", "--yes")
    with closing(Database(repo / "old.db")) as database:
        seen = {"in/seen": Seen("1")}
        Ledger(database).carry_in("files", "inbox/in", datetime.now(UTC), seen, datetime.now(UTC))
    return repo


def seen(repo: Path, target: str) -> list[str]:
    with closing(Database(repo / f"{target}.db")) as database:
        known = Ledger(database).kept_cursor("files")
    return sorted(known[1].seen or ()) if known is not None else []


def test_a_folder_goes_with_what_was_seen_of_it(folders: Path) -> None:
    done = invoke(folders, *MOVE, "files")
    assert "disabled old/files\ncreated new/files\n" in done.out
    assert read(folders, "files.yaml").endswith("targets: [new]\nmoved_from: old\n")
    assert seen(folders, "new") == ["in/seen"]
    assert (pending(folders, "old"), pending(folders, "new")) == ([], [])
    out = invoke(folders, "plan", "--target", "new").out
    assert "moved_from: old is spent, and can be removed" in out
    back = invoke(folders, "move", "--from", "new", "--to", "old", "--yes", "files").out
    assert "disabled new/files\nupdated old/files\n" in back
    assert seen(folders, "old") == ["in/seen"]


def test_killed_between_the_halves_it_goes_on(folders: Path) -> None:
    invoke(folders, *MOVE, "files", "--no-apply")
    with closing(Database(folders / "old.db")) as database, database.writing() as connection:
        connection.execute("DELETE FROM watched_files")  # as if nothing had been seen until now
    from reconciler.apply import apply_plan
    from reconciler.cli.planning import ANSWERING, plan_targets
    from reconciler.cli.session import Session

    session = Session(str(folders / "reconciler.yaml"))
    both = session.targets("all")
    made = plan_targets(session, both, session.declared(both), ANSWERING)
    [old] = [one for one in made if one[0].target == "old"]
    apply_plan(replace(old[0], refusals=()), old[1])
    done = invoke(folders, *MOVE, "files")
    assert "created new/files\n" in done.out
    assert "disabled old/" not in done.out
    with closing(Database(folders / "new.db")) as database:
        assert Ledger(database).kept_cursor("files") is not None


def test_each_target_alone_waits_and_both_do_it(repo: Path) -> None:
    text = read(repo, "two.yaml").replace("targets: [old]", "targets: [new]\nmoved_from: old", 1)
    (repo / "schedules/two.yaml").write_text(text, "utf-8")
    for target, verb in (("old", "moves to new"), ("new", "comes from old")):
        done = invoke(repo, "apply", "--yes", "--target", target, code=1)
        assert f"! {target}/first" in done.out
        assert "waiting: one run of all these targets does that: --target all" in done.out
        assert f"it {verb}; applied now, the last fire" in done.out
        assert done.err == "1 schedule not moved: one run of both targets does that\n"
        assert invoke(repo, "plan", "--target", target, "--exit-code", code=3).out
        for form in ("json", "markdown", "html"):
            assert "first" in invoke(repo, "plan", "--target", target, "--format", form).out
        once = invoke(repo, "run", "--once", "--target", target, code=None)
        assert "not moved" in once.text
    invoke(repo, "plan", "--target", "new", "--out", "saved.plan")
    assert "! new/first" in invoke(repo, "show", "saved.plan").out
    planned = invoke(repo, "plan", "--target", "all", "--out", "saved.plan").out
    assert "- old/first" in planned
    assert "+ new/first" in planned
    said = "1 schedule moves from old to new: what ends there and begins here is one change\n"
    assert planned.endswith(said)
    done = invoke(repo, "apply", "saved.plan", "--yes")
    assert "disabled old/first\ncreated new/first\n\n1 created, 1 disabled\n" in done.out
    invoke(repo, "plan", "--target", "all", "--exit-code")


def test_another_datastore_by_that_name_is_refused(folders: Path) -> None:
    elsewhere = CONFIG.replace(
        "new.db, datastores: {inbox: {url: inbox}}", "new.db, datastores: {inbox: {url: b}}"
    )
    write(folders, {"reconciler.yaml": elsewhere})
    done = invoke(folders, *MOVE, "files", code=4)
    assert "the datastore inbox is another place in old" in done.text
    assert read(folders, "files.yaml") == FILES


def test_what_is_suspended_stays(repo: Path) -> None:
    invoke(repo, "suspend", "first", "--until", "2d", "--reason", "no")
    done = invoke(repo, *MOVE, "first", code=1)
    assert "it is suspended until" in done.err
    text = read(repo, "two.yaml").replace("targets: [old]", "targets: [new]\nmoved_from: old", 1)
    (repo / "schedules/two.yaml").write_text(text, "utf-8")
    done = invoke(repo, "apply", "--yes", "--target", "all", code=None)
    assert "in old it is suspended until" in done.text
    assert "created" not in done.out


def shifted(repo: Path, target: str, name: str, by: timedelta) -> None:
    """All that a target has of a schedule happened earlier by so much."""
    with closing(Database(repo / f"{target}.db")) as database, database.writing() as connection:
        for column in ("created_at", "modified_at", "since"):
            for (text,) in connection.execute(
                f"SELECT {column} FROM schedules WHERE name = ?", (name,)
            ).fetchall():
                then = (datetime.fromisoformat(text) - by).isoformat()
                connection.execute(
                    f"UPDATE schedules SET {column} = ? WHERE name = ?", (then, name)
                )


HOURLY = TWO.replace('"0 2 * * *"', '"0 * * * *"')
HANDED_OVER = HOURLY.replace("targets: [old]", "targets: [new]\nmoved_from: old", 1)
"""The first of them."""


def test_one_that_was_off_for_long_begins_anew(repo: Path) -> None:
    """An apply switched it off, as the file said then: nothing of that time was ever due."""
    off = HOURLY.replace("targets: [old]", "targets: [old]\nis_enabled: false", 1)
    write(repo, {"schedules/two.yaml": off})
    invoke(repo, "apply", "--yes")
    shifted(repo, "old", "first", timedelta(days=30))
    write(repo, {"schedules/two.yaml": HANDED_OVER})
    done = invoke(repo, "apply", "--yes", "--target", "all")
    assert "created new/first" in done.out
    assert "made up for" not in done.err
    assert "warning: new/first begins anew, for it has been off in old since 20" in done.err


def test_what_arrived_before_is_not_handed_over_again(repo: Path) -> None:
    write(repo, {"schedules/two.yaml": HANDED_OVER})
    invoke(repo, "apply", "--yes", "--target", "all")
    shifted(repo, "old", "first", timedelta(hours=12))
    off = HANDED_OVER.replace("moved_from: old", "moved_from: old\nis_enabled: false", 1)
    write(repo, {"schedules/two.yaml": off})
    invoke(repo, "apply", "--yes", "--target", "all")
    write(repo, {"schedules/two.yaml": HANDED_OVER})
    done = invoke(repo, "apply", "--yes", "--target", "all")
    assert "updated new/first" in done.out
    assert done.err == ""


# ------------------------------------------------------------------------------------------- runs


def has_run(repo: Path, target: str, schedule: str, *, ends: bool = True) -> str:
    """A run that was there before, with its log."""
    at = datetime.now(UTC) - timedelta(hours=1)
    with closing(Database(repo / f"{target}.db")) as database:
        runs = Runs(database)
        name = runs.add(NewRun(schedule, "e", "job", "1", "time", at), at)
        runs.begin(name, at)
        steps = [StepReport(name, "only", "Completed", at, 0)]
        runs.report([*steps, RunReport(name, "Completed", at)] if ends else steps)
    write(repo, {f"{target}-runs/{name}/logs/only.log": "it said so\n"})
    return name


def test_the_runs_of_before_are_shown_where_it_went(repo: Path) -> None:
    name = has_run(repo, "old", "first")
    done = invoke(repo, *MOVE, "first")
    said = "brought 1 run from old to new: logs and outputs stay where they ran\n"
    assert done.err.endswith(said)
    listed = invoke(repo, "runs", "list", "--schedule", "first", "--target", "new").out
    assert f"{name}  Completed" in listed
    assert listed.splitlines()[0].endswith("RAN IN")
    assert listed.splitlines()[1].endswith("  old")
    assert "RAN IN" not in invoke(repo, "runs", "list", "--target", "old").out
    shown = invoke(repo, "runs", "show", name, "--target", "new").out
    assert "  ran in      old, before it moved; its files are there\n" in shown
    assert f"  folder      {repo / 'old-runs' / name}\n" in shown
    assert invoke(repo, "runs", "logs", name, "--target", "new").out == "it said so\n"
    json_of = json.loads(invoke(repo, "runs", "list", "--target", "new", "--format", "json").out)
    assert [one["ran_in"] for one in json_of["runs"]] == ["old"]
    assert "brought" not in invoke(repo, *MOVE, "first").err


def test_pruning_leaves_what_lies_where_it_ran(repo: Path) -> None:
    name = has_run(repo, "old", "first")
    invoke(repo, *MOVE, "first")
    invoke(repo, "runs", "prune", "--keep", "0", "--target", "new")
    assert invoke(repo, "runs", "logs", name, "--target", "old").out == "it said so\n"
    assert "brought" not in invoke(repo, "apply", "--yes", "--target", "new").err
    other = has_run(repo, "old", "first", ends=False)
    with closing(Database(repo / "old.db")) as database:
        Runs(database).report([RunReport(other, "Completed", datetime.now(UTC))])
    assert "brought 1 run" in invoke(repo, "apply", "--yes", "--target", "new").err
    shutil.rmtree(repo / "old-runs")
    told = (
        f"it ran in old: its logs are not here, and cannot be read in {repo / 'old-runs' / other}"
    )
    assert invoke(repo, "runs", "logs", other, "--target", "new").out == f"{told}\n"


def test_one_target_alone_brings_what_ended_since(repo: Path) -> None:
    """Until the moment it goes on running there."""
    name = has_run(repo, "old", "first", ends=False)
    done = invoke(repo, *MOVE, "first")
    assert done.err.endswith(
        "not ended in old: 1 run; an apply to new after that brings what is left\n"
    )
    with closing(Database(repo / "old.db")) as database:
        Runs(database).report([RunReport(name, "Completed", datetime.now(UTC))])
    done = invoke(repo, "apply", "--yes", "--target", "new")
    assert "nothing to change" in done.out
    assert done.err.startswith("brought 1 run from old to new")
    assert invoke(repo, "apply", "--yes", "--target", "new").err == ""


def test_without_a_moment_they_come_too(folders: Path) -> None:
    has_run(folders, "old", "files")
    assert "brought 1 run from old to new" in invoke(folders, *MOVE, "files").err
    back = invoke(folders, "move", "--from", "new", "--to", "old", "--yes", "files").err
    assert "brought" not in back
    done = invoke(folders, "runs", "list", "--target", "old").out
    assert len(done.splitlines()) == 2  # its heads, and the run


def test_what_cannot_be_brought_is_said(repo: Path) -> None:
    invoke(repo, *MOVE, "first")
    (repo / "old.db").write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    done = invoke(repo, "apply", "--yes", "--target", "new")
    assert "the runs of before stay in old: " in done.err
