"""The manifests of deploy/, as systemd, schemas of Kubernetes and Compose, and we see them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import ROOT, invoke

from reconciler.config import load_config

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.rglob("*.service"))
MANIFESTS = sorted(DEPLOY.rglob("*kubernetes.yaml"))
JUDGES = str(ROOT / ".cache/judges/venv/bin")
"""Installed by `make judges`."""


def judge(name: str) -> str:
    found = shutil.which(name, path=f"{JUDGES}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def commands() -> dict[str, list[str]]:
    """Of each manifest, the words after `reconciler`."""
    found = {
        unit.name: re.findall(r"^ExecStart=\S+ (.*)", unit.read_text(), re.MULTILINE)[0].split()
        for unit in UNITS
    }
    for path in MANIFESTS:
        for one in documents(path):
            if one["kind"] == "Deployment":
                [container] = one["spec"]["template"]["spec"]["containers"]
                found[path.name] = container["args"]
    return found


COMMANDS = commands()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_has_these_options(name: str) -> None:
    command, *words = COMMANDS[name]
    known = set(re.findall(r"--[a-z-]+", invoke(ROOT, command, "--help").out))
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used
    assert used <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text().replace("/opt/reconciler/bin/reconciler", sys.executable)
    copied = tmp_path / unit.name.replace("@.", "@gpu.")
    copied.write_text(text)
    done = subprocess.run(
        [judge("systemd-analyze"), "verify", "--man=no", copied], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_kubernetes_takes_the_manifests() -> None:
    done = subprocess.run(
        [judge("kubernetes-validate"), "--strict", "--kubernetes-version", "1.34", *MANIFESTS],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_takes_the_file() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    done = subprocess.run(
        [judge("check-jsonschema"), *schema, DEPLOY / "temporal/compose.yaml"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["temporal/worker.kubernetes.yaml", "agent.kubernetes.yaml"])
def test_the_configuration_in_it_is_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_STATE", "state.db")
    maps = [one for one in documents(DEPLOY / name) if one["kind"] == "ConfigMap"]
    [text] = [one["data"]["reconciler.yaml"] for one in maps]
    (tmp_path / "reconciler.yaml").write_text(text)
    assert "prod" in load_config(tmp_path / "reconciler.yaml").target_names


def test_the_scripts_in_the_compose_file_are_shell() -> None:
    for one in yaml.safe_load((DEPLOY / "temporal/compose.yaml").read_text())["services"].values():
        for script in one.get("command", []):
            text = script.replace("$$", "$")
            subprocess.run(["sh", "-n"], input=text, text=True, check=True)
