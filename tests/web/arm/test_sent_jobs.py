"""Jobs that are sent whole: what is kept of them, what of it is run, and who sees what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.snapshots import Snapshots
from reconciler.web.arm import sent_jobs
from reconciler.workspace.store.schedules import Store
from web.arm.test_uploads import begin, send
from web.opened import BASE, READER, VERSION, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as made:
        yield made


def put(server: Server, what: str, properties: dict[str, Any]) -> httpx.Response:
    with server.api(params=VERSION) as api:
        return api.put(f"{BASE}/{what}", json={"properties": properties})


def put_code(server: Server, content: bytes, version: str) -> None:
    uri, signature = begin(server, "unused")
    assert send(f"{uri}/src/main.py", signature, content).status_code == 201
    answer = put(server, f"codes/a/versions/{version}", {"codeUri": f"{uri}/src"})
    assert answer.status_code == 201


def put_component(server: Server, version: str, **spec: Any) -> None:
    whole = {"type": "command", "command": "cat main.py", **spec}
    made = put(server, f"components/c/versions/{version}", {"componentSpec": whole})
    assert made.status_code == 201, made.text


def put_schedule(server: Server, *versions: str, **more: Any) -> httpx.Response:
    steps = {
        f"s{number}": {
            "type": "command",
            "name": f"s{number}",
            "componentId": f"{BASE}/components/c/versions/{version}",
        }
        for number, version in enumerate(versions)
    } | more
    action = {
        "actionType": "CreateJob",
        "jobDefinition": {"jobType": "Pipeline", "jobs": steps},
    }
    trigger = {"triggerType": "Recurrence", "frequency": "Day", "interval": 1}
    return put(server, "schedules/s", {"action": action, "trigger": trigger, "isEnabled": False})


def test_two_versions_of_one_code(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    take = Snapshots.take

    def counted(self: Snapshots, path: str) -> Any:
        taken.append(path)
        return take(self, path)

    monkeypatch.setattr(Snapshots, "take", counted)
    for version, content in (("1", b"one"), ("2", b"two")):
        put_code(server, content, version)
        put_component(server, version, code=f"azureml:{BASE}/codes/a/versions/{version}")
    answer = put_schedule(server, "1", "2", "1")
    assert answer.status_code == 201, answer.text
    assert len(taken) == 2
    with closing(Store(server.path, actor="a test")) as store:
        [published] = store.versions("sent-s")
        held = store.code.of("sent-s", published.version)
    code = [held[published.document["jobs"][step]["code"]].files for step in ("s0", "s1", "s2")]
    assert code[0] == code[2] != code[1]


def test_components_that_grow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_jobs, "_LARGEST", 4 << 20)
    put_component(server, "1", description="x" * (3 << 20))
    assert put_schedule(server, "1").status_code == 201
    answer = put_schedule(server, "1", "1")
    assert answer.status_code == 400
    assert "more than 4 MiB" in answer.text


def test_a_reader_sees_no_secrets_of_components(server: Server) -> None:
    put_component(server, "1", environment_variables={"API_KEY": "hunter2", "MODE": "fast"})
    path = f"{BASE}/components/c/versions"
    with server.api(READER, params=VERSION) as reader, server.api(params=VERSION) as writer:
        for place in (path, f"{path}/1"):
            seen = reader.get(place).text
            assert "hunter2" not in seen
            assert "fast" in seen
            assert "hunter2" in writer.get(place).text


def test_an_environment_of_any_shape_may_be_put_again(server: Server) -> None:
    for status in (201, 200):
        made = put(server, "environments/e/versions/1", {"componentSpec": [1]})
        assert made.status_code == status


def test_steps_of_another_shape(server: Server) -> None:
    steps: list[tuple[dict[str, Any], str]] = [
        *(({"type": kind, "component": "./x.yml"}, "its componentId") for kind in ("sweep", "x")),
        ({"component": {"command": "ls", "code": "/etc"}}, "its componentId"),
        ({"componentId": 7}, "componentId of the step s is not a text"),
        ({"command": ["ls"]}, "command of the step s is not a text"),
        ({"command": "ls", "code": 7}, "code of the step s is not a text"),
        ({"command": "ls", "inputs": [1]}, "inputs of the step s is not an object"),
        ({"command": "ls", "limits": 7}, "limits of the step s is not an object"),
    ]
    for step, said in steps:
        answer = put_schedule(server, s={"type": "command", **step})
        assert (answer.status_code, said in answer.text) == (400, True), answer.text


def test_components_of_another_shape(server: Server) -> None:
    inner: dict[str, Any] = {"type": "pipeline", "jobs": {"a": {"type": "x", "component": "./x"}}}
    specs: list[dict[str, Any]] = [{"outputs": [1]}, {"code": [1]}, {"command": 1}, inner]
    for number, spec in enumerate(specs):
        put_component(server, str(number), **spec)
        answer = put_schedule(server, str(number))
        assert answer.status_code == 400, answer.text


def test_a_whole_job_that_is_given_back_is_the_same(server: Server) -> None:
    put_component(server, "1")
    assert put_schedule(server, "1").status_code == 201
    with closing(Store(server.path)) as store, server.api(params=VERSION) as api:
        [before] = store.schedules(["s"])
        shown = api.get(f"{BASE}/schedules/s").json()["properties"]
        assert shown["action"]["jobDefinition"]["experimentName"] == "Default"
        assert put(server, "schedules/s", shown).status_code == 201
        [after] = store.schedules(["s"])
        assert after.fingerprint == before.fingerprint
        assert len(store.versions("sent-s")) == 1
