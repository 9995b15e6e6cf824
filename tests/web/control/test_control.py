"""The pages of targets: what they show, what they do, for whom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from helpers import invoke

from reconciler.state.standings import Audited
from reconciler.web.trusted_proxy import TrustedProxy, read_networks

from .opened import READER, Pages, cycle, repository

ACTS = [
    "/targets/local/look",
    "/targets/local/apply",
    "/targets/local/suspend",
    "/targets/local/resume",
    *(
        f"/targets/local/schedules/one/{act}"
        for act in ("accept", "revert", "hold", "release", "suspend", "resume")
    ),
]
PAGES = [
    "/targets",
    "/targets/local",
    "/targets/local/plan",
    "/targets/local/schedules/one",
    "/control/schedules",
    "/control/schedules?sync=differs&target=local&q=one",
    "/control/calendar",
    "/control/history",
    "/control/history?q=ana&target=local&show=changes",
    "/control/history/1",
    "/control/history/1/plan",
    "/control/search?q=one",
]
ONE = "/targets/local/schedules/one"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One schedule is switched off live, another moved in the repository."""
    made = repository(tmp_path_factory.mktemp("control"), "one", "two", "three")
    invoke(made, "schedules", "disable", "one")
    path = made / "schedules/two.yaml"
    path.write_text(path.read_text().replace("0 2 * * *", "0 3 * * *"))
    cycle(made)
    return made


@pytest.fixture(scope="module")
def pages(folder: Path) -> Iterator[Pages]:
    with Pages(folder) as opened:
        yield opened


def messages(pages: Pages) -> list[tuple[str | None, str, str]]:
    """Who did what, the newest first."""
    found = [one.record for one in pages.state.history.list("local")]
    return [(one.actor, one.reason, one.message) for one in found]


def test_whoever_may_only_read_sees_all_and_can_do_none(pages: Pages) -> None:
    before = messages(pages)
    with pages.browser("read") as browser:
        for path in PAGES:
            text = browser.read(path)
            assert '<form method="post" action="/targets' not in text
        for path in ACTS:
            assert browser.do(path, until="1h").status_code == 403
    assert messages(pages) == before
    with httpx.Client(base_url=pages.address) as stranger:
        for path in PAGES:
            assert stranger.get(path).headers["location"].startswith("/login?next=")
        for path in ACTS:
            assert stranger.post(path).status_code == 401
            bearer = {"Authorization": f"Bearer {READER}"}
            assert stranger.post(path, headers=bearer).status_code == 404


def test_no_act_without_the_token_of_the_page(pages: Pages) -> None:
    before = messages(pages)
    with pages.browser() as browser:
        for path in ACTS:
            assert browser.client.post(path, data={"until": "1h"}).status_code == 403
            elsewhere = {"Origin": "https://evil.example", "X-CSRF-Token": browser.csrf()}
            assert browser.client.post(path, headers=elsewhere).status_code == 403
    assert messages(pages) == before


def test_what_is_shown(pages: Pages) -> None:
    at = datetime.now(UTC)
    missing = "one at 2026-11-28 02:00 UTC"
    pages.state.standings.set_audit("local", Audited(at, {"missing": 1, "on time": 3}, [missing]))
    with pages.browser() as browser:
        text = browser.read("/targets")
        assert "1 drift" in text
        assert "1 pending" in text
        text = browser.read("/targets/local")
        assert "changed live (1)" in text
        assert "changed in the repository (1)" in text
        assert re.search("one at <time [^>]*>28 Nov(&nbsp;| )02:00</time>", text)
        assert "2 differences wait: only observed" in text
        plan = browser.client.get("/targets/local/plan")
        assert "0 3 * * *" in plan.text
        assert "frame-ancestors 'self'" in plan.headers["content-security-policy"]
        assert "script-src" not in plan.headers["content-security-policy"]
        assert "1 schedule<" in browser.read("/control/schedules?sync=drift")
        assert "2 schedules<" in browser.read("/control/schedules?sync=differs")
        assert "Nothing matches" in browser.read("/control/schedules?q=%25")
        found = browser.read("/control/search?q=on")
        assert ONE in found
        for path in ("/targets/none", "/targets/none/plan?x", "/targets/local/schedules/none"):
            if "plan" not in path:
                browser.read(path, 404)
        browser.read("/control/history/999999", 404)
        version = browser.client.get("/control/version").json()["version"]
        assert f'data-version="{version}"' in text


