"""The site is not built with a dead link in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import ROOT

MKDOCS = ROOT / ".cache/docs/bin/mkdocs"


def flags() -> list[str]:
    """Those of `make docs`."""
    (found,) = re.findall(r"/bin/mkdocs build (.*)", (ROOT / "Makefile").read_text("utf-8"))
    return found.split()


def test_warnings_count() -> None:
    """With --quiet MkDocs sees none of them, and --strict refuses nothing."""
    assert flags() == ["--strict"]


@pytest.mark.torture
@pytest.mark.skipif(not MKDOCS.exists(), reason="MkDocs is not installed here (make docs)")
@pytest.mark.parametrize(
    "link", ["", "nowhere.md", "../deploy/gone.yaml", "jobs.md#no-such", "howto/gone.md"]
)
def test_a_dead_link_is_refused(link: str, tmp_path: Path) -> None:
    hidden = shutil.ignore_patterns(".*", "work", "__pycache__")
    for name in ("docs", "deploy", "reconciler/explain"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=hidden)
    for name in ("mkdocs.yml", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        shutil.copy(ROOT / name, tmp_path)
    if link:
        with (tmp_path / "docs/words.md").open("a") as page:
            page.write(f"\n[link]({link})\n")
    done = subprocess.run(
        [MKDOCS, "build", *flags()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if link else 0), done.stderr
    if link:
        assert "Aborted with 1 warnings" in done.stdout + done.stderr
