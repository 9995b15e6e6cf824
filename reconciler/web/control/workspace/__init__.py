"""What the pages of a workspace have beside those of all targets: its plan, and answers to it."""

from __future__ import annotations

from starlette.routing import BaseRoute

from reconciler.web.control.workspace import answers, plan

routes: list[BaseRoute] = [*plan.routes, *answers.routes]
"""They need `control` in the site of the services."""
