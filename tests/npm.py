"""Packages from npm that tests use, kept in `.cache` of the repository; installed once."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import ROOT


def npm_file(package: str, version: str, file: str) -> Path:
    """A file of a package; the test is skipped where npm is missing."""
    folder = ROOT / ".cache" / package.replace("/", "-").lstrip("@")
    found = folder / "node_modules" / package / file
    if not (folder / ".installed").exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(f"npm is not installed: {package} cannot be had")
        folder.mkdir(parents=True, exist_ok=True)
        flags = ["--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
        command = [npm, "install", *flags, f"{package}@{version}"]
        # One of those that run the tests installs it; the others wait.
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / ".installed").exists():
                subprocess.run(command, check=True, timeout=600, capture_output=True)
                (folder / ".installed").touch()
    return found
