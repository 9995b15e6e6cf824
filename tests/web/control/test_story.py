"""In a browser, with the loop running: drift of one schedule among many is found and accepted,
another is held, a target suspended and resumed; whoever may only read sees all of it. Clicks and
seconds are printed; RECONCILER_STORY_SCHEDULES=10000 is the measure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from browser import Driver, browser, console, open_page
from helpers import command, environment, invoke, write
from logged import PATIENCE
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

__all__ = ["browser"]
MANY = int(os.environ.get("RECONCILER_STORY_SCHEDULES", "300"))
CONFIG = """\
owner: us
schedules: [schedules]
targets:
  prod: {provider: local, workspace: prod.db, reconcile: observe}
"""
ACTS = (
    "what is live was declared",
    "held until 7d",
    "suspended until",
    "it may be changed again",
)
_LINK = re.compile(r'url="([^"]+/login\?code=[^"]+)"')
_FILE = 500


def many(folder: Path, number: int) -> None:
    """So many schedules, applied; one of them switched off live."""
    write(folder, {"reconciler.yaml": CONFIG, "schedules/job.yml": "type: command\ncommand: a\n"})
    for first in range(0, number, _FILE):
        parts = [
            f"name: schedule-{one:05d}\n"
            f'trigger: {{type: cron, expression: "{one % 60} {one % 24} * * *"}}\n'
            "create_job: {job: ./job.yml}\n"
            for one in range(first, min(first + _FILE, number))
        ]
        write(folder, {f"schedules/part-{first:05d}.yaml": "---\n".join(parts)})
    invoke(folder, "apply", "--yes")
    invoke(folder, "schedules", "disable", f"schedule-{number * 7 // 10:05d}")


@contextmanager
def looping(folder: Path) -> Iterator[str]:
    """The loop with its pages; the link that signs in."""
    log = folder / "run.log"
    arguments = ["run", "--ops-port", "0", "--pages", "--interval", "60s"]
    with log.open("wb") as out:
        process = subprocess.Popen(command(*arguments), cwd=folder, stderr=out, env=environment())
    try:
        deadline = time.monotonic() + 10 * PATIENCE
        while " cycle " not in log.read_text() or _LINK.search(log.read_text()) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        found = _LINK.search(log.read_text())
        assert found is not None
        yield found[1]
    finally:
        process.terminate()
        process.wait(60)


class Hand:
    """Clicks, and counts them."""

    def __init__(self, browser: Driver) -> None:
        self.browser = browser
        self.clicks = 0

    def until(self, condition: Callable[[], Any], seconds: float = 6 * PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            with suppress(WebDriverException):  # the page may be taken in anew meanwhile
                if found := condition():
                    return found
            assert time.monotonic() < deadline, self.browser.page_source
            time.sleep(0.05)

    def click(self, css: str, text: str) -> None:
        """The first thing there whose text begins so."""

        def done() -> bool:
            found: list[WebElement] = self.browser.find_elements(By.CSS_SELECTOR, css)
            chosen = next((one for one in found if one.text.strip().startswith(text)), None)
            if chosen is not None:  # else the page before it is still there
                chosen.click()
            return chosen is not None

        self.until(done)
        self.clicks += 1

    def sees(self, text: str) -> None:
        self.until(lambda: text in self.browser.find_element(By.TAG_NAME, "main").text)


def sign_in(browser: Driver, base: str, token: str) -> None:
    """With a token, as Ana."""
    browser.delete_all_cookies()
    open_page(browser, f"{base}/login", width=1440)
    browser.find_element(By.NAME, "token").send_keys(token)
    browser.find_element(By.NAME, "name").send_keys("Ana")
    browser.find_element(By.CSS_SELECTOR, "main button").click()


def reads_all_and_does_nothing(browser: Driver, base: str, token: str, name: str) -> None:
    """A read-only token: every page is there, none has a form that acts."""
    sign_in(browser, base, token)
    hand = Hand(browser)
    hand.sees("This session may only read")
    pages = {
        "/targets": "prod",
        "/targets/prod": "reconciler suspend --target prod",
        f"/targets/prod/schedules/{name}": name,
        "/control/schedules": name[:8],
        "/control/history": "by hand",
    }
    for path, words in pages.items():
        browser.get(base + path)
        hand.sees(words)
        assert browser.find_elements(By.CSS_SELECTOR, "main form[method=post]") == []


@pytest.mark.torture
def test_drift_of_one_among_many(browser: Driver, tmp_path: Path) -> None:
    number = MANY
    many(tmp_path, number)
    odd = f"schedule-{number * 7 // 10:05d}"
    other = f"schedule-{number // 3:05d}"
    with looping(tmp_path) as link:
        base = link.split("/login")[0]
        hand = Hand(browser)
        sign_in(browser, base, (tmp_path / ".reconciler/pages.token").read_text().strip())
        hand.clicks = 0
        steps: list[tuple[str, int, float]] = []
        began = time.monotonic()

        def step(words: str) -> None:
            nonlocal began
            steps.append((words, hand.clicks, time.monotonic() - began))
            hand.clicks, began = 0, time.monotonic()

        hand.click("main a", "1 differ")
        hand.sees("switched off live")
        hand.click("tbody a", odd)
        hand.sees("How it differs")
        step("find the drift of one")
        hand.click("summary", "Accept what is live")
        hand.click(".deed button", "Accept what is live")
        hand.sees(f"accept {odd}: done")
        step("accept it")
        browser.get(f"{base}/control/search?q={other}")
        hand.click("main a", other)
        hand.click("summary", "Hold")
        browser.find_element(By.ID, "hold-until").send_keys("7d")
        hand.click(".deed button", "Hold")
        hand.sees(f"hold {other}: done")
        step("hold another")
        hand.click("nav a", "Targets")
        hand.click(".tile a", "prod")
        hand.click("summary", "Suspend")
        browser.find_element(By.ID, "suspend-until").send_keys("4h")
        hand.click(".deed button", "Suspend")
        hand.sees("suspended until")
        step("suspend the target")
        hand.click("summary", "Resume")
        hand.click(".deed button", "Resume")
        hand.until(lambda: browser.find_elements(By.ID, "suspend-until"))
        step("resume it")
        hand.click("nav a", "History")
        for words in ACTS:
            hand.sees(words)
        step("see all of it in the history")
        told = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr")]
        for words in ACTS:
            assert any(words in line and "Ana" in line for line in told), words
        assert console(browser) == []
        reads_all_and_does_nothing(
            browser, base, (tmp_path / ".reconciler/pages.read-only-token").read_text().strip(), odd
        )
    for words, clicks, seconds in steps:
        sys.stdout.write(f"{words}: {clicks} clicks, {seconds:.1f} s\n")
    text = (tmp_path / f"schedules/part-{number * 7 // 10 // _FILE * _FILE:05d}.yaml").read_text()
    assert text.count("is_enabled: false") == 1
