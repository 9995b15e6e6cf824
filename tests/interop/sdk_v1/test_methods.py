"""Every method of the SDK v1's Schedule, PublishedPipeline, PipelineEndpoint and PipelineRun on
`reconciler serve`: it works, or is refused with words that say what to do instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import invoke
from serving import Serve

from interop.sdk_v1.notebook import Notebook, needed
from interop.sdk_v1.repository import served
from interop.tables import differing, named, read_table
from reconciler.firing.clocks import windows_zones

TABLE = read_table(Path(__file__).parent / "methods.txt")


RAW = """\
import requests
from reconciler_sdk import ADDRESS, access_token
headers = {"Authorization": f"Bearer {access_token()[0]}"}
base = f"{ADDRESS}/pipelines/v1.0{ws.service_context._get_workspace_scope()}/Schedules"
for one in requests.get(base, headers=headers).json():
    requests.put(f"{base}/{one['Id']}", headers=headers, json=one).raise_for_status()
"""
"""What was shown is given back without the SDK, which leaves some of it out."""


READER = """\
import os
from azureml.core import Experiment, Workspace
from azureml.pipeline.core import PublishedPipeline
from azureml.pipeline.core.schedule import Schedule
from reconciler_sdk import authentication
os.environ["RECONCILER_TOKEN"] = GIVEN
reader = Workspace.from_config("sdk/config.json", auth=authentication())
"""
"""Signs in with a token that may only read."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Serve, Notebook]]:
    folder = tmp_path_factory.mktemp("sdk")
    with served(folder) as (serve, sdk):
        yield folder, serve, sdk


@needed
def test_giving_back_what_was_shown_changes_nothing(opened: tuple[Path, Serve, Notebook]) -> None:
    folder, _, sdk = opened
    assert changed_of(folder) == []
    sdk.value("from azureml.pipeline.core.schedule import Schedule")
    sdk.value("for s in Schedule.list(ws): s.disable()")
    assert sdk.value("Schedule.list(ws)") == []
    assert len(changed_of(folder)) == 9
    sdk.value("for s in Schedule.list(ws, active_only=False): s.enable()")
    assert changed_of(folder) == []
    sdk.value("for s in Schedule.list(ws): s.update()")
    assert changed_of(folder) == []
    sdk.value(RAW)
    assert changed_of(folder) == []


@needed
def test_every_method(opened: tuple[Path, Serve, Notebook]) -> None:
    _, _, sdk = opened
    assert differing(sdk, TABLE) == {}


@needed
def test_who_may_only_read(opened: tuple[Path, Serve, Notebook]) -> None:
    folder, _, sdk = opened
    token = (folder / "workspace.db.read-only-token").read_text("ascii").strip()
    sdk.value(READER.replace("GIVEN", repr(token)))
    assert "cron" in sdk.value("[s.name for s in Schedule.list(reader)]")
    assert sdk.value("[e.name for e in Experiment.list(reader)]")
    assert sdk.value("[d for d in reader.datastores]") == ["workspaceblobstore", "other"]
    for cell in (
        "Schedule.list(reader)[0].disable()",
        "PublishedPipeline.list(reader)[0].submit(reader, 'no')",
        "PublishedPipeline.list(reader)[0].disable()",
        "Experiment(reader, 'no')",
    ):
        error = sdk.error(cell)
        assert "The token may only read" in error or "'Forbidden'" in error  # the SDK's own words
    sdk.value('os.environ.pop("RECONCILER_TOKEN"); None')


@needed
def test_every_zone_that_is_shown_is_known(opened: tuple[Path, Serve, Notebook]) -> None:
    _, _, sdk = opened
    known = sdk.value(
        "from azureml.pipeline.core.schedule import TimeZone\n[t.value for t in TimeZone]"
    )
    assert set(windows_zones.AZURE) <= set(known)


@needed
def test_the_table_is_whole(opened: tuple[Path, Serve, Notebook]) -> None:
    """It has every public method of these classes, those that they inherit too."""
    _, _, sdk = opened
    found = sdk.value(METHODS)
    assert len(found) > 100
    tested = named(TABLE)
    missing = {name for name in found if name not in tested}
    assert {name for name in missing if name.replace("PipelineRun", "Run") not in tested} == set()


METHODS = """\
from azureml.pipeline.core import *
import inspect
[
    f"{c.__name__}.{name}"
    for c in (Schedule, PublishedPipeline, PipelineEndpoint, PipelineRun)
    for name in dir(c)
    if not name.startswith("_")
    and isinstance(inspect.getattr_static(c, name), (staticmethod, classmethod, type(lambda: 0)))
]
"""


def changed_of(folder: Path) -> list[str]:
    """The schedules that a plan would change."""
    plan = json.loads(invoke(folder, "plan", "--format", "json", code=None).out)
    return [
        one["name"] for one in plan["plans"][0]["changes"] if one["action"] not in ("noop", "skip")
    ]
