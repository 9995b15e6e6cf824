"""Cycles -> messages to people, by apprise: Slack, Teams, mail, a webhook.

What changes is told, not what stays: applied and failed changes as they happen, drift and a
stalled target when they begin, and when all is well again. Messages are sent by a thread of its
own, so that no cycle waits for a mail server; one that cannot be delivered is logged and dropped.
"""

from __future__ import annotations

import queue
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from reconciler.errors import ConfigError
from reconciler.render.plain_text import short_revision
from reconciler.state.records import CycleRecord, ResultRecord

Event = Literal["applied", "failed", "drift", "stalled", "recovered", "missing"]
EVENTS: tuple[Event, ...] = (*("applied", "failed", "drift", "stalled", "recovered", "missing"),)
AGAIN = timedelta(hours=4)
"""After how long the same message is sent again."""
BURST = 10
"""Messages to one receiver in BURST_TIME; the rest become one that says how many there were."""
BURST_TIME = timedelta(minutes=10)
_WAITING = 200
_CLOSE_SECONDS = 10.0
_OF_OUTCOME: dict[str, Event] = {
    "applied": "applied",
    "partial": "failed",
    "failed": "failed",
    "unavailable": "failed",
    "broken": "stalled",
    "stalled": "stalled",
    "waiting": "drift",
}
_TITLES = {
    "applied": "applied",
    "failed": "failed",
    "drift": "differs from the repository",
    "stalled": "needs somebody",
    "recovered": "is in sync again",
    "missing": "has runs missing",
}
_MOST = 1500
_LISTED = 10
"""Changes that a message names."""
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}|\d+")
"""Ids of requests, counts and times: a message that differs in these alone is the same one."""

Send = Callable[[str, str, str, Event], bool]
"""Called with a receiver's URL, a title, a body; whether it was delivered."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of what. `targets` None: of every one."""

    url: str = field(repr=False)
    events: frozenset[str] = frozenset(EVENTS)
    targets: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """As logs may show it: URLs of receivers are secrets."""
        return f"{urlsplit(self.url).scheme}://****"


@dataclass(frozen=True, slots=True)
class Message:
    """What is told."""

    event: Event
    target: str
    title: str
    body: str
    at: datetime


@dataclass(slots=True)
class _Sent:
    """What one receiver got lately."""

    times: deque[datetime] = field(default_factory=deque)
    held: int = 0


