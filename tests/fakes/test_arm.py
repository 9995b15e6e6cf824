"""The stand-in itself: what FACTS records of the service, and each thing that may go wrong."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from fakes.arm import Settings, StandIn, pipeline
from fakes.clocks import ZONES
from fakes.process import running
from fakes.refusals import is_cron

VERSION = "2023-10-01"
NULLS = (
    "description displayName services computeId identity componentId settings jobs outputs"
    " sourceJobId"
)
NOON = datetime(2022, 11, 7, 10, 51, 35, tzinfo=UTC)


class Caller:
    """requests, pointed at a stand-in."""

    def __init__(self, arm: StandIn, token: str = "a-token") -> None:
        self.arm = arm
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str = "", **more: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.arm.schedules_url}{path}"
        version = {} if "api-version=" in url else {"api-version": VERSION}
        query = version | more.pop("params", {})
        return self.session.request(method, url, params=query, timeout=30, **more)

    def put(self, name: str, properties: Any = None, **more: Any) -> requests.Response:
        body = {"properties": pipeline() if properties is None else properties}
        return self("PUT", f"/{name}", json=body, **more)

    def poll(self, response: requests.Response) -> dict[str, Any]:
        done: dict[str, Any] = self("GET", response.headers["Azure-AsyncOperation"]).json()
        return done

    def pages(self, **query: Any) -> Iterator[dict[str, Any]]:
        page = self("GET", params=query).json()
        yield page
        while page.get("nextLink"):
            page = self("GET", page["nextLink"]).json()
            yield page

    def names(self, **query: Any) -> list[str]:
        return [item["name"] for page in self.pages(**query) for item in page["value"]]


class Opened:
    """Stand-ins with a caller each; at the end, none of them may have seen a broken contract."""

    def __init__(self) -> None:
        self.all: list[tuple[StandIn, Caller]] = []

    def __call__(self, **settings: Any) -> tuple[StandIn, Caller]:
        arm = StandIn(**settings).__enter__()
        self.all.append((arm, Caller(arm)))
        return self.all[-1]


@pytest.fixture
def start() -> Iterator[Opened]:
    opened = Opened()
    yield opened
    for arm, call in opened.all:
        call.session.close()
        arm.__exit__(None, None, None)
    assert [violation for arm, _ in opened.all for violation in arm.violations] == []


def trigger(**changes: Any) -> dict[str, Any]:
    """A schedule's properties with members of the trigger replaced; None leaves them out."""
    whole = pipeline()["trigger"] | changes
    return pipeline(trigger={key: value for key, value in whole.items() if value is not None})


# ------------------------------------------------------------------------------------------- puts


def test_a_put_answers_201_and_is_done_when_its_operation_says_so(start: Opened) -> None:
    arm, call = start(polls=2)
    response = call.put("nightly")
    assert response.status_code == 201
    assert set(response.json()) == {"properties"}
    assert response.json()["properties"]["provisioningState"] == "Creating"
    assert response.json()["properties"]["trigger"]["startTime"] is None
    assert response.headers["Location"] == f"{arm.schedules_url}/nightly?api-version={VERSION}"
    assert response.headers["x-ms-async-operation-timeout"] == "PT30M"
    assert "Retry-After" not in response.headers
    states = [call.poll(response) for _ in range(4)]
    assert [state["status"] for state in states] == ["InProgress"] * 2 + ["Succeeded"] * 2
    assert "endTime" not in states[0]
    assert states[2].keys() == {"id", "name", "status", "startTime", "endTime"}
    assert re.fullmatch(r"s:[0-9a-f-]{36}:[0-9a-f-]{36}", states[2]["name"])
    assert call("GET", "/nightly").json()["properties"]["provisioningState"] == "Succeeded"


def test_an_update_answers_201_and_creating_too(start: Opened) -> None:
    _, call = start()
    call.put("nightly")
    response = call.put("nightly", pipeline(description="again"))
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Creating"
    assert call("GET", "/nightly").json()["properties"]["description"] == "again"


