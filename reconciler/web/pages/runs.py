"""A run with its steps, inputs, outputs, and logs that follow while it runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from reconciler.web.access.authentication import require, who
from reconciler.web.log_files import decode, read_piece
from reconciler.web.pages.common import asked, services_of
from reconciler.web.pages.run.compare import compare
from reconciler.web.pages.run.logs import OPEN, find_lines, log_file, log_of
from reconciler.web.pages.run.run_list import list_runs
from reconciler.web.pages.step_graph import graph_of
from reconciler.web.template_filters import inputs, path_of
from reconciler.web.templating import render
from reconciler.web.workspace_view import Missing, Workspace, find_step
from reconciler.workspace.execution.runner import log_path

_PIECE = 512 * 1024
"""Bytes of a log in one answer."""
_MOST_OUTPUTS = 200


async def show_run(request: Request) -> Response:
    """One run."""
    services = services_of(request)
    name, now = request.path_params["name"], services.clock()
    wanted = asked(request, "q")["q"]
    try:
        values = await services.read(lambda workspace: _read(workspace, name, now, wanted))
    except Missing:
        # The SDK v1 prints the address of a step so; it is on the page of its run.
        run = await services.read(lambda workspace: find_step(workspace, name))
        if run is None:
            raise
        return RedirectResponse(path_of("runs", run[0].name), 303)
    return render(request, "run.html", now=now, **values)


def _read(workspace: Workspace, name: str, now: datetime, wanted: str) -> dict[str, Any]:
    row = workspace.runs.get(name)
    if row is None:
        raise Missing(name)
    steps = workspace.runs.steps(name)
    folder = workspace.folder_of(name)
    found = workspace.store.version(row.pipeline, row.version)
    graph, why = None, "Its pipeline is not published any more."
    if found is not None:
        graph, why = graph_of(found.document, row.inputs, steps, now)
    # What failed comes first: it is what somebody looks for.
    told = sorted(steps, key=lambda step: step.status != "Failed")
    logs = [log for step in told if (log := log_of(folder, name, step.name, row.status))]
    return {
        "row": row,
        "steps": steps,
        "failed": [step for step in steps if step.status == "Failed"],
        "by_step": {log.step: log for log in logs},
        "compared": compare(workspace, row) if row.status not in OPEN else None,
        "q": wanted,
        "found": find_lines(folder, told, wanted) if wanted else [],
        "folder": str(folder),
        "inputs": inputs(row.inputs),
        "outputs": _outputs(folder),
        "graph": graph,
        "no_graph": why,
        "logs": logs,
    }


def _outputs(folder: Path) -> list[tuple[str, str]]:
    """What a run has written: each output of each step, then of the pipeline, and its size."""
    found: list[Path] = []
    for pattern in ("outputs/*/*", "pipeline_outputs/*"):
        found += sorted(folder.glob(pattern))[:_MOST_OUTPUTS]
    return [("/".join(path.relative_to(folder).parts[1:]), _size(path)) for path in found]


def _size(path: Path) -> str:
    try:
        return "folder" if path.is_dir() else f"{path.lstat().st_size:,} bytes"
    except OSError:
        return "gone"


async def log(request: Request) -> Response:
    """What a step printed from `offset` on, as JSON for the script that follows."""
    services = services_of(request)
    name, step = request.path_params["name"], request.query_params.get("step", "")
    text = request.query_params.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HTTPException(400, "offset is a number of bytes")
    return JSONResponse(await services.read(lambda w: _piece(w, name, step, int(text))))


def _piece(workspace: Workspace, name: str, step: str, offset: int) -> dict[str, Any]:
    row = workspace.runs.get(name)
    if row is None or step not in {one.name for one in workspace.runs.steps(name)}:
        raise Missing(name)
    # Asked before the log is read, so that what was printed last is not missed.
    ended = row.status not in OPEN
    try:
        data, end = read_piece(log_path(workspace.folder_of(name), step), offset, _PIECE)
    except FileNotFoundError:
        data, end = b"", offset
    except OSError as error:
        raise Missing(f"log of {name}: {error.strerror}") from error
    done = ended and len(data) < _PIECE
    return {"text": decode(data, 0), "offset": end, "done": done, "status": row.status}


async def cancel(request: Request) -> Response:
    """Ask for its end."""
    require(request, "write")
    name = request.path_params["name"]
    await services_of(request).write(lambda workspace: workspace.cancel(name), by=who(request))
    return RedirectResponse(path_of("runs", name), 303)


async def again(request: Request) -> Response:
    """Run what it ran once more."""
    require(request, "write")
    name = request.path_params["name"]
    made = await services_of(request).write(lambda w: w.again(name), by=who(request))
    return RedirectResponse(path_of("runs", made), 303)


routes: list[BaseRoute] = [
    Route("/runs", list_runs, methods=["GET"]),
    Route("/runs/{name}", show_run, methods=["GET"]),
    Route("/runs/{name}/log", log, methods=["GET"]),
    Route("/runs/{name}/log-file", log_file, methods=["GET"]),
    Route("/runs/{name}/again", again, methods=["POST"]),
    Route("/runs/{name}/cancel", cancel, methods=["POST"]),
]
