"""Runs client.py in its own virtual environment, against a stand-in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import forks
import pytest

ROOT = Path(__file__).parent.parent.parent
CLIENT = Path(__file__).parent / "client.py"
PYTHON = Path(
    os.environ.get("RECONCILER_INTEROP_PYTHON", ROOT / ".cache" / "interop" / "venv/bin/python")
)
"""Made with: python -m venv .cache/interop/venv, and tests/interop/requirements.txt into it."""

needed = pytest.mark.skipif(
    not PYTHON.exists(), reason="azure-ai-ml has no virtual environment here (.cache/interop/venv)"
)


def microsoft(address: str, steps: Iterable[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    """What Microsoft's client made of each step: {"ok": ...} or {"error": ...}."""
    variables = dict(os.environ)
    code, out, err = forks.run(
        forks.server(PYTHON, str(CLIENT), variables),
        [address, *options],
        cwd=None,
        env=variables,
        timeout=300,
        given=json.dumps(list(steps)).encode(),
    )
    assert code == 0, err.decode()
    results: list[dict[str, Any]] = json.loads(out)
    return results
