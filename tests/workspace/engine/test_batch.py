"""Thousands due at one instant: their fires first, then their runs, whatever comes between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.workspace.engine import batch
from reconciler.workspace.store.database import StoreError
from reconciler.workspace.store.records import Fire
from workspace.engine.engines import EVERY_MINUTE, QUARTER, START, Bench, integrity

NAMES = [f"s-{number}" for number in range(7)]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(batch, "BURST", 5)
    monkeypatch.setattr(batch, "AT_A_TIME", 3)
    with closing(Bench(tmp_path)) as made:
        yield made


def fill(bench: Bench) -> None:
    for name in NAMES:
        bench.put(name, QUARTER)


def test_each_fire_of_a_burst_has_its_run(bench: Bench) -> None:
    fill(bench)
    bench.put("alone", EVERY_MINUTE)
    bench.start()
    bench.engine.tick()
    assert [said["schedule"] for said in bench.said("fired")] == NAMES
    assert bench.names() == [f"{name}-20260101T120000Z" for name in NAMES[:3]]
    assert [name for name, _ in bench.ledger.due()] == NAMES[3:]
    bench.tick(times=2)
    assert sorted(bench.names()) == [f"{name}-20260101T120000Z" for name in NAMES]
    assert bench.ledger.due() == []
    bench.tick(900)
    bench.tick(1, times=3)
    for name in NAMES:
        assert bench.due(name) == [START, START + 15 * MINUTE]
    assert bench.due("alone") == [START + 14 * MINUTE, START + 15 * MINUTE]
    assert bench.missed("alone") == 13


def test_after_a_kill_the_runs_follow_once(bench: Bench) -> None:
    fill(bench)
    bench.start()
    bench.engine.tick()
    assert len(bench.names()) == 3
    bench.put(NAMES[-1], QUARTER, enabled=False)
    bench.start()
    bench.tick(60, times=3)
    assert sorted(bench.names()) == [f"{name}-20260101T120000Z" for name in NAMES[:-1]]
    (gone,) = bench.ledger.fires(NAMES[-1])
    assert (gone.outcome, gone.run) == ("missed", None)
    assert bench.ledger.due() == []


def test_a_clock_set_back_repeats_nothing(bench: Bench) -> None:
    fill(bench)
    bench.start()
    bench.tick(1, times=3)
    bench.tick(-10)
    bench.put("later", QUARTER)
    bench.tick(1, times=20)
    assert sorted(bench.names())[1:] == [f"{name}-20260101T120000Z" for name in NAMES]
    assert len(bench.said("fired")) == 8


def test_what_cannot_be_written_waits(bench: Bench) -> None:
    fill(bench)
    bench.start()
    bench.engine.tick()
    held = bench.store.database
    with held.writing(), pytest.raises(StoreError):
        bench.engine.tick()
    bench.tick(1, times=3)
    assert len(bench.names()) == 7
    assert integrity(bench.path) == "ok"


def test_stopped_it_records_what_is_open(bench: Bench) -> None:
    fill(bench)
    bench.start()
    bench.engine.tick()
    bench.engine.stop()
    bench.engine.run()
    assert len(bench.names()) == 7
    assert bench.ledger.due() == []


def test_a_run_of_that_name_is_there_already(bench: Bench) -> None:
    fill(bench)
    bench.start()
    other = batch._fire("s-6", START, bench.engine._schedules["s-6"])
    bench.ledger.settle([Fire("x", "x", START, other.run)], until=START, now=START)
    bench.tick(1, times=4)
    assert bench.ledger.fires("s-6")[0].run == "s-6-20260101T120000Z-2"


def test_a_fire_that_is_recorded_is_none_of_a_burst(bench: Bench) -> None:
    known = Fire("b", START.isoformat(), START, None)
    bench.ledger.settle([known], until=START, now=START)
    later = START + MINUTE
    settled = bench.ledger.settle([], until=START, now=later, bursts={START: ["a", "b", "c"]})
    assert settled.due == [("a", START), ("c", START)]
