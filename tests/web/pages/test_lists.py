"""Lists, the overview and the page of a run, over a workspace whose past is known."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reconciler.workspace.engine.executor import run_folder
from reconciler.workspace.execution.runner import log_path
from web.arm.test_arm import put, store
from web.opened import BASE, V1, VERSION, Server, publish
from web.v1.test_v1 import pipeline

NOW = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
RUN = (
    "INSERT INTO runs (name, schedule, experiment, pipeline, version, cause, due_at, inputs,"
    " status, created_at, started_at, ended_at, message)"
    " VALUES (?, ?, 'e', 'train', ?, 'time', ?, ?, ?, ?, ?, ?, ?)"
)
C, F = "Completed", "Failed"


def add_runs(server: Server, name: str, statuses: list[str], each: timedelta = HOUR) -> list[str]:
    """Runs of a schedule, the last one made an hour ago; by minutes longer and longer."""
    names = [f"{name}-{number}" for number in range(len(statuses))]
    with closing(sqlite3.connect(server.path)) as connection:
        for number, status in enumerate(statuses):
            at = NOW - HOUR - (len(statuses) - 1 - number) * each
            ended = at + timedelta(minutes=number + 1) if status in (C, F) else None
            row = (names[number], name, server.version, at, "{}", status, at, at, ended, None)
            text = [one.isoformat() if isinstance(one, datetime) else one for one in row]
            connection.execute(RUN, text)
            fire = (name, at.isoformat(), at.isoformat(), at.isoformat(), names[number])
            connection.execute("INSERT INTO fires VALUES (?, ?, ?, ?, 'run', ?, 1)", fire)
        connection.commit()
    return names


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("known")
    with Server(folder, clock=lambda: NOW) as server:
        cron = {"type": "cron", "expression": "0 7 * * 1-5", "time_zone": "Asia/Tokyo"}
        store(server, "good", trigger=cron)
        store(server, "bad")
        store(server, "mixed", is_enabled=False)
        store(server, "idle")
        add_runs(server, "good", [C] * 20)
        add_runs(server, "bad", [C, C, F, F, F])
        add_runs(server, "mixed", [F, C, F, C], DAY)
        with closing(sqlite3.connect(server.path)) as connection:
            missed = (NOW - 2 * DAY).isoformat()
            connection.execute(
                "INSERT INTO fires VALUES ('idle', 'missed', ?, ?, 'missed', NULL, 3)",
                (missed, missed),
            )
            old = (NOW - HOUR).isoformat()
            late = ["late", None, server.version, old, "{}", "NotStarted", old, None, None, None]
            connection.execute(RUN, late)
            connection.commit()
        yield server


@pytest.fixture(scope="module")
def browser(known: Server) -> Iterator[httpx.Client]:
    with known.browser() as client:
        yield client


def page(browser: httpx.Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def rows(text: str) -> list[str]:
    return re.findall(r'<th scope="row"[^>]*><a href="/(?:schedules|runs)/([^"]+)"', text)


# --------------------------------------------------------------------------------------- schedules


def test_a_schedule_is_a_line_that_shows_how_it_went(browser: httpx.Client) -> None:
    text = page(browser, "/schedules")
    line = text.split('href="/schedules/bad"')[1].split("</tr>")[0]
    assert [line.count(f"runbar {kind}") for kind in ("completed", "failed")] == [2, 3]
    heights = [int(one) for one in re.findall(r'width="6" height="(\d+)"', line)]
    assert heights == sorted(heights)
    assert heights[-1] == 22
    assert "last 5 runs: 2 completed, 3 failed" in line
    assert '<a href="/runs/bad-4" class="outcome failed">failed</a>' in line
    assert "1 h ago" in line
    line = text.split('href="/schedules/good"')[1].split("</tr>")[0]
    assert 'title="at 07:00 on Monday to Friday, Asia/Tokyo (cron 0 7 * * 1-5)">Mon–Fri at' in line
    assert ">Wed 4 Mar 22:00</time>" in line
    assert "Thu 07:00 JST" in line
    assert line.count("runbar completed") == 14
    assert "never ran" in text.split('href="/schedules/idle"')[1].split("</tr>")[0]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["bad", "good", "idle", "mixed"]),
        ("?sort=-name", ["mixed", "idle", "good", "bad"]),
        ("?sort=-state", ["bad", "good", "idle", "mixed"]),
        ("?sort=state", ["mixed", "bad", "good", "idle"]),
        ("?sort=next", ["good", "bad", "idle", "mixed"]),
        ("?sort=-next", ["bad", "idle", "good", "mixed"]),
        ("?sort=ran", ["bad", "good", "mixed", "idle"]),
        ("?sort=last", ["good", "mixed", "bad", "idle"]),
        ("?sort=nonsense", ["bad", "good", "idle", "mixed"]),
        ("?last=Failed", ["bad"]),
        ("?last=never", ["idle"]),
        ("?last=Completed&enabled=no&sort=-ran", ["mixed"]),
    ],
)
def test_schedules_are_sorted_and_filtered(
    browser: httpx.Client, query: str, names: list[str]
) -> None:
    assert rows(page(browser, f"/schedules{query}")) == names


def test_chips_and_columns_keep_what_is_chosen_in_the_address(browser: httpx.Client) -> None:
    text = page(browser, "/schedules?q=o&enabled=yes&sort=name").replace("&amp;", "&")
    assert 'href="/schedules?q=o&enabled=yes&last=Failed&sort=name"' in text
    assert '<a href="/schedules?q=o&sort=name" aria-current="true">enabled' in text
    assert (
        '<th scope="col" aria-sort="ascending"><a href="/schedules?q=o&enabled=yes&sort=-name"'
        in text
    )
    assert '<input type="hidden" name="enabled" value="yes">' in text


def test_what_failed_among_the_fires_is_red_and_leads_to_its_run(browser: httpx.Client) -> None:
    text = page(browser, "/schedules/bad")
    found = re.findall(r'<a href="([^"]+)" aria-label="[^"]*: 1 failed"', text)
    assert found == ["/runs/bad-2", "/runs/bad-3", "/runs/bad-4"]
    assert "2 completed, 3 failed" in text
    assert 'class="mark missed"' in page(browser, "/schedules/idle")


# -------------------------------------------------------------------------------------------- runs


def test_runs_stand_under_their_days(browser: httpx.Client) -> None:
    said = words(page(browser, "/runs"))
    assert "Today, Wed 4 Mar" in said
    assert "Yesterday, Tue 3 Mar" in said
    assert rows(page(browser, "/runs?schedule=mixed")) == [f"mixed-{n}" for n in (3, 2, 1, 0)]
    assert rows(page(browser, "/runs?schedule=mixed&day=2026-03-03")) == ["mixed-2"]
    between = "/runs?schedule=bad&since=2026-03-04T09:30&until=2026-03-04T11:00"
    assert rows(page(browser, between)) == ["bad-3", "bad-2"]
    assert rows(page(browser, "/runs?schedule=mixed&sort=longest&status=Failed")) == [
        "mixed-2",
        "mixed-0",
    ]
    assert "Nothing matches" in page(browser, "/runs?day=1999-01-01")


@pytest.mark.parametrize("query", ["day=x", "day=9999-12-31", "since=x", "until=0001-01-01"])
def test_what_is_no_day_is_refused_in_words(browser: httpx.Client, query: str) -> None:
    assert browser.get(f"/runs?{query}").status_code in (200, 400)
    assert browser.get("/runs?day=x").status_code == 400
    assert browser.get("/calendar?at=x").status_code == 400


def test_runs_by_schedule(browser: httpx.Client) -> None:
    text = page(browser, "/runs?group=schedule")
    assert rows(text) == ["bad", "mixed", "good"]
    assert "5 3 60 %" in words(text)
    assert "20 none" in words(text)


def test_days_of_runs_lead_to_their_runs(browser: httpx.Client) -> None:
    text = page(browser, "/runs").replace("&amp;", "&")
    found = re.findall(r'href="(/runs\?day=[^"]+)" aria-label="([^"]+)"', text)
    assert len(found) == 14
    assert found[-1][1] == "Wed 4 Mar: 15 completed, 3 failed"
    assert len(rows(page(browser, found[-1][0]))) == 19  # one of them waits


# ---------------------------------------------------------------------------------------- overview


def test_the_overview_says_what_needs_a_look(browser: httpx.Client) -> None:
    said = words(page(browser, "/"))
    look = said.split("Needs a look")[1].split("Runs by outcome")[0]
    assert "Failed bad : last run" in look
    assert "3 in a row" in look
    assert "mixed" not in look
    assert "missed idle : 3 fires in the last week, the last 2 d ago" in look
    assert "late late waits since 1 h ago" in look
    slow = said.split("Slowest")[1].split("Flakiest")[0]
    assert re.findall(r"good|bad|mixed", slow) == ["good", "mixed", "bad"]
    flaky = said.split("Flakiest")[1].split("Next")[0]
    assert flaky.index("mixed") < flaky.index("bad")
    assert "2 of 4" in flaky
    assert "3 of 5" in flaky


def test_an_empty_overview_says_the_first_steps(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.browser() as browser:
        said = words(page(browser, "/"))
        assert "First steps" in said
        assert "reconciler trigger NAME" in said
        for path in ("/schedules", "/runs", "/runs?group=schedule", "/history", "/experiments"):
            page(browser, path)


# ------------------------------------------------------------------------------------------- times


def test_a_person_chooses_the_zone_of_the_pages(known: Server) -> None:
    with known.browser("read") as browser:
        assert 'title="Wednesday 2026-03-04 11:34:56 UTC">1 h ago' in page(browser, "/schedules")
        assert ">Europe/Lisbon</option>" in page(browser, "/time-zone?next=/runs")
        chosen = browser.get("/time-zone?zone=asia/tokyo&next=/runs%3Fstatus%3DFailed")
        assert chosen.url.path == "/runs"
        assert ">Asia/Tokyo</a>" in chosen.text
        assert "Wednesday 2026-03-04 20:34:56 JST" in chosen.text
        assert ">Thu 5 Mar 07:00</time>" in page(browser, "/schedules")
        # Three hours before midnight in UTC is the next day there.
        assert "good-17" in rows(page(browser, "/runs?schedule=good&day=2026-03-04"))
        text = page(browser, "/calendar")
        assert "Wed 4 Mar" in text
        assert "Hours are those of Asia/Tokyo" in text
        assert browser.get("/time-zone?zone=Mars/Phobos").status_code == 400
        away = browser.get("/time-zone?zone=UTC&next=//evil.example.org")
        assert away.url.path == "/"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_the_calendar_counts_the_same_on_every_clock(known: Server, zone: str) -> None:
    with known.browser() as browser:
        browser.get(f"/time-zone?zone={zone}")
        text = page(browser, "/calendar")
        cells = [int(one) for one in re.findall(r'#hour">(\d+)</a>', text)]
        total = int(words(text).split(" fires in the next")[0].rsplit(" ", 1)[1])
        assert sum(cells) == total
        assert len(re.findall(r'<tr><th scope="row">\w{3} \d+ \w{3}</th>', text)) == 14
        found = re.search(r'href="(/calendar\?at=[^"]+)#hour">1</a>', text)
        assert found is not None
        assert rows(page(browser, found[1]).split('id="hour"')[1].split("</section>")[0])


# -------------------------------------------------------------------------------- the page of a run


def test_a_failed_run_shows_first_what_failed(tmp_path: Path) -> None:
    with Server(tmp_path, clock=lambda: NOW) as server, server.browser() as browser:
        store(server, "job")
        add_runs(server, "job", [C, F])
        newer = {"type": "command", "command": "exit 3", "inputs": {"epochs": 5, "api_key": "n"}}
        version = publish(server.path, "train", newer)
        with closing(sqlite3.connect(server.path)) as connection:
            connection.execute(
                "UPDATE runs SET version = ?, inputs = ? WHERE name = 'job-1'",
                (version, '{"api_key": "sesame", "epochs": 6}'),
            )
            for step, status, code in (("a", C, 0), ("b", F, 3)):
                connection.execute(
                    "INSERT INTO steps VALUES ('job-1', ?, ?, ?, ?, ?, NULL)",
                    (step, status, NOW.isoformat(), NOW.isoformat(), code),
                )
            connection.commit()
        logs = {"a": "", "b": "".join(f"part {n}\n" for n in range(100)) + "Boom <b>\x1b[31m\n"}
        for step, text in logs.items():
            path = log_path(run_folder(server.site.runs_folder, "job-1"), step)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        text = page(browser, "/runs/job-1")
        said = words(text)
        assert said.index("b failed with exit code 3") < said.index("Steps")
        first = text.split("<pre", 1)[1].split("</pre>")[0]
        assert "part 81\n" in first
        assert "part 80\n" not in first
        assert "Boom &lt;b&gt;\N{REPLACEMENT CHARACTER}[31m" in first
        beside = said.split("Beside the last good run")[1].split("Steps")[0]
        assert "job-0 completed" in beside
        assert f"version of train {server.version} {version}" in beside
        assert "input epochs – 6" in beside
        assert "job train : changed command" in beside
        assert "sesame" not in text
        assert "It printed nothing." in text
        found = page(browser, "/runs/job-1?q=BOOM")
        assert "   101  Boom &lt;b&gt;" in found
        assert "No log says “nowhere”" in page(browser, "/runs/job-1?q=nowhere")
        file = browser.get("/runs/job-1/log-file?step=b")
        assert file.text == logs["b"]
        assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''job-1")
        assert browser.get("/runs/job-1/log-file?step=a").content == b""
        assert browser.get("/runs/job-1/log-file?step=../../workspace").status_code == 404
        again(browser, server, version)


def again(browser: httpx.Client, server: Server, version: str) -> None:
    token = re.search(r'name="csrf" value="([^"]+)"', page(browser, "/runs/job-1"))
    assert token is not None
    made = browser.post("/runs/job-1/again", data={"csrf": token[1]})
    assert made.status_code == 200
    assert made.url.path != "/runs/job-1"
    said = words(made.text)
    assert f"train {version}" in said
    assert "epochs 6" in said
    assert "run by hand by a page" in said
    assert "job-1 run again by a page" in words(page(browser, "/"))
    with server.browser("read") as reader:
        assert "Run again" not in page(reader, "/runs/job-1")
        assert reader.post("/runs/job-1/again").status_code == 403


# ----------------------------------------------------------------------------------------- history


def test_acts_of_every_door_are_in_the_history_with_who(server: Server) -> None:
    store(server, "job")
    with server.api(params=VERSION) as api, server.browser() as browser:
        put(api, "job", isEnabled=False)
        put(api, "job", isEnabled=True)
        run = api.post(f"{BASE}/schedules/job/trigger").json()["submissionId"]
        assert api.post(f"{BASE}/jobs/{run}/cancel").status_code == 200
        body = {"ExperimentName": "e", "ParameterAssignments": {"a": "1"}, "RunSource": "SDK"}
        submit = f"{V1}/PipelineRuns/PipelineSubmit/{pipeline(api)['Id']}"
        assert api.post(submit, json=body).status_code == 200
        token = re.search(r'name="csrf" value="([^"]+)"', page(browser, "/schedules/job"))
        assert token is not None
        browser.post("/schedules/job/disable", data={"csrf": token[1]})
        text = words(page(browser, "/history"))
        for line in (
            "disabled by hand a page – schedule job",
            f"canceled by hand Azure's API – run {run}",
            f"triggered by hand Azure's API – schedule job : {run}",
            "submitted by hand Azure's v1 API – pipeline score",
            "enabled by hand Azure's API – schedule job",
            "disabled by hand Azure's API – schedule job",
        ):
            assert line in text.replace("&#39;", "'"), line
        assert "disabled by a page" in words(page(browser, "/schedules/job"))


def test_the_history_is_paged(server: Server) -> None:
    with closing(sqlite3.connect(server.path)) as connection:
        connection.execute("DELETE FROM acts")
        for number in range(60):
            at = (datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=number)).isoformat()
            row = (number + 1, at, "ana", "trigger", "schedule", f"s{number:02}", None)
            connection.execute("INSERT INTO acts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.commit()
    with server.browser() as browser:
        text = page(browser, "/history?show=acts")
        found = re.findall(r"/schedules/(s\d+)", text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        assert older is not None
        found += re.findall(r"/schedules/(s\d+)", page(browser, older[1].replace("&amp;", "&")))
        assert found == [f"s{number:02}" for number in reversed(range(60))]
        assert browser.get("/history?act=x").status_code == 400


def test_a_run_that_was_brought_along_says_where_it_ran(tmp_path: Path) -> None:
    with Server(tmp_path, clock=lambda: NOW) as server, server.browser() as browser:
        store(server, "job")
        add_runs(server, "job", [C, C])
        away = tmp_path / "elsewhere/old-runs/job-0"
        log = log_path(away, "a")
        log.parent.mkdir(parents=True)
        log.write_text("it said so\n")
        with closing(sqlite3.connect(server.path)) as connection:
            connection.execute(
                "UPDATE runs SET ran_in = 'old', files_in = ?, version = 'gone'"
                " WHERE name = 'job-0'",
                (str(away),),
            )
            values = ("job-0", "a", C, NOW.isoformat(), NOW.isoformat(), 0)
            connection.execute("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, NULL)", values)
            connection.commit()
        said = words(page(browser, "/runs/job-0"))
        assert "Ran in old, before its schedule moved; its files are there" in said
        assert f"Folder {away}" in said
        assert "it said so" in said
        assert browser.get("/runs/job-0/log-file?step=a").text == "it said so\n"
        assert "Ran in" not in words(page(browser, "/runs/job-1"))
        listed = words(page(browser, "/runs?schedule=job"))
        assert listed.count("schedule, in old") == 1
