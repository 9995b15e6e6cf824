from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from reconciler.errors import ConfigError
from reconciler.notify import (
    BURST,
    BURST_TIME,
    Notifier,
    Receiver,
    check_receivers,
    send_by_apprise,
)
from reconciler.state.records import CycleRecord, ResultRecord

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PATIENCE = 30.0
# Of a module that apprise imports.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class Post:
    """A receiver over HTTP."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        post = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                post.got.append(json.loads(body))
                self.send_response(post.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"json://me:hunter2@127.0.0.1:{self.server.server_port}/"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.close()


class Told:
    """A notifier, and what it told, logged and counted."""

    def __init__(self, *receivers: Receiver, **options: Any) -> None:
        self.messages: list[tuple[str, str, str, str]] = []
        self.lines: list[str] = []
        self.counts: list[str] = []
        options = {"send": self.send} | options
        self.notifier = Notifier(
            receivers or (Receiver("json://x"),),
            log=lambda event, **fields: self.lines.append(f"{event} {fields}"),
            counted=self.counts.append,
            **options,
        )

    def send(self, url: str, title: str, body: str, event: str) -> bool:
        self.messages.append((url, title, body, event))
        return True

    def hear(self, minute: float, outcome: str, message: str = "m", target: str = "prod") -> None:
        at = NOW + timedelta(minutes=minute)
        record = CycleRecord(target, at, at, outcome, "R", message, "abc", "Ada")  # type: ignore[arg-type]
        self.notifier.on_cycle(record)

    def events(self) -> list[str]:
        self.notifier.close()
        return [message[3] for message in self.messages]


def test_what_changes_is_told() -> None:
    told = Told()
    outcomes = (
        *("in_sync", "applied", "in_sync", "waiting", "waiting", "in_sync", "stalled", "failed"),
        *("failed", "applied", "applied", "in_sync", "unavailable", "broken", "in_sync"),
    )
    for minute, outcome in enumerate(outcomes):
        told.hear(minute, outcome)
    assert told.events() == [
        *("applied", "drift", "recovered", "stalled", "failed", "applied", "applied"),
        *("failed", "stalled", "recovered"),
    ]


def test_a_message_names_what_was_done() -> None:
    told = Told()
    results = (
        *(ResultRecord(f"s{number}", "update", "updated") for number in range(12)),
        ResultRecord("looked-at", "update", "waiting", "observe"),
        ResultRecord("z", "update", "not_tried", "stopped"),
    )
    for minute in range(2):  # what was done is told each time
        at = NOW + timedelta(minutes=minute)
        fields = {"author": "Ada", "results": results, "wanted": "def"}
        told.notifier.on_cycle(CycleRecord("prod", at, at, "broken", "R", "m", "abc", **fields))
    told.notifier.close()
    assert len(told.messages) == 2
    lines = told.messages[0][2].splitlines()
    assert lines[:2] == ["m", "updated s0"]
    assert lines[-3:] == ["and 3 more", "revision abc by Ada", "wanted def"]


def test_the_same_is_told_again_after_hours() -> None:
    told = Told()
    for minute in range(0, 10 * 60, 10):
        told.hear(minute, "stalled", "over its limits")
    assert told.events() == ["stalled"] * 3


def test_another_message_is_told_and_another_id_is_not() -> None:
    told = Told()
    told.hear(0, "failed", "a: HTTP 500 (trace 0af7651916cd43dd8448eb211c80319c)")
    told.hear(1, "failed", "a: HTTP 500 (trace 7bd7651916cd43dd8448eb211c803ffe)")
    told.hear(2, "failed", "b: HTTP 500 (trace 7bd7651916cd43dd8448eb211c803ffe)")
    assert told.events() == ["failed", "failed"]


def test_who_hears_of_what() -> None:
    told = Told(
        Receiver("json://a", frozenset(["applied"])),
        Receiver("json://b", targets=frozenset(["dev"])),
    )
    told.hear(0, "applied")
    told.hear(0, "failed")
    told.hear(0, "failed", target="dev")
    told.notifier.close()
    assert [(m[0], m[3]) for m in told.messages] == [
        ("json://a", "applied"),
        ("json://b", "failed"),
    ]


def test_a_burst_becomes_one_line() -> None:
    told = Told()
    for number in range(BURST + 7):
        told.hear(number / 100, "applied", f"{number}")
    told.hear(BURST_TIME.total_seconds() / 60 + 1, "applied", "after it")
    assert len(told.events()) == BURST + 1
    assert "7 further messages were held back" in told.messages[-1][2]
    assert told.counts.count("held") == 7


def test_delivered_over_http(post: Post) -> None:
    told = Told(Receiver(post.url), send=send_by_apprise)
    told.hear(0, "applied", "1 created <b>&")
    told.notifier.close()
    (got,) = post.got
    assert got["title"] == "reconciler: prod applied"
    assert got["message"] == "1 created <b>&\nrevision abc by Ada"
    assert got["type"] == "success"
    assert told.counts == ["sent"]


def test_what_cannot_be_delivered_hurts_nobody(post: Post) -> None:
    post.status = 500

    def broken(url: str, title: str, body: str, event: str) -> bool:
        if event == "drift":
            raise RuntimeError(url)
        return send_by_apprise(url, title, body, event)  # type: ignore[arg-type]

    told = Told(Receiver(post.url), send=broken)
    told.hear(0, "waiting")
    told.hear(1, "applied")
    told.notifier.close()
    assert told.counts == ["failed", "failed"]
    assert "hunter2" not in "".join(told.lines)
    assert "RuntimeError" in told.lines[0]


def test_a_receiver_that_hangs_keeps_no_cycle_waiting() -> None:
    going = threading.Event()

    def slow(*_: Any) -> bool:
        return going.wait(PATIENCE)

    told = Told(*(Receiver(f"json://{n}") for n in range(40)), send=slow)
    for number in range(BURST):
        told.hear(number, "applied", str(number))
    _until(lambda: "dropped" in told.counts)
    assert "notification_dropped" in "".join(told.lines)
    going.set()
    told.notifier.close()


def test_urls_are_checked_and_not_shown() -> None:
    check_receivers([])
    check_receivers([Receiver("json://localhost/")])
    with pytest.raises(ConfigError, match=r"notifications\[1\].*nothing://\*\*\*\*") as caught:
        check_receivers([Receiver("json://x"), Receiver("nothing://hunter2@x")])
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Receiver("nothing://hunter2@x"))
    assert send_by_apprise("nothing://x", "t", "b", "failed") is False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
