"""Data by address in runs: of folders of this machine, of remote stores, of the web."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.execution.data import TargetData
from reconciler.workspace.execution.run_inputs import Context, JobError
from reconciler.workspace.execution.steps import plan_run
from workspace.execution.test_runner import NAME, Ran

READ = "cat ${{inputs.d}}"
LIST = "ls ${{inputs.d}}"
WRITE = "echo made > ${{outputs.o}}"


@pytest.fixture
def data(tmp_path: Path) -> Iterator[TargetData]:
    (tmp_path / "lake/in").mkdir(parents=True)
    (tmp_path / "lake/in/a.txt").write_text("local\n")
    memory = fsspec.filesystem("memory")
    memory.pipe("/store/in/a.txt", b"remote\n")
    memory.pipe("/store/in/deep/b.txt", b"deep\n")
    stores = {"lake": Datastore("lake", tmp_path), "far": Datastore("memory://store", tmp_path)}
    assets = {
        "claims": DataAsset("lake/in/a.txt", "3"),
        "folder": DataAsset("lake/in"),
        "away": DataAsset("memory://store/in"),
    }
    yield TargetData(stores, assets, tmp_path)
    memory.rm("/store", recursive=True)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/a.txt").write_text("web\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "site")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def step(command: str, kind: str, path: str, mode: str | None = None) -> dict[str, Any]:
    declared = {"type": kind, "path": path, **({"mode": mode} if mode else {})}
    return {"type": "command", "command": command, "inputs": {"d": declared}}


def ran(folder: Path, data: TargetData, document: dict[str, Any], **given: Any) -> Ran:
    run = folder / "runs/run"
    plan = plan_run(document, given, Context(NAME, "now"), str(run), data=data)
    return Ran(folder, plan, data=data).execute()


@pytest.mark.parametrize("mode", [None, "ro_mount", "download"])
@pytest.mark.parametrize(
    ("command", "kind", "path", "said"),
    [
        (READ, "uri_file", "azureml://datastores/lake/paths/in/a.txt", "local\n"),
        (LIST, "uri_folder", "azureml://datastores/lake/paths/in/", "a.txt\n"),
        (READ, "uri_file", "azureml:claims:3", "local\n"),
        (LIST, "uri_folder", "azureml:folder@latest", "a.txt\n"),
        (READ, "uri_file", "azureml://datastores/far/paths/in/a.txt", "remote\n"),
        (LIST, "uri_folder", "azureml://datastores/far/paths/in", "a.txt\ndeep\n"),
        (LIST, "mltable", "azureml:away:1", "a.txt\ndeep\n"),
    ],
)
def test_inputs(
    tmp_path: Path, data: TargetData, command: str, kind: str, path: str, mode: str, said: str
) -> None:
    done = ran(tmp_path, data, step(command, kind, path, mode))
    assert done.end == ("Completed", None)
    assert done.log("command") == said


def test_a_file_of_the_web(tmp_path: Path, data: TargetData, web: str) -> None:
    done = ran(tmp_path, data, step(READ, "uri_file", f"{web}/a.txt"))
    assert done.log("command") == "web\n"
    gone = ran(tmp_path / "again", data, step(READ, "uri_file", f"{web}/b.txt"))
    assert gone.last("command")[2] == f"{web}/b.txt: it answered 404 File not found"


def test_what_is_given_counts(tmp_path: Path, data: TargetData) -> None:
    document = {
        "type": "pipeline",
        "inputs": {"x": {"type": "uri_file", "path": "azureml:claims:3"}, "t": {"type": "string"}},
        "jobs": {
            "s": {
                "command": "cat ${{inputs.d}}; echo ${{inputs.t}}",
                "inputs": {"d": "${{parent.inputs.x}}", "t": "${{parent.inputs.t}}"},
            }
        },
    }
    given = {"x": {"path": "azureml://datastores/far/paths/in/a.txt"}, "t": "azureml:claims:3"}
    assert ran(tmp_path, data, document, **given).log("s") == "remote\nazureml:claims:3\n"


@pytest.mark.parametrize("store", ["lake", "far"])
@pytest.mark.parametrize("kind", ["uri_file", "uri_folder"])
def test_outputs(tmp_path: Path, data: TargetData, store: str, kind: str) -> None:
    name = "out/${{name}}/o" if kind == "uri_file" else "out/${{name}}/${{output_name}}/"
    command = WRITE if kind == "uri_file" else f"{WRITE}/f"
    document = {
        "type": "command",
        "command": command,
        "outputs": {"o": {"type": kind, "path": f"azureml://datastores/{store}/paths/{name}"}},
    }
    done = ran(tmp_path, data, document)
    assert done.end == ("Completed", None)
    path = f"out/{done.run.name}/o" + ("" if kind == "uri_file" else "/f")
    if store == "lake":
        assert (tmp_path / "lake" / path).read_text() == "made\n"
    else:
        assert fsspec.filesystem("memory").cat(f"/store/{path}") == b"made\n"


def test_an_output_of_the_pipeline(tmp_path: Path, data: TargetData) -> None:
    document = {
        "type": "pipeline",
        "settings": {"default_datastore": "azureml:lake"},
        "outputs": {
            "o": {"type": "uri_file", "path": "azureml://datastores/${{default_datastore}}/paths/x"}
        },
        "jobs": {
            "a": {"command": WRITE, "outputs": {"o": "${{parent.outputs.o}}"}},
            "b": {"command": READ, "inputs": {"d": "${{parent.jobs.a.outputs.o}}"}},
        },
    }
    done = ran(tmp_path, data, document)
    assert done.log("b") == "made\n"
    assert (tmp_path / "lake/x").read_text() == "made\n"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (step(READ, "uri_file", "azureml:gone:1"), 'the target has no data asset "gone"'),
        (
            step(READ, "uri_file", "azureml://datastores/far/paths/x", "rw_mount"),
            "cannot be mounted",
        ),
        (
            {"command": WRITE, "outputs": {"o": {"path": "https://example.org/x"}}},
            "the output o: https://example.org/x cannot be written to",
        ),
        (
            {
                "command": WRITE,
                "outputs": {"o": {"path": "azureml://datastores/lake/paths/${{x}}"}},
            },
            "holds what is not known here",
        ),
    ],
)
def test_refused_before_it_starts(data: TargetData, document: dict[str, Any], why: str) -> None:
    with pytest.raises(JobError, match=why):
        plan_run({"type": "command", **document}, {}, Context("r", "t"), "/run", data=data)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("azureml://datastores/lake/paths/none", "there is no"),
        ("azureml://datastores/far/paths/none", "FileNotFoundError"),
    ],
)
def test_data_that_is_not_there(tmp_path: Path, data: TargetData, path: str, why: str) -> None:
    done = ran(tmp_path, data, step(READ, "uri_file", path))
    status, code, message = done.last("command")
    assert (status, code) == ("Failed", None)
    assert why in str(message)


def test_an_output_that_was_not_written(tmp_path: Path, data: TargetData) -> None:
    address = "azureml://datastores/lake/paths/x"
    outputs = {"o": {"type": "uri_file", "path": address}}
    done = ran(tmp_path, data, {"type": "command", "command": "true", "outputs": outputs})
    assert done.last("command") == ("Failed", 0, f"{address}: the step wrote nothing to it")
