"""Azure Resource Manager over the workspace, as its clients know it.

Schedules, runs (as jobs) and the workspace itself; errors, pages, versions and long-running
operations are those of the service. `routes` is mounted by the application.
"""

from __future__ import annotations

from reconciler.web.arm.routes import routes

__all__ = ["routes"]
