"""A day of calls of both SDKs, mixed and seeded: a plan then shows what was changed, alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from interop import judge as microsoft
from interop.sdk_v1.notebook import Notebook, needed
from interop.sdk_v1.repository import served
from interop.sdk_v1.test_methods import changed_of

NAMES = """\
from azureml.core import Datastore, Experiment
from azureml.pipeline.core import PipelineEndpoint, PublishedPipeline
from azureml.pipeline.core.run import PipelineRun
from azureml.pipeline.core.schedule import Schedule
by_name = {s.name: s for s in Schedule.list(ws)}
demo = next(p for p in PublishedPipeline.list(ws) if p.name == "demo" and p.version == "2")
old = next(p for p in PublishedPipeline.list(ws) if p.name == "demo" and p.version == "1")
sorted(by_name)
"""
READS = (
    "Schedule.list(ws)",
    "Schedule.list(ws, active_only=False)",
    "Schedule.get(ws, s.id)",
    "Schedule.get_schedules_for_pipeline_id(ws, demo.id)",
    "s.get_pipeline_runs()",
    "s.get_last_pipeline_run()",
    "PublishedPipeline.list(ws)",
    "PipelineEndpoint.get(ws, name='demo').list_pipelines()",
    "Experiment.list(ws)",
    "Datastore(ws, 'other')",
    "old.disable(); old.enable()",
)


NAMES_2 = """\
from reconciler_sdk import ml_client
client = ml_client()
sorted(s.name for s in client.schedules.list())
"""
READS_2 = (
    "list(client.schedules.list())",
    "list(client.jobs.list())",
    "list(client.data.list())",
    "list(client.datastores.list())",
    "client.workspaces.get()",
)


@needed
@microsoft.needed
def test_an_hour_of_calls(tmp_path: Path) -> None:
    _mix(tmp_path, 30, 1)


@needed
@microsoft.needed
@pytest.mark.torture
def test_ten_thousand_calls(tmp_path: Path) -> None:
    _mix(tmp_path, 1000, 10)


def _mix(folder: Path, calls: int, times: int) -> None:
    with (
        served(folder) as (_, sdk),
        Notebook(folder / "sdk", folder / "home2", microsoft.PYTHON) as second,
    ):
        chance = random.Random(calls)
        names, names_2 = sdk.value(NAMES), second.value(NAMES_2)
        assert len(names_2) > 6  # v2 reads no trigger by files, nor zones that Windows has not
        for _ in range(times):
            _check(folder, chance, sdk, second, names, names_2, calls)


def _check(
    folder: Path,
    chance: random.Random,
    sdk: Notebook,
    second: Notebook,
    names: list[str],
    names_2: list[str],
    calls: int,
) -> None:
    """Make calls; compare what a plan shows with what they changed, and take it back."""
    off: set[str] = set()
    described: set[str] = set()
    for _ in range(calls):
        if chance.random() < 0.4:
            name = chance.choice(names_2)
            match chance.randrange(6):
                case 0:
                    second.value(f"client.schedules.begin_disable({name!r}).result()")
                    off.add(name)
                case 1:
                    second.value(f"client.schedules.begin_enable({name!r}).result()")
                    off.discard(name)
                case 2:  # gives back what it got
                    got = f"client.schedules.get({name!r})"
                    second.value(f"client.schedules.begin_create_or_update({got}).result()")
                case _:
                    second.value(chance.choice(READS_2))
            continue
        name = chance.choice(names)
        sdk.value(f"s = Schedule.get(ws, by_name[{name!r}].id)")
        match chance.randrange(8):
            case 0:
                sdk.value("s.disable()")
                off.add(name)
            case 1:
                sdk.value("s.enable()")
                off.discard(name)
            case 2:
                sdk.value("s.update()")
            case 3 if name != "ends":  # whose description is declared
                sdk.value("s.update(description='by the SDK')")
                described.add(name)
            case 4 if name != "ends":
                sdk.value("s.update(description='')")
                described.discard(name)
            case _:
                sdk.value(chance.choice(READS))
    assert set(changed_of(folder)) == off | described
    for name in names:
        sdk.value(f"s = Schedule.get(ws, by_name[{name!r}].id)\ns.enable()")
        if name != "ends":
            sdk.value("s.update(description='')")
    assert changed_of(folder) == []
