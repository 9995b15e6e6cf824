"""Forges that are slow, full, gone, wrong or hostile; without a wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.forges import github
from requests import RequestException, exceptions

from forge.jobs import actions, gitlab_ci, job, pipelines
from forge.places import PLACES, Place
from reconciler.errors import ForgeError, ForgeUnavailable
from reconciler.forge import Forge, detect
from reconciler.forge.base import Patience
from reconciler.forge.client import Client, Header, Waits, connection_words
from reconciler.forge.marker import Marker
from reconciler.forge.publish import publish_comment, publish_issue
from reconciler.forge.summary import run_link, write_summary

QUICK = Patience(connect=5, read=20, attempts=3, backoff=0)
MARKER = Marker("plan", "prod", "us", "sha256:" + "0" * 64)
DRIFT = Marker("drift", "prod", "us", "sha256:" + "0" * 64)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = PLACES[request.param](tmp_path)
    with made.site:
        made.open(12)
        yield made


def forge(place: Place, **more: str) -> Forge:
    return detect(set_variables(place.env(**more)), patience=QUICK)


def set_variables(env: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in env.items() if value is not None}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(place: Place, status: int) -> None:
    place.site.fail("GET", place.path, status, headers={"Retry-After": "0"})
    place.site.fail("GET", place.path, status)
    assert publish_comment(forge(place), 12, MARKER, "text") == "posted"
    assert len(place.bodies(12)) == 1


def test_a_comment_that_was_turned_away_is_written_again(place: Place) -> None:
    place.site.fail("POST", place.path, 429, headers={"Retry-After": "0"})
    assert publish_comment(forge(place), 12, MARKER, "text") == "posted"
    assert len(place.bodies(12)) == 1


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("broken", ["", "drop"])
def test_a_comment_whose_answer_is_lost_is_written_once(
    place: Place, done: bool, broken: str
) -> None:
    place.site.fail("POST", place.path, 502, done=done, broken=broken)
    assert publish_comment(forge(place), 12, MARKER, "text") == "posted"
    assert len(place.bodies(12)) == 1
    assert place.site.counted("POST") == (1 if done else 2)


@pytest.mark.parametrize("done", [True, False])
def test_an_issue_whose_answer_is_lost_is_opened_once(place: Place, done: bool) -> None:
    place.site.fail("POST", r"(issues|Task)$", 502, done=done)
    assert publish_issue(forge(place), DRIFT, "title", "text", drift=True) == "opened"
    assert len(place.issues()) == 1


def test_it_gives_up(place: Place) -> None:
    for _ in range(QUICK.attempts + 1):
        place.site.fail("GET", place.path, 503)
    with pytest.raises(ForgeUnavailable, match="HTTP 503: it goes wrong"):
        publish_comment(forge(place), 12, MARKER, "text")
    assert place.site.faults == []
    assert place.bodies(12) == []


def test_an_answer_that_is_cut_off_is_read_again(place: Place) -> None:
    place.site.fail("GET", place.path, 200, broken="truncate")
    assert list(forge(place).comments(12)) == []
    for _ in range(2):
        place.site.fail("GET", place.path, 200, broken="truncate")
    with pytest.raises(ForgeUnavailable, match="the answer was cut off"):
        list(forge(place).comments(12))
    place.site.fail("POST", place.path, 200, broken="truncate", done=True)
    assert publish_comment(forge(place), 12, MARKER, "text") == "posted"
    assert len(place.bodies(12)) == 1


def test_nobody_is_there(place: Place) -> None:
    here = forge(place)
    place.site.__exit__()
    with pytest.raises(ForgeUnavailable, match="the connection failed") as caught:
        list(here.comments(12))
    assert caught.value.hint == "its API is taken to be at 127.0.0.1"


def test_no_such_pull_request(place: Place) -> None:
    with pytest.raises(ForgeError, match="HTTP 404") as raised:
        publish_comment(forge(place), 4711, MARKER, "text")
    assert raised.value.hint


def test_an_answer_with_the_token_in_it(place: Place) -> None:
    token = next(iter(place.site.users))
    place.site.fail("GET", place.path, 400, body={"message": f"what is {token}?"})
    with pytest.raises(ForgeError, match=r"what is \*\*\*\*\?") as raised:
        list(forge(place).comments(12))
    assert token not in str(raised.value.__cause__)


def test_a_redirect_is_not_followed(place: Place) -> None:
    elsewhere = {"Location": "http://127.0.0.1:9/elsewhere"}
    place.site.fail("GET", place.path, 301, headers=elsewhere)
    with pytest.raises(ForgeError, match="HTTP 301") as raised:
        list(forge(place).comments(12))
    assert "moved" in (raised.value.hint or "")


# -------------------------------------------------------------------------------------- the client


def client(site: github.GitHub) -> Client:
    header = Header("Authorization", f"Bearer {github.TOKEN}")
    base = f"{site.address}/"
    return Client(base, forge="GitHub", auth=header, token=github.TOKEN, patience=QUICK)


def test_pages_stay_on_the_host() -> None:
    with github.GitHub() as site:
        link = {"Link": '<http://127.0.0.1:9/more>; rel="next"'}
        site.fail("GET", "/x", 200, headers=link, body=[1])
        with pytest.raises(ForgeError, match="another host"):
            list(client(site).pages("x", parameters={}))
        assert len(site.calls) == 1


def test_pages_end() -> None:
    with github.GitHub() as site:
        for number in range(101):
            link = {"Link": f'<{site.address}/x?page={number}>; rel="next"'}
            site.fail("GET", "/x", 200, headers=link, body=[number])
        with pytest.raises(ForgeError, match="more than 100 pages of /x"):
            list(client(site).pages("x", parameters={}))
        assert len(site.calls) == 100


@pytest.mark.parametrize(("body", "said"), [({}, "no list"), ("x", "no list")])
def test_a_page_that_is_no_list(body: Any, said: str) -> None:
    with github.GitHub() as site:
        site.fail("GET", "/x", 200, body=body)
        with pytest.raises(ForgeError, match=said):
            list(client(site).pages("x", parameters={}))


def test_a_page_of_a_proxy() -> None:
    with github.GitHub() as site:
        site.html("GET", "/x", "<html>sign in</html>")
        with pytest.raises(ForgeUnavailable, match="/x: the answer is no JSON"):
            client(site).json("GET", "x")
        site.html("GET", "/x", "<html>gone</html>", status=410)
        with pytest.raises(ForgeError, match="HTTP 410: Gone"):
            client(site).json("GET", "x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.ConnectTimeout(), "the connection could not be made in time"),
        (exceptions.ReadTimeout(), "no answer in time"),
        (exceptions.SSLError(), "the certificate is not accepted"),
        (exceptions.ProxyError(), "the proxy does not let us through"),
        (exceptions.InvalidHeader(github.TOKEN), "InvalidHeader"),
    ],
)
def test_what_is_said_of_a_connection(error: RequestException, said: str) -> None:
    assert connection_words(error) == said


def test_a_second_limit_is_waited_for() -> None:
    """GitHub's limits on bursts are a 403 that says when to come back."""
    with github.GitHub() as site:
        site.fail("POST", "/x", 403, headers={"Retry-After": "0"})
        site.fail("POST", "/x", 201, body={"ok": 1})
        assert client(site).json("POST", "x", body={}) == {"ok": 1}


