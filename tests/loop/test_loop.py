"""The loop on a real Git repository and a real workspace."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from helpers import CONFIG, declaration, environment, write

from reconciler.errors import SourceError
from reconciler.loop.checkout import GitSource
from reconciler.loop.git import Git
from reconciler.model import Suspension
from reconciler.state.records import CycleRecord

from .looping import Looped, commit, git, moved_away, on_folder, on_git, upstream


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return upstream(tmp_path_factory.mktemp("template"), "one", "two")


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "upstream"))


@pytest.fixture
def following(repository: Path, tmp_path: Path) -> Looped:
    made = on_git(repository, tmp_path / "here")
    assert made.cycle().outcome == "applied"
    assert made.live() == {"one": True, "two": True}
    return made


ONE = "schedules/one.yaml"
OFF = {ONE: declaration("one", is_enabled="false")}


def test_a_commit_is_applied_within_one_cycle(following: Looped, repository: Path) -> None:
    at = commit(repository, {"schedules/three.yaml": declaration("three")})
    record = following.cycle()
    assert (record.outcome, record.revision) == ("applied", at)
    assert record.author == "Ana <ana@example.com>"
    assert [(r.name, r.action, r.outcome) for r in record.results] == [
        ("three", "create", "created")
    ]
    assert record.plan is not None
    assert [change["name"] for change in record.plan["changes"]] == ["three"]
    assert following.cycle().outcome == "in_sync"
    conditions = following.conditions()
    assert (conditions.ready.status, conditions.applied, conditions.attempted) == (True, at, at)


def test_the_last_good_revision_stays_while_one_is_broken(
    following: Looped, repository: Path
) -> None:
    good = git(repository, "rev-parse", "HEAD")
    broken = commit(
        repository, {ONE: "name: one\ntrigger: {type: cron}\n", "schedules/two.yaml": None}
    )
    record = following.cycle()
    assert (record.outcome, record.reason, record.revision) == ("broken", "RevisionBroken", good)
    assert "schedules/one.yaml:1" in record.message
    assert following.live() == {"one": True, "two": True}
    conditions = following.conditions()
    assert conditions.stalled.status
    assert (conditions.applied, conditions.attempted) == (good, broken)

    following.switch_off("two")  # what is in force is kept so
    record = following.cycle()
    assert [(r.name, r.outcome) for r in record.results] == [("two", "updated")]
    assert following.live() == {"one": True, "two": True}

    fixed = commit(repository, {ONE: declaration("one", hour=4)})
    record = following.cycle()
    assert (record.outcome, record.revision) == ("applied", fixed)
    assert following.live() == {"one": True, "two": False}


def test_the_last_good_revision_stays_over_a_restart(
    following: Looped, repository: Path, tmp_path: Path
) -> None:
    good = git(repository, "rev-parse", "HEAD")
    commit(repository, {"reconciler.yaml": "owner: [\n"})
    following.loop.close()
    again = on_git(repository, tmp_path / "here", following)
    again.switch_off("one")
    record = again.cycle()
    assert (record.outcome, record.revision) == ("broken", good)
    assert again.live() == {"one": True, "two": True}


def test_a_target_that_refuses_a_revision_keeps_the_last_good_one(
    following: Looped, repository: Path
) -> None:
    good = git(repository, "rev-parse", "HEAD")
    unknown = declaration("one").replace("./job.yml", "azureml:nobody")
    commit(repository, {ONE: unknown, "schedules/two.yaml": None})
    record = following.cycle()
    assert (record.outcome, record.revision) == ("broken", good)
    assert 'no pipeline "nobody"' in record.message
    assert following.live() == {"one": True, "two": True}


def test_what_is_switched_off_by_hand_is_healed(following: Looped) -> None:
    following.switch_off("one")
    assert following.cycle().outcome == "applied"
    assert following.live() == {"one": True, "two": True}


@pytest.mark.parametrize("whole", [True, False], ids=["target", "schedule"])
def test_under_observe_it_is_only_reported(
    following: Looped, repository: Path, whole: bool
) -> None:
    if whole:
        commit(repository, {"reconciler.yaml": CONFIG.replace("db}", "db, reconcile: observe}")})
    else:
        commit(repository, {ONE: declaration("one", reconcile="observe")})
    assert following.cycle().outcome == "in_sync"
    following.switch_off("one")
    record = following.cycle()
    assert (record.outcome, record.reason) == ("waiting", "Observed")
    assert [(r.name, r.action, r.outcome) for r in record.results] == [("one", "update", "waiting")]
    assert record.message == "1 difference waits: only observed"
    assert record.wanted is None  # all is done that is to be done
    assert following.live() == {"one": False, "two": True}
    assert not following.conditions().ready.status


def test_under_off_the_loop_looks_away(following: Looped, repository: Path) -> None:
    commit(repository, {ONE: declaration("one", reconcile="off")})
    following.switch_off("one")
    record = following.cycle()
    assert record.outcome == "in_sync"
    assert record.message == "nothing to change; 1 not looked at (reconcile: off)"
    before = git(repository, "rev-parse", "HEAD")
    commit(repository, {"reconciler.yaml": CONFIG.replace("db}", "db, reconcile: off}")})
    following.switch_off("two")
    record = following.cycle()
    assert (record.outcome, record.reason, record.wanted) == ("in_sync", "Off", None)
    assert following.conditions().applied == before  # nothing was brought to the newest one
    assert following.live() == {"one": False, "two": False}


def test_a_hold_ends_without_a_commit(following: Looped, repository: Path) -> None:
    until = "{until: '2026-11-23T13:00:00Z'}"
    commit(repository, {ONE: declaration("one", hold=until)})
    following.cycle()
    assert following.live() == {"one": False, "two": True}
    following.clock.go(hours=2)
    assert following.cycle().outcome == "applied"
    assert following.live() == {"one": True, "two": True}


def test_a_plan_over_the_limits_is_not_applied_at_all(tmp_path: Path) -> None:
    names = [f"s{number:02d}" for number in range(12)]
    repository = upstream(tmp_path / "upstream", *names)
    following = on_git(repository, tmp_path / "here")
    following.cycle()
    gone = {f"schedules/{name}.yaml": None for name in names[:6]}
    commit(repository, {**gone, "schedules/new.yaml": declaration("new")})
    record = following.cycle()
    assert (record.outcome, record.reason) == ("stalled", "OverLimits")
    assert "limits.disable.percent is 30" in record.message
    assert following.live() == dict.fromkeys(names, True)
    assert following.conditions().stalled.status
    assert record.plan is not None
    assert record.plan["summary"]["disable"] == 6


def test_a_declared_schedule_of_another_owner_keeps_a_target_from_being_ready(
    following: Looped, repository: Path
) -> None:
    config = (repository / "reconciler.yaml").read_text().replace("owner: us", "owner: them")
    commit(repository, {"reconciler.yaml": config, "schedules/new.yaml": declaration("new")})
    record = following.cycle()
    assert (record.outcome, record.reason) == ("stalled", "NotOurs")
    assert record.message == (
        "1 created; 2 declared are not ours: "
        'local/one is managed by "us"; --adopt one takes it over; and 1 more'
    )
    assert record.not_ours == 2
    ready = following.conditions().ready
    assert (ready.status, ready.reason) == (False, "NotOurs")
    assert following.cycle().message.startswith("2 declared are not ours: ")
    commit(repository, {"schedules/new.yaml": "name: [", "schedules/one.yaml": None})
    record = following.cycle()
    assert (record.outcome, record.reason) == ("broken", "RevisionBroken")
    commit(repository, {"schedules/new.yaml": None, "schedules/two.yaml": None})
    assert following.cycle().outcome == "stalled"  # nothing is declared at all


WINDOWS = CONFIG + 'windows: [{kind: allow, schedule: "0 20 * * *", duration: 2h}]\n'


def test_outside_a_window_differences_wait(following: Looped, repository: Path) -> None:
    commit(repository, {"reconciler.yaml": WINDOWS, **OFF})
    record = following.cycle()
    assert (record.outcome, record.reason) == ("waiting", "OutsideWindow")
    assert 'outside the allow window "0 20 * * *" (2h, UTC)' in record.message
    assert following.live() == {"one": True, "two": True}
    following.clock.go(hours=8)
    assert following.cycle().outcome == "applied"
    assert following.live() == {"one": False, "two": True}


# --------------------------------------------------------------------------------------- sources


def test_an_outage_of_the_source_keeps_what_is_in_force(
    following: Looped, repository: Path
) -> None:
    with moved_away(repository):
        following.switch_off("one")
        record = following.cycle()
        assert (record.outcome, record.reason) == ("unavailable", "SourceUnavailable")
        assert "stays in force (1 updated): " in record.message
        assert following.live() == {"one": True, "two": True}
        for _ in range(2):  # however often it is done, it is said
            following.switch_off("one")
            assert following.cycle().changed == 1
    assert [event for event, _ in following.said].count("change") == 2 + 3
    assert [entry.count for entry in following.state.history.list(limit=3)] == [1, 1, 1]
    following.clock.go(minutes=20)
    assert following.cycle().outcome == "in_sync"


def test_it_starts_during_an_outage_of_the_source(
    following: Looped, repository: Path, tmp_path: Path
) -> None:
    following.loop.close()
    with moved_away(repository):
        again = on_git(repository, tmp_path / "here", following)
        again.switch_off("one")
        assert again.cycle().reason == "SourceUnavailable"
        assert again.live() == {"one": True, "two": True}


def test_a_branch_pushed_over_by_force_is_followed(following: Looped, repository: Path) -> None:
    commit(repository, OFF)
    following.cycle()
    git(repository, "reset", "--quiet", "--hard", "HEAD~1")
    forced = commit(repository, {"schedules/three.yaml": declaration("three")})
    record = following.cycle()
    assert record.revision == forced
    assert following.live() == {"one": True, "three": True, "two": True}


def test_a_branch_that_is_gone_is_said(following: Looped, repository: Path) -> None:
    git(repository, "branch", "--quiet", "-m", "main", "other")
    record = following.cycle()
    assert record.outcome == "unavailable"
    assert 'there is no branch or tag "main"' in record.message


def test_tags_and_commits_and_folders(repository: Path, tmp_path: Path) -> None:
    commit(
        repository,
        {
            "deep/reconciler.yaml": CONFIG.replace("[schedules]", "[../shared]"),
            "shared/s.yaml": declaration("deep").replace("./job", "../schedules/job"),
        },
    )
    git(repository, "tag", "-a", "v1", "-m", "one")
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, OFF)
    for number, ref in enumerate(("v1", first)):
        made = on_git(repository, tmp_path / str(number), ref=ref, path="deep")
        record = made.cycle()
        assert (record.outcome, record.revision) == ("applied", first)
        assert made.live() == {"deep": True}
    git(repository, "tag", "-d", "v1")
    default = on_git(repository, tmp_path / "default", ref=None)
    assert default.cycle().revision == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% never",
        "git://example.com/x.git",
        "http://example.com/x.git",
        "--upload-pack=touch",
        "file:///x\n.git",
        "ftp://example.com/x",
    ],
)
def test_addresses_that_are_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        GitSource(address, tmp_path, environment={}, base=tmp_path)


@pytest.mark.parametrize("ref", ["-x", "a..b", "a b", "x~1", "x^{}", "a:b", "x.lock", "@{u}", ""])
def test_refs_that_are_refused(ref: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        GitSource("https://example.com/x", tmp_path, environment={}, base=tmp_path, ref=ref)


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../../b"])
def test_folders_that_are_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        GitSource("https://example.com/x", tmp_path, environment={}, base=tmp_path, path=path)


def test_credentials_are_never_said(tmp_path: Path) -> None:
    source = GitSource(
        "http://ana:hunter2@127.0.0.1:9/x.git?private_token=hunter3",
        tmp_path,
        environment={"PATH": "/usr/bin:/bin"},
        base=tmp_path,
    )
    with pytest.raises(SourceError) as raised:
        source.fetch()
    said = raised.value.message + source.name
    assert "127.0.0.1:9" in said
    assert "hunter" not in said


def test_hooks_and_filters_of_a_repository_do_not_run(repository: Path, tmp_path: Path) -> None:
    marked = tmp_path / "marked"
    template = tmp_path / "template/hooks"
    template.mkdir(parents=True)
    for name in ("post-checkout", "reference-transaction"):
        hook = template / name
        hook.write_text(f"#!/bin/sh\ntouch {marked}\n")
        hook.chmod(0o755)
    made = on_git(repository, tmp_path / "here")
    made.cycle()
    assert not marked.exists()
    hooks = list((tmp_path / "here").glob(".reconciler/sources/*/repository.git/hooks/*"))
    assert hooks == []


def test_a_repository_cannot_leave_files_out(repository: Path, tmp_path: Path) -> None:
    """An archive would: `export-ignore` must not look like files that were removed."""
    commit(repository, {".gitattributes": "*.yaml export-ignore\n"})
    made = on_git(repository, tmp_path / "here")
    made.cycle()
    assert made.live() == {"one": True, "two": True}


# --------------------------------------------------------------------------------------- a folder


def test_a_submodule_is_not_taken_for_removed_schedules(
    following: Looped, repository: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    write(inner, {"x.yaml": declaration("x")})
    git(inner, "init", "--quiet")
    commit(inner)
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet",
        str(inner), "schedules/team-x")  # fmt: skip
    commit(repository, {"schedules/one.yaml": None})
    record = following.cycle()
    assert (record.outcome, record.reason) == ("broken", "RevisionBroken")
    assert "schedules/team-x:1: it is a Git submodule that is not checked out" in record.message
    assert following.live() == {"one": True, "two": True}


def test_a_folder_that_is_not_committed_is_said(repository: Path) -> None:
    (repository / ".gitignore").write_text(".reconciler/\n*.db*\n")
    made = commit(repository)
    following = on_folder(repository)
    record = following.cycle()
    assert (record.revision, record.author) == (made, "Ana <ana@example.com>")
    write(repository, {"schedules/new.yaml": declaration("new")})
    record = following.cycle()
    assert (record.revision, record.author) == (f"{made}-dirty", None)


def test_a_folder_is_followed(repository: Path) -> None:
    following = on_folder(repository)
    assert following.cycle().outcome == "applied"
    (repository / ONE).write_text(declaration("one", hour=5))
    assert following.cycle().results[0].outcome == "updated"
    (repository / ONE).write_text("name: [")
    (repository / "schedules/two.yaml").unlink()
    following.switch_off("two")
    assert following.cycle().outcome == "broken"
    assert following.live() == {"one": True, "two": True}
    following.loop.close()

    again = on_folder(repository, following)  # from the copy of what was good
    again.switch_off("one")
    assert again.cycle().outcome == "broken"
    assert again.live() == {"one": True, "two": True}


def test_a_folder_in_which_git_is_at_work_is_left_alone(repository: Path) -> None:
    following = on_folder(repository)
    following.cycle()
    lock = repository / ".git/index.lock"
    lock.touch()
    (repository / ONE).unlink()
    record = following.cycle()
    assert record.outcome == "unavailable"
    assert "Git is at work" in record.message
    assert following.live() == {"one": True, "two": True}
    lock.unlink()
    following.clock.go(minutes=20)
    following.cycle()
    assert following.live() == {"one": False, "two": True}


# ---------------------------------------------------------------------------------------- targets

TWO = CONFIG + "  other: {provider: local, workspace: other.db}\n"


def test_a_target_that_fails_holds_no_other_up(tmp_path: Path) -> None:
    repository = upstream(tmp_path / "upstream", "one", config=TWO)
    following = on_git(repository, tmp_path / "here")
    other = tmp_path / "here/other.db"
    other.mkdir()
    record = following.cycle()
    assert record.outcome == "applied"
    assert following.records[-1].target == "other"
    assert following.records[-1].outcome in ("failed", "unavailable")
    assert not following.conditions("other").ready.status
    assert following.conditions("local").ready.status
    tries = 0
    for _ in range(20):
        following.clock.go(seconds=60)
        tries += "other" in following.loop.turn()
    assert 1 < tries < 8  # later and later
    other.rmdir()
    following.loop.wake("signal")  # whatever it waits for
    made = following.loop.turn()
    assert made["other"] is not None
    assert (made["other"].outcome, made["other"].cause) == ("applied", "signal")


def test_a_variable_of_the_environment_that_is_missing_stops_its_target_alone(
    tmp_path: Path,
) -> None:
    config = TWO.replace("other.db", "'${{ env.NOT_SET_ANYWHERE }}'")
    repository = upstream(tmp_path / "upstream", "one", config=config)
    following = on_git(repository, tmp_path / "here")
    assert following.cycle().outcome == "applied"
    assert following.records[-1].reason == "ConfigInvalid"


def test_what_another_holds_is_left_to_it(
    following: Looped, repository: Path, tmp_path: Path
) -> None:
    second = on_git(repository, tmp_path / "here", following)
    commit(repository, OFF)
    following.loop.turn()
    assert second.loop.turn() == {"local": None}
    assert second.loop.health(second.clock()).targets == {"local": "standby"}
    second.clock.go(seconds=31)  # the first is not heard of any more
    made = second.loop.turn()["local"]
    assert made is not None
    assert second.live() == {"one": False, "two": True}
    following.loop.wake()
    assert following.loop.turn() == {"local": None}


def test_what_wakes_it_during_a_cycle_is_the_cause_of_the_next(
    following: Looped, repository: Path
) -> None:
    """And the source is asked again: what was committed meanwhile waits for no interval."""

    def push(record: CycleRecord) -> None:
        following.records.append(record)
        if len(following.records) == 2:
            commit(repository, OFF)
            following.loop.wake("webhook")
            assert following.loop.turn() == {}  # it is in hand

    following.loop._on_cycle = push
    commit(repository, {"schedules/three.yaml": declaration("three")})
    assert following.cycle().cause == "interval"
    assert following.live()["one"]
    made = following.loop.turn()["local"]
    assert made is not None
    assert (made.cause, following.live()["one"]) == ("webhook", False)
    assert following.loop.turn() == {}
    assert following.cycle().cause == "interval"


def test_health(following: Looped) -> None:
    health = following.loop.health(following.clock())
    assert (health.alive, health.ready, health.targets) == (True, True, {"local": "applied"})
    following.clock.go(hours=1)
    assert not following.loop.health(following.clock()).alive


def test_a_state_that_does_not_answer_is_no_good_health(following: Looped, tmp_path: Path) -> None:
    folder = tmp_path / "here" / ".reconciler"
    with moved_away(folder):
        folder.write_text("in the way")
        following.clock.go(minutes=2)
        assert following.loop.turn() == {}
        health = following.loop.health(following.clock())
        assert (health.alive, health.ready) == (True, False)
        assert health.targets == {"local": "state_unavailable"}
        folder.unlink()
    following.clock.go(minutes=20)
    assert following.cycle().outcome == "in_sync"
    assert following.loop.health(following.clock()).ready
    events = [event for event, _ in following.said]
    assert events.index("state_unavailable") < events.index("state_available")


def test_a_clock_set_back_holds_nothing_up(following: Looped, repository: Path) -> None:
    with moved_away(repository):
        following.cycle()  # the source waits too
    following.clock.go(hours=-3)
    following.loop.turn()  # it is noticed
    following.switch_off("one")
    assert following.cycle().outcome == "applied"
    assert following.live() == {"one": True, "two": True}


def test_nothing_is_said_twice(following: Looped) -> None:
    following.cycle()
    said = len(following.said)
    for _ in range(5):
        following.cycle()
    assert len(following.said) == said


def test_a_bug_is_reported_and_ends_nothing(following: Looped) -> None:
    def broken(record: object) -> None:
        raise ZeroDivisionError

    following.loop._on_cycle = broken
    assert following.cycle().outcome == "in_sync"
    assert [event for event, _ in following.said][-1] == "bug"


def test_a_link_out_of_the_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "out").symlink_to(tmp_path)
    commit(repository)
    (tmp_path / "reconciler.yaml").write_text(CONFIG)
    made = on_git(repository, tmp_path / "here", path="out")
    assert made.loop.turn() == {}
    assert "leads out of the repository" in str(made.said)


def test_a_loop_that_is_told_to_stop_keeps_no_failure(following: Looped) -> None:
    following.switch_off("one")
    before = len(following.records)
    following.clock.go(seconds=120)
    following.loop.stop()
    assert following.loop.turn() == {"local": None}
    assert following.live() == {"one": False, "two": True}
    assert len(following.records) == before
    assert following.said[-1][0] == "halted"


def test_old_checkouts_are_removed(following: Looped, repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    (trees,) = (tmp_path / "here").glob(".reconciler/sources/*/trees")
    second = commit(repository, OFF)
    following.cycle()
    assert sorted(path.name for path in trees.iterdir()) == sorted([first, second])
    for path in trees.iterdir():  # young ones may be another loop's
        os.utime(path, (1, 1))
    broken = commit(repository, {ONE: "]"})
    following.cycle()
    assert sorted(path.name for path in trees.iterdir()) == sorted([broken, second])
    shutil.rmtree(trees / second)  # and what is in force is fetched again, if it is lost
    following.switch_off("two")
    assert following.cycle().outcome == "broken"
    assert following.live() == {"one": False, "two": True}


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.git"
        made = Git(tmp_path / "x.git", address, environment=environment(), seconds=0.5)
        made.run("init", "--quiet", "--bare", "--template=", "--", str(tmp_path / "x.git"))
        with pytest.raises(SourceError, match="took longer than"):
            made.run("ls-remote", "--", "origin")


def test_a_suspended_target_is_left_alone_until_the_end(
    following: Looped, repository: Path
) -> None:
    now = following.clock()
    following.state.suspensions.set(
        "local", Suspension(now + timedelta(hours=2), "ana", now, "a flood")
    )
    commit(repository, {"schedules/two.yaml": None, **OFF})
    record = following.cycle()
    assert (record.outcome, record.reason) == ("waiting", "Suspended")
    assert "by ana: a flood; 2 differences wait" in record.message
    assert following.live() == {"one": True, "two": True}
    assert following.conditions().ready.reason == "Suspended"
    following.clock.go(hours=3)
    assert following.cycle().outcome == "applied"
    assert following.live() == {"one": False, "two": False}


def test_a_suspended_schedule_comes_back_at_the_end(following: Looped) -> None:
    now = following.clock()
    provider = following.provider()
    live = next(one for one in provider.list() if one.key.name == "one")
    provider.suspend(live, Suspension(now + timedelta(hours=2), "ana", now))
    provider.store.close()
    record = following.cycle()
    assert (record.outcome, record.message) == ("in_sync", "nothing to change; 1 suspended")
    assert record.suspended == 1
    assert following.live() == {"one": False, "two": True}
    following.clock.go(hours=3)
    record = following.cycle()
    assert (record.outcome, record.suspended) == ("applied", 0)
    assert following.live() == {"one": True, "two": True}


def test_suspensions_that_end_are_no_contention(following: Looped) -> None:
    for _ in range(5):
        now = following.clock()
        provider = following.provider()
        live = next(one for one in provider.list() if one.key.name == "one")
        provider.suspend(live, Suspension(now + timedelta(minutes=10), "ana", now))
        provider.store.close()
        following.clock.go(minutes=15)
        assert following.cycle().outcome == "applied"
        assert following.live()["one"] is True


def test_a_change_that_is_undone_again_and_again_is_contended(
    following: Looped, repository: Path
) -> None:
    for _ in range(3):
        following.switch_off("one")
        assert following.cycle().outcome == "applied"
    following.switch_off("one")
    record = following.cycle()
    assert (record.outcome, record.reason) == ("stalled", "Contended")
    assert "local/one: the same change was undone 3 times by hand since" in record.message
    assert following.live()["one"] is False
    assert following.conditions().stalled.reason == "Contended"
    # What else there is to do is done meanwhile.
    commit(repository, {"schedules/two.yaml": declaration("two", hour=4)})
    record = following.cycle()
    assert (record.reason, [r.outcome for r in record.results]) == (
        "Contended",
        ["updated", "waiting"],
    )
    following.clock.go(minutes=6)
    record = following.cycle()
    assert (record.reason, record.changed) == ("Contended", 1)
    assert following.live()["one"] is True
    assert following.cycle().reason == "InSync"
    # It is another change after a commit.
    commit(repository, {ONE: declaration("one", hour=5)})
    assert following.cycle().outcome == "applied"
    following.clock.go(days=2)
    following.switch_off("one")
    assert following.cycle().outcome == "applied"