def test_what_was_left_out_is_filled_in(start: Opened) -> None:
    arm, call = start(now=lambda: NOON)
    definition = {"jobType": "pipeline", "inputs": {"x": {"jobInputType": "literal", "value": "1"}}}
    bare = {
        "trigger": {
            "triggerType": "recurrence",
            "frequency": "week",
            "interval": 1,
            "schedule": {"hours": [], "minutes": [], "weekDays": ["monday"]},
        },
        "action": {"actionType": "CreateJob", "jobDefinition": definition},
    }
    call.put("nightly", bare)
    read = call("GET", "/nightly").json()
    assert read["properties"] == {
        "description": None,
        "displayName": None,
        "isEnabled": True,
        "tags": {},
        "properties": {},
        "provisioningState": "Succeeded",
        "trigger": {
            "triggerType": "Recurrence",
            "frequency": "Week",
            "interval": 1,
            "schedule": {"hours": [], "minutes": [], "weekDays": ["Monday"], "monthDays": None},
            "startTime": "2022-11-07T10:52:05",
            "endTime": None,
            "timeZone": "UTC",
        },
        "action": {
            "actionType": "CreateJob",
            "jobDefinition": {
                "jobType": "Pipeline",
                "experimentName": "Default",
                "inputs": {"x": {"description": None, "jobInputType": "literal", "value": "1"}},
                "status": "NotStarted",
                "isArchived": False,
                "tags": {},
                "properties": {},
            }
            | dict.fromkeys(NULLS.split()),
        },
    }
    assert read["systemData"]["createdAt"] == "2022-11-07T10:51:35.0000000+00:00"
    assert read["systemData"]["createdBy"] == "reconciler"
    assert read["id"] == f"{arm.workspace_id}/schedules/nightly"


def test_a_start_is_filled_in_on_the_clocks_of_the_zone_and_anew_by_each_put(
    start: Opened,
) -> None:
    clock = [NOON]
    _, call = start(now=lambda: clock[0])
    call.put("nightly", trigger(timeZone="Pacific Standard Time"))
    read = call("GET", "/nightly").json()["properties"]
    assert read["trigger"]["startTime"] == "2022-11-07T02:52:05"
    clock[0] += timedelta(days=1)
    call.put("nightly", trigger(timeZone="Pacific Standard Time"))
    read = call("GET", "/nightly").json()
    assert read["properties"]["trigger"]["startTime"] == "2022-11-08T02:52:05"
    assert read["systemData"]["createdAt"] < read["systemData"]["lastModifiedAt"]


@pytest.mark.parametrize("text", ["2022-03-10 10:15:00", "2022-03-10T10:15:00", "2022-03-10T10:15"])
def test_times_come_back_as_they_were_sent(start: Opened, text: str) -> None:
    _, call = start()
    call.put("nightly", trigger(startTime=text))
    assert call("GET", "/nightly").json()["properties"]["trigger"]["startTime"] == text


def test_an_empty_experiment_and_macros_stay(start: Opened) -> None:
    _, call = start()
    value = {"jobInputType": "literal", "value": "${{creation_context.trigger_time}}"}
    action = pipeline()["action"]
    action["jobDefinition"] |= {"inputs": {"at": value}, "experimentName": ""}
    call.put("nightly", pipeline(action=action))
    read = call("GET", "/nightly").json()["properties"]["action"]["jobDefinition"]
    assert read["inputs"]["at"]["value"] == "${{creation_context.trigger_time}}"
    assert read["experimentName"] == ""


def test_an_update_that_does_not_say_is_enabled_switches_on(start: Opened) -> None:
    _, call = start()
    call.put("nightly", pipeline(isEnabled=False))
    assert call("GET", "/nightly").json()["properties"]["isEnabled"] is False
    silent = pipeline()
    del silent["isEnabled"]
    call.put("nightly", silent)
    assert call("GET", "/nightly").json()["properties"]["isEnabled"] is True


def test_a_put_replaces_the_whole(start: Opened) -> None:
    _, call = start()
    call.put("nightly", pipeline(tags={"a": "b"}, description="words"))
    call.put("nightly")
    read = call("GET", "/nightly").json()["properties"]
    assert (read["tags"], read["description"]) == ({}, None)


@pytest.mark.parametrize(("kept", "seen"), [("accepted", "new"), ("ignored", "old")])
def test_a_changed_display_name(start: Opened, kept: str, seen: str) -> None:
    _, call = start(display_names=kept)
    call.put("nightly", pipeline(displayName="old"))
    call.put("nightly", pipeline(displayName="new"))
    assert call("GET", "/nightly").json()["properties"]["displayName"] == seen


