"""Every kind of job: deployed, imported into an empty folder and planned: only the owner."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import ROOT, TARGET, write

from providers.azureml.deploy.test_deploying import declared, provider
from providers.azureml.opened import client
from reconciler.importing import import_schedule
from reconciler.model import Action
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target, reconcile

FILES = ROOT / "tests" / "interop" / "files"
SCHEDULE = "name: a\ntrigger: {type: cron, expression: '0 2 * * *'}\ncreate_job: NAME\n"


JOBS = [path for path in FILES.glob("*.yml") if "create_job" not in path.read_text()]


@pytest.mark.parametrize("file", sorted(path.name for path in JOBS))
def test_a_job_that_was_sent_comes_back_as_a_file(tmp_path: Path, file: str) -> None:
    folder = shutil.copytree(FILES, tmp_path / "files")
    write(folder, {"a-schedule.yaml": SCHEDULE.replace("NAME", file)})
    with StandIn(later=("assetName", "assetVersion")) as arm:
        arm.assets.everything = True
        made = reconcile(
            declared(folder, "a-schedule.yaml"), provider(arm, upload_data=True), owner="us"
        )
        assert [result.error for result in made] == [None]
        empty = tmp_path / "empty"
        reader = AzureMLProvider(TARGET, client(arm), owner=None)
        for live in reader.list():
            files = import_schedule(live.schedule, job=reader.live_job(live)).files
            write(empty, {name: content.decode() for name, content in files.items()})
        plan = plan_target(
            declared(empty, "a.yml"), provider(arm), owner="them", options=PlanOptions(adopt=("a",))
        )
        [change] = plan.changes
        assert change.action is Action.UPDATE
        # What looks like a secret is a variable in what is imported.
        found = [field for field in change.fields if not field.name.endswith("sshPublicKeys")]
        assert [(field.name, field.before, field.after) for field in found] == [
            ("owner", "us", "them")
        ]
