"""The pages of a workspace that `serve` runs: read as a browser without scripts reads them."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from helpers import invoke, write
from logged import PATIENCE
from serving import Serve, serving

from reconciler.workspace.execution.runner import log_path

T = TypeVar("T")
HOSTILE = "<script>alert(1)</script>\u202eevil"
FILES = {
    "reconciler.yaml": """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {inbox: {url: inbox}}
""",
    "schedules/hello.yml": """\
type: command
command: echo "hello ${{inputs.who}}"; printf 'done\\033[31m\\n'
inputs: {who: you, api_key: "hush-hush"}
""",
    "schedules/slow.yml": """\
type: command
command: trap 'exit 3' TERM; echo up; sleep 600 & wait
""",
    "schedules/steps.yml": """\
type: pipeline
description: Three steps.
inputs: {how_many: {type: integer}}
jobs:
  first:
    command: echo first > ${{outputs.made}}/it
    outputs: {made: {type: uri_folder}}
  second:
    command: cat ${{inputs.from_first}}/it
    inputs: {from_first: "${{parent.jobs.first.outputs.made}}"}
  third: {command: exit 4}
""",
    "schedules/all.yaml": f"""\
name: greet
description: "{HOSTILE.encode("unicode_escape").decode()}"
trigger: {{type: cron, expression: "0 7 * * 1-5", time_zone: Europe/Lisbon}}
create_job: {{job: ./hello.yml, experiment_name: greetings, inputs: {{who: "a&b"}}}}
---
name: slow
trigger: {{type: recurrence, frequency: hour, interval: 1, start_time: "2020-01-01T00:30:00"}}
create_job: ./slow.yml
---
name: steps
trigger: {{type: cron, expression: "0 0 1 1 *"}}
create_job: {{job: ./steps.yml, inputs: {{how_many: 3}}}}
---
name: files
trigger:
  type: datastore
  datastore: inbox
  path_on_datastore: in
  polling_interval: 1
  data_path_parameter_name: who
create_job: ./hello.yml
---
name: asleep
trigger: {{type: cron, expression: "*/5 * * * *"}}
create_job: ./hello.yml
is_enabled: false
hold: {{until: "2999-01-01", reason: "<b>stock</b> count"}}
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    write(folder, FILES)
    (folder / "inbox/in").mkdir(parents=True)
    git = ("git", "-c", "user.name=us", "-c", "user.email=us@example.org")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "all")):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    assert invoke(folder, "apply", "--yes").code == 0
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Serve]:
    with serving(folder, "--port", "0", "--grace", "1") as serve:
        yield serve


@pytest.fixture(scope="module")
def browser(served: Serve) -> Iterator[httpx.Client]:
    link = httpx.URL(str(served.wait("link")["url"]))
    base = link.copy_with(raw_path=b"/")
    with httpx.Client(base_url=base, follow_redirects=True, timeout=60) as client:
        assert client.get(link).status_code == 200
        yield client


def page(browser: httpx.Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def press(browser: httpx.Client, path: str, address: str, **fields: str) -> httpx.Response:
    """Send the form of `path` that goes to `address`, as its button would."""
    text = page(browser, path)
    assert f'action="{address}"' in text
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return browser.post(
        address,
        data={"csrf": found[1], **fields},
        headers={"Origin": str(browser.base_url).rstrip("/")},
    )


def until(condition: Callable[[], T]) -> T:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def words(text: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


@pytest.fixture(scope="module")
def ran(browser: httpx.Client) -> str:
    """A run of `steps` that has ended; its page's address."""
    answer = press(browser, "/schedules/steps", "/schedules/steps/run", **{"input:how_many": "5"})
    assert answer.status_code == 200
    address = answer.url.path
    until(lambda: "Failed" in page(browser, address).split("</h1>")[0])
    return address


PAGES = ("/", "/schedules", "/schedules/greet", "/schedules/files", "/pipelines")
PAGES += ("/pipelines/steps", "/runs", "/experiments", "/calendar", "/history")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_and_says_its_name(browser: httpx.Client, path: str) -> None:
    text = page(browser, path)
    assert text.count("<h1>") == 1
    assert text.count("<main") == 1
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "hush-hush" not in text
    assert not re.search(r"\bstyle=|\bon\w+=\"|<style|javascript:", text)


def test_the_overview(browser: httpx.Client, ran: str) -> None:
    text = words(page(browser, "/"))
    assert re.search(r"Engine running process \d+ on \S+, since \d+ [A-Z][a-z]+ \d\d:\d\d ", text)
    assert "4 enabled , 1 disabled" in text
    assert "Failed steps : last run" in text
    assert f'href="{ran}"' in page(browser, "/")
    assert "at 07:00 on Monday to Friday, Europe/Lisbon" in text
    until(lambda: "in sync" in words(page(browser, "/")))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["asleep", "files", "greet", "slow", "steps"]),
        ("?q=e&enabled=yes", ["files", "greet", "slow", "steps"]),
        ("?enabled=no", ["asleep"]),
        ("?kind=datastore", ["files"]),
        ("?kind=recurrence&owner=us", ["slow"]),
        ("?owner=-", []),
        ("?q=hello", ["asleep", "files", "greet"]),
        ("?q=%25", []),
        ("?q=_", []),
        ("?q=all.yaml&page=2", []),
        ("?kind=nonsense&enabled=maybe", ["asleep", "files", "greet", "slow", "steps"]),
    ],
)
def test_schedules_are_searched_and_filtered(
    browser: httpx.Client, query: str, names: list[str]
) -> None:
    text = page(browser, f"/schedules{query}")
    assert re.findall(r'<th scope="row"><a href="/schedules/([^"]+)"', text) == names


