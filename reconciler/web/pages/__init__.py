"""Pages for people. Each module of this package has the routes of one part."""

from __future__ import annotations

from starlette.routing import BaseRoute

from reconciler.web.pages import (
    calendar,
    experiments,
    history,
    overview,
    pipelines,
    runs,
    schedules,
)
from reconciler.web.pages.preferences import time_zone

routes: list[BaseRoute] = [
    *overview.routes,
    *schedules.routes,
    *pipelines.routes,
    *runs.routes,
    *experiments.routes,
    *calendar.routes,
    *history.routes,
    *time_zone.routes,
]
"""Every page."""
