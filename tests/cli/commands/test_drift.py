"""`reconciler drift`: what differs and whose change it is, and what is done about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn
from helpers import CONFIG, JOB, Done, declaration, invoke, repository, write

TWO = CONFIG + "  prod: {provider: local, workspace: prod.db}\n"


def call(repo: Path, *args: str, code: int = 0, who: str = "ann") -> Done:
    env = {"RECONCILER_ACTOR": who, "AZURE_ACCESS_TOKEN": "a-very-secret-token"}
    return invoke(repo, *args, code=code, env=env)


def drift(repo: Path, *args: str) -> list[dict[str, Any]]:
    document = json.loads(call(repo, "drift", "--format", "json", *args).out)
    return list(document["drift"])


def text(repo: Path, name: str) -> str:
    return (repo / f"schedules/{name}.yaml").read_text()


def edit_live(
    repo: Path, old: str, new: str, name: str = "a", database: str = "workspace.db"
) -> None:
    """Change a live schedule behind everybody's back, as a portal does."""
    with sqlite3.connect(repo / database) as connection:
        connection.execute(
            "UPDATE schedules SET document = replace(document, ?, ?), fingerprint = 'other',"
            " modified_by = 'bob', modified_at = '2026-11-22T10:00:00+00:00' WHERE name = ?",
            (old, new, name),
        )
    connection.close()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repository(tmp_path, "a", "b", "c", "d", "same")
    call(tmp_path, "apply")
    return tmp_path


def test_by_cause(repo: Path) -> None:
    assert call(repo, "drift", "--exit-code").out == "no drift: what is live is as declared\n"
    edit_live(repo, "0 2 * * *", "0 4 * * *")
    edit_live(repo, "0 2 * * *", "0 4 * * *", "c")
    write(repo, {
        "schedules/b.yaml": declaration("b", 3),
        "schedules/c.yaml": declaration("c", 3),
        "schedules/new.yaml": declaration("new", reconcile="off", hold="{until: 2099-01-01}"),
    })  # fmt: skip
    (repo / "schedules/d.yaml").unlink()
    assert (
        call(repo, "drift", "list", "--exit-code", code=3).out
        == """\
changed live (1 schedule)
  local/a                           schedules/a.yaml:1
      by bob on 2026-11-22 10:00 UTC
      trigger.expression  live "0 4 * * *", repository "0 2 * * *"

changed in the repository and live (1 schedule)
  local/c                           schedules/c.yaml:1
      by bob on 2026-11-22 10:00 UTC
      trigger.expression  live "0 4 * * *", repository "0 3 * * *"

changed in the repository (1 schedule)
  local/b                           schedules/b.yaml:1
      trigger.expression  live "0 2 * * *", repository "0 3 * * *"

not live yet (1 schedule)
  local/new                         schedules/new.yaml:1
      held until 2099-01-01 00:00 UTC
      reconcile: off

removed from the repository (1 schedule)
  local/d                           schedules/d.yaml:1

answer with reconciler drift accept|revert NAME, or reconciler hold NAME
"""
    )
    found = {one["name"]: one for one in drift(repo)}
    assert found["a"]["by"] == "bob"
    assert found["a"]["at"] == "2026-11-22T10:00:00+00:00"
    assert {name: one["cause"] for name, one in found.items()} == {
        "a": "live", "b": "repository", "c": "both", "d": "removed", "new": "new",
    }  # fmt: skip


def test_switched_off_by_hand_is_named(repo: Path) -> None:
    call(repo, "schedules", "disable", "a", who="bob")
    [found] = drift(repo)
    assert (found["cause"], found["by"]) == ("live", "bob")
    assert "switched off live by bob on " in call(repo, "plan").out
    call(repo, "schedules", "enable", "a", who="bob")
    assert drift(repo) == []
    call(repo, "schedules", "disable", "a", who="eve")
    assert drift(repo)[0]["by"] == "eve"  # what was applied is still known
    assert "1 updated" in call(repo, "drift", "revert", "a").out
    assert drift(repo) == []


@pytest.mark.parametrize("names", ["a", "abcd"])
def test_removed_and_put_back(repo: Path, names: str) -> None:
    """What an apply has switched off was not switched off by hand; if it was everything, too."""
    files = {f"schedules/{name}.yaml": text(repo, name) for name in [*names, "same"]}
    for path in files:
        (repo / path).unlink()
    call(repo, "apply", "--allow-empty", "--ignore-limits")
    write(repo, files)
    assert {one["cause"] for one in drift(repo)} == {"repository"}
    assert "enabled again" in call(repo, "plan").out
    call(repo, "apply")
    call(repo, "schedules", "disable", "a", who="bob")
    [found] = drift(repo)
    assert (found["cause"], found["by"]) == ("live", "bob")


