"""What a person does on a page to a target or a schedule: commands, and lines of the history.

What changes a target or a declaration is done by the command of its name, in a process of its own:
so it is checked, refused and recorded just as on the command line. One at a time is done, for two
would edit the same files; the pages say how each went.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.errors import ReconcilerError
from reconciler.masking import mask_text
from reconciler.render.plain_text import clip, printable
from reconciler.state.records import CycleOutcome, CycleRecord, ResultRecord
from reconciler.web.settings import Control, Log

SECONDS = 300.0
"""How long a command may take."""
_REMEMBERED = 200
_SHOWN = 4000
_COLOURLESS = {"NO_COLOR": "1", "COLUMNS": "100"}


@dataclass(frozen=True, slots=True)
class Noted:
    """How a deed stands in the history, where its command writes nothing down itself."""

    outcome: CycleOutcome
    reason: str
    message: str
    result: ResultRecord | None = None


@dataclass(slots=True)
class Act:
    """One deed. `state`: waiting, running, done or failed."""

    id: str
    words: str
    """Such as `revert nightly`."""
    target: str
    name: str | None
    by: str
    began: datetime
    state: str = "waiting"
    output: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.ended.is_set()


class Acts:
    """The deeds of one server, the last ones remembered."""

    def __init__(self, control: Control, log: Log) -> None:
        self._control = control
        self._log = log
        self._known: OrderedDict[str, Act] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="act")
        self._process: subprocess.Popen[str] | None = None

    def get(self, identifier: str) -> Act | None:
        """One that was begun; None: it was not, or is forgotten."""
        with self._lock:
            return self._known.get(identifier)

    def command(
        self,
        words: str,
        arguments: Sequence[str],
        *,
        target: str,
        name: str | None,
        by: str,
        noted: Noted | None = None,
    ) -> tuple[Act, Future[None]]:
        """Begin a command of ours; `noted` goes into the history when it went well."""
        act = Act(secrets.token_urlsafe(9), words, target, name, by, datetime.now(UTC))
        with self._lock:
            self._known[act.id] = act
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._log("act", what=words, target=target, schedule=name, by=by)
        return act, self._worker.submit(self._do, act, list(arguments), noted)

    def close(self) -> None:
        """End what is under way."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        process = self._process
        if process is not None:
            with suppress(OSError):
                process.kill()
        self._worker.shutdown(wait=True)

    def _do(self, act: Act, arguments: list[str], noted: Noted | None) -> None:
        act.state = "running"
        try:
            code, output = self._run(arguments, act.by)
            act.output = clip(mask_text(output), _SHOWN)
            well = code == 0
            if well and noted is not None:
                note(self._control, act.target, noted, act.by, act.began)
            act.state = "done" if well else "failed"
        except (OSError, ValueError, subprocess.SubprocessError, ReconcilerError) as error:
            act.state, act.output = "failed", printable(str(error))
        finally:
            with suppress(ReconcilerError):  # the loop looks again anyhow
                self._control.state().standings.ask(act.target, datetime.now(UTC), act.by)
            self._log("act_ended", what=act.words, target=act.target, state=act.state)
            act.ended.set()

    def _run(self, arguments: list[str], by: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "reconciler", *arguments]
        environment = {**os.environ, **_COLOURLESS, "RECONCILER_ACTOR": by}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            errors="replace",
        )
        try:
            output, _ = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        finally:
            code, self._process = self._process.returncode, None
        return code, "\n".join(printable(line) for line in output.splitlines())


def note(control: Control, target: str, noted: Noted, by: str, began: datetime) -> None:
    """Write a deed into the history. StateError."""
    control.state().history.record(
        CycleRecord(
            target=target,
            started_at=began,
            ended_at=datetime.now(UTC),
            outcome=noted.outcome,
            reason=noted.reason,
            message=noted.message,
            actor=by,
            cause="apply",
            results=(noted.result,) if noted.result is not None else (),
        )
    )
