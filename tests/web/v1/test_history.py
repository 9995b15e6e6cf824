"""Experiments, runs, steps and logs, as the service of run history has them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from workspace.engine.engines import Bench, Clock

from reconciler.web.v1.errors import V1Error
from reconciler.web.v1.history import log_links
from reconciler.web.v1.history.filters import read_filter
from reconciler.web.v1.ids import guid
from web.opened import BASE, READER, V1, Server

HISTORY, DATASTORES, ARTIFACTS = (
    f"/{service}{BASE}" for service in ("history/v1.0", "datastore/v1.0", "artifact/v2.0")
)


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    with server.api() as client:
        yield client


def ok(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json() if response.content else None


def error(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    return str(response.json()["error"]["message"])


def submit(api: httpx.Client, experiment: str = "greetings") -> str:
    """The id of a run of the pipeline `train`."""
    found = {one["Name"]: one["Id"] for one in ok(api.get(f"{V1}/Pipelines"))}
    body = {"ExperimentName": experiment, "ParameterAssignments": {"epochs": 3}}
    run = ok(api.post(f"{V1}/PipelineRuns/PipelineSubmit/{found['train']}", json=body))
    return str(run["Id"])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with a run that has ended."""
    clock, folder = Clock(datetime.now(UTC)), tmp_path_factory.mktemp("workspace")
    with Server(folder, clock=clock, runs="runs") as made:
        bench = Bench(folder, clock, max_runs=1)
        bench.start()
        with made.api() as client:
            run = submit(client)
        bench.until(lambda: bench.ended(run))
        bench.close()
        yield made, run


def test_a_run_and_its_step(done: tuple[Server, str]) -> None:
    server, run = done
    with server.api(READER) as api:
        read = ok(api.get(f"{HISTORY}/experiments/greetings/runs/{run}"))
        assert (read["runId"], read["rootRunId"], read["status"]) == (run, run, "Completed")
        assert read["experimentId"] == guid("experiment", "greetings")
        by_id = f"{HISTORY}/experimentids/{read['experimentId']}"
        assert ok(api.get(f"{by_id}/runs/{run}")) == read
        assert ok(api.get(f"{HISTORY}/runs/{run}")) == read
        [step] = ok(api.get(f"{HISTORY}/experiments/greetings/runs/{run}/children"))["value"]
        assert step["runId"] == f"{run}.command"
        assert step["tags"] == {"azureml.nodeid": "command", "azureml.pipeline": run}
        assert ok(api.get(f"{HISTORY}/experiments/greetings/runs/{step['runId']}")) == step
        for one in (run, step["runId"]):
            details = ok(api.get(f"{HISTORY}/experiments/greetings/runs/{one}/details"))
            assert (details["runId"], details["error"]) == (one, None)
        node = f"{V1}/PipelineRuns/{run}/Graph"
        assert ok(api.post(f"{node}/Node/StatusCode", json=["command"])) == "4"
        assert ok(api.post(f"{node}/Node/Status", json=["command"]))["RunId"] == step["runId"]
        assert ok(api.post(f"{node}/AllNodes/Status"))["command"]["StatusCode"] == "4"
        for log, text in (("STDOUT", "3\n"), ("STDERR", ""), ("JobLog", "")):
            assert api.post(f"{node}/Shareable/{log}", json=["command"]).text == text
        for body in ([], ["command", "x"], {"command": 1}, [1], None):
            assert api.post(f"{node}/Node/Status", json=body).status_code == 400
        assert api.post(f"{node}/Node/Status", json=["nothing"]).status_code == 404
        for nothing in ("x", f"{run}.x", f"{run}.command.x", ".command", "."):
            error(api.get(f"{HISTORY}/experiments/greetings/runs/x{nothing}"), 404)


