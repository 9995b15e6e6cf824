"""The runs of any target, as its commands tell of them: `runs list` and `runs show`.

What they ask is another for each kind of target (a file, Temporal, Azure), and may take its time;
so it is asked by the command, in a process of its own, of which few run at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.masking import mask_text
from reconciler.render.plain_text import clip, printable
from reconciler.web.control.common import ask, control_of, now_of, page
from reconciler.web.control.target import view_of

_SECONDS = 60.0
_AT_ONCE = 2
_LISTED = 50
_SHOWN = 600


async def list_runs(request: Request) -> Response:
    """The newest of a target, or of one schedule."""
    target, schedule = request.path_params["target"], request.query_params.get("schedule", "")
    now = now_of(request)
    await ask(request, lambda state: view_of(state, target, now))  # Missing
    arguments = ["list", f"--limit={_LISTED}"]
    if schedule:
        arguments.append(f"--schedule={schedule}")
    found, trouble = await _told(request, target, arguments)
    runs = found.get("runs", [])
    return await page(
        request, "runs.html", of=target, schedule=schedule, runs=runs, trouble=trouble
    )


async def show_run(request: Request) -> Response:
    """One: its steps, and where its files are."""
    target, name = request.path_params["target"], request.path_params["name"]
    now = now_of(request)
    await ask(request, lambda state: view_of(state, target, now))
    run, trouble = await _told(request, target, ["show", "--", name])
    return await page(request, "run.html", of=target, name=name, run=run, trouble=trouble)


async def _told(
    request: Request, target: str, arguments: Sequence[str]
) -> tuple[dict[str, Any], str | None]:
    """What a command about runs says, and why it says nothing."""
    config = control_of(request).config
    if config is None:
        return {}, "the runs of a target are asked by its reconciler.yaml, which is not here"
    options = [f"--target={target}", f"--config={config}", "--format=json"]
    command = [sys.executable, "-m", "reconciler", "runs", arguments[0], *options, *arguments[1:]]
    async with _room(request):
        try:
            done = await asyncio.to_thread(_run, command)
        except subprocess.TimeoutExpired:
            return {}, f"the target did not answer within {_SECONDS:g} s"
        except ValueError:  # a NUL, which no argument of a command holds
            return {}, "nothing has such a name"
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)
        return found, None
    lines = [printable(line) for line in done.stderr.splitlines()]
    return {}, clip(mask_text(" ".join(lines)), _SHOWN)


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )


def _room(request: Request) -> asyncio.Semaphore:
    state = request.app.state
    if not hasattr(state, "runs_room"):
        state.runs_room = asyncio.Semaphore(_AT_ONCE)
    found: asyncio.Semaphore = state.runs_room
    return found


routes: list[BaseRoute] = [
    Route("/targets/{target}/runs", list_runs, methods=["GET"]),
    Route("/targets/{target}/runs/{name:path}", show_run, methods=["GET"]),
]
