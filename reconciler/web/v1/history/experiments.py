"""The calls about experiments. One is the name that runs share; nothing else is stored of it.

So one that is made is there when its first run is, or a schedule names it; until then what the
SDK has of it holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import Call
from reconciler.web.v1.entities import experiment_entity
from reconciler.web.v1.errors import bad, not_found
from reconciler.web.v1.ids import find
from reconciler.web.workspace_view import Workspace, stored_schedule

_NAME = re.compile(r"[\w-][\w .-]{0,254}")


async def list_all(call: Call) -> Response:
    """Every experiment that has runs."""
    found = await call.services.read(lambda workspace: workspace.runs.experiments())
    return json_response({"value": [experiment_entity(*one) for one in found]})


async def query(call: Call) -> Response:
    """Those that a `ViewType` asks for: none is ever archived. They are in one page."""
    asked = await call.json()
    view = asked.get("viewType") if isinstance(asked, Mapping) else None
    if str(view).lower() == "archivedonly":
        return json_response({"value": []})
    names = await call.services.read(_names)
    return json_response({"value": list(names.values())})


async def get(call: Call) -> Response:
    """One, by its name."""
    names = await call.services.read(_names)
    if call.last not in names:
        raise not_found("Experiment", call.last)
    return json_response(names[call.last])


async def get_by_id(call: Call) -> Response:
    """One, by its id."""
    names = await call.services.read(_names)
    name = find("experiment", call.last, names)
    if name is None:
        raise not_found("Experiment", call.last)
    return json_response(names[name])


async def create(call: Call) -> Response:
    """One of that name, whether it has runs or not."""
    if _NAME.fullmatch(call.last) is None:
        raise bad(f"The experiment name {call.last!r} is not valid")
    names = await call.services.read(_names)
    made = experiment_entity(call.last, 0, "NotStarted", call.services.clock())
    return json_response(names.get(call.last, made))


def _names(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """By name, those that have runs, and those that schedules are to run in."""
    found = {one[0]: experiment_entity(*one) for one in workspace.runs.experiments()}
    for row in workspace.store.schedules():
        name = stored_schedule(row, "").job.experiment_name or row.name
        if name not in found:
            found[name] = experiment_entity(name, 0, "NotStarted", row.created_at)
    return dict(sorted(found.items()))