def test_times_are_those_of_a_zone_that_is_chosen(pages: Pages) -> None:
    """As on the pages of a workspace, on every page, and whatever the right."""
    with pages.browser("read") as browser:
        assert ">UTC</a>" in browser.read("/targets")
        browser.client.get("/time-zone?zone=Asia/Tokyo&next=/targets")
        for path in PAGES:
            if not path.endswith("/plan"):
                text = browser.read(path)
                assert ">Asia/Tokyo</a>" in text
                assert not re.search(r"\d\d:\d\d(</time>)? UTC", text)
        day = re.findall(r'title="[^"]* (JST|UTC)"', browser.read("/control/history"))
        assert set(day) == {"JST"}
        assert "in Asia/Tokyo</caption>" in browser.read("/control/calendar")


def test_what_a_form_or_an_address_says_is_never_an_option_or_an_end(pages: Pages) -> None:
    """It is an argument of a command: one that begins with a dash, a second line, a NUL."""
    with pages.browser() as browser:
        three = "/targets/local/schedules/three"
        for reason in ("--release", "-h", "one\n  two: 3", "nul\0 byte"):
            answer = browser.do(f"{three}/suspend", until="1h", reason=reason)
            assert ": done" in answer.text
            assert browser.do(f"{three}/resume").status_code == 200
        assert (
            browser.do("/targets/local/suspend", until="1h", reason="one\ntwo").status_code == 200
        )
        asked = pages.state.suspensions.get("local", datetime.now(UTC))
        assert asked is not None
        assert asked.reason == "one two"
        browser.do("/targets/local/resume")
        for name in ("--help", "-h", "a%0Ab", "a%00b"):
            refused = name.startswith("a")  # no path holds a control character
            answer = browser.client.get(f"/targets/local/runs/{name}")
            assert answer.status_code == (400 if refused else 200)
            assert browser.client.get(f"/targets/local/runs?schedule={name}").status_code == 200


def test_drift_is_accepted_and_a_schedule_held(pages: Pages) -> None:
    with pages.browser(name="Ana") as browser:
        assert "Accept what is live" in browser.read(ONE)
        answer = browser.do(f"{ONE}/accept")
        assert "<strong>accept one</strong>: done" in answer.text
        assert "is_enabled: false" in (pages.folder / "schedules/one.yaml").read_text()
        assert messages(pages)[0] == ("Ana", "Accepted", "local/one: what is live was declared")
        assert pages.state.standings.asked().keys() == {"local"}

        three = "/targets/local/schedules/three"
        for until in ("", "yesterday", "2001-01-01", "0h"):
            assert browser.do(f"{three}/hold", until=until).status_code == 400
        answer = browser.do(f"{three}/hold", until="7d", reason="quarter <b>end</b>")
        assert ": done" in answer.text
        assert "<b>end" not in answer.text
        assert messages(pages)[0][:2] == ("Ana", "Held")
        cycle(pages.folder)
        assert "Accept what is live" not in browser.read(ONE)
        assert "once that is applied" in browser.read(three)
        invoke(pages.folder, "apply", "--yes")
        cycle(pages.folder)
        text = browser.read(three)
        words = json.loads(invoke(pages.folder, "next", "three", "--format", "json").out)
        (said,) = words["schedules"]
        assert said["hold"]["words"].split(":")[0].startswith("held until")
        assert "by Ana" in said["hold"]["words"]
        assert said["hold"]["words"].partition(" <b>")[0] in text
        for fire in said["fires"]:
            assert fire.replace("+00:00", "Z") in text