def test_a_link_to_a_log(done: tuple[Server, str], monkeypatch: pytest.MonkeyPatch) -> None:
    server, run = done
    with server.api(READER) as api, server.api(None) as nobody:
        details = ok(api.get(f"{HISTORY}/experiments/greetings/runs/{run}.command/details"))
        [link] = details["logFiles"].values()
        container = f"{ARTIFACTS}/artifacts/prefix/contentinfo/ExperimentRun/dcid.{run}.command"
        [file] = ok(api.get(f"{container}/user_logs"))["value"]
        assert file["path"] == "user_logs/std_log.txt"
        assert ok(api.get(f"{container}/system_logs"))["value"] == []
        parts = urlsplit(link)
        said = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert nobody.get(link).text == "3\n"
        assert nobody.get(file["contentUri"]).text == "3\n"
        for changed in (
            {"sig": "0" * 64},
            {"sig": ""},
            {"step": "other"},
            {"ends": str(int(said["ends"]) + 1)},
            {"ends": "9" * 30},
            {"ends": "x"},
        ):
            query = urlencode(said | changed)
            assert nobody.get(f"{parts.path}?{query}").status_code == 403
        assert nobody.get(f"/shared-logs/other?{parts.query}").status_code == 403
        assert nobody.post(link).status_code in (401, 405)
        later = time.time() + log_links.SECONDS + 1
        monkeypatch.setattr(log_links.time, "time", lambda: later)
        assert nobody.get(link).status_code == 403


def test_experiments(server: Server, api: httpx.Client) -> None:
    query = f"{HISTORY}/experiments:query"
    assert ok(api.post(query, json={"viewType": "ActiveOnly"}))["value"] == []
    error(api.get(f"{HISTORY}/experiments/new"), 404)
    made = ok(api.post(f"{HISTORY}/experiments/new"))
    assert (made["name"], made["experimentId"]) == ("new", guid("experiment", "new"))
    run = submit(api, "new")
    [listed] = ok(api.post(query, json={"viewType": "ActiveOnly"}))["value"]
    assert (listed["name"], listed["experimentId"]) == ("new", made["experimentId"])
    assert ok(api.get(f"{HISTORY}/experimentids/{made['experimentId']}")) == listed
    assert ok(api.get(f"{HISTORY}/experiments/new")) == listed
    assert ok(api.post(query, json={"viewType": "ArchivedOnly"}))["value"] == []
    asked = {"filter": "RunType eq azureml.PipelineRun", "top": 5}
    [found] = ok(api.post(f"{HISTORY}/experiments/new/runs:query", json=asked))["value"]
    assert found["runId"] == run
    assert "not valid" in error(api.post(f"{HISTORY}/experiments/%24bad"), 400)
    for method, path in (
        ("PATCH", f"experimentids/{made['experimentId']}"),
        ("DELETE", f"experimentids/{made['experimentId']}"),
        ("PATCH", f"experiments/new/runs/{run}"),
        ("POST", f"experiments/new/runs/{run}/events"),
    ):
        answer = api.request(method, f"{HISTORY}/{path}", json={})
        assert "of an embedded workspace" in error(answer, 400)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, ["a", "b", "c"]),
        ("", ["a", "b", "c"]),
        ("Status eq 'Failed'", ["b"]),
        ("Status eq Failed", ["b"]),
        ("Status ne 'Failed'", ["a", "c"]),
        ("ParentRunId eq null", ["a", "b"]),
        ("ParentRunId ne null", ["c"]),
        ("RootRunId eq 'a' and Status eq 'Completed'", ["a", "c"]),
        ("(RootRunId eq 'a') and (ParentRunId ne null)", ["c"]),
        ("(RunType eq x or Properties/azureml.runsource eq azureml.PipelineRun)", ["a"]),
        ("tags/k eq 'v'", ["b"]),
        ('((Tags/k eq "v") and (Status eq Failed))', ["b"]),
        ("(Tags/k ne null or Tags/k eq null)", ["b"]),
        ("Status eq Failed or Status eq 'Completed' and ParentRunId ne null", ["b", "c"]),
        ("CreatedUtc gt 2026-01-02 12:00:00", ["c"]),
        ("CreatedUtc le 2026-01-02 12:00:00+00:00", ["a", "b"]),
        ("Status ge Failed", []),
        ("ParentRunId lt null", []),
        ("Hidden eq false", ["a", "b", "c"]),
        ("CreatedUtc ge 2026-01-02T00:00:00", ["b", "c"]),
        ("CreatedUtc lt 2026-01-02T00:00:00", ["a"]),
    ],
)
def test_filters(text: str | None, wanted: list[str]) -> None:
    def dto(name: str, day: int, status: str, **more: Any) -> dict[str, Any]:
        plain = {"runType": "r", "parentRunId": None, "rootRunId": name, "hidden": False}
        created = f"2026-01-0{day}T12:00:00+00:00"
        held = {"runId": name, "status": status, "createdUtc": created, "tags": {}}
        return {**plain, **held, "properties": {}, **more}

    dtos = [
        dto("a", 1, "Completed", properties={"azureml.runsource": "azureml.PipelineRun"}),
        dto("b", 2, "Failed", tags={"k": "v"}),
        dto("c", 3, "Completed", parentRunId="a", rootRunId="a"),
    ]
    lets_through = read_filter(text)
    assert [one["runId"] for one in dtos if lets_through(one)] == wanted


