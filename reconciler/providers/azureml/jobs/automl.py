"""An AutoML step -> the wire: it has no component. Pure.

Search spaces are text there, `choice(15,30)`: azure-ai-ml 1.35, `search_space_utils`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import Ids
from reconciler.providers.azureml.jobs.automl_words import in_words_of_azure
from reconciler.providers.azureml.jobs.terms.data import data_input, step_output
from reconciler.providers.azureml.jobs.terms.references import compute_id
from reconciler.providers.azureml.jobs.terms.settings import identity, resources
from reconciler.providers.azureml.jobs.terms.values import typed_space

DATA = ("training_data", "validation_data", "test_data")
_WITHOUT_VERBOSITY = ("text_classification", "text_classification_multilabel")
_LANGUAGE = ("text_classification", "text_classification_multilabel", "text_ner")
_LEFT_OUT = ("$schema", "experiment_name", "compute", "search_space")


def node(
    name: str, step: Mapping[str, Any], folder: str, workspace: Workspace, ids: Ids
) -> dict[str, Any]:
    """The step; Unsendable."""
    step = in_words_of_azure(step)
    sent = {key: value for key, value in step.items() if key not in _LEFT_OUT}
    for key in DATA:
        value = sent.get(key)
        if isinstance(value, Mapping) and value.get("path"):
            sent[key] = _data(value, folder, workspace, ids)
    compute = compute_id(step.get("compute"), workspace)
    if compute:
        sent["compute"] = compute if compute.startswith("$") else PREFIX + compute
    for key, change in (
        ("identity", identity),
        ("resources", resources),
    ):
        if key in sent:
            sent[key] = change(sent[key])
    if isinstance(sent.get("resources"), Mapping):
        sent["resources"] = {"properties": {}, **sent["resources"]}
    if "search_space" in step:
        sent["search_space"] = [
            {key: distribution(typed_space(key, value)) for key, value in space.items()}
            for space in step["search_space"]
        ]
    if isinstance(sent.get("sweep"), Mapping):
        sent["sweep"] = _sweep(sent["sweep"])
    outputs = {key: step_output(value, None) for key, value in (step.get("outputs") or {}).items()}
    if step.get("task") in _LANGUAGE:
        sent["limits"] = {"max_trials": 1, "max_nodes": 1, **(step.get("limits") or {})}
    verbosity = {"log_verbosity": "info"} if step.get("task") not in _WITHOUT_VERBOSITY else {}
    return {
        **verbosity,
        **sent,
        "type": "automl",
        "name": name,
        "tags": step.get("tags") or {},
        "properties": step.get("properties") or {},
        "outputs": {key: value for key, value in outputs.items() if value is not None},
    }


def _data(value: Mapping[str, Any], folder: str, workspace: Workspace, ids: Ids) -> str:
    """Data that is no binding: Azure's client writes it as Python writes a dict."""
    found = data_input({"type": "mltable", **value}, folder, workspace, ids)
    whole = {"type": value.get("type", "mltable"), "path": found.get("uri", found.get("value"))}
    return str(whole | ({"mode": value["mode"]} if value.get("mode") else {}))


def _sweep(given: Mapping[str, Any]) -> dict[str, Any]:
    policy = given.get("early_termination")
    if not isinstance(policy, Mapping):
        return dict(given)
    defaults: dict[str, Any] = {"delay_evaluation": 0, "evaluation_interval": 0}
    match policy.get("type"):
        case "bandit":
            defaults |= {"slack_amount": 0.0, "slack_factor": 0.0}
        case "median_stopping":
            defaults["evaluation_interval"] = 1
        case "truncation_selection":
            defaults["truncation_percentage"] = 0
    return {**given, "early_termination": {**defaults, **policy}}


PARTS = {
    "uniform": ("min_value", "max_value"),
    "loguniform": ("min_value", "max_value"),
    "quniform": ("min_value", "max_value", "q"),
    "qloguniform": ("min_value", "max_value", "q"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "qlognormal": ("mu", "sigma", "q"),
    "randint": ("upper",),
}


def distribution(given: Any) -> Any:
    """Where a parameter is looked for, as text: `uniform(0.1,1)`."""
    if not isinstance(given, Mapping):
        return _number(given)
    kind = given.get("type")
    if kind == "choice":
        texts = [f"'{v}'" if isinstance(v, str) else _number(v) for v in given.get("values") or ()]
        return f"choice({','.join(texts)})"
    if kind not in PARTS:
        return given
    values = [given[part] for part in PARTS[kind] if part in given]
    return f"{kind}({','.join(map(_number, values))})"


def _number(value: Any) -> str:
    """Without an exponent."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
