"""Whatever is sent to the APIs: no 500, no hang, an error in the shape of its door, and what was
taken can be read by every door and is understood by the engine.

Bodies are valid ones, and those of the specification, with parts of them replaced, taken out or put
elsewhere; addresses and queries are made in the same way.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.document import schedule_from_document
from reconciler.firing import next_fires
from reconciler.model import DatastoreChange, Key
from reconciler.workspace.store.schedules import Store
from web.opened import BASE, V1, Server

SPEC = Path(__file__).parent.parent.parent.parent / "shared/azure/spec"
ARM_BODY = {
    "properties": {
        "displayName": "A",
        "description": "B",
        "tags": {"a": "b"},
        "properties": {"a": "b"},
        "isEnabled": True,
        "trigger": {
            "triggerType": "Recurrence",
            "frequency": "Week",
            "interval": 2,
            "schedule": {
                "hours": [1, 2],
                "minutes": [0],
                "weekDays": ["Monday"],
                "monthDays": [1],
            },
            "startTime": "2026-01-01T00:00:00",
            "endTime": "2999-01-01T00:00:00",
            "timeZone": "Pacific Standard Time",
        },
        "action": {
            "actionType": "CreateJob",
            "jobDefinition": {
                "jobType": "Pipeline",
                "sourceJobId": "train",
                "experimentName": "e",
                "inputs": {"epochs": {"jobInputType": "literal", "value": "1"}},
                "outputs": {"o": {"jobOutputType": "uri_file", "uri": "x"}},
                "settings": {"continue_on_step_failure": True, "default_compute": "c"},
                "identity": {"identityType": "Managed", "clientId": "x"},
                "computeId": "c",
                "tags": {},
                "properties": {"x": "y"},
            },
        },
    }
}
CRON_BODY = copy.deepcopy(ARM_BODY)
CRON_BODY["properties"]["trigger"] = {
    "triggerType": "Cron",
    "expression": "0 2 * * 1-5",
    "timeZone": "UTC",
}
FILE_BODY = copy.deepcopy(ARM_BODY)
FILE_BODY["properties"]["trigger"] = {
    "triggerType": "Datastore",
    "datastoreName": "inbox",
    "pathOnDatastore": "a/b",
    "pollingInterval": 5,
    "dataPathParameterName": "epochs",
}
V1_BODY = {
    "Name": "n",
    "PipelineId": "train",
    "PipelineSubmissionInfo": {
        "ExperimentName": "e",
        "Description": "d",
        "ParameterAssignments": {"epochs": "1"},
        "DataPathAssignments": {"api_key": {"DataStoreName": "inbox", "RelativePath": "a"}},
        "DataSetDefinitionValueAssignments": {},
        "ContinueRunOnStepFailure": True,
        "tags": {"a": "b"},
        "Properties": {"a": "b"},
    },
    "Recurrence": {
        "Frequency": "Week",
        "Interval": 2,
        "StartTime": "2019-05-20T16:00:00",
        "TimeZone": "Pacific Standard Time",
        "Schedule": {"Hours": [18], "Minutes": [30], "WeekDays": ["Monday", 2]},
    },
    "EntityStatus": 0,
    "ScheduleType": "0",
}
V1_FILES = {k: v for k, v in V1_BODY.items() if k != "Recurrence"} | {
    "ScheduleType": 1,
    "DataStoreTriggerInfo": {
        "DataStoreName": "inbox",
        "PollingInterval": 5,
        "DataPathParameterName": "epochs",
        "PathOnDataStore": "x",
    },
}


def _examples() -> list[Any]:
    """The bodies that the specification gives as examples, where it is here."""
    found = [ARM_BODY, CRON_BODY, FILE_BODY]
    for path in sorted(SPEC.glob("examples-Schedule/*.json")):
        parameters = json.loads(path.read_text()).get("parameters") or {}
        found += [parameters["body"]] if isinstance(parameters.get("body"), dict) else []
    return found


WORDS = st.sampled_from(
    [
        "",
        "a",
        "train",
        "score",
        "inbox",
        "Datastore",
        "Cron",
        "Recurrence",
        "Minute",
        "month",
        "UTC",
        "Mars",
        "2026-02-30T00:00:00",
        "9999-12-31T23:59:59",
        "0001-01-01T00:00:00",
        "* * * * *",
        "0 0 30 2 *",
        "azureml:train",
        "/x/jobs/train",
        "train:1",
        "train@latest",
        "\ud800",
        "\0",
        "../..",
        "é",
        "x" * 5000,
        "true",
        "-1",
        "${{name}}",
        "InvokeBatchEndpoint",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 100)
    | st.sampled_from([10**18, -(10**30), 1.5, 1e308, -0.0])
    | WORDS
    | st.text(max_size=5)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a body something stands."""
    found = [path]
    if isinstance(value, dict):
        members = list(value.items())
    else:
        members = list(enumerate(value)) if isinstance(value, list) else []
    for key, inner in members:
        found += places(inner, (*path, key))
    return found


