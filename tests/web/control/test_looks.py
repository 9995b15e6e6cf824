"""The pages of targets in a real browser: wide and narrow, light and dark; axe looks for barriers.

The screenshots lie in the test's temporary folder, and in RECONCILER_SCREENSHOTS if that is set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Driver, browser, console, open_page, picture, prefer, resize
from helpers import invoke
from selenium.webdriver.common.by import By

from web.pages.test_browser import axe, barriers, until

from .opened import Pages, cycle, repository
from .test_control import PAGES

__all__ = ["axe", "browser"]
_COUNTED = (
    "window.turns = 0; const before = window.setTimeout;"
    " window.setTimeout = (...given) => { window.turns += 1; return before(...given); };"
)
"""Counts how often the page has looked whether there is something new."""
SIZES = {1440: 900, 390: 844}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """One schedule is switched off live, one moved in the repository, one held."""
    folder = repository(tmp_path_factory.mktemp("looks"), "one", "two", "three", "four")
    invoke(folder, "schedules", "disable", "one")
    path = folder / "schedules/two.yaml"
    path.write_text(path.read_text().replace("0 2 * * *", "0 3 * * *"))
    invoke(folder, "hold", "three", "--until", "7d", "--reason", "stocktaking")
    invoke(folder, "drift", "revert", "three", "--yes")
    cycle(folder)
    with Pages(folder) as opened:
        yield opened


def sign_in(browser: Driver, pages: Pages) -> None:
    code = pages.tokens.new_link(time.time(), name="ana")
    open_page(browser, f"{pages.address}/login?code={code}")


@pytest.mark.torture
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", list(SIZES))
def test_every_page(
    browser: Driver, pages: Pages, axe: str, tmp_path: Path, scheme: str, width: int
) -> None:
    kept = Path(os.environ.get("RECONCILER_SCREENSHOTS", tmp_path))
    kept.mkdir(parents=True, exist_ok=True)
    sign_in(browser, pages)
    prefer(browser, scheme)
    found: dict[str, list[str]] = {}
    rows = ["/targets?view=rows", "/targets/local/schedules/three", "/targets/nowhere"]
    for path in [*PAGES, *rows]:
        open_page(browser, pages.address + path, width=width, height=SIZES[width])
        wide = browser.execute_script("return document.documentElement.scrollWidth")  # type: ignore[no-untyped-call]
        assert wide <= width, path
        tall = browser.execute_script("return document.documentElement.scrollHeight")  # type: ignore[no-untyped-call]
        resize(browser, width, min(int(tall), 4000))
        name = "".join(c if c.isalnum() else "_" for c in path.strip("/"))
        assert len(picture(browser, kept / f"{name}-{scheme}-{width}.png")) > 5000
        found[path] = barriers(browser, axe)
        if path != "/targets/nowhere":  # which is not there, and the console says so
            assert console(browser) == [], path
    assert {path: lines for path, lines in found.items() if lines} == {}
    prefer(browser, "light")


@pytest.mark.torture
def test_a_page_brings_itself_up_to_date(browser: Driver, pages: Pages) -> None:
    sign_in(browser, pages)
    open_page(browser, f"{pages.address}/targets/local")
    browser.find_element(By.CSS_SELECTOR, ".deed.danger summary").click()
    invoke(pages.folder, "suspend", "--target", "local", "--until", "1h", "--reason", "freeze")
    main = "document.getElementById('main').textContent"
    # A form that is open is left alone; once it is closed, the page is as the state.
    browser.execute_script(_COUNTED)  # type: ignore[no-untyped-call]
    until(lambda: browser.execute_script("return window.turns > 1"))  # type: ignore[no-untyped-call]
    assert "freeze" not in browser.execute_script(f"return {main}")  # type: ignore[no-untyped-call]
    browser.find_element(By.CSS_SELECTOR, ".deed.danger summary").click()
    until(lambda: "freeze" in browser.execute_script(f"return {main}"))  # type: ignore[no-untyped-call]
    frame = browser.find_element(By.CSS_SELECTOR, "iframe.plan")
    invoke(pages.folder, "resume", "--target", "local")
    until(lambda: "freeze" not in browser.find_element(By.CSS_SELECTOR, ".deeds").text)
    until(lambda: browser.find_elements(By.ID, "suspend-until"))
    assert frame.is_displayed()  # the same one: what was opened in a plan stays open
    assert console(browser) == []
