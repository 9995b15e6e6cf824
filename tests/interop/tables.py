"""Tables of what is done with an SDK, and what becomes of it: `methods.txt` of each."""

from __future__ import annotations

from pathlib import Path

from interop.sdk_v1.notebook import Notebook

WORKS = "works"


def read_table(path: Path) -> list[tuple[str, str, str]]:
    """Of each method: its name, the cell that calls it, and what is to become of that."""
    found = []
    for part in path.read_text("utf-8").split("\n# ")[1:]:
        name, _, rest = part.partition("\n")
        cell, _, words = rest.rpartition("\n=> ")
        found.append((name, cell.strip(), words.strip()))
    return found


def differing(sdk: Notebook, table: list[tuple[str, str, str]]) -> dict[str, str]:
    """What became of cells that came out otherwise than they were to, run one after the other."""
    found = {}
    for name, cell, words in table:
        outcome = _outcome(sdk, cell, words)
        if outcome != words:
            found[name] = outcome
    return found


def named(table: list[tuple[str, str, str]]) -> set[str]:
    """The methods that a table has."""
    return {name.partition(",")[0] for name, _, _ in table}


def _outcome(sdk: Notebook, cell: str, words: str) -> str:
    """What was expected, where that is what happened; else what did."""
    told = sdk.tell(cell)
    if "error" not in told:
        return WORKS
    error = str(told["error"])
    return words if words in error else error