def test_a_target_is_suspended_and_resumed(pages: Pages) -> None:
    with pages.browser(name="Ben") as browser:
        for until in ("", "yesterday", "2001-01-01", "0h"):
            assert browser.do("/targets/local/suspend", until=until).status_code == 400
        browser.do("/targets/local/suspend", until="2d", reason="freeze")
        assert "by Ben: freeze" in browser.read("/targets/local")
        assert messages(pages)[0][:2] == ("Ben", "Suspended")
        assert "suspended" in browser.read("/targets?sync=suspended")
        browser.do("/targets/local/resume")
        assert messages(pages)[0][:2] == ("Ben", "Resumed")


@pytest.mark.torture
def test_every_act_by_its_command(tmp_path: Path) -> None:
    folder = repository(tmp_path, "one", "two", "three")
    invoke(folder, "schedules", "disable", "two")
    cycle(folder)
    two, three = "/targets/local/schedules/two", "/targets/local/schedules/three"
    with Pages(folder) as pages, pages.browser(name="Ben") as browser:
        answer = browser.do(f"{two}/revert")
        assert "<strong>revert two</strong>: done" in answer.text
        assert messages(pages)[0][::2] == ("Ben", "1 updated")
        assert "does not differ" in browser.do(f"{two}/revert").text
        for act, words in (("hold", "Held"), ("release", "Released")):
            assert ": done" in browser.do(f"{three}/{act}", until="7d").text
            assert messages(pages)[0][:2] == ("Ben", words)
            cycle(folder)
            assert (
                "<strong>apply to local</strong>: done" in browser.do("/targets/local/apply").text
            )
            assert messages(pages)[0][::2] == ("Ben", "1 updated")
            cycle(folder)
        for act, words in (("suspend", "Suspended"), ("resume", "Resumed")):
            assert ": done" in browser.do(f"{three}/{act}", until="4h").text
            assert messages(pages)[0][:2] == ("Ben", words)
            cycle(folder)
        invoke(folder, "schedules", "disable", "two")
        cycle(folder)
        browser.do("/targets/local/suspend", until="2d")
        answer = browser.do("/targets/local/apply")
        assert "<strong>apply to local</strong>: not done" in answer.text
        assert "suspended until" in answer.text


def test_without_a_working_copy_only_the_state_is_acted_on(folder: Path) -> None:
    with Pages(folder, config=False) as pages, pages.browser() as browser:
        text = browser.read(ONE)
        assert "no working copy" in text
        assert "one/accept" not in text
        for act in ("accept", "revert", "hold", "suspend"):
            assert browser.do(f"{ONE}/{act}", until="1h").status_code == 409
        assert browser.do("/targets/local/apply").status_code == 409
        assert browser.do("/targets/local/look").status_code == 200
        assert messages(pages)[0][:2] == ("ana", "Asked")


def test_the_word_of_a_proxy(folder: Path) -> None:
    ours = TrustedProxy(read_networks(("127.0.0.0/8",)), actors=frozenset(["ana"]))
    with Pages(folder, proxy=ours) as pages:
        with httpx.Client(base_url=pages.address) as client:
            assert client.get("/targets").status_code == 303
            said = [("X-Forwarded-User", "ana"), ("X-Forwarded-User", "mallory")]
            assert client.get("/targets", headers=said).status_code == 303
            ben = {"X-Forwarded-User": "ben"}
            assert "may only read" in client.get("/targets", headers=ben).text
            assert client.post("/targets/local/look", headers=ben).status_code == 403
            ana = {"X-Forwarded-User": "ana"}
            page = client.get("/targets/local", headers=ana).text
            assert client.post("/targets/local/look", headers=ana).status_code == 403
            token = page.split('name="csrf" value="')[1].split('"')[0]
            data = {"csrf": token}
            assert client.post("/targets/local/look", headers=ben, data=data).status_code == 403
            assert client.post("/targets/local/look", headers=ana, data=data).status_code == 303
        assert messages(pages)[0][:2] == ("ana", "Asked")
    other = TrustedProxy(read_networks(("10.1.2.3",)), actors=frozenset(["*"]))
    with Pages(folder, proxy=other) as pages, httpx.Client(base_url=pages.address) as client:
        assert client.get("/targets", headers={"X-Forwarded-User": "ana"}).status_code == 303
