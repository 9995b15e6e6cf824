"""Microsoft's article about scheduling pipelines, by its own SDK, statement by statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import logged
import pytest
from helpers import invoke, write
from serving import serving
from web.opened import TOKEN, Server, publish
from workspace.engine.engines import Bench, Clock

from interop.sdk_v1 import article
from interop.sdk_v1.notebook import IN_DOCUMENT, Notebook, needed
from reconciler.web.azure_names import azure_name_of
from reconciler.web.serving.sdk_config import write_sdk_config
from reconciler.workspace.datastores.datastore import Datastore

PREDICT = {
    "type": "command",
    "command": 'echo "read $(cat ${{inputs.input_data}})"',
    "inputs": {"input_data": {"type": "uri_file", "optional": True}},
}


def configured(server: Server, folder: Path) -> Path:
    """What `serve --sdk-config` writes, of a server that runs in the test's own process."""
    token = folder / "token"
    token.write_text(TOKEN, "ascii")
    write_sdk_config(folder / "sdk", server.address, azure_name_of("local"), token)
    return folder / "sdk"


@needed
def test_the_article(tmp_path: Path) -> None:
    clock = Clock(datetime.now(UTC) + timedelta(seconds=1))  # files know the time of day
    store = {"workspaceblobstore": Datastore("blob", tmp_path)}
    folder = tmp_path / "blob/file/path"
    folder.mkdir(parents=True)
    (folder / "there-before.csv").write_text("old")
    publish(tmp_path / "workspace.db", "predict", PREDICT)
    with (
        Server(tmp_path, clock=clock, pipelines={}, datastores=store) as server,
        Notebook(configured(server, tmp_path), tmp_path / "home") as sdk,
    ):
        bench = Bench(tmp_path, clock, datastores=store, max_runs=2)
        bench.start()
        assert sdk.open() == "local"
        assert sdk.said(article.LIST_EXPERIMENTS) == ""
        assert sdk.said(article.LIST_PIPELINES).startswith("predict,'")
        sdk.said(article.NAMES + article.CREATE_BY_TIME)
        bench.until(lambda: bench.said("fired"))
        sdk.said(article.CREATE_BY_CHANGE)
        bench.until(lambda: bench.said("watching"))

        (folder / "landed.csv").write_text("fresh")
        bench.look(name="MyReactiveSchedule")
        run = sdk.value("reactive_schedule.get_last_pipeline_run().id")
        bench.until(lambda: bench.ended(run))
        assert bench.printed(run) == "read fresh\n"
        assert sdk.value("reactive_schedule.get_last_pipeline_run().get_status()") == "Finished"
        assert sdk.said(article.LIST_EXPERIMENTS) == "MyExperiment\n"

        listed = sdk.said(article.LIST)
        assert "Recurrence Details: Runs every 15 Minutes" in listed
        assert "Datastore: workspaceblobstore,\nPath on Datastore: file/path" in listed
        sdk.said(article.STOP)
        assert sdk.said(article.LIST_AGAIN) == "Schedules: []\n"

        sdk.said(IN_DOCUMENT[0])
        assert sorted(sdk.value("[s.name for s in Schedule.list(ws)]")) == ["by-data", "by-time"]
        bench.close()


CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {workspaceblobstore: {url: blob}}
"""
JOB = """\
type: command
command: echo "read $(cat ${{inputs.input_data}})"
inputs: {input_data: {type: uri_file, optional: true}}
"""


@needed
@pytest.mark.torture
def test_the_article_by_the_clock_on_the_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`reconciler serve --sdk-config` itself, which looks at the folder once a minute."""
    monkeypatch.setattr(logged, "PATIENCE", 180.0)
    write(tmp_path, {"reconciler.yaml": CONFIG, "predict.yml": JOB})
    folder = tmp_path / "blob/file/path"
    folder.mkdir(parents=True)
    (tmp_path / "schedules").mkdir()
    invoke(tmp_path, "pipelines", "publish", "predict.yml")
    with (
        serving(tmp_path, "--port", "0", "--sdk-config", "sdk") as serve,
        Notebook(tmp_path / "sdk", tmp_path / "home") as sdk,
    ):
        sdk.open()
        for cell in (
            article.LIST_EXPERIMENTS,
            article.LIST_PIPELINES,
            article.NAMES,
            article.CREATE_BY_TIME,
            article.CREATE_BY_CHANGE,
        ):
            sdk.said(cell)
        serve.wait("watching", schedule="MyReactiveSchedule")
        (folder / "landed.csv").write_text("fresh")
        run = serve.wait("fired", schedule="MyReactiveSchedule")["run"]
        assert serve.wait("run_ended", run=run)["status"] == "Completed"
        assert sdk.value("reactive_schedule.get_last_pipeline_run().id") == run
        assert invoke(tmp_path, "runs", "logs", run).out == "read fresh\n"
        sdk.said(article.STOP)
        assert sdk.said(article.LIST_AGAIN) == "Schedules: []\n"