def test_a_wait_has_a_limit() -> None:
    with github.GitHub() as site:
        site.fail("GET", "/x", 200, headers={"Retry-After": "86400"}, body=[])
        response = client(site).call("GET", "x")
        assert Waits(total=1).get_retry_after(response.raw) == 60.0
    assert not Waits(total=0).is_retry("GET", 503)


@pytest.mark.parametrize("base", ["", "ftp://x/", "no address", "https:///x"])
def test_an_address_that_is_none(base: str) -> None:
    with pytest.raises(ForgeError, match="no address"):
        Client(base, forge="GitHub", auth=Header("a", "b"), token="")


# -------------------------------------------------------------------------------------- where it is


def test_no_ci() -> None:
    with pytest.raises(ForgeError, match="this is no job of GitHub Actions") as caught:
        detect({})
    # `reviewed` comes here too, and has no such option.
    assert caught.value.hint == "`comment` and `issue` print what they would write with --dry-run"


def test_the_number_of_a_pull_request_on_github(tmp_path: Path) -> None:
    with github.GitHub() as site:
        env = set_variables(actions(site, tmp_path))
        assert detect(env).number() == 12
        event = Path(env["GITHUB_EVENT_PATH"])
        event.write_text('{"issue": {"number": 5, "pull_request": {}}}')
        assert detect(env).number() == 5
        for text in ('{"issue": {"number": 5}}', "[", "[1]", '{"pull_request": {"number": "x"}}'):
            event.write_text(text)
            assert detect(env).number() == 12  # of the ref
        event.unlink()
        assert detect({**env, "GITHUB_REF": "refs/pull/31/merge"}).number() == 31
        with pytest.raises(ForgeError, match="no pull request"):
            detect({**env, "GITHUB_REF": "refs/heads/pull"}).number()
        with pytest.raises(ForgeError, match="no repository"):
            detect({**env, "GITHUB_REPOSITORY": "a/b/../c"})


def test_an_enterprise_server_has_its_api_below_a_path(tmp_path: Path) -> None:
    with github.GitHub(base="/api/v3/") as site:
        site.open_pull(12)
        env = set_variables(actions(site, tmp_path))
        assert env["GITHUB_API_URL"].endswith("/api/v3")
        assert publish_comment(detect(env), 12, MARKER, "text") == "posted"