@pytest.mark.parametrize(
    "text",
    [
        *(7, "x", "Status", "Status is 'x'", "Other eq 'x'", "other/x eq 'x'", "a eq 'b"),
        *("(Status eq x", "Status eq x)", "Status eq (", "Status eq x or", "Status eq x y"),
        *("x" * 5000, "(" * 60),
    ],
)
def test_filters_that_are_not_understood(text: Any) -> None:
    with pytest.raises(V1Error):
        read_filter(text)


def test_datastores(tmp_path: Path, server: Server, api: httpx.Client) -> None:
    assert [one["name"] for one in ok(api.get(f"{DATASTORES}/datastores"))["value"]] == ["inbox"]
    one = ok(api.get(f"{DATASTORES}/datastores/inbox"))
    assert ok(api.get(f"{DATASTORES}/default")) == one
    assert (one["dataStoreType"], one["azureStorageSection"]["containerName"]) == (
        "AzureBlob",
        "inbox",
    )
    assert str(server.folder) not in str(one)
    error(api.get(f"{DATASTORES}/datastores/other"), 404)
    for method, path in (
        ("POST", "datastores"),
        ("PUT", "default/inbox"),
        ("DELETE", "datastores/a"),
    ):
        answer = api.request(method, f"{DATASTORES}/{path}", json={})
        assert "they are in reconciler.yaml" in error(answer, 400)


def test_every_address_that_discovery_gives(api: httpx.Client) -> None:
    found = api.get("/discovery").json()
    needed = {"api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio"}
    assert needed < set(found)
    assert set(found.values()) == {str(api.base_url).rstrip("/")}


def test_types_of_data(api: httpx.Client) -> None:
    listed = ok(api.get(f"{V1}/DataTypes"))
    assert len(listed) == 11
    assert [one["Id"] for one in listed] == [one["Name"] for one in listed]
    answer = api.post(f"{V1}/DataTypes", json={"Id": "AnyFile"})
    assert "already exist" in answer.json()["Error"]["Message"]


def test_links_that_the_sdk_prints(done: tuple[Server, str]) -> None:
    server, run = done
    with server.api() as api:
        [train] = [one["Id"] for one in ok(api.get(f"{V1}/Pipelines")) if one["Name"] == "train"]
    with server.browser() as browser:
        for path, title in (
            (f"/runs/{run}?wsid=x", run),
            (f"/runs/{run}.command?wsid=x", run),
            (f"/pipelines/{train}?wsid=x", "train"),
            (f"/experiments/id/{guid('experiment', 'greetings')}?wsid=x", run),
        ):
            page = browser.get(path)
            assert page.status_code == 200
            assert title in page.text
        for path in ("/runs/x.command", f"/pipelines/{guid('graph', 'x')}", "/experiments/id/x"):
            assert browser.get(path).status_code == 404