@st.composite
def bodies(draw: st.DrawFn, valid: list[Any]) -> Any:
    """A body with up to three changes."""
    body = copy.deepcopy(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(body)))
        if not path:
            return draw(JSON)
        holder = body
        for key in path[:-1]:
            holder = holder[key]
        match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
            case "replace":
                holder[path[-1]] = draw(JSON)
            case "remove":
                del holder[path[-1]]
            case "add" if isinstance(holder, dict):
                holder[draw(WORDS)] = draw(JSON)
    return body


SEGMENTS = st.sampled_from(
    [
        "schedules",
        "jobs",
        "trigger",
        "a",
        "n",
        "batchEndpoints",
        "Pipelines",
        "Schedules",
        "Create",
        "Pipeline",
        "PipelineEndpoint",
        "PipelineRuns",
        "PipelineSubmit",
        "PipelineEndpointSubmit",
        "Id",
        "Name",
        "status",
        "Last",
        "Schedule",
        "DataTypes",
        "experiments",
        "train",
        "score",
        "x%20y",
        "%C3%A9",
        "%ff",
        "s:x:W10",
        "mfeOperationsStatus",
        "~",
        "a" * 300,
    ]
)
PREFIXES = st.sampled_from(
    [
        BASE,
        V1,
        f"/history/v1.0{BASE}",
        "/subscriptions",
        "/subscriptions/s",
        "/providers",
        "/pipelines/v1.0",
        "/subscriptions/s/resourceGroups/g",
        "/subscriptions/s/providers/Microsoft.MachineLearningServices/locations/local",
    ]
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "api-version",
            "listViewType",
            "$skip",
            "activeOnly",
            "Name",
            "pipelineVersion",
            "scheduleId",
            "jobType",
        ]
    ),
    st.sampled_from(
        ["2023-10-01", "1", "All", "YWZ0ZXIgYQ==", "YWZ0ZXI=", "%%%", "true", "é", "\0", "x" * 999]
    ),
    max_size=4,
)
METHODS = st.sampled_from(["GET", "GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"])
LAW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("workspace")) as made:
        yield made


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx.Client]:
    with server.api() as client:
        yield client


def checked(server: Server, response: httpx.Response) -> httpx.Response:
    """An answer that is one: no 500, and an error in its shape."""
    failed = [fields for event, fields in server.logged if event == "http_failed"]
    assert response.status_code < 500, (response.text, failed)
    if response.status_code >= 400 and response.request.method != "HEAD":
        body = response.json()
        error = body.get("error") or body.get("Error")
        assert error.get("code") or error.get("Code")
        assert (error.get("message") or error.get("Message") or "").isprintable
    elif response.content and response.status_code != 202:
        response.json()
    return response


def send(api: httpx.Client, method: str, url: str, body: Any, **options: Any) -> httpx.Response:
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return api.request(method, url, content=content, headers=headers, **options)


def check_everything_reads(server: Server, api: httpx.Client) -> None:
    """What was taken, every door shows and the engine can fire."""
    version = {"api-version": "2023-10-01", "listViewType": "All"}
    listed = checked(server, api.get(f"{BASE}/schedules", params=version)).json()["value"]
    seen = checked(server, api.get(f"{V1}/Schedules", params={"activeOnly": "false"})).json()
    assert len(listed) == len(seen)
    store = Store(server.path)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for row in store.schedules():
        trigger = schedule_from_document(row.document, Key("", row.name)).trigger
        if not isinstance(trigger, DatastoreChange):
            fires = next_fires(trigger, now, now + timedelta(days=9), now)
            assert len(list(islice(fires, 3))) <= 3
    store.close()


