"""What stands above a plan in a pull request: of which target and workspace, at which commit."""

from __future__ import annotations

from urllib.parse import quote

from reconciler.render.markdown.escaping import code
from reconciler.render.markdown.links import IN_LINKS
from reconciler.render.plain_text import short_revision


def heading(
    target: str,
    *,
    provider: str,
    identity: str | None,
    commit: str | None,
    owner: str,
    commit_link: str | None = None,
) -> str:
    """A title, and a line with what the plan was made for."""
    said = [_workspace(provider, identity), f"owner {code(owner)}"]
    if commit:
        name = code(short_revision(commit))
        shown = f"[{name}](<{quote(commit_link, safe=IN_LINKS)}>)" if commit_link else name
        said.append(f"planned at {shown}")
    return f"### Plan for {code(target)}\n\n{', '.join(part for part in said if part)}\n\n"


def _workspace(provider: str, identity: str | None) -> str:
    """Where the target lives; an embedded workspace is known by its target alone."""
    if provider == "local":
        return "an embedded workspace"
    if identity is None:
        return "a workspace that is not there yet"
    return f"workspace {code(identity.rpartition('/')[2] or identity)} ({code(provider)})"