class Notifier:
    """Hears of cycles and tells receivers. Any thread may call it."""

    def __init__(
        self,
        receivers: Sequence[Receiver],
        *,
        send: Send,
        log: Callable[..., None],
        counted: Callable[[str], None] = lambda outcome: None,
        again: timedelta = AGAIN,
    ) -> None:
        """`counted` hears what became of each message: sent, failed, held, dropped."""
        self._receivers = tuple(receivers)
        self._send = send
        self._log = log
        self._counted = counted
        self._again = again
        self._lock = threading.Lock()
        self._last: dict[str, Event | None] = {}
        self._said: dict[tuple[str, Event, str], datetime] = {}
        self._sent = {receiver: _Sent() for receiver in self._receivers}
        self._queue: queue.Queue[tuple[Receiver, Message] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._deliver, name="notify", daemon=True)
        self._thread.start()

    def on_cycle(self, record: CycleRecord) -> None:
        """A cycle has ended. Never waits, and never raises."""
        with self._lock:
            message = self._message(record)
            if message is not None:
                self._tell(message)

    def on_missing(self, target: str, fires: Sequence[str], at: datetime) -> None:
        """Fires, in words, have had no run, and nobody was told so far. Never waits or raises."""
        lines = [*fires[:_LISTED]]
        if len(fires) > _LISTED:
            lines.append(f"and {len(fires) - _LISTED} more")
        title = f"reconciler: {target} {_TITLES['missing']}"
        with self._lock:
            self._tell(Message("missing", target, title, "\n".join(lines), at))

    def _tell(self, message: Message) -> None:
        for receiver in self._receivers:
            if message.event not in receiver.events:
                continue
            if receiver.targets is not None and message.target not in receiver.targets:
                continue
            bounded = self._bounded(receiver, message)
            if bounded is not None:
                self._put(receiver, bounded)

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        try:
            self._queue.put(None, timeout=_CLOSE_SECONDS)
        except queue.Full:
            return
        self._thread.join(_CLOSE_SECONDS)

    def _message(self, record: CycleRecord) -> Message | None:
        """What to say of it; None: nothing that was not said."""
        last = self._last.get(record.target)
        event = _OF_OUTCOME.get(record.outcome)
        self._last[record.target] = None if event == "applied" else event
        now = record.ended_at
        if event is None:
            if last is None:
                return None
            event = "recovered"
        elif event != "applied":
            key = (record.target, event, _VARYING.sub("#", record.message))
            said = self._said.get(key)
            again = said is None or last != event or abs(now - said) >= self._again
            if not again and not record.changed:
                return None
            self._said[key] = now
        if event in ("applied", "recovered"):  # what fails after this is told at once
            self._said = {k: at for k, at in self._said.items() if k[0] != record.target}
        return message_of(record, event)

    def _bounded(self, receiver: Receiver, message: Message) -> Message | None:
        """The message, with how many were held back before it; None: it is held back."""
        sent = self._sent[receiver]
        while sent.times and not timedelta(0) <= message.at - sent.times[0] < BURST_TIME:
            sent.times.popleft()
        if len(sent.times) >= BURST:
            sent.held += 1
            self._counted("held")
            return None
        sent.times.append(message.at)
        if not sent.held:
            return message
        held, sent.held = sent.held, 0
        body = f"{message.body}\n{held} further messages were held back before this one."
        return Message(message.event, message.target, message.title, body, message.at)

    def _put(self, receiver: Receiver, message: Message) -> None:
        try:
            self._queue.put_nowait((receiver, message))
        except queue.Full:
            self._counted("dropped")
            self._log("notification_dropped", receiver=receiver.name, target=message.target)

    def _deliver(self) -> None:
        while (item := self._queue.get()) is not None:
            receiver, message = item
            try:
                delivered = self._send(receiver.url, message.title, message.body, message.event)
            except Exception as error:  # a plugin of apprise may raise anything
                delivered = False
                # Not its text, which may hold the URL.
                self._log("notification_error", receiver=receiver.name, kind=type(error).__name__)
            self._counted("sent" if delivered else "failed")
            if not delivered:
                self._log("notification_failed", receiver=receiver.name, target=message.target)


def _did(result: ResultRecord) -> str:
    return f"{result.outcome.replace('_', ' ')} {result.name}"


def message_of(record: CycleRecord, event: Event) -> Message:
    """What is said of a cycle."""
    lines = [record.message[:_MOST]]
    done = [_did(each) for each in record.results if each.outcome != "waiting"]
    lines += done[:_LISTED]
    if len(done) > _LISTED:
        lines.append(f"and {len(done) - _LISTED} more")
    if record.revision:
        by = f" by {record.author}" if record.author else ""
        lines.append(f"revision {short_revision(record.revision)}{by}")
    if record.wanted and record.wanted != record.revision:
        lines.append(f"wanted {short_revision(record.wanted)}")
    title = f"reconciler: {record.target} {_TITLES[event]}"
    return Message(event, record.target, title, "\n".join(lines), record.ended_at)


def send_by_apprise(url: str, title: str, body: str, event: Event) -> bool:
    """Deliver one message; False: it was not."""
    import apprise

    kinds = {
        "applied": apprise.NotifyType.SUCCESS,
        "recovered": apprise.NotifyType.SUCCESS,
        "failed": apprise.NotifyType.FAILURE,
        "drift": apprise.NotifyType.WARNING,
        "stalled": apprise.NotifyType.WARNING,
        "missing": apprise.NotifyType.FAILURE,
    }
    sender = apprise.Apprise()
    if not sender.add(url):
        return False
    # As plain text: what a schedule is called is not markup anywhere.
    delivered = sender.notify(
        body=body, title=title, notify_type=kinds[event], body_format=apprise.NotifyFormat.TEXT
    )
    return bool(delivered)


def check_receivers(receivers: Sequence[Receiver]) -> None:
    """ConfigError where apprise is missing, or does not know a URL; which one, not what it is."""
    if not receivers:
        return
    try:
        import apprise
    except ImportError as error:
        raise ConfigError(
            "notifications are set up, and apprise is not installed",
            hint="pip install 'schedule-reconciler[notify]'",
        ) from error
    for number, receiver in enumerate(receivers):
        if apprise.Apprise.instantiate(receiver.url, suppress_exceptions=True) is None:
            raise ConfigError(
                f"notifications[{number}]: the URL ({receiver.name}) is none that apprise knows"
            )