def test_without_the_header_the_schedule_tells_its_state(start: Opened) -> None:
    _, call = start(async_header=False, polls=1)
    assert "Azure-AsyncOperation" not in call.put("nightly").headers
    states = [call("GET", "/nightly").json()["properties"]["provisioningState"] for _ in "ab"]
    assert states == ["Creating", "Succeeded"]


def test_a_put_that_nobody_polls_is_done_all_the_same(start: Opened) -> None:
    _, call = start(polls=1)
    call.put("nightly")
    states = [
        page["value"][0]["properties"]["provisioningState"] for _ in "ab" for page in call.pages()
    ]
    assert states == ["Creating", "Succeeded"]


def test_an_operation_may_say_when_to_ask_again(start: Opened) -> None:
    _, call = start(polls=1, retry_after=7)
    response = call.put("nightly")
    polled = call("GET", response.headers["Azure-AsyncOperation"])
    assert response.headers["Retry-After"] == polled.headers["Retry-After"] == "7"


# --------------------------------------------------------------------------------------- refusals


def broken(path: str, value: Any = None) -> dict[str, Any]:
    """Properties with one member replaced, or left out."""
    properties = pipeline()
    *parents, last = path.split(".")
    place = properties
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return properties


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("trigger", None, "properties.trigger is required"),
        ("action", None, "properties.action is required"),
        ("trigger.frequency", None, "frequency None"),
        ("trigger.frequency", "Year", "frequency 'Year'"),
        ("trigger.interval", None, "interval None"),
        ("trigger.interval", 0, "interval 0"),
        ("trigger.triggerType", "Event", "type 'Event'"),
        ("trigger.timeZone", "Europe/Rome", "not a Windows time zone"),
        ("trigger.schedule.hours", None, "schedule.hours is required"),
        ("trigger.schedule.minutes", None, "schedule.minutes is required"),
        ("trigger.schedule.hours", [24], "not from 0 to 23"),
        ("trigger.schedule.weekDays", ["mon"], "not a day of the week"),
        ("trigger.startTime", "tomorrow", "cannot be read"),
        ("trigger.startTime", "2022-05-10T10:15:00-04:00", "without an offset"),
        ("trigger.endTime", "2022-11-07T10:51:35", "endtime can not be past time"),
        ("trigger", {"triggerType": "Cron", "expression": "0 2 * *"}, "NCronTab"),
        ("trigger", {"triggerType": "Cron"}, "NCronTab"),
        ("action.actionType", "Dance", "action type 'Dance'"),
        ("action.jobDefinition", None, "jobDefinition is required"),
        ("action.jobDefinition.jobType", None, "jobType is required"),
    ],
)
def test_bad_bodies_are_refused(start: Opened, path: str, value: Any, words: str) -> None:
    _, call = start(now=lambda: NOON)
    response = call.put("nightly", broken(path, value))
    assert response.status_code == 400
    error = response.json()["error"]
    assert words in error["message"]
    assert error["code"] == "UserError"
    assert error["additionalInfo"][0]["info"]["value"]["code"] == "BadRequest"
    assert call("GET", "/nightly").status_code == 404


def test_an_end_is_past_by_the_clocks_of_its_zone(start: Opened) -> None:
    _, call = start(now=lambda: NOON)
    pacific = trigger(endTime="2022-11-07T02:51:36", timeZone="Pacific Standard Time")
    assert call.put("nightly", pacific).status_code == 201
    rome = trigger(endTime="2022-11-07T11:51:35", timeZone="W. Europe Standard Time")
    assert call.put("nightly", rome).status_code == 400


@pytest.mark.parametrize("name", ["-a", "a b", "a.b", "a" * 256, "é"])
def test_bad_names_are_refused(start: Opened, name: str) -> None:
    _, call = start()
    assert call.put(name).status_code == 400


def test_a_body_that_is_no_object_is_refused(start: Opened) -> None:
    _, call = start()
    for content in (b"", b"[]", b"{"):
        assert call("PUT", "/nightly", data=content).status_code == 400


