"""Schedules of Temporal that follow a folder: one run for each version of a file."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import OWNER, schedule, with_job_file
from providers.contract import find
from providers.temporal.server import ENGINES, Server, needed, served

from reconciler.model import DatastoreChange, LiveSchedule, Schedule
from reconciler.providers.capabilities import DataCursor, PastFire
from reconciler.providers.temporal.connection import Background
from reconciler.providers.temporal.cursors import ADOPTED, Cursors, Owed, Settled
from reconciler.providers.temporal.store import Files
from reconciler.reconcile import reconcile
from reconciler.workspace.datastores import changes
from reconciler.workspace.datastores.changes import Seen
from reconciler.workspace.store.records import RunRow
from worker.test_runs import record, until
from worker.working import Site

pytestmark = needed
JOB = """{"type":"command","command":"cat ${{inputs.file}}","inputs":{"file":{"type":"string"}}}"""
TRIGGER = {
    "type": "datastore",
    "datastore": "inbox",
    "path_on_datastore": "in",
    "polling_interval": 60,
    "data_path_parameter_name": "file",
}


@pytest.fixture(
    scope="module", params=["workflows", pytest.param("chasm", marks=pytest.mark.torture)]
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    if request.param == "workflows":
        yield request.getfixturevalue("shared_server")
        return
    with served(tmp_path_factory.mktemp("temporal"), *ENGINES[request.param]) as server:
        yield server


class Inbox(Site):
    """A folder with a schedule that follows it; that looks when it is told to."""

    def __init__(self, server: Server, folder: Path) -> None:
        super().__init__(server, folder, inbox="inbox")
        self.box = folder / "inbox" / "in"
        (self.box / "below").mkdir(parents=True)
        self.put("old.txt")

    def put(self, name: str, text: str = "x") -> str:
        """A file that has come some time ago, as far as anybody can tell."""
        path = self.box / name
        path.write_text(text, "utf-8")
        return str(path)

    def apply(self, *declared: Schedule) -> LiveSchedule:
        provider = self.opened.as_owner()
        done = reconcile(declared, provider, owner=OWNER)
        assert all(one.error is None for one in done), done
        return find(self.opened, declared[0].key.name)

    def looks(self, name: str) -> int:
        """How many of a schedule have ended."""
        return len(Background.run(self.ended(name)))

    async def ended(self, name: str) -> list[Any]:
        client = await self.connection.client()
        query = (
            'WorkflowType = "ReconcilerLook" AND ExecutionStatus != "Running"'
            f' AND TemporalScheduledById = "{name}"'
        )
        return [one async for one in client.list_workflows(query)]

    def look(self, live: LiveSchedule) -> None:
        before = self.looks(live.key.name)
        self.opened.as_owner().look_now(live)
        until(lambda: self.looks(live.key.name) > before)

    def runs(self, name: str) -> list[RunRow]:
        from reconciler.worker.runs import TemporalRuns

        found = TemporalRuns(self.opened.as_owner()).newest(schedule=name)
        return [row for row in found if row.data_path is not None]

    def ran(self, name: str) -> list[str]:
        return sorted(Path(str(row.data_path)).name for row in self.runs(name))


@pytest.fixture
def inbox(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """Whose files count as written as soon as they are there, which saves the tests seconds."""
    monkeypatch.setattr(changes, "SETTLE", timedelta(0))
    made = Inbox(server, tmp_path)
    yield made
    made.opened.empty()


def follows(name: str, **document: Any) -> Schedule:
    return with_job_file(schedule(name, **{"trigger": TRIGGER, **document}), JOB)


def test_one_run_for_each_version_of_a_file(inbox: Inbox) -> None:
    with inbox.machine("one"):
        live = inbox.apply(follows("a"))
        until(lambda: inbox.looks("a") == 1)  # at once
        assert inbox.ran("a") == []
        inbox.put("new.txt", "first")
        inbox.put("below/deep.txt")
        inbox.look(live)
        until(lambda: inbox.ran("a") == ["new.txt"])
        inbox.put("new.txt", "second")
        inbox.look(live)
        until(lambda: len(inbox.ran("a")) == 2)
        inbox.look(live)
        until(lambda: {row.status for row in inbox.runs("a")} == {"Completed"})
        rows = inbox.runs("a")
        assert [row.cause for row in rows] == ["data", "data"]
        assert len({row.name for row in rows}) == 2
        newest = rows[0]
        assert newest.inputs == {"file": str(inbox.box / "new.txt")}
        from reconciler.worker.runs import TemporalRuns

        runs = TemporalRuns(inbox.opened.as_owner())
        log = b"".join(piece for piece, _ in runs.log(newest.name, "command", 0))
        assert log == b"second"

        async def fetch() -> str:
            client = await inbox.connection.client()
            handle = client.get_workflow_handle(newest.name)
            return str((await handle.fetch_history()).to_json())

        record("for-a-file", Background.run(fetch()))


def test_a_file_that_is_being_written_is_waited_for(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SETTLE", timedelta(seconds=1))
    with inbox.machine("one"):
        live = inbox.apply(follows("k"))
        until(lambda: inbox.looks("k") == 1)
        inbox.put("new.txt", "half")
        inbox.opened.as_owner().look_now(live)
        inbox.put("new.txt", "whole")
        until(lambda: inbox.looks("k") == 2)  # of which one took its time
        until(lambda: inbox.ran("k") == ["new.txt"])


def test_a_look_that_is_cut_short_loses_and_doubles_nothing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each start of a run it may end, also when the run is there and nobody has heard of it."""
    from reconciler.worker.looking import Looker

    whole, tried = Looker._start, Counter[str]()

    async def stumbles(self: Looker, live: Any, payload: Any, owed: Owed) -> str | None:
        tried[owed.path] += 1
        place = sum(map(ord, owed.path)) % 3
        if tried[owed.path] == 1 and place == 0:
            raise RuntimeError("before")
        run = await whole(self, live, payload, owed)
        if tried[owed.path] == 1 and place == 1:
            raise RuntimeError("after")
        return run

    monkeypatch.setattr(Looker, "_start", stumbles)
    with inbox.machine("one"):
        live = inbox.apply(follows("l"))
        until(lambda: inbox.looks("l") == 1)
        names = [f"{number}.txt" for number in range(12)]
        for name in names:
            inbox.put(name)
        inbox.look(live)
        until(lambda: inbox.ran("l") == sorted(names))
        inbox.look(live)
        assert inbox.ran("l") == sorted(names)
    assert max(tried.values()) > 1


