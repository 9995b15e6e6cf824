"""A day of calls of the SDK v1, mixed and seeded: a plan then shows what was changed, alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

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


@needed
def test_an_hour_of_calls(tmp_path: Path) -> None:
    with served(tmp_path) as (_, sdk):
        _check(tmp_path, sdk, 30)


@needed
@pytest.mark.torture
def test_ten_thousand_calls(tmp_path: Path) -> None:
    with served(tmp_path) as (_, sdk):
        for _ in range(10):
            _check(tmp_path, sdk, 1000)


def _check(folder: Path, sdk: Notebook, calls: int) -> None:
    """Make calls; compare what a plan shows with what they changed, and take it back."""
    chance, names = random.Random(calls), sdk.value(NAMES)
    off: set[str] = set()
    described: set[str] = set()
    for _ in range(calls):
        name = chance.choice(names)
        sdk.value(f"s = by_name[{name!r}]")
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
        sdk.value(f"by_name[{name!r}].enable()")
        if name != "ends":
            sdk.value(f"by_name[{name!r}].update(description='')")
    assert changed_of(folder) == []
