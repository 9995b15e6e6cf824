"""docs/sdk.md ends with what the tables of the SDKs' methods say. RECONCILER_UPDATE=1 writes it."""

from __future__ import annotations

import os
from pathlib import Path

from interop.tables import read_table

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs/sdk.md"
HEADING = "## Every method"


def test_the_document_has_every_method() -> None:
    text = DOCUMENT.read_text("utf-8")
    head, _, rest = text.partition(HEADING)
    said = rest.partition("\n\n|")[0].partition("\n### ")[0].rstrip()
    whole = f"{head}{HEADING}{said}\n\n{_tables()}"
    if os.environ.get("RECONCILER_UPDATE"):
        DOCUMENT.write_text(whole, "utf-8")
    assert DOCUMENT.read_text("utf-8") == whole


def _tables() -> str:
    return "\n".join(
        f"### {title}\n\n| | |\n|---|---|\n"
        + "".join(
            f"| {_method(name)} | {words if words == 'works' else f'“{words}”'} |\n"
            for name, _, words in read_table(HERE / folder / "methods.txt")
            if name != "Before"
        )
        for title, folder in (("SDK v1", "sdk_v1"), ("SDK v2", "sdk_v2"))
    )


def _method(name: str) -> str:
    method, comma, rest = name.partition(",")
    return f"`{method}`{comma}{rest}"
