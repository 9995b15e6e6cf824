"""The pages in a real browser: every one, light and dark, wide and narrow; axe looks for barriers.

The screenshots lie in the test's temporary folder, and in RECONCILER_SCREENSHOTS if that is set.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from browser import Driver, browser, console, open_page, picture, prefer, resize
from helpers import invoke, write
from logged import PATIENCE
from npm import npm_file
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from serving import Serve, serving

from web.pages.test_pages import FILES, PAGES

__all__ = ["browser"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    folder = tmp_path_factory.mktemp("browser")
    write(folder, FILES)
    (folder / "inbox/in").mkdir(parents=True)
    invoke(folder, "apply", "--yes")
    invoke(folder, "trigger", "steps", "--input", "how_many=1")
    invoke(folder, "trigger", "slow")
    with serving(folder, "--port", "0", "--grace", "1") as serve:
        serve.wait("run_ended")
        yield serve


@pytest.fixture(scope="module")
def base(served: Serve, browser: Driver) -> str:
    """Where the pages are, for a browser that is signed in by the printed link."""
    link = str(served.wait("link")["url"])
    open_page(browser, link)
    assert browser.title == "Overview · local"
    return link.split("/login")[0]


@pytest.fixture(scope="module")
def axe() -> str:
    return npm_file("axe-core", "4.10.3", "axe.min.js").read_text(encoding="utf-8")


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while True:
        # The page may be loaded anew meanwhile.
        with suppress(WebDriverException):  # Chromium has many words for that
            if found := condition():
                return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(browser: Driver, base: str) -> dict[str, str]:
    """The address of the newest run with each status."""
    open_page(browser, f"{base}/runs")
    rows = browser.find_elements(By.CSS_SELECTOR, "tbody tr:not(.dayhead)")
    found: dict[str, str] = {}
    for row in rows:
        status = row.find_element(By.CSS_SELECTOR, ".status").text
        address = row.find_element(By.TAG_NAME, "a").get_attribute("href") or ""
        found.setdefault(status, address.removeprefix(base))
    return found


def barriers(browser: Driver, axe: str) -> list[str]:
    """What axe finds, one line each."""
    browser.execute_script(axe)  # type: ignore[no-untyped-call]
    found = browser.execute_async_script(  # type: ignore[no-untyped-call]
        "const done = arguments[1]; axe.run({runOnly: arguments[0]}).then("
        "r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | '))),"
        "e => done([String(e)]));",
        RULES,
    )
    return list(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page(
    browser: Driver, base: str, axe: str, tmp_path: Path, scheme: str, width: int
) -> None:
    kept = Path(os.environ.get("RECONCILER_SCREENSHOTS", tmp_path))
    kept.mkdir(parents=True, exist_ok=True)
    prefer(browser, scheme)
    ended = runs(browser, base)
    found: dict[str, list[str]] = {}
    more = ("/history/1", "/runs?group=schedule", "/time-zone", ended["Failed"], ended["Running"])
    for path in [*PAGES, *more, "/login"]:
        open_page(browser, base + path, width=width)
        # Nothing is wider than the window but what can be scrolled by itself.
        wide = browser.execute_script("return document.documentElement.scrollWidth")  # type: ignore[no-untyped-call]
        assert wide <= width, path
        name = re.sub(r"\W+", "_", path.strip("/")) or "overview"
        tall = browser.execute_script("return document.documentElement.scrollHeight")  # type: ignore[no-untyped-call]
        resize(browser, width, min(int(tall), 4000))
        assert len(picture(browser, kept / f"{name}-{scheme}-{width}.png")) > 5000
        if width > 1000:  # what axe looks at is the same in a narrow window, and it takes its time
            found[path] = barriers(browser, axe)
        assert console(browser) == [], path
    assert {path: lines for path, lines in found.items() if lines} == {}
    prefer(browser, "light")


def test_a_log_follows_while_it_runs(browser: Driver, base: str) -> None:
    address = runs(browser, base)["Running"]
    open_page(browser, base + address)
    until(lambda: browser.find_element(By.CSS_SELECTOR, "pre.log").text == "up")
    browser.find_element(By.CSS_SELECTOR, "button.danger").click()
    until(lambda: browser.find_element(By.ID, "status").text == "Canceled")
    assert console(browser) == []


def test_with_the_keyboard_alone(browser: Driver, base: str) -> None:
    open_page(browser, f"{base}/schedules")
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the content"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: browser.switch_to.active_element.get_attribute("id") == "main")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys("asle", Keys.ENTER)
    until(lambda: "q=asle" in browser.current_url)
    assert [e.text for e in browser.find_elements(By.CSS_SELECTOR, "tbody th a")] == ["asleep"]


def test_no_line_is_cut_in_a_narrow_window(browser: Driver, base: str) -> None:
    for path in ("/schedules", "/runs", "/pipelines", "/history", "/experiments"):
        open_page(browser, base + path, width=390)
        cells = browser.find_elements(By.CSS_SELECTOR, "table.lines tbody tr > *")
        assert cells
        for cell in cells[:60]:
            box = cell.rect
            assert box["x"] >= 0, path
            assert box["x"] + box["width"] <= 390, path
            assert int(cell.get_property("scrollWidth")) <= box["width"] + 1, path  # type: ignore[call-overload]


def test_disabled_by_its_button(browser: Driver, base: str) -> None:
    open_page(browser, f"{base}/schedules/steps")
    browser.find_element(By.XPATH, "//button[.='Disable']").click()
    until(lambda: browser.find_elements(By.XPATH, "//h1/span[.='disabled']"))
    browser.find_element(By.XPATH, "//button[.='Enable']").click()
    until(lambda: browser.find_elements(By.XPATH, "//h1/span[.='enabled']"))
    assert json.dumps(console(browser)) == "[]"