def test_what_comes_while_it_is_off_is_not_run(inbox: Inbox) -> None:
    declared = follows("b")
    with inbox.machine("one"):
        live = inbox.apply(declared)
        until(lambda: inbox.looks("b") == 1)
        inbox.apply(replace(declared, enabled=False))
        inbox.put("meanwhile.txt")
        inbox.apply(declared)
        until(lambda: inbox.looks("b") == 2)
        inbox.put("after.txt")
        inbox.look(live)
        until(lambda: inbox.ran("b") == ["after.txt"])


def test_a_folder_that_cannot_be_listed_loses_nothing(inbox: Inbox) -> None:
    with inbox.machine("one"):
        live = inbox.apply(follows("c"))
        until(lambda: inbox.looks("c") == 1)
        away = inbox.folder / "away"
        inbox.put("lost.txt")
        os.rename(inbox.folder / "inbox", away)
        inbox.look(live)
        inbox.look(live)
        provider = inbox.opened.as_owner()
        provider.list()
        [failing] = provider.failing()
        assert (failing.schedule, failing.failures) == ("c", 2)
        assert "there is no folder" in failing.error
        os.rename(away, inbox.folder / "inbox")
        inbox.look(live)
        until(lambda: inbox.ran("c") == ["lost.txt"])
        provider.list()
        assert provider.failing() == []