def test_accepted(repo: Path) -> None:
    source = "# why\n" + text(repo, "a").replace('"0 2 * * *"', '"0 2 * * *" ')
    write(repo, {"schedules/a.yaml": source})
    edit_live(repo, "0 2 * * *", "15 4 * * *")
    done = call(repo, "drift", "accept", "a")
    assert done.out == (
        "schedules/a.yaml: local/a is declared as it is live\n    trigger.expression\n"
    )
    assert text(repo, "a") == source.replace("0 2", "15 4")
    assert drift(repo) == []
    assert "does not differ" in call(repo, "drift", "accept", "local/a").out


def test_accepted_where_it_differs(tmp_path: Path) -> None:
    repository(tmp_path, "a", config=TWO)
    call(tmp_path, "apply", "--target", "all")
    before = text(tmp_path, "a")
    edit_live(tmp_path, "0 2 * * *", "0 4 * * *", database="prod.db")
    call(tmp_path, "drift", "accept", "a", "--target", "prod")
    over = 'overrides:\n  prod:\n    trigger:\n      expression: "0 4 * * *"\n'
    assert text(tmp_path, "a") == before + over
    assert drift(tmp_path, "--target", "all") == []


FIELDS = [
    # what is declared, what is done to what is live, what is declared then
    (
        "trigger: {type: recurrence, frequency: week, interval: 1,"
        ' schedule: {time_of_day: "18:30", week_days: monday}} # t\ncreate_job: ./job.yml\n',
        ('"hours":[18]', '"hours":[19]'),
        ("18:30", "19:30"),
    ),
    (
        "trigger: {type: recurrence, frequency: week, interval: 1,"
        ' schedule: {time_of_day: "18:30", week_days: monday}}\ncreate_job: ./job.yml\n',
        ('"hours":[18]', '"hours":[18,19]'),
        (
            'schedule: {time_of_day: "18:30", week_days: monday}',
            "schedule: {week_days: monday, hours: [18, 19], minutes: [30]}",
        ),
    ),
    (
        "trigger:\n  type: recurrence\n  frequency: day # d\n  interval: 1\n"
        "  schedule: {hours: 1, minutes: 0}\ncreate_job: ./job.yml\n",
        ('"hours":[1]', '"hours":[2]'),
        ("hours: 1", "hours: 2"),
    ),
    (
        'trigger: {type: cron, expression: "0 2 * * *"}\ncreate_job: ./job.yml # runs\n',
        ('"experiment_name":"a"', '"experiment_name":"b"'),
        ("./job.yml #", "{job: ./job.yml, experiment_name: b} #"),
    ),
    (
        'trigger: {type: cron, expression: "0 2 * * *"}\n'
        "create_job:\n  job: ./job.yml\n  inputs:\n    epochs: ${{ vars.epochs }} # e\n",
        ('"epochs":7', '"epochs":8'),
        ("${{ vars.epochs }}", "8"),
    ),
    (
        'trigger: {type: cron, expression: "0 2 * * *"}\ncreate_job: ./job.yml\n'
        "tags: {a: b} # t\ndescription: x\n",
        ('"tags":{"a":"b"}', '"tags":{}'),
        ("tags: {a: b} # t\n", ""),
    ),
    (
        'trigger: {type: cron, expression: "0 2 * * *"}\ncreate_job: ./job.yml\n# end\n',
        (
            '{"expression":"0 2 * * *","time_zone":"UTC","type":"cron"}',
            '{"frequency":"day","interval":2,"time_zone":"UTC","type":"recurrence"}',
        ),
        (
            '{type: cron, expression: "0 2 * * *"}',
            "{type: recurrence, frequency: day, interval: 2, time_zone: UTC}",
        ),
    ),
    (
        'trigger: {type: cron, expression: "0 2 * * *"}\ncreate_job: ./job.yml\n'
        "overrides: {local: {description: y}} # o\n",
        ('"description":"y"', '"description":"z"'),
        ("description: y", "description: z"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "live", "accepted"), FIELDS)
def test_accepted_field_by_field(
    tmp_path: Path, declared: str, live: tuple[str, str], accepted: tuple[str, str]
) -> None:
    config = CONFIG + "variables: {epochs: 7}\n"
    files = {"schedules/a.yaml": f"name: a\n{declared}", "schedules/job.yml": JOB}
    write(tmp_path, {"reconciler.yaml": config, **files})
    call(tmp_path, "apply")
    edit_live(tmp_path, *live)
    assert [one["cause"] for one in drift(tmp_path)] == ["live"]
    call(tmp_path, "drift", "accept", "a")
    assert text(tmp_path, "a") == f"name: a\n{declared.replace(*accepted)}"
    assert drift(tmp_path) == []


def test_what_cannot_be_accepted(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG + "defaults: {tags: {team: x}}\n"})
    call(repo, "apply")
    before = text(repo, "a")
    edit_live(repo, '"tags":{"team":"x"}', '"tags":{}')
    assert "tags.team would still differ" in call(repo, "drift", "accept", "a", code=1).err
    edit_live(repo, "azureml:job:", "azureml:job:0", "b")
    assert "what a job file holds" in call(repo, "drift", "accept", "b", code=1).err
    secret = declaration("c").replace("./job.yml", "{job: ./job.yml, inputs: {api_key: hunter2}}")
    write(repo, {"schedules/c.yaml": secret, "schedules/new.yaml": declaration("new")})
    done = call(repo, "drift", "accept", "c", code=1)
    assert "looks secret" in done.err
    assert "hunter2" not in done.text
    assert "is not live yet" in call(repo, "drift", "accept", "new", code=1).err
    (repo / "schedules/d.yaml").unlink()
    assert "is not declared" in call(repo, "drift", "accept", "d", code=1).err
    assert "is declared" in call(repo, "drift", "accept", "nothing", code=2).err
    assert text(repo, "a") == before


