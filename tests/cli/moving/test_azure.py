"""Schedules between a workspace and Azure Machine Learning: both ledgers, instant by instant.

Azure is `serve`: it fires what is put there, and shows its jobs as Azure does.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.arm import StandIn
from helpers import Done, invoke, killed, write
from providers.azureml.opened import config_of
from serving import serving
from web.arm.test_provider_on_serve import CONFIG

from reconciler.document import schedule_from_document
from reconciler.firing import next_fires
from reconciler.model import Key
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger

SERVED = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
"""
HERE = "  here: {provider: local, workspace: workspace.db}\n"
BOX = "  here: {provider: local, workspace: workspace.db, datastores: {inbox: {url: inbox}}}\n"
AGENT = '    data_changes: agent\n    datastores: {inbox: {url: "file:///nowhere"}}\n'
JOB = """\
type: pipeline
inputs: {at: "${{creation_context.trigger_time}}"}
settings: {default_compute: azureml:cpu}
jobs:
  only:
    type: command
    command: "true"
    environment: {image: python}
"""
FOLDER = """\
name: files
trigger: {type: datastore, datastore: inbox, path_on_datastore: in}
create_job: ./job.yml
"""
START = datetime(2026, 1, 1, tzinfo=UTC)
SETTLED = timedelta(seconds=6)
"""By then a fire has come, or comes no more, while nothing is down."""
_TRIES = 4
Fired = tuple[str, datetime]
"""A schedule, and the instant that was due."""
Triggers = Mapping[str, Mapping[str, Any]]
"""By the names of their schedules, as they are declared."""


class Load:
    """A repository with the targets `here` and `there`, and what both fired."""

    def __init__(self, folder: Path, served: Path, address: str, triggers: Triggers) -> None:
        self.folder = folder
        self.served = served
        token = (served / "workspace.db.token").read_text().strip()
        self.env = {"AZURE_ACCESS_TOKEN": token}
        self.written = triggers
        config = CONFIG.format(address=address).replace("targets:\n", f"targets:\n{HERE}")
        write(folder, {"reconciler.yaml": config, "schedules/job.yml": JOB})
        self.declare("targets: [here]")
        self.invoke("apply", "--yes", "--target", "here")
        self.began = datetime.now(UTC)
        self.triggers = {
            name: schedule_from_document(
                {"name": name, "trigger": trigger, "create_job": {"job": "x"}}, Key("", name), None
            ).trigger
            for name, trigger in triggers.items()
        }

    def declare(self, where: str) -> None:
        """Write every declaration, with these lines."""
        for name, trigger in self.written.items():
            said = f"trigger: {json.dumps(trigger)}"
            text = f"name: {name}\n{where}\n{said}\ncreate_job: ./job.yml\n"
            write(self.folder, {f"schedules/{name}.yaml": text})

    def invoke(self, *arguments: str, code: int | None = 0) -> Done:
        return invoke(self.folder, *arguments, code=code, env=self.env)

    def again(self, *arguments: str) -> None:
        """As often as somebody would who is told what is not done yet."""
        for _ in range(_TRIES):
            done = self.invoke(*arguments, code=None)
            if done.code == 0:
                return
        raise AssertionError(done.text[-2000:])

    def killed(self, after: float, *arguments: str) -> bool:
        """Killed after so many seconds; whether it was still at work."""
        return killed(self.folder, after, *arguments, env=self.env)

    def moment(self) -> datetime:
        """From which the schedules fire elsewhere, as the files say."""
        text = next((self.folder / "schedules").glob("s*.yaml")).read_text("utf-8")
        return datetime.fromisoformat(text.split("at: ")[1].split("\n")[0].strip('"'))

    def due(self, until: datetime) -> set[Fired]:
        """What is to fire, wherever, from the beginning on."""
        begin = self.began + timedelta(seconds=1)
        return {
            (name, at)
            for name, trigger in self.triggers.items()
            for at in next_fires(trigger, begin, until, START)
            if at < until
        }

    def here(self) -> list[Fired]:
        """What the workspace's ledger has run; missed ones are none."""
        with closing(Database(self.folder / "workspace.db")) as database:
            ledger = Ledger(database)
            return [
                (name, at) for name in self.written for _, at, _ in ledger.runs_since(name, START)
            ]

    def there(self) -> list[Fired]:
        """What Azure shows as jobs of schedules, each by the instant in its name."""
        listed = self.invoke(
            *("runs", "list", "--target", "there", "--limit", "100000", "--format", "json")
        )
        return [
            (run["schedule"], datetime.fromisoformat(run["due_at"]))
            for run in json.loads(listed.out)["runs"]
            if run["schedule"] in self.written
        ]

    def missed(self) -> Counter[str]:
        """By schedule, what either has on record as missed: it was over a minute late."""
        found: Counter[str] = Counter()
        for folder in (self.folder, self.served):
            with closing(Database(folder / "workspace.db")) as database:
                for name in self.written:
                    for fire in Ledger(database).fires(name, 10_000):
                        if fire.outcome == "missed" and fire.due_at > self.began:
                            found[name] += fire.number
        return found

    def judge(self, until: datetime) -> tuple[set[Fired], list[Fired]]:
        """(lost, doubled), of what was due from the beginning on, in both together."""
        ran = Counter([*self.here(), *self.there()])
        return self.due(until) - set(ran), sorted(one for one, times in ran.items() if times > 1)