@pytest.mark.parametrize(
    "expression",
    [
        *("0 2 * * *", "*/15 0-6,8 1 JAN sun-fri/2", "5 5 5 5 6"),
        *("*/0 22-2 * * t", "0 9 31 November Monday,thursd/+2"),
    ],
)
def test_crons_that_are_taken(expression: str) -> None:
    assert is_cron(expression)


@pytest.mark.parametrize(
    "expression", ["@daily", "0 2 * * 7", "60 * * * *", "0 0 0 2 * *", "? * * * *", "* * L * *"]
)
def test_crons_that_are_not(expression: str) -> None:
    assert not is_cron(expression)


def test_what_breaks_the_contract_is_told_and_remembered() -> None:
    with StandIn() as arm:
        call = Caller(arm)
        response = call.put("nightly", pipeline(enabled=True))
        call.session.close()
        assert response.status_code == 500
        assert "'enabled' was unexpected" in response.json()["error"]["message"]
        assert len(arm.violations) == 1
        assert arm.live("nightly") is None


def test_a_cron_of_five_stars_breaks_the_contract() -> None:
    with StandIn() as arm:
        call = Caller(arm)
        stars = {"triggerType": "Cron", "expression": "* * * * *"}
        assert call.put("nightly", pipeline(trigger=stars)).status_code == 500
        stars["expression"] = "*/1 * * * *"
        assert call.put("nightly", pipeline(trigger=stars)).status_code == 201
        call.session.close()


def test_members_of_a_later_version_can_be_let_through(start: Opened) -> None:
    _, call = start(later={"futureThing"})
    call.put("nightly", pipeline(futureThing={"a": 1}))
    assert call("GET", "/nightly").json()["properties"]["futureThing"] == {"a": 1}


# ---------------------------------------------------------------------------------- reads, deletes


def test_what_is_not_there(start: Opened) -> None:
    arm, call = start(jobs={"train"})
    response = call("GET", "/nope")
    assert response.status_code == 404
    error = response.json()["error"]
    correlation = error["additionalInfo"].pop(1)
    assert correlation["type"] == "Correlation"
    assert error["code"] == "UserError"
    assert error["message"] == "Resource Trigger nope not found"
    assert error["details"] == []
    assert error["additionalInfo"][0] == {
        "type": "InnerError",
        "info": {"value": {"code": "NotFound", "innerError": None}},
    }
    assert call("GET", f"{arm.address}{arm.workspace_id}/jobs/train").json()["name"] == "train"
    assert call("GET", f"{arm.address}{arm.workspace_id}/jobs/nope").status_code == 404


def test_lists_show_what_they_are_asked_for(start: Opened) -> None:
    arm, call = start()
    arm.put_live("on", pipeline())
    arm.put_live("off", pipeline(isEnabled=False))
    assert call.names() == call.names(listViewType="EnabledOnly") == ["on"]
    assert call.names(listViewType="DisabledOnly") == ["off"]
    assert call.names(listViewType="All") == ["on", "off"]
    assert call("GET", params={"listViewType": "Some"}).status_code == 400


def test_lists_come_in_pages(start: Opened) -> None:
    arm, call = start(page_size=4)
    names = arm.seed(10)
    pages = list(call.pages(listViewType="All"))
    assert [len(page["value"]) for page in pages] == [4, 4, 2]
    assert pages[0]["nextLink"].startswith(f"{arm.schedules_url}?api-version=")
    assert "$skip=" in pages[0]["nextLink"]
    assert "nextLink" not in pages[-1]
    assert call.names(listViewType="All") == names
    assert pages[0]["value"][0] == arm.live(names[0])
    assert arm.counts["GET list"] == 6
    assert call("GET", params={"$skip": "4"}).status_code == 400


def test_the_last_page_may_say_null(start: Opened) -> None:
    _, call = start(null_next_link=True)
    assert call("GET").json() == {"value": [], "nextLink": None}


def test_a_list_goes_on_where_it_was_when_schedules_come_and_go(start: Opened) -> None:
    arm, call = start(page_size=2)
    arm.seed(5)
    pages = call.pages(listViewType="All")
    first = next(pages)
    arm.remove("schedule-00000")
    arm.remove("schedule-00003")
    arm.put_live("new", pipeline())
    rest = [item["name"] for page in pages for item in page["value"]]
    assert [item["name"] for item in first["value"]] == ["schedule-00000", "schedule-00001"]
    assert rest == ["schedule-00002", "schedule-00004", "new"]


