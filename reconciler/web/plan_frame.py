"""A page of a plan, which a page of ours may show within itself."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from reconciler.render.html.page import policy_for, style


def framed(text: str) -> Response:
    """The answer: with the policy of the plan's own page, and our pages as the only frame."""
    css = policy_for(style("plan.css"))
    return HTMLResponse(
        text,
        headers={
            "Content-Security-Policy": f"{css}; frame-ancestors 'self'",
            "X-Frame-Options": "SAMEORIGIN",
        },
    )
