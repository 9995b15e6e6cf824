"""Agents of targets: who works, who waits, and what becomes of trouble."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn
from helpers import TARGET

from agent.working import Working, follows
from reconciler.agent.agents import Agents, AgentSettings
from reconciler.errors import ReconcilerError
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.state import State, open_state

SECOND = timedelta(seconds=1)


class Heard:
    """What was logged, and who waits for it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._changed = threading.Condition()

    def log(self, event: str, **fields: Any) -> None:
        with self._changed:
            self.events.append((event, fields))
            self._changed.notify_all()

    def wait(self, event: str) -> dict[str, Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: self.of(event), 60), self.events
            return self.of(event)[-1]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Working]:
    with StandIn(jobs={"train"}) as arm:
        working = Working(tmp_path, arm)
        yield working
        working.close()
        assert arm.violations == []


def agents(state: State, heard: Heard, holder: str) -> Agents:
    settings = AgentSettings(holder, SECOND / 10, SECOND)
    return Agents(state, settings, clock=lambda: datetime.now(UTC), log=heard.log)


def test_one_works_and_another_takes_over(at: Working, tmp_path: Path) -> None:
    at.apply(follows("a"))
    at.land("in/1.csv")
    first, second = Heard(), Heard()
    other = open_state(None, tmp_path)
    working, waiting = agents(at.state, first, "one"), agents(other, second, "two")
    working.follow(TARGET, at.provider)
    assert first.wait("submitted")["schedule"] == "a"
    waiting.follow(TARGET, at.provider)
    second.wait("data_standby")
    assert second.of("data_watched") == []
    working.close()
    second.wait("data_watched")
    waiting.close()
    other.close()
    assert at.submitted() == ["in/1.csv"]


def test_it_is_dropped_and_followed_again(at: Working) -> None:
    at.apply(follows("a"))
    heard = Heard()
    working = agents(at.state, heard, "one")
    working.follow(TARGET, at.provider)
    heard.wait("data_watched")
    thread = working._followed[TARGET].thread
    working.drop(TARGET)
    working.drop("another")
    assert thread is not None
    thread.join(60)
    assert working._followed == {}
    heard.events.clear()
    working.follow(TARGET, at.provider)
    heard.wait("data_watched")
    working.close()


@pytest.mark.parametrize("error", [ReconcilerError("no sign of it"), KeyError("a bug")])
def test_trouble_is_said_and_gone_over(at: Working, error: Exception) -> None:
    at.apply(follows("a"))
    heard, left = Heard(), [error, error]

    def opened() -> AzureMLProvider:
        if left:
            raise left.pop()
        return at.provider()

    working = agents(at.state, heard, "one")
    working.follow(TARGET, opened)
    heard.wait("data_watched")
    working.close()
    said = "bug" if isinstance(error, KeyError) else "data_unavailable"
    assert heard.of(said)