def test_items_may_lack_an_id(start: Opened) -> None:
    arm, call = start(with_ids=False)
    arm.put_live("nightly", pipeline())
    assert call("GET", "/nightly").json().keys() == {"name", "properties", "systemData"}


def test_ten_thousand_schedules(start: Opened) -> None:
    arm, call = start(page_size=1000)
    arm.seed(10_000)
    assert len(call.names(listViewType="All")) == 10_000
    assert arm.counts == {"GET list": 10}


def test_only_a_disabled_schedule_is_deleted(start: Opened) -> None:
    arm, call = start(polls=1)
    arm.put_live("nightly", pipeline())
    response = call("DELETE", "/nightly")
    assert (response.status_code, response.text) == (202, "null")
    assert "mfeOperationResults" in response.headers["Location"]
    assert call.poll(response)["status"] == "InProgress"
    refused = call.poll(response)
    assert refused["status"] == "Failed"
    assert refused["error"] == {
        "code": "UserError",
        "message": "Cannot delete an active trigger nightly",
        "details": [],
        "additionalInfo": [],
    }
    call.poll(call.put("nightly", pipeline(isEnabled=False)))
    response = call("DELETE", "/nightly")
    assert call("GET", response.headers["Location"]).status_code == 202
    assert call("GET", response.headers["Location"]).status_code == 204
    assert call("GET", "/nightly").status_code == 404
    assert call("DELETE", "/nightly").status_code == 204


# -------------------------------------------------------------------------------------- ARM's front


