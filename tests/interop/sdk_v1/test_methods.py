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
from reconciler.firing.clocks import windows_zones

WORKS = "works"
TABLE = (Path(__file__).parent / "methods.txt").read_text("utf-8")


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


def table() -> list[tuple[str, str, str]]:
    """Of each method: its name, the cell that calls it, and what is to become of that."""
    found = []
    for part in TABLE.split("\n# ")[1:]:
        name, _, rest = part.partition("\n")
        cell, _, words = rest.rpartition("\n=> ")
        found.append((name, cell.strip(), words.strip()))
    return found


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
    found = {method: _outcome(sdk, cell, words) for method, cell, words in table()}
    expected = {method: words for method, _, words in table()}
    assert {method: found[method] for method in found if found[method] != expected[method]} == {}


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
    _, _, sdk = opened
    tested = {method.partition(",")[0] for method, _, _ in table()}
    for name in ("Schedule", "PublishedPipeline", "PipelineEndpoint", "PipelineRun"):
        methods = sdk.value(
            f"from azureml.pipeline.core import *\nimport inspect\n"
            f"[n for n, m in vars({name}).items() if not n.startswith('_')"
            " and (inspect.isroutine(m) or isinstance(m, (staticmethod, classmethod)))]"
        )
        assert {f"{name}.{method}" for method in methods} - tested == set()


def _outcome(sdk: Notebook, cell: str, words: str) -> str:
    """What was expected, where that is what happened; else what did."""
    told = sdk.tell(cell)
    if "error" not in told:
        return WORKS
    error = str(told["error"])
    return words if words in error else error


def changed_of(folder: Path) -> list[str]:
    """The schedules that a plan would change."""
    plan = json.loads(invoke(folder, "plan", "--format", "json", code=None).out)
    return [
        one["name"] for one in plan["plans"][0]["changes"] if one["action"] not in ("noop", "skip")
    ]
