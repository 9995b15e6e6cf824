"""What a loop remembers of revisions: within bounds, and equal to what was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers import repository, write

from reconciler.config import load_config
from reconciler.declarations import declarations_of
from reconciler.loop.memory import Declared, Memory
from reconciler.loop.memory.packed import pack, unpack
from reconciler.loop.source import Revision

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HELD = """\
name: {name}
tags: {{team: us, release: "1.10"}}
adopt: {{from: them}}
hold: {{until: 2026-12-01, reason: quiet}}
trigger:
  type: recurrence
  frequency: week
  interval: 2
  start_time: "2026-01-01T10:00:00"
  schedule: {{hours: [4, 5], minutes: 30, week_days: [monday]}}
create_job:
  type: pipeline
  job: azureml:j:1
  inputs: {{a: 1, b: x, c: true}}
"""


def declared(folder: Path, *names: str, revision: str = "1") -> Declared:
    if not folder.exists():
        repository(folder)
    write(folder / "schedules", {f"{name}.yaml": HELD.format(name=name) for name in names})
    config = load_config(folder / "reconciler.yaml")
    target = config.target("local")
    found = declarations_of(config, [target], now=NOW)
    assert not found.errors, found.problems
    one = Revision(revision, folder, revision)
    return Declared(one, config, target, found.schedules, NOW + timedelta(days=1))


def test_what_is_packed_comes_back_whole(tmp_path: Path) -> None:
    read = declared(tmp_path / "r", "a", "b")
    made = unpack(pack(read.schedules))
    assert [repr(one) for one in made] == [repr(one) for one in read.schedules]
    definition = read.schedules[0].job.definition
    assert all(one.job.definition == definition for one in made)


def test_more_than_there_is_room_for_is_packed(tmp_path: Path) -> None:
    read = declared(tmp_path / "r", "a", "b")
    count = len(read.schedules)
    memory = Memory(unpacked=count)
    memory.keep(read)
    assert memory.get("local", "1", NOW) is read
    other = replace(read, target=replace(read.target, name="other"))
    memory.keep(other)
    found = memory.get("other", "1", NOW)
    assert found is not None
    assert found is not other
    assert [repr(one) for one in found.schedules] == [repr(one) for one in other.schedules]
    memory.forget("local")
    memory.keep(other)
    assert memory.get("other", "1", NOW) is other


def test_the_wanted_and_the_one_in_force_are_kept(tmp_path: Path) -> None:
    one = declared(tmp_path / "r", "a")
    two, three = (replace(one, revision=replace(one.revision, id=name)) for name in ("2", "3"))
    memory = Memory()
    for each in (one, two, three):
        memory.keep(each)
    assert memory.get("local", "1", NOW) is None
    assert memory.get("local", "2", NOW) is two
    memory.settle(three)
    assert memory.get("local", "2", NOW) is None
    assert memory.get("local", "3", NOW) is three
    assert memory.get("local", "3", NOW + timedelta(days=1)) is None  # a hold has ended