def test_what_was_found_is_owed(inbox: Inbox) -> None:
    """Also by a look that was cut short before the run of it was started, and then disabled."""
    declared = follows("d")
    with inbox.machine("one"):
        inbox.apply(declared)
        until(lambda: inbox.looks("d") == 1)
        inbox.apply(replace(declared, enabled=False))
        path = inbox.put("owed.txt")
        cursors = Cursors(inbox.files)
        owed = Owed(path, "a stamp", path, datetime(2026, 11, 28, tzinfo=UTC))
        cursors.put_settled("d", replace(cursors.settled("d"), owed=(owed,)))
        assert inbox.ran("d") == []
        inbox.apply(declared)
        until(lambda: inbox.ran("d") == ["owed.txt"])
        until(lambda: cursors.settled("d").owed == ())


def test_what_was_owed_is_not_run_again_when_it_comes_back(tmp_path: Path) -> None:
    """It had its run elsewhere: there it was new."""
    trigger = follows("f").trigger
    assert isinstance(trigger, DatastoreChange)
    cursors = Cursors(Files(str(tmp_path), tmp_path))
    at = datetime(2026, 11, 28, tzinfo=UTC)
    ran, waits = (Owed(path, "1", path, at) for path in ("ran", "waits"))
    seen = {"old": Seen("1"), "ran": Seen("1"), "waits": Seen("1")}
    cursors.put_settled("f", Settled("since then", seen, (ran, waits)))
    cursor = cursors.carry_out("f", trigger, at, lambda run: False)
    assert cursor is not None
    assert cursor.seen == {"old": Seen("1")}
    assert cursors.settled("f").owed == (ran, waits)  # should it never begin elsewhere
    # There it ran, and then its file was taken away.
    for came in ({**cursor.seen, "ran": Seen("1")}, cursor.seen, None):
        cursors.carry_in("f", trigger, replace(cursor, seen=came))
        assert cursors.settled("f") == Settled(ADOPTED, came)


def test_what_was_started_is_not_owed_elsewhere(inbox: Inbox) -> None:
    """A look was killed after it had started one of two runs, and before it could say so."""
    declared = follows("m")
    with inbox.machine("one"):
        live = inbox.apply(declared)
        until(lambda: inbox.looks("m") == 1)
        begun = inbox.put("begun.txt")
        inbox.look(live)
        until(lambda: inbox.ran("m") == ["begun.txt"])
        cursors = Cursors(inbox.files)
        until(lambda: cursors.settled("m").owed == ())
        inbox.apply(replace(declared, enabled=False))
        settled = cursors.settled("m")
        assert settled.seen is not None
        at, waits = datetime(2026, 11, 28, tzinfo=UTC), inbox.put("waits.txt")
        seen = {**settled.seen, waits: Seen("a stamp")}
        owed = [Owed(path, seen[path].stamp, path, at) for path in (begun, waits)]
        cursors.put_settled("m", replace(settled, seen=seen, owed=tuple(owed)))
        provider = inbox.opened.as_owner()
        cursor = provider.data_cursor(find(inbox.opened, "m"))
        assert cursor is not None
        assert cursor.seen is not None
        assert sorted(Path(one).name for one in cursor.seen) == ["begun.txt", "old.txt"]


def test_paused_and_unpaused_by_hand(inbox: Inbox) -> None:
    """Temporal does not say when: what came more than a look ago is not run."""
    declared = follows("e", trigger={**TRIGGER, "polling_interval": 1})
    with inbox.machine("one"):
        live = inbox.apply(declared)
        until(lambda: inbox.looks("e") >= 1)
        toggle(inbox, "e", pause="x")
        cursors = Cursors(inbox.files)
        before = cursors.looks("e")
        assert before.tried_at is not None
        long_ago = before.tried_at - timedelta(hours=3)  # as if it had been paused for so long
        cursors.put_looks("e", replace(before, tried_at=long_ago, looked_at=long_ago))
        toggle(inbox, "e", unpause="y")
        inbox.look(live)
        after = cursors.looks("e")
        assert after.since is not None
        assert before.since is not None
        assert before.since - timedelta(minutes=2) < after.since
        assert after.since != before.since
        inbox.look(live)
        assert cursors.looks("e").since == after.since


