"""The files of deploy/: every metric, option and path that they name is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import ROOT, invoke

from reconciler.ops.metrics import Metrics

DEPLOY = ROOT / "deploy"
_NAME = re.compile(r"\breconciler_[a-z_]+")
_SELECTOR = re.compile(r"(reconciler_[a-z_]+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r'(\w+)\s*(?:=~|!~|=|!=)\s*"')
_GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")


def metrics() -> dict[str, set[str]]:
    """The labels of every sample that Prometheus can see."""
    found: dict[str, set[str]] = {}
    for collector in list(Metrics().registry._collector_to_names):
        labels = set(collector._labelnames)  # type: ignore[attr-defined]
        kind, name = collector._type, collector._name  # type: ignore[attr-defined]
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(kind)
        for suffix in suffixes or [""]:
            found[name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def expressions() -> list[str]:
    board = json.loads((DEPLOY / "dashboard.json").read_text())
    of_board = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in alerts()] + of_board


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_and_label_exists(expression: str) -> None:
    known = metrics()
    used = _SELECTOR.findall(expression)
    assert used
    labels = {"instance"}
    for name, selector in used:
        assert name in known
        labels |= known[name]
        assert set(_LABEL.findall(selector)) <= known[name]
    for group in _GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",")} <= labels


def test_every_metric_is_on_the_dashboard() -> None:
    text = (DEPLOY / "dashboard.json").read_text()
    assert {name for name in metrics() if name.removesuffix("_sum").removesuffix("_count") == name
            and name not in text} == set()  # fmt: skip


def test_the_names_in_the_documentation_exist() -> None:
    text = (ROOT / "docs/operating.md").read_text()
    assert set(_NAME.findall(text)) <= set(metrics())


def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    board = [
        {"alert": f"Panel{number}", "expr": text.replace("$__rate_interval", "5m")}
        for number, text in enumerate(expressions())
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": board}]}))
    for rules in (DEPLOY / "alerts.yaml", path):
        done = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def options() -> set[str]:
    return set(re.findall(r"--[a-z-]+", invoke(ROOT, "run", "--help").out))


@pytest.mark.parametrize("name", ["Dockerfile", "reconciler.service", "kubernetes.yaml"])
def test_every_option_of_run_exists(name: str) -> None:
    text = (DEPLOY / name).read_text()
    lines = {
        "Dockerfile": "\n".join(re.findall(r"^CMD .*", text, re.MULTILINE)),
        "reconciler.service": "\n".join(re.findall(r"^ExecStart=.*", text, re.MULTILINE)),
        "kubernetes.yaml": "\n".join(re.findall(r"^ +- --.*", text, re.MULTILINE)),
    }[name]
    used = set(re.findall(r"(?<![\w-])--[a-z-]+", lines))
    assert used
    assert used <= options()


def test_what_the_image_copies_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)", text, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
    assert "USER 10001" in text


def test_the_manifest_asks_for_little() -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    by_kind = {document["kind"]: document for document in documents}
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    probes = {
        name: container[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")
    }
    assert probes == {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert not {"Role", "ClusterRole", "RoleBinding"} & set(by_kind)
    assert by_kind["NetworkPolicy"]["spec"]["policyTypes"] == ["Ingress"]
