"""What cannot be done on a page is said there as its command; and conditions over time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from helpers import invoke

from .opened import Pages, cycle, repository

ODD = "/targets/local/schedules/odd"
HELD = "/targets/local/schedules/held"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`odd` was switched off live, `held` is held."""
    made = repository(tmp_path_factory.mktemp("shown"), "odd", "held", "three")
    invoke(made, "hold", "held", "--until", "7d", "--reason", "stocktaking")
    invoke(made, "apply", "--yes")
    cycle(made)
    invoke(made, "schedules", "disable", "odd")
    cycle(made)
    return made


@pytest.fixture(params=[True, False], ids=["a working copy", "from Git"])
def pages(folder: Path, request: pytest.FixtureRequest) -> Iterator[Pages]:
    with Pages(folder, config=request.param) as opened:
        yield opened


def commands(text: str) -> list[str]:
    """What a page says to type."""
    return [unescape(one) for one in re.findall(r"<code>(reconciler [^<]*)</code><div", text)]


def test_who_may_only_read_is_told_the_commands(pages: Pages) -> None:
    with pages.browser("read") as browser:
        text = browser.read(ODD)
        assert commands(text) == [
            "reconciler drift accept odd --target local",
            "reconciler drift revert odd --target local",
            "reconciler hold odd --target local --until 7d --reason WHY",
        ]
        assert "commit that file" in text
        assert (
            "<form method" not in text.replace('<form class="out" method', "").partition("<main")[2]
        )
        assert "reconciler hold held --target local --release" in commands(browser.read(HELD))
        assert commands(browser.read("/targets/local")) == [
            "reconciler apply --target local",
            "reconciler suspend --target local --until 4h --reason WHY",
        ]
        browser.read("/targets/local/suspend", 405)


def test_without_a_working_copy_commands_stand_where_buttons_would(folder: Path) -> None:
    with Pages(folder, config=False) as pages, pages.browser() as browser:
        text = browser.read("/targets/local")
        assert commands(text) == ["reconciler apply --target local"]
        assert "/targets/local/suspend" in text
        text = browser.read(ODD)
        assert len(commands(text)) == 3
        assert "overrides:\n  local:\n    hold:\n      until: 20" in text
        assert "schedules/odd.yaml" in text


def test_with_a_working_copy_there_are_buttons_alone(folder: Path) -> None:
    with Pages(folder) as pages, pages.browser() as browser:
        for path in ("/targets/local", ODD, HELD):
            text = browser.read(path)
            assert commands(text) == []
            assert "From the command line" not in text


def test_conditions_are_drawn_and_said(folder: Path) -> None:
    with Pages(folder) as pages, pages.browser("read") as browser:
        text = browser.read("/targets/local")
        assert text.count('class="lane"') == 3
        assert "<title>Ready: no, " in text
        table = text.partition('aria-label="Conditions over time, the last"')[2].partition(
            "</table>"
        )[0]
        # In sync at first, then something that the loop only observes.
        assert re.findall(r'<span class="status [a-z]*">([a-z ]+)<', table) == [
            "not ready",
            "ready",
        ]
        assert "1 difference waits: only observed" in table
        assert 'href="/control/history/' in table


def test_runs_of_a_target_are_shown_as_all_runs_are(folder: Path) -> None:
    invoke(folder, "trigger", "three")
    with Pages(folder) as pages, pages.browser("read") as browser:
        text = browser.read("/targets/local/runs")
        assert 'class="status notstarted"' in text
        assert '<a href="/targets/local/schedules/three">' in text
        assert '<td data-label="Cause">by hand</td>' in text
        assert "Schedule</th>" not in browser.read("/targets/local/runs?schedule=three")
        (run,) = re.findall(r"/targets/local/runs/(three-[^\"]+)", text)
        text = browser.read(f"/targets/local/runs/{run}")
        assert f"reconciler runs logs {run} --target local" in text
        assert "run by hand" in text


def test_a_schedule_of_the_list_is_one_line(folder: Path) -> None:
    with Pages(folder) as pages, pages.browser("read") as browser:
        text = browser.read("/control/schedules?q=three")
        assert re.search(
            r'<td data-label="Fires" class="cut" title="[^"]+">every day at 02:00', text
        )
        assert 'title="schedules/three.yaml:1">schedules/three.yaml:1</td>' in text