def toggle(inbox: Inbox, name: str, **patch: str) -> None:
    from temporalio.api.schedule.v1 import SchedulePatch
    from temporalio.api.workflowservice.v1 import PatchScheduleRequest

    request = PatchScheduleRequest(
        namespace=inbox.connection.namespace,
        schedule_id=name,
        request_id=str(time.monotonic_ns()),
        identity="somebody",
        patch=SchedulePatch(**patch),
    )
    inbox.opened.call("patch_schedule", request)
    paused = "pause" in patch
    until(lambda: find(inbox.opened, name).schedule.enabled is not paused)


def test_cursors_are_carried(inbox: Inbox) -> None:
    with inbox.machine("one"):
        live = inbox.apply(follows("f"))
        until(lambda: inbox.looks("f") == 1)
        provider = inbox.opened.as_owner()
        provider.list()
        provider.disable(live)
        off = find(inbox.opened, "f")
        cursor = provider.data_cursor(off)
        assert cursor is not None
        assert cursor.folder == "inbox/in"
        assert cursor.seen is not None
        assert [Path(one).name for one in cursor.seen] == ["old.txt"]
        # Another target has seen of it what this one has not: that has its run here.
        inbox.put("between.txt")
        known = str(inbox.box / "old.txt")
        provider = inbox.opened.as_owner()
        provider.put_data_cursor(off, replace(cursor, seen={known: cursor.seen[known]}))
        inbox.apply(follows("f"))
        until(lambda: inbox.ran("f") == ["between.txt"])
        other = DataCursor("inbox/another", cursor.since, {"x": Seen("y")})
        provider.put_data_cursor(off, other)
        now = provider.data_cursor(find(inbox.opened, "f"))
        assert now is not None
        assert sorted(Path(one).name for one in now.seen or {}) == ["between.txt", "old.txt"]


def test_a_new_name_goes_on_from_the_cursor(inbox: Inbox) -> None:
    with inbox.machine("one"):
        inbox.apply(follows("g"))
        until(lambda: inbox.looks("g") == 1)
        inbox.put("between.txt")
        inbox.apply(follows("h", renamed_from="g"))
        until(lambda: inbox.ran("h") == ["between.txt"])
        assert inbox.ran("g") == []


def test_files_of_a_span_are_backfilled(inbox: Inbox) -> None:
    """Under the names that the looks would have given; those that ran are left out."""
    from reconciler.worker.runs import TemporalRuns

    with inbox.machine("one"):
        live = inbox.apply(follows("i"))
        until(lambda: inbox.looks("i") == 1)
        inbox.put("new.txt")
        inbox.look(live)
        until(lambda: inbox.ran("i") == ["new.txt"])
        runs = TemporalRuns(inbox.opened.as_owner())
        now = datetime.now(UTC)
        since = now - timedelta(days=1)
        files = runs.past_files(live, since, now)
        assert [Path(one.path).name for one in files] == ["old.txt", "new.txt"]
        fires = [PastFire(one.modified or since, one) for one in files]
        assert [runs.has_run(live, fire) for fire in fires] == [False, True]
        name = runs.backfill(live, fires[0], now)
        assert name is not None
        assert [runs.backfill(live, fire, now) for fire in fires] == [None, None]
        until(lambda: (row := runs.get(name)) is not None and row.status == "Completed")
        row = runs.get(name)
        assert row is not None
        assert (row.cause, row.due_at) == ("backfill", fires[0].due_at)
        assert b"".join(piece for piece, _ in runs.log(name, "command", 0)) == b"x"


def test_a_look_is_decided_from_its_history(inbox: Inbox) -> None:
    with inbox.machine("one"):
        inbox.apply(follows("j"))
        until(lambda: inbox.looks("j") == 1)

        async def fetch() -> str:
            [found] = await inbox.ended("j")
            client = await inbox.connection.client()
            handle = client.get_workflow_handle(found.id, run_id=found.run_id)
            return str((await handle.fetch_history()).to_json())

        record("a-look", Background.run(fetch()))
