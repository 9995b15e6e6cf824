"""Runs client.py in its own virtual environment, against a stand-in."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
    done = subprocess.run(
        [PYTHON, CLIENT, address, *options],
        input=json.dumps(list(steps)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results
