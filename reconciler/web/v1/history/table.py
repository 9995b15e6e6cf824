"""From a call of run history, or of artifacts, to its answer: tables of paths in small letters."""

from __future__ import annotations

from reconciler.web.v1 import runs as pipeline_runs
from reconciler.web.v1.assets.refusals import Answer, refuse
from reconciler.web.v1.history import artifacts, experiments, runs

_CHANGES = ("POST", "PATCH", "PUT", "DELETE")


def history_table(path: list[str]) -> dict[str, Answer]:
    """By method, who answers."""
    match path:
        case ["experiments"]:
            return {"GET": experiments.list_all}
        case ["experiments:query"]:
            return {"POST": experiments.query}
        case ["experiments", _]:
            return {"GET": experiments.get, "POST": experiments.create}
        case ["experimentids", _]:
            return {"GET": experiments.get_by_id, **_none(refuse("experiments"))}
        case ["experiments", _, "runs"]:
            return {"GET": pipeline_runs.runs_of_experiment}
        case ["rundata"]:
            return {"POST": runs.data}
        case ["experiments" | "experimentids", _, "runs:query"]:
            return {"POST": runs.query}
        case ["runs", _] | ["experiments" | "experimentids", _, "runs", _]:
            return {"GET": runs.get, **_none(refuse("runs")), "PATCH": runs.change}
        case ["runs", _, "details"] | ["experiments" | "experimentids", _, "runs", _, "details"]:
            return {"GET": runs.get_details}
        case ["runs", _, "serviceinstances", _]:
            return {"GET": runs.services}
        case ["runs", _, "children"] | ["experiments" | "experimentids", _, "runs", _, "children"]:
            return {"GET": runs.children}
        case [*_, "metrics" | "metrics:query" | "metrics:rest"]:
            return {**_none(refuse("metrics")), "GET": refuse("metrics")}
        case ["runs" | "experiments" | "experimentids", _, *_]:
            return {**_none(refuse("runs")), "GET": refuse("runs")}
    return {}


def artifacts_table(path: list[str]) -> dict[str, Answer]:
    """By method, who answers."""
    match path:
        case ["artifacts", "prefix", "contentinfo", _, _, *_]:
            return {"GET": artifacts.under_prefix}
        case ["artifacts", "contentinfo", _, _, _, *_]:
            return {"GET": artifacts.of_path}
        case ["artifacts", _, _]:
            return {"GET": artifacts.of_container, "POST": refuse("runs")}
        case ["artifacts", *_]:
            return dict.fromkeys(("GET", *_CHANGES), refuse("outputs"))
    return {}


def data_table(path: list[str]) -> dict[str, Answer]:
    """By method, who answers."""
    match path:
        case ["dataversion", "batchgetresolveduris"]:
            return {"POST": runs.resolved}
        case [_, *_]:
            return dict.fromkeys(("GET", *_CHANGES), refuse("datasets"))
    return {}


def _none(answer: Answer) -> dict[str, Answer]:
    """The methods that change something, none of which is to be had."""
    return dict.fromkeys(_CHANGES, answer)
