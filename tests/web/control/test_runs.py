"""The runs of a target on its pages: what its commands say of them."""

from __future__ import annotations

import html
from pathlib import Path

from helpers import invoke

from web.control.opened import Pages, cycle, repository


def test_runs_are_those_of_the_commands(tmp_path: Path) -> None:
    folder = repository(tmp_path, "one", "two")
    cycle(folder)
    run = invoke(folder, "trigger", "one").out.splitlines()[0]
    with Pages(folder) as pages, pages.browser("read") as browser:
        assert "/targets/local/runs?schedule=one" in browser.read("/targets/local/schedules/one")
        assert f'href="/targets/local/runs/{run}"' in browser.read("/targets/local/runs")
        assert run in browser.read("/targets/local/runs?schedule=one")
        assert "There are none." in browser.read("/targets/local/runs?schedule=two")
        shown = browser.read(f"/targets/local/runs/{run}")
        assert "NotStarted" in shown
        assert f"runs/{run}" in shown
        text = html.unescape(browser.read("/targets/local/runs/--help/<b>"))
        assert 'there is no run "--help/<b>"' in text
        browser.read("/targets/none/runs", 404)
        browser.read("/targets/none/runs/x", 404)
    with Pages(folder, config=False) as pages, pages.browser() as browser:
        assert "which is not here" in browser.read("/targets/local/runs")