def test_the_token_of_a_person_edits_the_comments_of_that_person(tmp_path: Path) -> None:
    with github.GitHub() as site:
        site.open_pull(12)
        site.comment(12, f"{MARKER}\nof the job", github.ACTIONS)
        env = set_variables(actions(site, tmp_path, GITHUB_TOKEN=github.PERSONAL))
        assert publish_comment(detect(env), 12, MARKER, "text") == "posted"
        assert publish_comment(detect(env), 12, MARKER, "other") == "updated"
        assert len(site.issues[12].comments) == 2


def test_azure_pipelines_builds_a_repository_on_github() -> None:
    with github.GitHub() as site:
        site.open_pull(12)
        variables = {
            "TF_BUILD": "True",
            "BUILD_REPOSITORY_PROVIDER": "GitHub",
            "BUILD_REPOSITORY_NAME": site.repository,
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "12",
            "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
            "GITHUB_API_URL": site.address,
            "GITHUB_TOKEN": github.TOKEN,
        }
        here = detect(variables)
        assert publish_comment(here, here.number(), MARKER, "text") == "posted"
        with pytest.raises(ForgeError) as raised:
            detect({**variables, "GITHUB_TOKEN": ""})
        assert "Azure Pipelines has no token for GitHub" in (raised.value.hint or "")


def test_the_open_merge_request_of_a_branch() -> None:
    from fakes.forges.gitlab import GitLab

    with GitLab() as site:
        env = set_variables(gitlab_ci(site, None))
        one = "acme/schedules!7"
        assert detect({**env, "CI_OPEN_MERGE_REQUESTS": one}).number() == 7
        for several in (f"{one},acme/schedules!8", "other/fork!7", "", "acme/schedules!x"):
            with pytest.raises(ForgeError, match="no merge request"):
                detect({**env, "CI_OPEN_MERGE_REQUESTS": several}).number()


def test_a_process_of_azure_without_a_state_that_is_done() -> None:
    from fakes.forges.azuredevops import AzureDevOps

    with AzureDevOps() as site:
        here = detect(set_variables(pipelines(site, None)), patience=QUICK)
        site.fail("GET", "/states$", 200, body={"value": [{"name": "x", "category": "Proposed"}]})
        with pytest.raises(ForgeError, match="no state in which a Task is done"):
            list(here.issues("label"))


# ------------------------------------------------------------------------------------- job summary


def test_summaries(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    assert write_summary({"GITHUB_STEP_SUMMARY": str(file)}, "# a\udcff plan") is None
    assert file.read_text() == "before\n# a\\udcff plan\n"

    line = write_summary({"TF_BUILD": "True", "AGENT_TEMPDIRECTORY": str(tmp_path)}, "text")
    assert line is not None
    command, path = line.split("]")
    assert (command, Path(path).read_text()) == ("##vso[task.uploadsummary", "text")

    assert write_summary({"GITLAB_CI": "true"}, "text") is None
    with pytest.raises(ForgeError, match="cannot be written: Is a directory"):
        write_summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, "text")


def test_the_page_of_the_job(tmp_path: Path) -> None:
    found = []
    for name, made in PLACES.items():
        folder = tmp_path / name
        folder.mkdir()
        place = made(folder)
        with place.site:
            link = run_link(set_variables(place.env()))
            assert link is not None
            found.append(link.removeprefix(place.site.address))
    assert found == [
        "/acme/schedules/actions/runs/77",
        "/acme/schedules/-/jobs/5",
        "/acme/ML%20Platform/_build/results?buildId=9",
    ]
    assert run_link({}) is None
    assert set(job().values()) <= {None}


def test_what_was_deleted_is_not_found_again(tmp_path: Path) -> None:
    place = PLACES["azuredevops"](tmp_path)
    with place.site:
        place.open(12)
        here = forge(place)
        for at in ("thread", "comment"):
            assert publish_comment(here, 12, MARKER, "text") == "posted"
            thread = place.site.threads[12][-1]
            (thread if at == "thread" else thread["comments"][0])["isDeleted"] = True
        assert publish_comment(here, 12, MARKER, "text") == "posted"
        assert len(place.bodies(12)) == 3


def test_a_limit_that_is_used_up(tmp_path: Path) -> None:
    place = PLACES["github"](tmp_path)
    with place.site:
        place.open(12)
        place.site.fail("GET", place.path, 403, headers={"X-RateLimit-Remaining": "0"})
        with pytest.raises(ForgeError) as raised:
            publish_comment(forge(place), 12, MARKER, "text")
        assert raised.value.hint == "the token has used up its calls of this hour"