def arm_bodies(server: Server, api: httpx.Client, body: Any) -> None:
    server.forget()
    url = f"{BASE}/schedules/a"
    version = {"api-version": "2023-10-01"}
    done = checked(server, send(api, "PUT", url, body, params=version))
    assert done.status_code in (201, 400)
    if done.status_code == 201:
        read = checked(server, api.get(url, params=version)).json()["properties"]
        again = checked(server, send(api, "PUT", url, {"properties": read}, params=version))
        assert again.status_code == 201, again.text
        assert checked(server, api.get(url, params=version)).json()["properties"] == read
        check_everything_reads(server, api)


def v1_bodies(server: Server, api: httpx.Client, body: Any) -> None:
    server.forget()
    done = checked(server, send(api, "POST", f"{V1}/Schedules/Create", body))
    assert done.status_code in (200, 400, 404)
    if done.status_code == 200:
        made = done.json()
        put = checked(server, send(api, "PUT", f"{V1}/Schedules/{made['Id']}", made))
        assert put.status_code == 200, put.text
        stamps = ("Etag", "LastModifiedDate")
        assert {k: v for k, v in put.json().items() if k not in stamps} == {
            k: v for k, v in made.items() if k not in stamps
        }
        check_everything_reads(server, api)
    submit = f"{V1}/PipelineRuns/PipelineSubmit/train"
    info = body.get("PipelineSubmissionInfo", body) if isinstance(body, dict) else body
    checked(server, send(api, "POST", submit, info))


def anywhere(
    server: Server, api: httpx.Client, method: str, path: str, query: Any, body: Any
) -> None:
    checked(server, send(api, method, path, body, params=query))


ARM_BODIES = bodies(_examples())
V1_BODIES = bodies([V1_BODY, V1_FILES])
ANYWHERE = {
    "method": METHODS,
    "path": st.builds(
        lambda prefix, rest: "/".join([prefix, *rest]), PREFIXES, st.lists(SEGMENTS, max_size=4)
    ),
    "query": QUERIES,
    "body": ARM_BODIES | V1_BODIES,
}


@settings(LAW, max_examples=40)
@given(body=ARM_BODIES)
def test_arm_bodies(server: Server, api: httpx.Client, body: Any) -> None:
    arm_bodies(server, api, body)


@settings(LAW, max_examples=40)
@given(body=V1_BODIES)
def test_v1_bodies(server: Server, api: httpx.Client, body: Any) -> None:
    v1_bodies(server, api, body)


@settings(LAW, max_examples=100)
@given(**ANYWHERE)
def test_anywhere(
    server: Server, api: httpx.Client, method: str, path: str, query: Any, body: Any
) -> None:
    anywhere(server, api, method, path, query, body)


@pytest.mark.torture
@settings(LAW, max_examples=3000)
@given(arm=ARM_BODIES, v1=V1_BODIES, **ANYWHERE)
def test_at_length(
    server: Server,
    api: httpx.Client,
    arm: Any,
    v1: Any,
    method: str,
    path: str,
    query: Any,
    body: Any,
) -> None:
    arm_bodies(server, api, arm)
    v1_bodies(server, api, v1)
    anywhere(server, api, method, path, query, body)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"NaN",
        b"null",
        b'{"properties": NaN}',
        b'"\\ud800"',
        b"1" * 5000,
        b"\xef\xbb\xbf{}",
    ],
    ids=range(11),
)
def test_what_is_hardly_json(server: Server, api: httpx.Client, content: bytes) -> None:
    version = {"api-version": "2023-10-01"}
    assert api.put(f"{BASE}/schedules/a", params=version, content=content).status_code == 400
    assert api.post(f"{V1}/Schedules/Create", content=content).status_code == 400
    checked(server, api.put(f"{V1}/Pipelines/train/status", content=content))