@contextmanager
def loaded(folder: Path, triggers: Triggers) -> Iterator[Load]:
    """It, with the workspace and Azure at work, until both have fired what is due by then."""
    served = folder / "served"
    write(served, {"reconciler.yaml": SERVED, "schedules/.keep": ""})
    with serving(served, "--port", "0") as azure:
        load = Load(folder / "repo", served, str(azure.wait("serving")["address"]), triggers)
        with serving(load.folder, "--target", "here"):
            load.began = datetime.now(UTC)  # what was due before it is up is missed
            yield load


def wait_until(at: datetime) -> None:
    while (left := (at - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 0.5))


def each_minute(count: int) -> Triggers:
    """One at each of so many seconds of the minute, and one that is a cron."""
    found: dict[str, Mapping[str, Any]] = {"sc": {"type": "cron", "expression": "* * * * *"}}
    for second in range(0, 60, 60 // count):
        start = (START + timedelta(seconds=second)).replace(tzinfo=None)
        found[f"s{second:02}"] = {
            "type": "recurrence",
            "frequency": "minute",
            "interval": 1,
            "start_time": start.isoformat(),
        }
    return found


def test_there_and_back_at_a_moment(tmp_path: Path) -> None:
    with loaded(tmp_path, each_minute(20)) as load:
        load.again("move", "--from", "here", "--to", "there", "--at", "6s", "--yes")
        there = load.moment()
        wait_until(there + timedelta(seconds=1))
        load.again("move", "--from", "there", "--to", "here", "--at", "6s", "--yes")
        back = load.moment()
        end = back + timedelta(seconds=3)
        wait_until(end + timedelta(seconds=1))
        assert load.judge(end) == (set(), [])
        assert any(there <= at < back for _, at in load.there())
        assert any(at >= back for _, at in load.here())


def random_trigger(chance: random.Random, now: datetime) -> Mapping[str, Any]:
    """One that fires a few times within the minutes after `now`."""
    soon = now + timedelta(minutes=chance.randint(1, 6))
    minutes = sorted({(now + timedelta(minutes=chance.randint(1, 8))).minute for _ in range(4)})
    kind = chance.choice(["each", "hours", "days", "week", "cron", "cron", "step"])
    start = START + timedelta(seconds=chance.randrange(600))
    begun = {"start_time": start.replace(tzinfo=None).isoformat()}
    if kind == "each":
        every = chance.choice([1, 1, 2, 3, 5])
        return {"type": "recurrence", "frequency": "minute", "interval": every, **begun}
    if kind == "hours":
        start = now.replace(microsecond=0) - timedelta(hours=1, seconds=chance.randrange(-400, 0))
        begun = {"start_time": start.replace(tzinfo=None).isoformat()}
        return {"type": "recurrence", "frequency": "hour", "interval": 1, **begun}
    if kind in ("days", "week"):
        zone = chance.choice(["UTC", "Europe/Lisbon", "Asia/Kolkata", "Asia/Tokyo"])
        shown = soon.astimezone(ZoneInfo(zone))
        pattern: dict[str, Any] = {"hours": [shown.hour], "minutes": [shown.minute]}
        if kind == "week":
            pattern["week_days"] = [f"{shown:%A}".lower(), "wednesday"]
        frequency = {"days": "day", "week": "week"}[kind]
        begun = {"start_time": "2026-01-01T00:00:00", "time_zone": zone}
        said = {"type": "recurrence", "frequency": frequency, "interval": 1, **begun}
        return {**said, "schedule": pattern}
    if kind == "step":
        return {"type": "cron", "expression": f"*/{chance.choice([1, 2, 3])} * * * *"}
    return {"type": "cron", "expression": f"{','.join(map(str, minutes))} * * * *"}


@pytest.mark.torture
def test_handed_over_with_kills(tmp_path: Path) -> None:
    """`moved_from` without a moment, there and back; half of the applies are killed first."""
    count, moves = int(os.environ.get("MOVED", "500")), 6
    chance = random.Random(18)
    now = datetime.now(UTC)
    triggers = {f"s{number:03}": random_trigger(chance, now) for number in range(count)}
    source, target, killed = "here", "there", 0
    with loaded(tmp_path, triggers) as load:
        for number in range(moves):
            load.declare(f"targets: [{target}]\nmoved_from: {source}")
            apply = ("apply", "--yes", "--target", "all", "--ignore-limits")
            if number % 2 == 0:
                killed += load.killed(chance.uniform(1.0, 12.0), *apply)
            load.again(*apply)
            source, target = target, source
            wait_until(datetime.now(UTC) + timedelta(seconds=chance.uniform(1.0, 20.0)))
        end = datetime.now(UTC) - timedelta(seconds=1)
        wait_until(end + SETTLED)
        lost, doubled = load.judge(end)
        missed = load.missed()
    found = f"{len(lost)} lost, {len(doubled)} doubled, {missed.total()} missed"
    due = len(load.due(end))
    sys.stdout.write(f"{count} triggers, {moves} moves, {killed} killed, {due} fires: {found}\n")
    unsaid = Counter(name for name, _ in lost) - missed
    assert (unsaid, doubled) == (Counter(), []), sorted(lost)
    assert killed


def test_a_folder_stays_where_it_is(tmp_path: Path) -> None:
    """What was seen of it is the agent's; the files are as they were."""
    with StandIn() as arm:
        config = config_of(arm).replace("targets:\n", f"targets:\n{BOX}") + AGENT
        files = {"reconciler.yaml": config, "schedules/job.yml": JOB, "schedules/s.yaml": FOLDER}
        write(tmp_path, files)
        (tmp_path / "inbox").mkdir()
        env = {"AZURE_ACCESS_TOKEN": arm.settings.token}
        said = "what was seen of its folder cannot be carried to or from prod: an agent keeps it"
        for source, target in (("here", "prod"), ("prod", "here")):
            written = FOLDER.replace("files\n", f"to-{target}\ntargets: [{source}]\n")
            write(tmp_path, {"schedules/s.yaml": written})
            invoke(tmp_path, "apply", "--yes", "--target", source, env=env)
            move = ("move", "--from", source, "--to", target, "--yes")
            refused = invoke(tmp_path, *move, code=4, env=env)
            assert f"refused: {target}/to-{target}: {said}" in refused.text
            assert (tmp_path / "schedules/s.yaml").read_text() == written
            invoke(tmp_path, "plan", "--target", source, "--exit-code", env=env)