def test_what_the_target_would_refuse(repo: Path) -> None:
    """A datastore that was taken out of the configuration while a schedule looked at it."""
    before = text(repo, "a")
    edit_live(
        repo,
        '{"expression":"0 2 * * *","time_zone":"UTC","type":"cron"}',
        '{"datastore":"nowhere","path_on_datastore":"x","polling_interval":5,"type":"datastore"}',
    )
    done = call(repo, "drift", "accept", "a", code=1)
    assert "the file is as it was, for the target refuses: local/a: " in done.err
    assert text(repo, "a") == before


def test_held_and_enabled_live(repo: Path) -> None:
    write(repo, {"schedules/a.yaml": declaration("a", hold="{until: 2099-01-01}")})
    assert "ends the hold" in call(repo, "drift", "accept", "a", code=1).err


def test_reverting_touches_one_schedule(repo: Path) -> None:
    edit_live(repo, "0 2 * * *", "0 4 * * *")
    edit_live(repo, "0 2 * * *", "0 4 * * *", "b")
    done = call(repo, "drift", "revert", "a")
    assert "changed live by bob on 2026-11-22 10:00 UTC" in done.out
    assert done.out.endswith("1 updated\n")
    assert [one["name"] for one in drift(repo)] == ["b"]


def test_limits_hold_for_one_schedule_too(tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(12)]
    repository(tmp_path, *names, config=CONFIG + "limits: {update: {count: 0}}\n")
    call(tmp_path, "apply")
    call(tmp_path, "schedules", "disable", "n3")
    assert "limits.update.count is 0" in call(tmp_path, "drift", "revert", "n3", code=4).err
    assert "1 updated" in call(tmp_path, "drift", "revert", "n3", "--ignore-limits").out


def test_what_is_not_ours(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG.replace("owner: us", "owner: them")})
    found = drift(repo)
    assert {one["cause"] for one in found} == {"not_ours"}
    assert 'is managed by "us"' in call(repo, "drift", "revert", "a", code=1).err
    assert call(repo, "drift", "--exit-code", code=3).code == 3


# ------------------------------------------------------------------------------------------- Azure


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(token="a-very-secret-token", jobs={"train"}) as arm:
        yield arm
        assert arm.violations == []


