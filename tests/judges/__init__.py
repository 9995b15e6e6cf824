"""Published clients, schemas and descriptions, as judges of what goes over the wire."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("RECONCILER_JUDGES", ROOT / ".cache" / "judges"))
BIN = FOLDER / "venv/bin"
DESCRIPTION = FOLDER / "node_modules/@octokit/openapi/generated/api.github.com.json"

needed = pytest.mark.skipif(
    not (FOLDER / ".ready").exists(), reason="the judges are not installed here (make judges)"
)
described = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="GitHub's description is not installed here (make judges)"
)
