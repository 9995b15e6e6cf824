"""What the three stand-ins share: the server, who calls, and what goes wrong."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import unquote

from fakes.messages import Answer, Call, answer
from fakes.server import Server

Route = Callable[..., Answer]
START = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class User:
    """Whose a token is, and what it may do."""

    id: int
    login: str
    type: str = "User"
    rights: frozenset[str] = frozenset({"read", "comment", "issue"})


@dataclass
class Fault:
    """One call that goes wrong."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    done: bool = False
    """The call is carried out, and only its answer is lost."""
    broken: str = ""
    body: Any = None


class Refused(Exception):
    """An answer that ends a call."""

    def __init__(self, status: int, body: Any, **headers: str) -> None:
        super().__init__(body)
        self.answer = answer(status, body, headers)


class Site:
    """A forge. `page`: items a page, at most as many as a call asks for."""

    base = "/"

    def __init__(self, page: int = 100) -> None:
        self.users: dict[str, User] = {}
        self.page = page
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        self.faults: list[Fault] = []
        self._routes: list[tuple[str, re.Pattern[str], Route]] = []
        self._lock = threading.Lock()
        self._number = 1000
        self._seconds = 0
        self._server = Server(0, self._handle)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        return self._server.address

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    # ------------------------------------------------------------------------------ for subclasses

    def route(self, method: str, path: str, handler: Route) -> None:
        """`path` below the base, with names in braces, which the handler is given."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.escape(path).replace(r"\{", "{"))
        pattern = re.sub(r"\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append((method, re.compile(pattern), handler))

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def moment(self) -> str:
        """Each one later than the one before."""
        self._seconds += 1
        return (START + timedelta(seconds=self._seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def caller(self, call: Call) -> User:
        raise NotImplementedError

    def missing(self) -> Answer:
        return answer(404, {"message": "Not Found"})

    def paged(self, call: Call, items: Sequence[Any]) -> Answer:
        """One page of a list, with the links to the others that GitHub and GitLab give."""
        size = min(self.page, int(call.query.get("per_page", 30)), 100)
        number = int(call.query.get("page", 1))
        headers = {}
        if number * size < len(items):
            rest = "&".join(f"{k}={v}" for k, v in call.query.items() if k != "page")
            link = f"{self.address}{call.path}?{rest}&page={number + 1}"
            headers["Link"] = f'<{link}>; rel="next", <{link}>; rel="last"'
        return answer(200, items[(number - 1) * size : number * size], headers)

    # ------------------------------------------------------------------------------------ handling

    def fail(self, method: str, path: str, status: int, **more: Any) -> None:
        """Let the next call that matches go wrong."""
        self.faults.append(Fault(method, path, status, **more))

    def html(self, method: str, path: str, text: str, status: int = 200) -> None:
        """Let the next call that matches meet something that is no forge."""
        self.faults.append(Fault(method, path, status, body=text.encode()))

    def counted(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def _handle(self, call: Call) -> Answer:
        with self._lock:
            self.calls.append(call)
            given = self._fault(call) or self._routed(call)
            call.status = given.status
            self.answers.append(given)
            return given

    def _fault(self, call: Call) -> Answer | None:
        for fault in self.faults:
            if fault.method == call.method and re.search(fault.path, call.path):
                self.faults.remove(fault)
                if fault.done:
                    self._routed(call)
                body = {"message": "it goes wrong"} if fault.body is None else fault.body
                if isinstance(body, bytes):
                    given = Answer(fault.status, body)
                else:
                    given = answer(fault.status, body, dict(fault.headers))
                given.broken = fault.broken
                return given
        return None

    def _routed(self, call: Call) -> Answer:
        path = call.path
        if not path.startswith(self.base):
            return self.missing()
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(path.removeprefix(self.base))
            if found and method == call.method:
                try:
                    user = self.caller(call)
                    parts = {name: unquote(text) for name, text in found.groupdict().items()}
                    return handler(call, user, **parts)
                except Refused as refused:
                    return refused.answer
        return self.missing()


def body_of(call: Call) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(call.body)
    return loaded
