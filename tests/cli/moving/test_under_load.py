"""`move` there and back while schedules fire: the ledgers of both targets, instant by instant."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import invoke, killed, write
from providers.temporal.server import NAMESPACES, Server, connected, needed, served
from serving import serving
from worker.working import Site

from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger

pytestmark = needed
_TRIES = 5
SETTLED = timedelta(seconds=6)
"""By then a fire has come, or comes no more, while nothing is down."""
START = datetime(2026, 1, 1, tzinfo=UTC)
Fired = tuple[str, datetime]
"""A schedule, and the instant that was due."""
JOB = "type: command\ncommand: 'true'\n"


class Load:
    """A repository whose schedules fire each minute, at seconds that are spread over it."""

    def __init__(self, folder: Path, server: Server, count: int) -> None:
        self.folder = folder
        self.server = server
        self.seconds = {f"s{second:02}": second for second in range(0, 60, 60 // count)}
        temporal = f'{{provider: temporal, namespace: one, address: "{server.address}"'
        config = (
            "owner: us\nschedules: [schedules]\ndefault_target: local\ntargets:\n"
            "  local: {provider: local, workspace: workspace.db}\n"
            f"  temporal: {temporal}, store: store}}\n"
        )
        write(folder, {"reconciler.yaml": config, "schedules/job.yml": JOB})
        write(folder, {f"schedules/{name}.yaml": self._declared(name) for name in self.seconds})
        invoke(folder, "apply", "--yes", "--target", "local")
        self.began = datetime.now(UTC)

    def _declared(self, name: str) -> str:
        start = (START + timedelta(seconds=self.seconds[name])).replace(tzinfo=None)
        return (
            f"name: {name}\ntargets: [local]\n"
            f"trigger: {{type: recurrence, frequency: minute, interval: 1,"
            f' start_time: "{start.isoformat()}"}}\ncreate_job: ./job.yml\n'
        )

    def arguments(self, source: str, target: str, lead: int) -> list[str]:
        return ["move", "--from", source, "--to", target, "--at", f"{lead}s", "--yes"]

    def move(self, source: str, target: str, lead: int) -> datetime:
        """Move all of it, as often as a server that is slow needs; the moment from which it fires
        there.
        """
        for _ in range(_TRIES):
            done = invoke(self.folder, *self.arguments(source, target, lead), code=None)
            if done.code == 0:
                break
        assert done.code == 0, done.text[-2000:]
        text = (self.folder / "schedules/s00.yaml").read_text("utf-8")
        said = text.split("at: ")[1].split("\n")[0].strip('"')
        return datetime.fromisoformat(said)

    def killed(self, source: str, target: str, lead: int, after: float) -> bool:
        """The same, killed after so many seconds; whether it was still at work."""
        return killed(self.folder, after, *self.arguments(source, target, lead))

    def due(self, since: datetime, until: datetime) -> set[Fired]:
        """What is to fire from `since` (inclusive) to `until` (exclusive), wherever."""
        minute = since.replace(second=0, microsecond=0) - timedelta(minutes=1)
        found = set()
        while minute < until:
            for name, second in self.seconds.items():
                at = minute + timedelta(seconds=second)
                if since <= at < until:
                    found.add((name, at))
            minute += timedelta(minutes=1)
        return found

    def locally(self) -> list[Fired]:
        """What the workspace's ledger has run; missed ones are none."""
        with closing(Database(self.folder / "workspace.db")) as database:
            ledger = Ledger(database)
            return [
                (name, at) for name in self.seconds for _, at, _ in ledger.runs_since(name, START)
            ]

    def missed(self) -> Counter[str]:
        """By schedule, what either target has on record as missed: it was over a minute late."""
        from temporalio.api.workflowservice.v1 import DescribeScheduleRequest

        found: Counter[str] = Counter()
        with closing(Database(self.folder / "workspace.db")) as database:
            for name in self.seconds:
                for fire in Ledger(database).fires(name, 10_000):
                    if fire.outcome == "missed" and fire.due_at > self.began:
                        found[name] += fire.number
        there = connected(self.server.address, NAMESPACES[0])
        for one in there.as_owner().list():
            request = DescribeScheduleRequest(namespace=NAMESPACES[0], schedule_id=one.key.name)
            found[one.key.name] += there.call(
                "describe_schedule", request
            ).info.missed_catchup_window
        return +found

    def remotely(self) -> list[Fired]:
        """What Temporal started, by its own list of workflows."""
        from reconciler.worker.runs import TemporalRuns

        runs = TemporalRuns(connected(self.server.address, NAMESPACES[0]).as_owner())
        return [
            (name, run.due_at)
            for name in self.seconds
            for run in runs.runs_of(name, START)
            if run.due_at is not None
        ]

    def judge(self, until: datetime) -> tuple[set[Fired], list[Fired]]:
        """(lost, doubled), of what was due from the beginning on, in both ledgers together."""
        ran = Counter([*self.locally(), *self.remotely()])
        due = self.due(self.began + timedelta(seconds=1), until)
        return due - set(ran), sorted(fire for fire, times in ran.items() if times > 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def clean(server: Server) -> Server:
    connected(server.address, NAMESPACES[0]).empty()
    return server


def wait_until(at: datetime) -> None:
    while (left := (at - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 0.5))


def test_there_and_back(clean: Server, tmp_path: Path) -> None:
    load = Load(tmp_path, clean, 20)
    with serving(tmp_path):
        load.began = datetime.now(UTC)  # what was due before it is up is missed
        there = load.move("local", "temporal", 4)
        wait_until(there + timedelta(seconds=1))
        back = load.move("temporal", "local", 4)
        end = back + timedelta(seconds=2)
        wait_until(end + timedelta(seconds=1))
        assert load.judge(end) == (set(), [])
        assert load.remotely()
        assert any(at >= back for _, at in load.locally())


@pytest.mark.torture
def test_there_and_back_again_with_kills(clean: Server, tmp_path: Path) -> None:
    """A fire each other second; half of the moves are killed, and called again."""
    chance = random.Random(18)
    load = Load(tmp_path, clean, 30)
    where, other = "local", "temporal"
    killed = moves = 0
    with serving(tmp_path):
        load.began = datetime.now(UTC)  # what was due before it is up is missed
        for _ in range(14):
            lead = chance.choice([3, 6, 12])
            if chance.random() < 0.6:
                killed += load.killed(where, other, lead, chance.uniform(0.5, 8.0))
                if chance.random() < 0.5:  # past the moment that it wrote
                    wait_until(datetime.now(UTC) + timedelta(seconds=lead + 2))
            at = load.move(where, other, lead)
            moves += 1
            wait_until(at + timedelta(seconds=chance.uniform(1.0, 20.0)))
            where, other = other, where
        end = datetime.now(UTC) - timedelta(seconds=1)
        wait_until(end + SETTLED)
        lost, doubled = load.judge(end)
        late = load.missed()
    due = len(load.due(load.began + timedelta(seconds=1), end))
    found = f"{len(lost)} lost, {len(doubled)} doubled, {late.total()} missed"
    sys.stdout.write(f"{moves} moves, {killed} killed, {due} fires: {found}\n")
    # A machine that is held up for more than a minute misses fires, and says which.
    unsaid = Counter(name for name, _ in lost) - late
    assert (unsaid, doubled) == (Counter(), []), sorted(lost)
    assert killed


@pytest.mark.torture
def test_a_folder_there_and_back(clean: Server, tmp_path: Path) -> None:
    """What was seen stays seen, what came meanwhile is run where it is by then."""
    box = tmp_path / "inbox" / "in"
    box.mkdir(parents=True)
    places = f'datastores: {{inbox: {{url: "{tmp_path}/inbox"}}}}'
    temporal = f'{{provider: temporal, namespace: one, address: "{clean.address}"'
    config = (
        "owner: us\nschedules: [schedules]\ndefault_target: local\ntargets:\n"
        f"  local: {{provider: local, workspace: workspace.db, {places}}}\n"
        f"  temporal: {temporal}, store: store, {places}}}\n"
    )
    declared = (
        "name: files\ntargets: [local]\ntrigger: {type: datastore, datastore: inbox,"
        " path_on_datastore: in, polling_interval: 1}\ncreate_job: ./job.yml\n"
    )
    write(tmp_path, {"reconciler.yaml": config, "schedules/job.yml": JOB})
    write(tmp_path, {"schedules/files.yaml": declared})
    put(box, "before")
    invoke(tmp_path, "apply", "--yes")
    move = ("move", "--yes", "files", "--from")
    site = Site(clean, tmp_path, inbox="inbox")
    provider = site.opened.as_owner()

    def there() -> list[str]:
        from reconciler.worker.runs import TemporalRuns

        rows = TemporalRuns(provider).newest(schedule="files")
        return [Path(row.data_path).name for row in rows if row.data_path is not None]

    with serving(tmp_path) as here, site.machine("one"):
        here.wait("watching")
        invoke(tmp_path, *move, "local", "--to", "temporal")
        put(box, "there")
        [live] = provider.list()
        provider.look_now(live)
        here.until(lambda: there() == ["there"])
        put(box, "between")
        invoke(tmp_path, *move, "temporal", "--to", "local")
        fired = here.until(lambda: here.events("fired") or there()[1:])
        assert fired
    ran = [*there(), *(Path(one["path"]).name for one in here.events("fired"))]
    assert sorted(ran) == ["between", "there"]


def put(box: Path, name: str) -> None:
    """A file that has come some time ago, as far as anybody can tell."""
    (box / name).write_text(name)
    then = time.time() - 60
    os.utime(box / name, (then, then))
