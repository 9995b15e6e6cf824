"""Azure's own samples, untouched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.render.problems import render_problems

SAMPLES = Path(__file__).parents[3] / "shared" / "corpus" / "azureml-examples" / "cli"
OTHERS = [
    *("monitoring/*.yaml", "assets/data/*.yml", "resources/compute/*.yml"),
]
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"the samples of Azure are not here: {SAMPLES}"
)


def problems(*patterns: str) -> list[str]:
    declarations = read_declarations(
        patterns,
        base=SAMPLES,
        root=SAMPLES,
        targets=[TargetSettings("")],
        known_targets=(),
        now=datetime(2026, 11, 20, tzinfo=UTC),
    )
    render_problems(declarations.problems, "text")
    return [f"{p.severity} {p.code} {p.path}: {p.message}" for p in declarations.problems]


def test_schedules() -> None:
    assert not [line for line in problems("schedules") if line.startswith("error")]


def test_other_resources() -> None:
    others = sorted(path for pattern in OTHERS for path in SAMPLES.glob(pattern))
    assert len(others) >= 8
    for path in others:
        name = str(path.relative_to(SAMPLES))
        found = problems(name)
        assert len(found) == 1
        assert found[0].startswith(f"error SCH009 {name}: this is a ")