@pytest.fixture
def azure(tmp_path: Path, arm: StandIn) -> Path:
    """`a` and `b`, applied; what the service fills in is no difference."""
    known = arm.settings
    config = CONFIG.replace("{provider: local, workspace: workspace.db}", "{}").format(
        f"{{provider: azureml, subscription_id: {known.subscription}, resource_group:"
        f" {known.group}, workspace: {known.workspace}, endpoint: '{arm.address}'}}"
    )
    write(tmp_path, {"reconciler.yaml": config})
    for name in ("a", "b"):
        source = declaration(name).replace("./job.yml", "azureml:train # runs")
        write(tmp_path, {f"schedules/{name}.yaml": source})
    call(tmp_path, "apply", "--yes")
    assert drift(tmp_path) == []
    return tmp_path


def test_in_azure_who_and_when_are_known(azure: Path) -> None:
    source = text(azure, "a")
    call(azure, "schedules", "disable", "a")
    [found] = drift(azure)
    assert found["cause"] == "live"
    assert found["by"]
    assert found["at"]
    assert [field["path"] for field in found["fields"]] == [["is_enabled"]]
    call(azure, "drift", "accept", "a")
    assert text(azure, "a") == source + "is_enabled: false\n"
    assert drift(azure) == []
    # What was accepted is known there: what is changed now is changed in the repository.
    write(azure, {"schedules/a.yaml": source})
    assert [one["cause"] for one in drift(azure)] == ["repository"]


def test_in_azure_accepted_by_somebody_who_may_only_read(azure: Path, arm: StandIn) -> None:
    arm.edit("a", lambda properties: properties.update(description="mine"))
    arm.fail(403, method="PUT", name="a")
    done = call(azure, "drift", "accept", "a")
    assert "local/a: the target does not remember this: " in done.err
    assert "description: mine\n" in text(azure, "a")
    assert drift(azure) == []
    write(azure, {"schedules/a.yaml": text(azure, "a").replace("mine", "ours")})
    assert [one["cause"] for one in drift(azure)] == ["both"]


def test_in_azure_enabled_by_hand_keeps_what_was_applied(azure: Path, arm: StandIn) -> None:
    call(azure, "schedules", "disable", "a")
    call(azure, "schedules", "enable", "a")
    assert drift(azure) == []
    arm.edit("a", lambda properties: properties.update(description="mine"))
    assert [one["cause"] for one in drift(azure)] == ["live"]


def over(properties: dict[str, Any]) -> None:
    properties["trigger"].update(startTime="2026-01-01T00:00:00", endTime="2026-02-01T00:00:00")


@pytest.mark.parametrize("ended", [False, True])
def test_in_azure_removed_and_put_back(azure: Path, arm: StandIn, ended: bool) -> None:
    """What an apply has switched off was not switched off by hand; not by its end either."""
    path = azure / "schedules/a.yaml"
    if ended:  # the service takes none whose end is past: that goes with it
        arm.edit("a", over)
    before = path.read_text()
    path.unlink()
    assert "1 disabled" in call(azure, "apply", "--yes").out
    path.write_text(before)
    [found] = drift(azure)
    assert found["cause"] == "repository"
    assert "enabled again" in call(azure, "plan").out
    call(azure, "apply", "--yes")
    assert drift(azure) == []


def test_in_azure_what_another_switched_off_is_not_ours_to_say(azure: Path, arm: StandIn) -> None:
    (azure / "schedules/a.yaml").unlink()
    call(azure, "apply", "--yes")
    arm.edit("a", lambda properties: properties.update(description="mine"))
    source = declaration("a").replace("./job.yml", "azureml:train")
    write(azure, {"schedules/a.yaml": source})
    assert [one["cause"] for one in drift(azure)] == ["both"]


# ------------------------------------------------------------------------------------- many targets


THREE = TWO + "  test: {provider: local, workspace: test.db}\n"


@pytest.fixture
def three(tmp_path: Path) -> Path:
    repository(tmp_path, "a", config=THREE)
    call(tmp_path, "apply", "--target", "all")
    return tmp_path


DATABASES = ("workspace.db", "prod.db", "test.db")


def test_what_is_alike_everywhere_is_written_once(three: Path) -> None:
    before = text(three, "a")
    for database in DATABASES:
        edit_live(three, "0 2 * * *", "0 4 * * *", database=database)
    done = call(three, "drift", "accept", "a", "--target", "all")
    assert done.out.splitlines() == [
        "schedules/a.yaml: local/a and prod/a and test/a are declared as they are live",
        "    trigger.expression",
    ]
    assert text(three, "a") == before.replace("0 2", "0 4")
    assert drift(three, "--target", "all") == []
    write(three, {"schedules/a.yaml": before})
    assert {one["cause"] for one in drift(three, "--target", "all")} == {"repository"}