def test_tokens(start: Opened) -> None:
    arm, call = start()
    call.put("nightly")
    wrong = call("GET", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    assert wrong.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert "Bearer" in wrong.headers["WWW-Authenticate"]
    none = call("GET", headers={"Authorization": ""})
    assert none.json()["error"]["code"] == "AuthenticationFailed"
    arm.expire_token("fresh")
    assert call("GET").json()["error"]["code"] == "ExpiredAuthenticationToken"
    assert call("GET", headers={"Authorization": "Bearer fresh"}).status_code == 200


def test_versions(start: Opened) -> None:
    arm, call = start()
    unknown = call("GET", params={"api-version": "2020-01-01"})
    assert unknown.status_code == 400
    assert unknown.json()["error"]["code"] == "NoRegisteredProviderFound"
    missing = call.session.get(arm.schedules_url, timeout=30)
    assert missing.json()["error"]["code"] == "MissingApiVersionParameter"
    assert call("GET", params={"api-version": "2023-06-01-preview"}).status_code == 200


def test_addresses_that_are_not_there(start: Opened) -> None:
    arm, call = start()

    def code(method: str, url: str) -> tuple[int, str]:
        response = call(method, url)
        return response.status_code, response.json()["error"]["code"]

    workspace = f"{arm.address}{arm.workspace_id}"
    group = arm.settings.group
    assert code("GET", f"{workspace}/nothing") == (404, "InvalidResourceType")
    assert code("GET", f"{arm.address}/nothing") == (404, "NotFound")
    assert code("GET", f"{workspace}2/schedules") == (404, "ResourceNotFound")
    assert code("GET", workspace.replace(group, "x")) == (404, "ResourceGroupNotFound")
    assert code("GET", workspace.replace("0000-1111", "0001-1111")) == (404, "SubscriptionNotFound")
    assert code("PATCH", f"{workspace}/schedules/a") == (405, "HttpMethodNotSupported")
    operation = f"{arm.address}/subscriptions/{arm.settings.subscription}/providers/x/locations/y"
    assert call("GET", f"{operation}/mfeOperationsStatus/z").status_code == 404
    assert call("GET", f"{workspace}/schedules".replace("resourceG", "resourceg")).ok


def test_limits(start: Opened) -> None:
    seconds = [0.0]
    arm, call = start(reads=(3, 0.5), writes=(1, 0.25), monotonic=lambda: seconds[0])
    reads = [call("GET") for _ in range(4)]
    assert [response.status_code for response in reads] == [200, 200, 200, 429]
    left = [r.headers["x-ms-ratelimit-remaining-subscription-reads"] for r in reads]
    assert left == ["2", "1", "0", "0"]
    assert reads[-1].headers["Retry-After"] == "2"
    assert reads[-1].json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert call.put("a").status_code == 201
    assert call.put("b").headers["Retry-After"] == "4"
    seconds[0] = 2
    assert call("GET").status_code == 200
    assert call.put("b").headers["Retry-After"] == "2"
    seconds[0] = 4
    assert call.put("b").headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    assert arm.throttled == 3


def test_without_limits_there_is_plenty_left(start: Opened) -> None:
    _, call = start()
    assert call("GET").headers["x-ms-ratelimit-remaining-subscription-reads"] == "11999"
    assert call.put("a").headers["x-ms-ratelimit-remaining-subscription-writes"] == "1199"


def test_correlation_ids(start: Opened) -> None:
    _, call = start()
    response = call("GET", headers={"x-ms-correlation-request-id": "mine"})
    assert response.headers["x-ms-correlation-request-id"] == "mine"
    assert response.headers["x-ms-request-id"]


# ------------------------------------------------------------------------------- what goes wrong


def test_connections_drop_before_or_after_the_work(start: Opened) -> None:
    arm, call = start()
    arm.drop(method="PUT")
    with pytest.raises(requests.ConnectionError):
        call.put("nightly")
    assert arm.live("nightly") is None
    arm.drop(before=False, method="PUT", name="nightly")
    with pytest.raises(requests.ConnectionError):
        call.put("nightly")
    assert arm.live("nightly") is not None
    assert [c.status for c in arm.called("PUT")] == [0, 0]
    assert call.put("nightly").status_code == 201
    assert arm.faults.pending() == []


def test_a_page_that_fails_half_way(start: Opened) -> None:
    arm, call = start(page_size=2)
    arm.seed(6)
    arm.truncate(route="list", skip=1)
    pages = call.pages()
    next(pages)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        next(pages)
    assert len(call.names()) == 6


def test_a_truncated_body_of_an_operation(start: Opened) -> None:
    arm, call = start()
    response = call.put("nightly")
    arm.truncate(route="operation")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        call.poll(response)
    assert call.poll(response)["status"] == "Succeeded"


def test_storms(start: Opened) -> None:
    arm, call = start()
    arm.fail(503, times=2, retry_after="3")
    arm.fail(500)
    responses = [call.put("nightly") for _ in range(4)]
    assert [response.status_code for response in responses] == [503, 503, 500, 201]
    assert responses[0].headers["Retry-After"] == "3"
    assert responses[2].json()["error"]["code"] == "InternalServerError"
    assert arm.counts["PUT schedule"] == 4


@pytest.mark.parametrize("leaves", ["previous", "failed"])
def test_an_operation_that_fails_is_a_200(start: Opened, leaves: str) -> None:
    arm, call = start()
    arm.put_live("nightly", pipeline(description="before"))
    arm.fail_operations("The compute is gone", leaves=leaves, schedule="nightly", polls=1)
    response = call.put("nightly", pipeline(description="after"))
    assert response.status_code == 201
    assert call.poll(response)["status"] == "InProgress"
    polled = call("GET", response.headers["Azure-AsyncOperation"])
    assert polled.status_code == 200
    assert polled.json()["status"] == "Failed"
    assert polled.json()["error"]["message"] == "The compute is gone"
    read = call("GET", "/nightly").json()["properties"]
    expected = ("before", "Succeeded") if leaves == "previous" else ("after", "Failed")
    assert (read["description"], read["provisioningState"]) == expected
    assert call.poll(call.put("nightly", pipeline(description="after")))["status"] == "Succeeded"


def test_a_create_that_fails_leaves_nothing(start: Opened) -> None:
    arm, call = start()
    arm.fail_operations()
    assert call.poll(call.put("nightly"))["status"] == "Failed"
    assert arm.names() == []


def test_an_operation_that_never_ends(start: Opened) -> None:
    arm, call = start()
    arm.never_end_operations(schedule="nightly")
    other, response = call.put("other"), call.put("nightly")
    assert call.poll(other)["status"] == "Succeeded"
    assert {call.poll(response)["status"] for _ in range(20)} == {"InProgress"}
    assert call("GET", "/nightly").json()["properties"]["provisioningState"] == "Creating"
    arm.end_operations()
    assert call.poll(response)["status"] == "Succeeded"


def test_a_put_overtakes_one_that_is_under_way(start: Opened) -> None:
    arm, call = start(polls=5)
    first = call.put("nightly", pipeline(description="first"))
    arm.fail_operations(polls=0)
    second = call.put("nightly", pipeline(description="second"))
    assert call.poll(second)["status"] == "Failed"
    read = call("GET", "/nightly").json()["properties"]
    assert (read["description"], read["provisioningState"]) == ("first", "Succeeded")
    assert [call.poll(first)["status"] for _ in range(6)][-1] == "Succeeded"


def test_somebody_else_deletes_and_edits(start: Opened) -> None:
    arm, call = start()
    for name in ("nightly", "weekly"):
        arm.put_live(name, pipeline())
    arm.before(lambda call: arm.remove("nightly"), method="GET", name="nightly")
    assert call("GET", "/nightly").status_code == 404
    created = call("GET", "/weekly").json()["systemData"]
    arm.edit("weekly", lambda p: p["tags"].update(who="me"), by=("Bo Person", "User"))
    read = call("GET", "/weekly").json()
    assert read["properties"]["tags"] == {"who": "me"}
    assert read["systemData"]["lastModifiedBy"] == "Bo Person"
    assert read["systemData"]["createdBy"] == created["createdBy"] == "Ada Person"
    assert read["properties"]["trigger"]["startTime"]


def test_a_token_that_expires_in_the_middle(start: Opened) -> None:
    arm, call = start()
    arm.before(lambda _: arm.expire_token("fresh"), method="PUT", skip=2)
    assert [call.put(name).status_code for name in "abc"] == [201, 201, 401]


def test_calls_run_side_by_side_and_take_their_time(start: Opened) -> None:
    inside = threading.Barrier(8, timeout=20)

    def together(_: object) -> float:
        inside.wait()  # passes only if eight calls are inside at once
        return 0.0

    arm, _ = start(latency=together)
    statuses: list[int] = []

    def put(number: int) -> None:
        call = Caller(arm)
        statuses.append(call.put(f"schedule-{number}").status_code)
        call.session.close()

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 8
    assert arm.most_at_once == 8


def test_the_log_keeps_what_was_sent(start: Opened) -> None:
    arm, call = start()
    call.put("nightly", pipeline(description="words"))
    (put,) = arm.called("PUT", "schedule")
    assert put.json["properties"]["description"] == "words"
    assert (put.name, put.status, put.query) == ("nightly", 201, {"api-version": VERSION})
    arm.forget()
    assert arm.called() == []


def test_other_action_types_are_kept(start: Opened) -> None:
    arm, call = start()
    monitor = {"actionType": "CreateMonitor", "monitorDefinition": {"signals": {}}}
    arm.put_live("monitor", pipeline(action=monitor))
    endpoint = {
        "actionType": "InvokeBatchEndpoint",
        "endpointInvocationDefinition": {"endpoint": "azureml:/x"},
    }
    call.put("endpoint", pipeline(action=endpoint))
    assert call("GET", "/monitor").json()["properties"]["action"] == monitor
    assert call("GET", "/endpoint").json()["properties"]["action"] == endpoint


def test_a_process_of_its_own() -> None:
    with running("--seed", "3", "--page-size", "2", "--token", "t", "--writes", "1,1") as address:
        headers = {"Authorization": "Bearer t"}
        url = f"{address}{Settings().workspace_id}/schedules?api-version={VERSION}"
        with requests.Session() as session:
            first = session.get(url, headers=headers, timeout=30).json()
            assert len(first["value"]) == 2
            report = session.get(f"{address}/_stand-in", timeout=30).json()
    assert report["counts"] == {"GET list": 1}
    assert report["violations"] == []
    assert report["schedules"] == 3


def test_the_zones_are_those_of_the_fact_sheet() -> None:
    table = Path(__file__).parents[3] / "shared" / "azure" / "timezones.json"
    if not table.exists():
        pytest.skip("../shared/azure/timezones.json is not here to compare with")
    zones = json.loads(table.read_text("utf-8"))["zones"]
    assert {zone["windows"]: zone["iana"] for zone in zones} == ZONES
