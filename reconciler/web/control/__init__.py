"""Pages over all targets that a state knows of. Each module has the routes of one part."""

from __future__ import annotations

from starlette.routing import BaseRoute

from reconciler.web.control import calendar, changes, schedules, target, targets
from reconciler.web.control.running import runs

routes: list[BaseRoute] = [
    *targets.routes,
    *target.routes,
    *schedules.routes,
    *runs.routes,
    *calendar.routes,
    *changes.routes,
]
"""Every page; they need `control` in the site of the services."""
