"""The plan document -> one HTML file that needs nothing else: no script, no network, no font.

jinja2 escapes every text, and what is invisible was made visible before (`printable`). A policy in
the page allows its one style sheet, by digest, and nothing more: what slipped through is not run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from reconciler import __version__
from reconciler.render.html.plan_view import totals, view_of
from reconciler.render.plain_text import printable

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(document: Mapping[str, Any]) -> str:
    """The page of all plans of a document."""
    from markupsafe import Markup

    css = style("plan.css")
    return (
        environment()
        .get_template("plan.html.j2")
        .render(
            plans=[view_of(plan, number) for number, plan in enumerate(document["plans"], 1)],
            total=totals(document["plans"]),
            css=Markup(css),
            policy=policy_for(css),
            version=__version__,
        )
    )


def style(name: str) -> str:
    """A style sheet of the templates."""
    text = files("reconciler.render").joinpath("templates", name).read_text(encoding="utf-8")
    if "/* dark */" not in text:
        return text
    # Dark colours hold for who asks for them in the page, and for whose system does.
    light, _, rest = text.partition("/* dark */")
    dark, _, rest = rest.partition("/* end */")
    asked = f":root:has(#dark:checked) {{{dark}}}\n"
    system = f"@media (prefers-color-scheme: dark) {{ :root:not(:has(#light:checked)) {{{dark}}} }}"
    return f"{light}{asked}{system}{rest}"


def policy_for(css: str) -> str:
    """The policy of a page with this style sheet."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """In which every text is escaped, and what is invisible made visible."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(content: Any) -> Any:
        is_text = isinstance(content, str) and not isinstance(content, Markup)
        return printable(content) if is_text else content

    return Environment(
        loader=PackageLoader("reconciler.render"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
