"""Data by address in runs of Temporal: as in the workspace, on whatever machine a step runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from helpers import invoke, write
from providers.temporal.server import Server, needed

from reconciler.workspace.datastores.addresses import DataAsset
from worker.test_runs import record
from worker.working import Run, Site, pipeline

pytestmark = needed
FOLDER = {"type": "uri_folder"}
LAKE = "azureml://datastores/lake/paths/"
FAR = "azureml://datastores/far/paths/"


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


@pytest.fixture
def site(server: Server, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "lake/in").mkdir(parents=True)
    (tmp_path / "lake/in/a.txt").write_text("local\n")
    memory = fsspec.filesystem("memory")
    memory.pipe("/store/in/a.txt", b"remote\n")
    memory.pipe("/store/in/deep/b.txt", b"deep\n")
    # Readers of one file in memory share its position: steps that run at once read others.
    memory.pipe("/store/away/a.txt", b"away\n")
    memory.pipe("/store/away/deep/b.txt", b"away\n")
    made = Site(server, tmp_path, lake="lake", far="memory://store")
    made.assets = {
        "claims": DataAsset("lake/in/a.txt", "3"),
        "away": DataAsset("memory://store/away"),
    }
    yield made
    memory.rm("/store", recursive=True)


def reads(kind: str, path: str, mode: str | None = None, **more: Any) -> dict[str, Any]:
    command = "cat ${{inputs.d}}" if kind == "uri_file" else "ls ${{inputs.d}}"
    declared = {"type": kind, "path": path, **({"mode": mode} if mode else {})}
    return {"command": command, "inputs": {"d": declared}, **more}


def test_inputs_and_outputs(site: Site) -> None:
    job = pipeline(
        near=reads("uri_file", f"{LAKE}in/a.txt"),
        copy=reads("uri_file", f"{LAKE}in/a.txt", "download"),
        folder=reads("uri_folder", f"{LAKE}in/"),
        asset=reads("uri_file", "azureml:claims:3"),
        remote=reads("uri_file", f"{FAR}in/a.txt"),
        away=reads("mltable", "azureml:away:1", compute="gpu"),
        given=reads("uri_file", "${{parent.inputs.what}}"),
        made={
            "command": "echo made > ${{outputs.o}}/x; echo far > ${{outputs.f}}",
            "outputs": {
                "o": {**FOLDER, "path": f"{LAKE}out/${{{{name}}}}/"},
                "f": {"type": "uri_file", "path": f"{FAR}out.txt"},
            },
        },
        after={
            "command": "cat ${{inputs.o}}/x",
            "inputs": {"o": "${{parent.jobs.made.outputs.o}}"},
            "compute": "gpu",
        },
        gone=reads("uri_file", f"{LAKE}in/b.txt"),
    ) | {"inputs": {"what": {"type": "uri_file", "path": "azureml:unknown:1"}}}
    with site.machine("one"), site.machine("two", "gpu"):
        run = site.start(job, inputs={"what": f"{FAR}in/deep/b.txt"})
        ended = run.ended()
        record("data-by-address", run.history())
    gone = f"{LAKE}in/b.txt: there is no {site.folder}/lake/in/b.txt"
    assert {step for step, (status, _) in ended.items() if status != "Completed"} == {"gone"}
    assert ended["gone"] == ("Failed", gone)
    logs = {step: run.log(step) for step in job["jobs"]}
    assert logs == {
        "near": "local\n",
        "copy": "local\n",
        "folder": "a.txt\n",
        "asset": "local\n",
        "remote": "remote\n",
        "away": "a.txt\ndeep\n",
        "given": "deep\n",
        "made": "",
        "after": "made\n",
        "gone": "",
    }
    assert (site.folder / "lake/out" / run.name / "x").read_text() == "made\n"
    assert fsspec.filesystem("memory").cat_file("/store/out.txt") == b"far\n"


def test_what_leads_nowhere_ends_the_run(site: Site) -> None:
    job = pipeline(a=reads("uri_file", "${{parent.inputs.what}}"))
    job |= {"inputs": {"what": {"type": "uri_file"}}}

    def said(run: Run) -> str:
        return str(run.result()["message"])

    with site.machine("one"):
        none = site.start(job, inputs={"what": "azureml://datastores/lak/paths/a"})
        assert said(none) == 'step "a": the input "d": the target has no datastore "lak"'
        other = site.start(job, inputs={"what": "azureml:claims:4"})
        assert "has the version 3 here, not 4" in said(other)


def test_local_data_is_that_of_its_job(server: Server, tmp_path: Path) -> None:
    """Published to the store with the schedule, as code is; what is there later does not count."""
    config = (
        "owner: us\nschedules: [schedules]\ntargets:\n  prod: {provider: temporal,"
        f' namespace: two, address: "{server.address}", store: store}}\n'
    )
    job = """\
type: pipeline
jobs:
  read:
    type: command
    command: cat ${{inputs.f}} ${{inputs.d}}/*
    inputs:
      f: {type: uri_file, path: ./one.txt}
      d: {type: uri_folder, path: ./data}
"""
    name = "name: local\ntrigger: {type: cron, expression: '0 2 * * *'}\ncreate_job: ./job.yml\n"
    files = {"local.yaml": name, "job.yml": job, "one.txt": "one\n", "data/two.txt": "two\n"}
    write(tmp_path, {f"schedules/{path}": text for path, text in files.items()})
    write(tmp_path, {"reconciler.yaml": config})
    invoke(tmp_path, "apply", "--yes")
    (tmp_path / "schedules/one.txt").write_text("another\n")
    site = Site(server, tmp_path, namespace="two")
    with site.machine("one"):
        run = invoke(tmp_path, "trigger", "local").text.splitlines()[0]
        logs = invoke(tmp_path, "runs", "logs", run, "--follow", "--raw").text
    assert "one\ntwo\n" in logs
    site.opened.empty()


def test_what_a_target_does_not_name_is_refused_at_its_place(tmp_path: Path) -> None:
    """By `validate`, which asks no server."""
    config = (
        "owner: us\nschedules: [schedules]\ntargets:\n  prod: {provider: temporal,"
        ' datastores: {lake: {url: "${{ env.NOT_SET }}"}},'
        " data: {claims: {url: lake/c, version: 3}}}\n"
    )
    job = """\
type: pipeline
jobs:
  read:
    command: cat ${{inputs.a}} ${{inputs.b}}
    inputs:
      a: {type: uri_file, path: azureml://datastores/lake/paths/a}
      b: {type: uri_file, path: azureml://datastores/lak/paths/a}
      c: {type: uri_file, path: azureml:claims:4}
"""
    made = "name: a\ntrigger: {type: datastore, datastore: inbox}\ncreate_job: ./job.yml\n"
    write(
        tmp_path,
        {"reconciler.yaml": config, "schedules/a.yaml": made, "schedules/job.yml": job},
    )
    said = invoke(tmp_path, "validate", code=1).text
    version = 'the data asset "claims" has the version 3 here, not 4'
    assert [line.split(" [")[0] for line in said.splitlines() if "error: " in line] == [
        'schedules/a.yaml:2:39: error: prod/a: the target has no datastore "inbox"',
        'schedules/job.yml:7:33: error: prod: the target has no datastore "lak"',
        f"schedules/job.yml:8:33: error: prod: {version}",
    ]
