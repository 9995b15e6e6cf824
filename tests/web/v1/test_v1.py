"""The service of published pipelines: its bodies, its sequence, and what the other doors see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from workspace.engine.engines import Bench, Clock

from web.opened import BASE, READER, V1, VERSION, Server

BODIES = Path(__file__).parents[4] / "shared/azure/v1_wire_bodies.json"
MINUTES = {
    "Name": "MyRecurringSchedule",
    "PipelineSubmissionInfo": {"ExperimentName": "helloworld", "Description": "Based on time"},
    "Recurrence": {"Frequency": "Minute", "Interval": 15},
    "ScheduleType": "0",
}
FILES = {
    "Name": "My reactive schedule",
    "PipelineSubmissionInfo": {"ExperimentName": "helloworld", "ParameterAssignments": {"a": 7}},
    "ScheduleType": 1,
    "DataStoreTriggerInfo": {
        "DataStoreName": "inbox",
        "PollingInterval": 1,
        "DataPathParameterName": "input_data",
        "PathOnDataStore": "file/path/",
    },
}


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    with server.api() as client:
        yield client


def pipeline(api: httpx.Client, name: str = "score") -> dict[str, Any]:
    [found] = [p for p in ok(api.get(f"{V1}/Pipelines")) if p["Name"] == name]
    return dict(found)


def ok(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def error(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    body = response.json()["Error"]
    assert body["Code"] == "UserError"
    return str(body["Message"])


# ------------------------------------------------------------------------------------- the sequence


def test_the_sequence_with_a_file_that_fires(tmp_path: Path) -> None:
    """Create by time and by data, list, disable by id, list again, runs, disable the pipeline."""
    clock = Clock(datetime.now(UTC) + timedelta(seconds=1))  # files know the time of day
    with Server(tmp_path, clock=clock) as server, server.api() as api:
        inbox = tmp_path / "inbox/file/path"
        inbox.mkdir(parents=True)
        (inbox / "old.csv").touch()
        bench = Bench(tmp_path, clock, datastores=server.site.datastores, max_runs=2)
        bench.start()
        to = {"PipelineId": pipeline(api)["Id"]}
        timed = ok(api.post(f"{V1}/Schedules/Create", json=MINUTES | to))
        filed = ok(api.post(f"{V1}/Schedules/Create", json=FILES | to))
        assert timed["ProvisioningStatus"] == filed["ProvisioningStatus"] == 0
        listed = ok(api.get(f"{V1}/Schedules", params={"activeOnly": "true"}))
        assert {one["Id"] for one in listed} == {timed["Id"], filed["Id"]}

        name = "My-reactive-schedule"
        bench.until(lambda: bench.said("watching"))
        assert api.get(f"{V1}/PipelineRuns/Schedule/{filed['Id']}/Last").status_code == 204
        (inbox / "new.csv").write_text("fresh")
        bench.look(name=name)
        assert bench.files(name) == ["new.csv"]
        [run] = ok(api.get(f"{V1}/PipelineRuns/Schedule/{filed['Id']}"))
        assert run["DataPathAssignments"] == {
            "input_data": {"DataStoreName": "inbox", "RelativePath": "file/path/new.csv"}
        }
        assert run["ParameterAssignments"] == {"a": "7"}
        assert (run["RunType"], run["ScheduleId"]) == (2, filed["Id"])
        bench.until(lambda: bench.ended(run["Id"]))
        assert bench.printed(run["Id"]) == f"{inbox}/new.csv\n"
        last = ok(api.get(f"{V1}/PipelineRuns/Schedule/{filed['Id']}/Last"))
        assert last["Status"]["StatusCode"] == 3
        first = ok(api.get(f"{V1}/PipelineRuns/Schedule/{timed['Id']}/Last"))
        assert first["RunHistoryExperimentName"] == "helloworld"

        status = f"{V1}/Pipelines/{to['PipelineId']}/status"
        refused = error(api.put(status, json="Disabled"), 400)
        assert "enabled schedules run it: My-reactive-schedule, MyRecurringSchedule" in refused
        for one in (timed, filed):
            gone = ok(api.put(f"{V1}/Schedules/{one['Id']}", json=one | {"EntityStatus": "2"}))
            assert gone["EntityStatus"] == 2
        assert ok(api.get(f"{V1}/Schedules")) == []
        assert len(ok(api.get(f"{V1}/Schedules", params={"activeOnly": "false"}))) == 2
        assert ok(api.put(status, json="Disabled")) is None
        assert ok(api.get(f"{V1}/Pipelines/{to['PipelineId']}"))["EntityStatus"] == 2
        again = ok(api.get(f"{V1}/Schedules/{timed['Id']}")) | {"EntityStatus": "Active"}
        assert "is disabled" in error(api.put(f"{V1}/Schedules/{timed['Id']}", json=again), 400)
        submit = f"{V1}/PipelineRuns/PipelineSubmit/{to['PipelineId']}"
        assert "is disabled" in error(api.post(submit, json={"ExperimentName": "x"}), 400)
        bench.close()


@pytest.mark.parametrize(
    ("recurrence", "runs"),
    [
        ({"Schedule": {"Hours": [9], "Minutes": [0]}}, 1),
        ({"Schedule": {"Hours": [9], "Minutes": [0]}, "StartTime": "2030-01-01T00:00:00"}, 0),
        ({"StartTime": "2030-01-01T00:00:00"}, 0),
        ({}, 0),  # the engine fires it: its first time is now
    ],
)
def test_a_pattern_without_a_start_runs_on_its_creation(
    server: Server, api: httpx.Client, recurrence: dict[str, Any], runs: int
) -> None:
    when = {"Frequency": "Day", "Interval": 1} | recurrence
    body = MINUTES | {"Recurrence": when, "PipelineId": pipeline(api)["Id"]}
    made = ok(api.post(f"{V1}/Schedules/Create", json=body))
    found = ok(api.get(f"{V1}/PipelineRuns/Schedule/{made['Id']}"))
    assert [run["RunType"] for run in found] == [2] * runs
    ok(api.put(f"{V1}/Schedules/{made['Id']}", json=made | {"Name": "renamed"}))
    assert len(ok(api.get(f"{V1}/PipelineRuns/Schedule/{made['Id']}"))) == runs


def test_an_outside_event_starts_a_pipeline(server: Server, api: httpx.Client) -> None:
    body = {
        "DataPathAssignments": {
            "input_data": {"DataStoreName": "inbox", "RelativePath": "dir/f.csv"}
        },
        "ExperimentName": "events",
        "ParameterAssignments": {"a": "1"},
        "RunSource": "SDK",
    }
    submit = f"{V1}/PipelineRuns/PipelineSubmit/{pipeline(api)['Id']}"
    run = ok(api.post(submit, json=body))
    assert run["Status"]["StatusCode"] == 0
    assert run["RunType"] == 0
    assert run["ScheduleId"] is None
    assert run["DataPathAssignments"] == body["DataPathAssignments"]
    assert run["ParameterAssignments"] == {"a": "1"}
    assert ok(api.get(f"{V1}/PipelineRuns/{run['Id']}")) == run
    job = ok(api.get(f"{BASE}/jobs/{run['Id']}", params=VERSION))
    path = "azureml://datastores/inbox/paths/dir/f.csv"
    assert job["properties"]["inputs"]["input_data"]["uri"] == path
    [experiment] = ok(api.get(f"/history/v1.0{BASE}/experiments"))["value"]
    assert (experiment["name"], experiment["numberOfRuns"]) == ("events", 1)
    assert ok(api.get(f"/history/v1.0{BASE}/experiments/events")) == experiment
    for bad in (
        {"ParameterAssignments": {"nope": "1"}},
        {"DataPathAssignments": {"input_data": {"DataStoreName": "x", "RelativePath": ""}}},
        {"DataPathAssignments": {"input_data": {"DataStoreName": "inbox", "RelativePath": "../x"}}},
        {"DataSetDefinitionValueAssignments": {"d": {"SavedDataSetReference": {"Id": "1"}}}},
    ):
        error(api.post(submit, json=bad), 400)


def test_an_endpoint_runs_the_newest_version(server: Server, api: httpx.Client) -> None:
    [endpoint] = [e for e in ok(api.get(f"{V1}/PipelineEndpoints")) if e["Name"] == "score"]
    assert ok(api.get(f"{V1}/PipelineEndpoints/Id/{endpoint['Id']}")) == endpoint
    assert ok(api.get(f"{V1}/PipelineEndpoints/Name", params={"Name": "score"})) == endpoint
    [version] = endpoint["PipelineVersionList"]
    body = MINUTES | {"PipelineEndpointId": endpoint["Id"]}
    made = ok(api.post(f"{V1}/Schedules/Create", json=body))
    assert (made["PipelineId"], made["PipelineEndpointId"]) == (None, endpoint["Id"])
    of_endpoint = ok(api.get(f"{V1}/Schedules/PipelineEndpoint/{endpoint['Id']}"))
    assert [one["Id"] for one in of_endpoint] == [made["Id"]]
    assert ok(api.get(f"{V1}/Schedules/Pipeline/{version['PipelineId']}")) == []
    submit = f"{V1}/PipelineRuns/PipelineEndpointSubmit/Id/{endpoint['Id']}"
    run = ok(api.post(submit, json={"ExperimentName": "x"}, params={"pipelineVersion": "1"}))
    assert run["PipelineId"] == version["PipelineId"]
    missing = api.post(submit, json={"ExperimentName": "x"}, params={"pipelineVersion": "9"})
    error(missing, 404)
    refused = api.put(f"{V1}/PipelineEndpoints/{endpoint['Id']}", json={"EntityStatus": 2})
    assert "enabled schedules run it" in error(refused, 400)


# ----------------------------------------------------------------------------------- its own bodies


@pytest.mark.skipif(not BODIES.exists(), reason="the bodies of Microsoft's client are not here")
@pytest.mark.parametrize(
    "name",
    [
        "create_recurrence_minute15",
        "create_recurrence_week_pattern_tz",
        "create_datastore",
        "create_for_pipeline_endpoint",
        "put_disable_as_sent_by_sdk",
    ],
)
def test_bodies_of_microsofts_client_come_back(api: httpx.Client, name: str) -> None:
    text = json.dumps(json.loads(BODIES.read_text())["bodies"][name])
    found = pipeline(api)
    [endpoint] = [e for e in ok(api.get(f"{V1}/PipelineEndpoints")) if e["Name"] == "score"]
    # What stands for something of a workspace is filled in with this one's.
    for placeholder in ("<published-pipeline-guid>", "<guid>"):
        text = text.replace(placeholder, found["Id"])
    text = text.replace("<endpoint-guid>", endpoint["Id"]).replace("workspaceblobstore", "inbox")
    if name.startswith("put"):
        made = ok(api.post(f"{V1}/Schedules/Create", json=MINUTES | {"PipelineId": found["Id"]}))
        sent = json.loads(text.replace("<schedule-guid>", made["Id"]))
        answered = ok(api.put(f"{V1}/Schedules/{made['Id']}", json=sent))
    else:
        sent = json.loads(text)
        answered = ok(api.post(f"{V1}/Schedules/Create", json=sent))
    read = ok(api.get(f"{V1}/Schedules/{answered['Id']}"))
    assert read == answered
    assert _part(_meaning(read), _meaning(sent)) == _meaning(sent)
    again = ok(api.put(f"{V1}/Schedules/{answered['Id']}", json=read))
    assert again == read


ENUMS: dict[str, tuple[str, ...]] = {
    "EntityStatus": ("Active", "Deprecated", "Disabled"),
    "ScheduleType": ("Recurrence", "DataStore"),
    "ProvisioningStatus": ("Completed", "Provisioning", "Failed"),
    "Frequency": ("Month", "Week", "Day", "Hour", "Minute"),
    "RunType": ("HTTP", "SDK", "Schedule", "Portal"),
    "WeekDays": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def _meaning(entity: dict[str, Any]) -> dict[str, Any]:
    """An entity without what the service sets, its enums by name, without what is not set."""
    own = ("Etag", "CreatedDate", "LastModifiedDate")
    made: dict[str, Any] = {}
    for key, value in entity.items():
        if key in own:
            continue
        if key in ENUMS:
            named = [_name(ENUMS[key], one) for one in _list(value)]
            made[key] = named if isinstance(value, list) else named[0]
        elif isinstance(value, dict) and value:
            made[key] = _meaning(value)
        elif value not in (None, [], {}) and (key, value) != ("TimeZone", "UTC"):
            made[key] = value
    return made


def _part(read: Any, sent: Any) -> Any:
    """What was read of what was sent; the service adds to it."""
    if isinstance(sent, dict) and isinstance(read, dict):
        return {key: _part(read.get(key), value) for key, value in sent.items()}
    return read


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _name(names: tuple[str, ...], value: Any) -> Any:
    return names[int(value)] if str(value).isdigit() else value


# ------------------------------------------------------------------------------------- other doors


def test_what_comes_in_by_one_door_is_seen_by_the_others(server: Server, api: httpx.Client) -> None:
    made = ok(
        api.post(f"{V1}/Schedules/Create", json=MINUTES | {"PipelineId": pipeline(api)["Id"]})
    )
    url = f"{BASE}/schedules/MyRecurringSchedule"
    seen = ok(api.get(url, params=VERSION))["properties"]
    assert seen["trigger"] | {"frequency": "Minute", "interval": 15} == seen["trigger"]
    seen["trigger"]["endTime"] = "2999-01-01T00:00:00"
    seen["trigger"]["interval"] = 30
    assert api.put(url, params=VERSION, json={"properties": seen}).status_code == 201
    read = ok(api.get(f"{V1}/Schedules/{made['Id']}"))
    assert read["Recurrence"]["Interval"] == 30
    # What v1 cannot say survives what it says.
    ok(api.put(f"{V1}/Schedules/{made['Id']}", json=read | {"EntityStatus": "Disabled"}))
    kept = ok(api.get(url, params=VERSION))["properties"]
    assert (kept["isEnabled"], kept["trigger"]["endTime"]) == (False, "2999-01-01T00:00:00")


def test_names_are_labels(server: Server, api: httpx.Client) -> None:
    to = {"PipelineId": pipeline(api)["Id"]}
    ids = {ok(api.post(f"{V1}/Schedules/Create", json=MINUTES | to))["Id"] for _ in range(3)}
    assert len(ids) == 3
    listed = ok(api.get(f"{V1}/Schedules"))
    assert {one["Name"] for one in listed} == {"MyRecurringSchedule"}
    arm = ok(api.get(f"{BASE}/schedules", params=VERSION))["value"]
    assert [one["name"] for one in arm] == [
        "MyRecurringSchedule",
        "MyRecurringSchedule-2",
        "MyRecurringSchedule-3",
    ]


def test_who_may_only_read_sees_no_secrets(server: Server, api: httpx.Client) -> None:
    body = MINUTES | {"PipelineId": pipeline(api, "train")["Id"]}
    body["PipelineSubmissionInfo"] = {"ParameterAssignments": {"api_key": "hunter2"}}
    made = ok(api.post(f"{V1}/Schedules/Create", json=body))
    assert made["PipelineSubmissionInfo"]["ParameterAssignments"] == {"api_key": "hunter2"}
    with server.api(READER) as reader:
        for path in (f"{V1}/Schedules", f"{V1}/Schedules/{made['Id']}", f"{BASE}/schedules"):
            text = reader.get(path, params=VERSION).text
            assert "****" in text
            assert "hunter2" not in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Name": None}, "Name"),
        ({"PipelineId": "nope"}, "nope was not found"),
        ({"PipelineEndpointId": "score"}, "either"),
        ({"Recurrence": None}, "Recurrence is required"),
        ({"Recurrence": {"Frequency": "Year", "Interval": 1}}, "Frequency"),
        ({"Recurrence": {"Frequency": 9, "Interval": 1}}, "Frequency"),
        ({"Recurrence": {"Frequency": "Day", "Interval": 0}}, "Interval"),
        ({"Recurrence": {"Frequency": "Day", "Interval": 1, "TimeZone": "Mars"}}, "TimeZone"),
        ({"Recurrence": {"Frequency": "Day", "Interval": 1, "StartTime": "soon"}}, "StartTime"),
        ({"ScheduleType": "1"}, "DataStoreTriggerInfo is required"),
        ({"ScheduleType": "2"}, "ScheduleType"),
        ({"PipelineSubmissionInfo": None}, "PipelineSubmissionInfo"),
        ({"PipelineSubmissionInfo": {"ParameterAssignments": {"x": "1"}}}, '"x"'),
        (
            {"ScheduleType": "1", "DataStoreTriggerInfo": {"DataStoreName": "nope"}},
            'no datastore "nope"',
        ),
    ],
)
def test_what_is_refused(api: httpx.Client, changed: dict[str, Any], words: str) -> None:
    body = MINUTES | {"PipelineId": "score"} | changed
    response = api.post(f"{V1}/Schedules/Create", json=body)
    assert words in error(response, 404 if changed.get("PipelineId") else 400)
    assert ok(api.get(f"{V1}/Schedules")) == []


def test_unknown_routes_and_discovery(server: Server, api: httpx.Client) -> None:
    error(api.get(f"{V1}/Nothing"), 404)
    error(api.delete(f"{V1}/Schedules/x"), 405)
    error(api.get("/pipelines/v1.0/elsewhere"), 404)
    url = ok(api.get(BASE, params=VERSION))["properties"]["discoveryUrl"]
    with httpx.Client() as nobody:
        services = ok(nobody.get(url))
    assert services["api"] == server.address
    assert ok(api.get(f"{V1}/DataTypes"))[0]["Name"] == "AnyFile"