def test_what_is_not_alike_is_written_for_each(three: Path) -> None:
    before = text(three, "a")
    edit_live(three, "0 2 * * *", "0 4 * * *", database="prod.db")
    edit_live(three, "0 2 * * *", "0 5 * * *", database="test.db")
    call(three, "drift", "accept", "a", "--target", "all")
    over = (
        'overrides:\n  prod:\n    trigger:\n      expression: "0 4 * * *"\n'
        '  test:\n    trigger:\n      expression: "0 5 * * *"\n'
    )
    assert text(three, "a") == before + over
    assert drift(three, "--target", "all") == []


def test_alike_but_overridden_in_one(three: Path) -> None:
    over = 'overrides: {prod: {trigger: {expression: "0 3 * * *"}}}\n'
    before = text(three, "a") + over
    write(three, {"schedules/a.yaml": before})
    call(three, "apply", "--target", "all")
    edit_live(three, "0 2 * * *", "0 4 * * *")
    edit_live(three, "0 3 * * *", "0 4 * * *", database="prod.db")
    edit_live(three, "0 2 * * *", "0 4 * * *", database="test.db")
    call(three, "drift", "accept", "a", "--target", "all")
    assert text(three, "a") == before.replace("0 2", "0 4").replace("0 3", "0 4")
    assert drift(three, "--target", "all") == []


def test_not_live_in_one_of_them(three: Path) -> None:
    (three / "test.db").unlink()
    edit_live(three, "0 2 * * *", "0 4 * * *")
    call(three, "drift", "accept", "a", "--target", "all")
    assert [one["cause"] for one in drift(three, "--target", "all")] == ["new"]
    assert "local:\n    trigger:" in text(three, "a")


def test_a_target_that_is_not_asked_about(three: Path) -> None:
    """The value is the same everywhere by an anchor: only one target can not be meant."""
    shared = text(three, "a") + "overrides:\n  prod: &o {description: x}\n  test: *o\n"
    write(three, {"schedules/a.yaml": shared})
    call(three, "apply", "--target", "all")
    edit_live(three, '"description":"x"', '"description":"y"', database="prod.db")
    done = call(three, "drift", "accept", "a", "--target", "prod", code=1)
    assert "share values" in done.err
    assert text(three, "a") == shared
    assert "is declared for" in call(three, "drift", "accept", "b", "--target", "prod", code=2).err


@pytest.mark.parametrize(
    ("said", "fires"), [("0 9 1 * *", "0 9 * * *"), ("0 9 1-7 6 MON", "0 9 * * MON")]
)
def test_in_azure_a_cron_is_accepted_as_it_fires(
    azure: Path, arm: StandIn, said: str, fires: str
) -> None:
    """Azure ignores the day of month and the month: what they say is no schedule that is live."""
    arm.edit("a", lambda properties: properties["trigger"].update(expression=said))
    source = text(azure, "a")
    done = call(azure, "drift", "accept", "a")
    assert text(azure, "a") == source.replace("0 2 * * *", fires)
    assert f'the live cron "{said}" fires as "{fires}" does, which is declared now' in done.err
    assert drift(azure) == []
    put = json.loads(arm.called("PUT")[-1].body)
    assert put["properties"]["trigger"]["expression"] == fires
    assert call(azure, "drift", "accept", "a").out == "local/a does not differ\n"


def test_in_azure_what_fires_as_declared_is_rewritten_alone(azure: Path, arm: StandIn) -> None:
    arm.edit("a", lambda properties: properties["trigger"].update(expression="0 2 1 * *"))
    source = text(azure, "a")
    call(azure, "drift", "accept", "a")
    assert text(azure, "a") == source
    assert drift(azure) == []


def test_in_azure_a_cron_that_may_not_be_rewritten(azure: Path, arm: StandIn) -> None:
    arm.edit("a", lambda properties: properties["trigger"].update(expression="0 9 1 * *"))
    arm.fail(403, method="PUT", name="a")
    done = call(azure, "drift", "accept", "a")
    assert "the next apply writes the live cron as it fires: no fire differs" in done.err
    assert "0 9 * * *" in text(azure, "a")
    [found] = drift(azure)
    assert [(field["live"], field["repository"]) for field in found["fields"]] == [
        ("0 9 1 * *", "0 9 * * *")
    ]
