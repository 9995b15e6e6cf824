"""docs/reference is what the program is. `make reference` writes it."""

from __future__ import annotations

import sys

import pytest
from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs/site"))

from reference import FOLDER, PAGES, text_of


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == text_of(name), "make reference"


def test_nothing_else_is_there_but_what_people_wrote() -> None:
    there = {path.name for path in FOLDER.glob("*.md")}
    assert there == {*PAGES, "exits.md"}