@pytest.mark.parametrize("path", ["/schedules?page=0", "/runs?page=x", "/pipelines?page=-1"])
def test_a_page_number_that_is_none(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.text) == (400, "page is a number from 1 on\n")


@pytest.mark.parametrize("path", ["/schedules/<b>", "/runs/none", "/pipelines/none", "/none"])
def test_what_is_not_there(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 404
    answer = browser.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert '<p class="problem" role="alert">' in answer.text
    if path.endswith("/none") and path != "/none":
        kind = path.split("/")[1].removesuffix("s")
        assert f"there is no {kind} &#34;none&#34;" in answer.text
    assert "<b>" not in answer.text


def test_a_schedule(browser: httpx.Client) -> None:
    text = page(browser, "/schedules/greet")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202eevil" in text
    said = words(text)
    assert "at 07:00 on Monday to Friday, Europe/Lisbon" in said
    assert "It is declared in schedules/all.yaml:1" in said
    assert 'role="group" aria-label="Fires by day and time of day' in text
    assert re.search(r"\w{3} \d+ \w{3} 07:00 in \d", said)
    assert 'name="input:who" value="a&amp;b"' in text
    assert 'name="input:api_key" value=""' in text


def test_disabled_and_enabled_again(browser: httpx.Client) -> None:
    press(browser, "/schedules/slow", "/schedules/slow/disable")
    text = words(page(browser, "/schedules/slow"))
    assert "slow disabled" in text
    assert "every hour" in text
    until(lambda: "differs: is_enabled" in words(page(browser, "/schedules/slow")))
    press(browser, "/schedules/slow", "/schedules/slow/enable")
    assert "slow enabled" in words(page(browser, "/schedules/slow"))


def test_a_run_with_its_steps_and_logs(browser: httpx.Client, ran: str) -> None:
    text = page(browser, ran)
    said = words(text)
    assert "Steps: first at once; second after first; third at once" in text
    assert "how_many 5" in said
    assert re.search(r"third Failed .* 4 ", said)
    assert 'id="log-1"' in text
    assert ">first\n</pre>" in text
    assert "data-open" not in text


def test_a_log_shows_no_control_characters_and_masks_inputs(browser: httpx.Client) -> None:
    fields = {"input:who": "<b>", "input:api_key": "sesame"}
    answer = press(browser, "/schedules/greet", "/schedules/greet/run", **fields)
    address = answer.url.path
    until(lambda: "Completed" in page(browser, address).split("</h1>")[0])
    text = page(browser, address)
    assert "hello &lt;b&gt;\ndone\N{REPLACEMENT CHARACTER}[31m" in text
    assert "sesame" not in text


def test_a_log_is_followed_and_the_run_canceled(browser: httpx.Client) -> None:
    address = press(browser, "/schedules/slow", "/schedules/slow/run").url.path
    log = f"{address}/log?step=command&offset="
    until(lambda: browser.get(f"{log}0").status_code == 200)
    first = until(lambda: (p := browser.get(f"{log}0").json())["text"] and p)
    assert first == {"text": "up\n", "offset": 3, "done": False, "status": "Running"}
    assert "data-open" in page(browser, address)
    press(browser, address, f"{address}/cancel")
    last = until(lambda: (p := browser.get(f"{log}{first['offset']}").json())["done"] and p)
    assert (last["text"], last["status"]) == ("", "Canceled")
    assert browser.post(f"{address}/cancel").status_code == 403
    assert browser.get(f"{address}/log?step=../../workspace").status_code == 404
    assert browser.get(f"{log}-1").status_code == 400


def test_runs_are_filtered(browser: httpx.Client, ran: str) -> None:
    assert ran in page(browser, "/runs?status=Failed&schedule=steps&pipeline=steps")
    assert "Nothing matches" in page(browser, "/runs?status=Completed&schedule=steps")
    assert "Nothing matches" in page(browser, "/runs?experiment=%27%20OR%201")


def test_a_pipeline(browser: httpx.Client, ran: str) -> None:
    text = page(browser, "/pipelines/steps")
    assert "Three steps." in text
    assert ran in text
    assert "second after first" in text
    refused = press(browser, "/pipelines/steps", "/pipelines/steps/disable")
    assert refused.status_code == 409
    assert "steps" in refused.text
    assert "steps" in page(browser, "/pipelines?q=TEP")


def test_the_calendar(browser: httpx.Client) -> None:
    text = page(browser, "/calendar")
    assert text.count('<tr><th scope="row">') >= 14
    assert "Fires of the next 24 hours" in text
    until(lambda: "<td class=" in page(browser, "/calendar"))


def test_experiments(browser: httpx.Client, ran: str) -> None:
    assert "/runs?experiment=steps" in page(browser, "/experiments")


def test_a_schedule_that_cannot_run_says_why(browser: httpx.Client) -> None:
    answer = press(
        browser, "/schedules/steps", "/schedules/steps/run", **{"input:how_many": "many"}
    )
    assert answer.status_code == 409
    assert "how_many" in answer.text


def test_the_history_of_applies(browser: httpx.Client) -> None:
    text = page(browser, "/history")
    assert "applied" in words(text)
    found = re.search(r'href="(/history/\d+)"', text)
    assert found is not None
    line = page(browser, found[1])
    assert "+ local/greet" in line
    assert words(line).count("create created") == 5
    assert found[1] in page(browser, "/history?show=all")
    assert found[1] in page(browser, "/schedules/greet")
    assert found[1] not in page(browser, f"/history?before={found[1].rpartition('/')[2]}")
    assert browser.get("/history/999").status_code == 404
    assert browser.get("/history?before=x").status_code == 400


@pytest.mark.parametrize("number", ["0", "x", "000000001" + "9" * 20, "000000001" + "1" * 5000])
def test_odd_numbers_of_pages_are_refused(browser: httpx.Client, number: str) -> None:
    for path in ("/schedules", "/runs", "/experiments"):
        assert browser.get(path, params={"page": number}).status_code == 400


def test_the_calendar_knows_of_a_change_at_once(browser: httpx.Client) -> None:
    def fires() -> str:
        return words(page(browser, "/calendar")).split(" fires in the next")[0]

    before = fires()
    press(browser, "/schedules/asleep", "/schedules/asleep/enable")
    assert fires() != before
    press(browser, "/schedules/asleep", "/schedules/asleep/disable")


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_log_is_a_file_and_nothing_else(
    folder: Path, browser: httpx.Client, ran: str, kind: str
) -> None:
    path = log_path(folder / "workspace-runs" / ran.removeprefix("/runs/"), "second")
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        if kind == "link":
            path.symlink_to(folder / "reconciler.yaml")
        else:
            os.mkfifo(path)
        assert "provider: local" not in page(browser, ran)
        assert browser.get(f"{ran}/log?step=second").status_code == 404
    finally:
        path.unlink()
        aside.rename(path)


def test_a_run_shows_the_outputs_of_each_step(browser: httpx.Client, ran: str) -> None:
    assert "first/made folder" in words(page(browser, ran)).split("Outputs")[1]


def test_a_schedule_says_its_commit_and_its_hold(browser: httpx.Client, folder: Path) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
    held = "held until 2999-01-01 00:00 UTC: &lt;b&gt;stock&lt;/b&gt; count"
    until(lambda: f'<p class="note">{held}' in page(browser, "/schedules/asleep"))
    text = page(browser, "/schedules/asleep")
    assert f"Commit {head}" in words(text)
    assert f"at commit {head[:12]}" in words(text)
    assert "Next, after its hold" in text
    assert text.count(held) == 1
    assert "Repository in sync" in words(text)
    assert held in page(browser, "/schedules")


def test_the_zone_is_chosen_on_pages_of_the_workspace(browser: httpx.Client) -> None:
    assert ">UTC</a>" in page(browser, "/schedules")
    assert ">UTC</a>" in page(browser, "/targets")
    text = browser.get("/time-zone?zone=Asia/Tokyo&next=/schedules").text
    assert ">Asia/Tokyo</a>" in text
    assert re.search(r'title="\w+ [0-9-]+ [0-9:]+ JST"', text)
    browser.get("/time-zone?zone=UTC")


def test_without_a_session_only_signing_in(served: Serve, browser: httpx.Client) -> None:
    with httpx.Client(base_url=browser.base_url, timeout=60) as stranger:
        for path in PAGES:
            answer = stranger.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")
        assert stranger.get("/static/style.css").status_code == 200
