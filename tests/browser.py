"""A real browser for tests of pages: headless Chromium, and what a page says on its console."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium", reason="selenium is not installed")

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

_BINARIES = ("chromium", "chromium-browser", "google-chrome", "chrome")
Driver = webdriver.Chrome


def find_browser() -> tuple[str, str] | None:
    """The browser and its driver on this machine; None where one of them is missing."""
    binary = next((found for name in _BINARIES if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return (binary, driver) if binary and driver else None


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """One browser for all tests of a run; it reaches nothing but this machine."""
    found = find_browser()
    if found is None:
        pytest.skip("chromium or chromedriver is not installed")
    binary, driver_path = found
    options = Options()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("browser")
    arguments = [
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        f"--user-data-dir={profile}",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's own does not start for root
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    try:
        driver.set_page_load_timeout(30)
        yield driver
    finally:
        driver.quit()


def open_page(browser: Driver, url: str, *, width: int = 1280, height: int = 900) -> None:
    """Load a page in a window of that size, with a console that is empty before."""
    resize(browser, width, height)
    browser.get_log("browser")
    browser.get(url)


def resize(browser: Driver, width: int, height: int) -> None:
    """The size of what is seen of a page, which a window may be too narrow for."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def prefer(browser: Driver, scheme: str) -> None:
    """What the system says it prefers: `light` or `dark`."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def console(browser: Driver) -> list[dict[str, Any]]:
    """What the page said since it was loaded: errors, refusals of a policy, missing files."""
    return list(browser.get_log("browser"))


def picture(browser: Driver, path: Path) -> bytes:
    """A screenshot, kept at `path` for people to look at."""
    data: bytes = browser.get_screenshot_as_png()
    path.write_bytes(data)
    return data
