"""Azure Resource Manager over the workspace: lists, puts, deletes, errors, as Azure's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from helpers import schedule

from reconciler.document import document_from_schedule
from reconciler.web.arm.long_running import Operation, operation_name, read_operation
from reconciler.workspace.store.schedules import NewSchedule, Store
from web.opened import BASE, VERSION, Server

CRON: dict[str, Any] = {"triggerType": "Cron", "expression": "0 2 * * *", "timeZone": "UTC"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    with server.api(params=VERSION) as client:
        yield client


def body(**properties: Any) -> dict[str, Any]:
    job = {"jobType": "Pipeline", "sourceJobId": f"{BASE}/jobs/train"}
    action = {"actionType": "CreateJob", "jobDefinition": job}
    return {"properties": {"trigger": CRON, "action": action} | properties}


def put(api: httpx.Client, name: str, **properties: Any) -> dict[str, Any]:
    done = api.put(f"{BASE}/schedules/{name}", json=body(**properties))
    assert done.status_code == 201, done.text
    status = api.get(done.headers["Azure-AsyncOperation"]).json()
    assert status["status"] == "Succeeded"
    read: dict[str, Any] = api.get(f"{BASE}/schedules/{name}").json()
    assert read["properties"]["provisioningState"] == "Succeeded"
    return read


def message(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    return str(response.json()["error"]["message"])


def store(server: Server, name: str, owner: str | None = "us", **document: Any) -> None:
    """A schedule that came by another door."""
    document = {"create_job": {"job": "azureml:train"}} | document
    made = document_from_schedule(schedule(name, **document))
    opened = Store(server.path)
    new = NewSchedule(name, owner, made, "train", "s.yaml", 3)
    opened.put_schedule(new, expected=None, publication=None, now=NOW)
    opened.close()


def test_pages_and_views(server: Server, api: httpx.Client) -> None:
    for number in range(250):
        store(server, f"s{number:03}", is_enabled=number % 2 == 0)
    for view, expected in (("EnabledOnly", 125), ("disabledonly", 125), ("All", 250), (None, 125)):
        query = VERSION | ({"listViewType": view} if view else {})
        found, url, pages = [], f"{BASE}/schedules", 0
        page = api.get(url, params=query).json()
        while True:
            found += [one["name"] for one in page["value"]]
            pages += 1
            if "nextLink" not in page:
                break
            assert page["nextLink"].startswith(f"{server.address}{BASE}/schedules?")
            with server.api() as plain:  # the link has its own query
                page = plain.get(page["nextLink"]).json()
        assert found == sorted(set(found))
        assert (len(found), pages) == (expected, -(-expected // 100))
    assert "not supported" in message(
        api.get(f"{BASE}/schedules", params={"listViewType": "Some"}), 400
    )
    assert "token" in message(api.get(f"{BASE}/schedules", params={"$skip": "%%"}), 400)


def test_what_is_read_is_what_was_written(api: httpx.Client) -> None:
    trigger = {
        "triggerType": "recurrence",
        "frequency": "week",
        "interval": 2,
        "schedule": {"hours": [10], "minutes": [0, 30], "weekDays": ["monday"]},
        "startTime": "2022-03-10 10:15:00",
        "timeZone": "W. Europe Standard Time",
    }
    read = put(api, "a", trigger=trigger, tags={"reconciler-owner": "us"}, displayName="A")
    assert read["id"] == f"{BASE}/schedules/a"
    properties = read["properties"]
    assert properties["trigger"] == {
        "triggerType": "Recurrence",
        "frequency": "Week",
        "interval": 2,
        "schedule": {"hours": [10], "minutes": [0, 30], "weekDays": ["Monday"], "monthDays": None},
        "startTime": "2022-03-10T10:15:00",
        "endTime": None,
        "timeZone": "W. Europe Standard Time",
    }
    assert properties["tags"] == {"reconciler-owner": "us"}
    assert properties["isEnabled"] is True
    assert properties["action"]["jobDefinition"]["sourceJobId"] == f"{BASE}/jobs/train"
    again = put(api, "a", **properties)
    assert again["properties"] == properties
    assert again["systemData"]["createdAt"] == read["systemData"]["createdAt"]


def test_a_put_keeps_whose_it_is(server: Server, api: httpx.Client) -> None:
    """Changing a schedule of the repository is drift, and no taking over."""
    store(server, "ours")
    put(api, "ours", isEnabled=False)
    opened = Store(server.path)
    [row] = opened.schedules(["ours"])
    opened.close()
    assert (row.owner, row.source_path, row.source_line) == ("us", "s.yaml", 3)
    assert row.document["is_enabled"] is False
    assert row.modified_by == "Azure's API"


def test_delete_is_for_what_is_disabled_and_keeps_what_it_was(
    server: Server, api: httpx.Client
) -> None:
    assert api.delete(f"{BASE}/schedules/a").status_code == 204
    put(api, "a")
    run = api.post(f"{BASE}/schedules/a/trigger").json()["submissionId"]
    refused = api.delete(f"{BASE}/schedules/a")
    assert refused.status_code == 202
    status = api.get(refused.headers["Azure-AsyncOperation"])
    assert (status.status_code, status.json()["status"]) == (200, "Failed")
    assert status.json()["error"]["message"] == "Cannot delete an active trigger a"
    assert api.get(refused.headers["Location"]).status_code == 400
    put(api, "a", isEnabled=False)
    done = api.delete(f"{BASE}/schedules/a")
    assert (done.status_code, done.json()) == (202, None)
    assert api.get(done.headers["Azure-AsyncOperation"]).json()["status"] == "Succeeded"
    assert api.get(done.headers["Location"]).status_code == 204
    assert message(api.get(f"{BASE}/schedules/a"), 404) == "Resource Trigger a not found"
    assert api.get(f"{BASE}/jobs/{run}").json()["properties"]["status"] == "NotStarted"
    with closing(sqlite3.connect(server.path)) as connection:
        rows = connection.execute("SELECT name, deleted_by FROM deleted_schedules").fetchall()
    assert rows == [("a", "Azure's API")]


def test_jobs_are_runs_and_pipelines(server: Server, api: httpx.Client) -> None:
    put(api, "a")
    trigger = f"{BASE}/schedules/a/trigger"
    assert "not a date and time" in message(api.post(trigger, json={"scheduleTime": "x"}), 400)
    given = {"scheduleTime": "2026-11-20T03:02:01+02:00"}
    runs = [api.post(trigger, json=given) for _ in range(3)]
    assert runs[0].json()["submissionId"] == "a-20261120T010201Z"
    names = [run.json()["submissionId"] for run in runs]
    listed = api.get(f"{BASE}/jobs").json()["value"]
    assert {one["name"] for one in listed} == set(names)
    of_schedule = {"scheduleId": f"{BASE}/schedules/nope"}
    assert api.get(f"{BASE}/jobs", params=of_schedule).json() == {"value": []}
    job = api.get(f"{BASE}/jobs/{names[0]}").json()["properties"]
    assert (job["jobType"], job["status"], job["displayName"]) == (
        "Pipeline",
        "NotStarted",
        names[0],
    )
    assert api.post(f"{BASE}/jobs/{names[0]}/cancel").status_code == 200
    assert "it has ended" in message(api.post(f"{BASE}/jobs/{names[0]}/cancel"), 400)
    pipeline = api.get(f"{BASE}/jobs/train").json()
    assert pipeline["properties"]["inputs"]["epochs"]["value"] == "5"
    assert message(api.get(f"{BASE}/jobs/nope"), 404) == "Resource Job nope not found"
    # A run is a job that a schedule may refer to: it runs what that ran.
    job = {"jobType": "Pipeline", "sourceJobId": names[1]}
    put(api, "b", action={"actionType": "CreateJob", "jobDefinition": job})
    seen = api.get(f"{BASE}/schedules/b").json()["properties"]["action"]["jobDefinition"]
    assert seen["sourceJobId"] == f"{BASE}/jobs/train/versions/{server.version}"


def test_what_fires_on_files_is_shown(server: Server, api: httpx.Client) -> None:
    trigger = {"type": "datastore", "datastore": "inbox", "path_on_datastore": "in"}
    store(server, "files", trigger=trigger)
    seen = api.get(f"{BASE}/schedules/files").json()["properties"]
    assert seen["trigger"]["triggerType"] == "Datastore"
    assert seen["trigger"]["pathOnDatastore"] == "in"
    assert put(api, "files", **seen)["properties"] == seen


JOB: dict[str, Any] = {"jobType": "Pipeline", "sourceJobId": "train"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"trigger": None}, "trigger is required"),
    ({"trigger": CRON | {"expression": "bad"}}, "not a valid NCronTab"),
    ({"trigger": CRON | {"timeZone": "Mars/Phobos"}}, "not a Windows time zone"),
    ({"trigger": CRON | {"endTime": "2020-01-01T00:00:00"}}, "endtime can not be past time"),
    ({"trigger": CRON | {"startTime": "2020-01-01T00:00:00Z"}}, "without an offset"),
    ({"trigger": {"triggerType": "Event"}}, "trigger type 'Event'"),
    ({"action": {"actionType": "CreateMonitor", "monitorDefinition": {}}}, "makes a monitor"),
    ({"action": {"actionType": "InvokeBatchEndpoint"}}, "calls a batch endpoint"),
    ({"action": {"actionType": "ImportData"}}, "imports data"),
    ({"job": JOB | {"jobType": "Command"}}, "job type 'Command'"),
    ({"job": {"jobType": "Pipeline", "jobs": {"a": {"componentId": "x"}}}}, "no component x"),
    ({"job": {"jobType": "Pipeline", "jobs": {"a": {"type": "sweep"}}}}, "runs in Azure only"),
    ({"job": {"jobType": "Pipeline", "jobs": {"a": 1}}}, "an object of steps"),
    ({"job": {"jobType": "Pipeline"}}, "pipelines publish"),
    ({"job": JOB | {"jobs": {"a": {"type": "command"}}}}, "not both"),
    ({"job": JOB | {"sourceJobId": "nope"}}, 'no pipeline "nope" is published'),
    ({"job": JOB | {"sourceJobId": "train:zzz"}}, 'no version "zzz"'),
    ({"job": JOB | {"inputs": {"x": {"jobInputType": "literal", "value": "1"}}}}, '"x"'),
]


@pytest.mark.parametrize(("changed", "words"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_is_refused(api: httpx.Client, changed: dict[str, Any], words: str) -> None:
    if "job" in changed:
        changed = {"action": {"actionType": "CreateJob", "jobDefinition": changed["job"]}}
    answer = api.put(f"{BASE}/schedules/a", json=body(**changed))
    assert words in message(answer, 400)
    error = answer.json()["error"]
    assert error["code"] == "UserError"
    assert error["additionalInfo"][0]["info"]["value"]["code"] == "BadRequest"
    assert api.get(f"{BASE}/schedules").json()["value"] == []


@pytest.mark.parametrize(
    "expression",
    ["0 9 * * Monday", "0 9 * * FRI-MON", "*/0 22-2 1-31 janu T/2", "0 9-9/2 31 February *"],
)
def test_whatever_ncrontab_takes_is_taken(api: httpx.Client, expression: str) -> None:
    put(api, "a", trigger=CRON | {"expression": expression})
    shown = api.get(f"{BASE}/schedules/a").json()["properties"]["trigger"]
    assert shown["expression"] == expression


@pytest.mark.parametrize("expression", ["0 9 * * Mondays", "0 9 * * 8", "@daily", "0 0 9 * * 1"])
def test_what_ncrontab_does_not_take_is_refused(api: httpx.Client, expression: str) -> None:
    answer = api.put(f"{BASE}/schedules/a", json=body(trigger=CRON | {"expression": expression}))
    assert "is not a valid NCronTab expression" in message(answer, 400)


def test_unknown_routes_and_versions(server: Server, api: httpx.Client) -> None:
    def code(method: str, url: str, **options: Any) -> tuple[int, str]:
        answer = api.request(method, url, **options)
        return answer.status_code, answer.json()["error"]["code"]

    assert code("GET", f"{BASE}/nothing") == (404, "InvalidResourceType")
    for kind in ("models", "computes", "onlineEndpoints", "data", "components", "environments"):
        assert api.get(f"{BASE}/{kind}").json() == {"value": []}
    assert "no models" in message(api.get(f"{BASE}/models/m/versions/1"), 404)
    assert "may name any compute" in message(api.put(f"{BASE}/computes/cpu", json={}), 400)
    for part in ("components/a/versions/1", "codes/c/versions/1", "environments/e/versions/1"):
        assert "no properties" in message(api.put(f"{BASE}/{part}", json={}), 400)
    assert "only isArchived" in message(api.put(f"{BASE}/data/x", json={}), 400)
    assert "no properties" in message(api.put(f"{BASE}/data/x/versions/1", json={}), 400)
    assert "does not do this" in message(api.put(f"{BASE}/computes", json={}), 400)
    assert "gives no keys" in message(api.post(f"{BASE}/listKeys"), 400)
    assert "no properties" in message(api.put(f"{BASE}/jobs/x", json={}), 400)
    assert "Azure only" in message(api.put(f"{BASE}/jobs/x", json=job_of("Spark")), 400)
    assert "send its steps" in message(
        api.put(f"{BASE}/jobs/x", json=job_of("Pipeline", sourceJobId="train")), 400
    )
    assert "put, deleted" in message(api.patch(f"{BASE}/schedules/a", json={}), 400)
    assert code("PUT", f"{BASE}/batchEndpoints/x", json={}) == (400, "UserError")
    assert code("GET", "/subscriptions/s/resourceGroups/g") == (404, "InvalidResourceType")
    assert code("GET", "/providers/x") == (404, "NotFound")
    assert code("GET", "/providers") == (404, "NotFound")
    assert code("GET", "/Subscriptions") == (404, "NotFound")
    with server.api() as unversioned:
        answer = unversioned.get(f"{BASE}/schedules")
        assert answer.json()["error"]["code"] == "MissingApiVersionParameter"
    assert code("GET", BASE, params={"api-version": "x"}) == (400, "InvalidApiVersionParameter")
    for base in (BASE.lower(), BASE.upper()):
        assert api.get(f"{base}/SCHEDULES").status_code == 200


def job_of(kind: str, **more: Any) -> dict[str, Any]:
    return {"properties": {"jobType": kind, **more}}


def test_names_of_operations() -> None:
    operation = Operation("active", "a-schedule", NOW)
    name = operation_name(operation)
    assert read_operation(name, NOW) == operation
    assert read_operation(name, NOW + timedelta(hours=1)) is None
    for text in ("", "s:", "s:x:", "s:x:W10", f"{name}x" * 50, "t" + name, name[:-4]):
        assert read_operation(text, NOW) is None


def test_what_fires_on_files_is_disabled_by_who_cannot_read_its_trigger(
    server: Server, api: httpx.Client
) -> None:
    trigger = {"type": "datastore", "datastore": "inbox", "path_on_datastore": "in"}
    store(server, "unread", trigger=trigger)
    seen = api.get(f"{BASE}/schedules/unread").json()["properties"]
    off = {key: value for key, value in seen.items() if key != "trigger"} | {"isEnabled": False}
    assert api.put(f"{BASE}/schedules/unread", json={"properties": off}).status_code == 201
    assert api.get(f"{BASE}/schedules/unread").json()["properties"] == {**seen, "isEnabled": False}
    lost = {**off, "trigger": {**seen["trigger"], "pathOnDatastore": "../out"}}
    assert "leads out" in message(api.put(f"{BASE}/schedules/x", json={"properties": lost}), 400)


def test_a_start_that_was_not_sent_is_shown_and_given_back_in_vain(
    server: Server, api: httpx.Client
) -> None:
    put(api, "open")
    seen = api.get(f"{BASE}/schedules/open").json()["properties"]
    assert seen["trigger"]["startTime"] is not None
    assert api.put(f"{BASE}/schedules/open", json={"properties": seen}).status_code == 201
    again = api.get(f"{BASE}/schedules/open").json()["properties"]
    assert again == seen
    opened = Store(server.path)
    [row] = opened.schedules(["open"])
    opened.close()
    assert "start_time" not in row.document["trigger"]


@pytest.mark.parametrize("zone", ["Mid-Atlantic Standard Time", "UTC-02", "Europe/Lisbon"])
def test_zones_come_back_as_they_were_sent(api: httpx.Client, zone: str) -> None:
    trigger = {"triggerType": "Cron", "expression": "0 2 * * *", "timeZone": zone}
    for name in ("zoned", f"zoned-{zone[:3]}"):  # over what another put there, and anew
        put(api, name, trigger=trigger)
        seen = api.get(f"{BASE}/schedules/{name}").json()["properties"]["trigger"]
        assert seen["timeZone"] == zone


def test_a_run_is_archived_and_brought_back(api: httpx.Client) -> None:
    put(api, "kept")
    name = api.post(f"{BASE}/schedules/kept/trigger").json()["submissionId"]

    def listed(**view: str) -> set[str]:
        return {one["name"] for one in api.get(f"{BASE}/jobs", params=view).json()["value"]}

    job = api.get(f"{BASE}/jobs/{name}").json()["properties"]
    for archived in (True, False):
        told = api.put(f"{BASE}/jobs/{name}", json={"properties": {**job, "isArchived": archived}})
        assert (told.status_code, told.json()["properties"]["isArchived"]) == (200, archived)
        assert (name in listed()) is not archived
        assert (name in listed(listViewType="ArchivedOnly")) is archived
        assert name in listed(listViewType="All")


def test_what_get_gave_is_put_without_a_change(server: Server, api: httpx.Client) -> None:
    job = {"job": "azureml:train", "inputs": {"epochs": 7, "api_key": True}}
    trigger = {"type": "cron", "expression": "0 3 * * *", "time_zone": "Europe/Lisbon"}
    store(server, "given", trigger=trigger, create_job=job)
    seen = api.get(f"{BASE}/schedules/given").json()["properties"]
    assert api.put(f"{BASE}/schedules/given", json={"properties": seen}).status_code == 201
    opened = Store(server.path)
    [row] = opened.schedules(["given"])
    opened.close()
    assert row.document["trigger"]["time_zone"] == "Europe/Lisbon"
    assert row.document["create_job"]["inputs"] == {"epochs": 7, "api_key": True}


@pytest.mark.parametrize(
    ("sent", "shown", "experiment"),
    [({}, "Default", "a"), ({"experimentName": ""}, "", "a"), ({"experimentName": "x"}, "x", "x")],
)
def test_an_experiment_that_is_not_named(
    api: httpx.Client, server: Server, sent: dict[str, str], shown: str, experiment: str
) -> None:
    """It is shown as Azure shows it, given back as it was shown, and runs have the schedule's
    name for it.
    """
    job = {"jobType": "Pipeline", "sourceJobId": f"{BASE}/jobs/train"}
    put(api, "a", action={"actionType": "CreateJob", "jobDefinition": job | {"experimentName": ""}})
    read = put(api, "a", action={"actionType": "CreateJob", "jobDefinition": job | sent})
    assert read["properties"]["action"]["jobDefinition"]["experimentName"] == shown
    with closing(Store(server.path)) as opened:
        [row] = opened.schedules(["a"])
        assert put(api, "a", **read["properties"])["properties"] == read["properties"]
        [again] = opened.schedules(["a"])
    assert again.fingerprint == row.fingerprint
    assert api.post(f"{BASE}/schedules/a/trigger").status_code == 200
    with closing(sqlite3.connect(server.path)) as connection:
        assert connection.execute("SELECT experiment FROM runs").fetchall() == [(experiment,)]
