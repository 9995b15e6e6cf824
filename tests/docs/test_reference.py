"""docs/reference is what the program is. `make reference` writes it."""

from __future__ import annotations

import sys

import pytest
import yaml
from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs/site"))

from commands import EXAMPLES, commands
from reference import FOLDER, PAGES, text_of


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == text_of(name), "make reference"


def test_nothing_else_is_there_but_what_people_wrote() -> None:
    there = {path.name for path in FOLDER.glob("*.md")}
    assert there == {*PAGES, "exits.md"}


def test_every_command_has_an_example() -> None:
    """In docs/site/examples.yaml, or in its help."""
    known = yaml.safe_load(EXAMPLES.read_text("utf-8")).keys()
    alone = {
        name
        for name, found in commands()
        if not hasattr(found, "commands") and "xample" not in f"{found.help}{found.epilog}"
    }
    assert alone - known == set()
