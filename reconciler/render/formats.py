"""The plan document -> text in any format that is made of it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.render.documents import dumps

FORMATS = ("json", "markdown", "html", "github", "gitlab", "azuredevops", "sarif")


def render_document(document: Mapping[str, Any], form: str) -> str:
    """The document in one of FORMATS; what a format takes is imported when it is asked for."""
    match form:
        case "json":
            return dumps(document)
        case "markdown":
            from reconciler.render.markdown.document import render_markdown

            return render_markdown(document)
        case "html":
            from reconciler.render.html.page import render_html

            return render_html(document)
        case "sarif":
            from reconciler.render.ci.remarks import remarks_on_plans
            from reconciler.render.ci.sarif import render_sarif

            return render_sarif(remarks_on_plans(document))
        case _:
            from reconciler.render.ci.annotations import render_annotations
            from reconciler.render.ci.remarks import remarks_on_plans

            return render_annotations(remarks_on_plans(document), form)
