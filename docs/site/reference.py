"""Writes docs/reference/, and the patterns of the schemas: `make reference`. All of it is read from
the program.

tests/docs/test_reference.py fails where a page is not what the program is, and
tests/editor/test_checked.py where a pattern is not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs/reference"
sys.path.insert(0, str(Path(__file__).parent))

from commands import commands_page  # noqa: E402
from keys import keys_page  # noqa: E402
from patterns import write_patterns  # noqa: E402

from reconciler.declare.problem_codes import CODES  # noqa: E402
from reconciler.ops.metrics import Metrics  # noqa: E402
from reconciler.schemas import schema  # noqa: E402

_SCHEMAS = {
    "schedule": ("Schedule file", "A file of one schedule, or of several between `---`."),
    "config": ("reconciler.yaml", "The file at the root of a repository of schedules."),
    "job": ("Job file", "What `create_job` names: an Azure ML pipeline or command job file."),
    "component": ("Component file", "What a step names with `component`."),
    "plan": ("The plan as JSON", "What `reconciler plan --format json` prints."),
}


def _keys(name: str) -> Callable[[], str]:
    title, start = _SCHEMAS[name]
    start += f" `reconciler schema {name}` prints the JSON schema that this page is made from."
    return lambda: keys_page(schema(name), title, start)


def problems_page() -> str:
    """Every code, with a link to what `reconciler explain` says of it."""
    lines = ["# Problem codes", "", "`reconciler explain CODE` prints the same.", ""]
    lines += ["| code | severity | this code means that |", "|---|---|---|"]
    lines += [
        f"| [{name}](../../reconciler/explain/{name}.md) | {code.severity} | {code.title} |"
        for name, code in sorted(CODES.items())
    ]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Every metric of the operations port."""
    lines = ["# Metrics", "", "`reconciler run --ops-port PORT` serves them at `/metrics`.", ""]
    lines += ["| metric | kind | labels | |", "|---|---|---|---|"]
    registry = Metrics().registry
    found = {id(one): one for one in registry._names_to_collectors.values()}
    for one in sorted(found.values(), key=lambda each: each._name):
        suffix = "_total" if one._type == "counter" else ""
        labels = ", ".join(f"`{label}`" for label in one._labelnames)
        lines.append(f"| `{one._name}{suffix}` | {one._type} | {labels} | {one._documentation} |")
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    **{f"{name}.md": _keys(name) for name in _SCHEMAS},
    "problems.md": problems_page,
    "metrics.md": metrics_page,
}
"""File of docs/reference -> what stands in it."""


def text_of(name: str) -> str:
    """The page, with the note that it is made."""
    head, _, rest = PAGES[name]().partition("\n")
    return f"{head}\n\n<!-- made by `make reference` -->\n{rest.rstrip()}\n"


if __name__ == "__main__":
    for schema_file in ("schedule", "config"):
        write_patterns(ROOT / f"schemas/{schema_file}.schema.json")
    for file in PAGES:
        (FOLDER / file).write_text(text_of(file), encoding="utf-8")
