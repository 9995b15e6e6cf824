"""Services of Azure that the SDKs know and an embedded workspace has not: lists of what they hold
are empty, and all else says what there is instead.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.assets.refusals import Answer
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import V1Error, bad

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_RUNS = "it runs published pipelines: publish a job file, `reconciler pipelines publish FILE`"
SERVICES = {
    "/environment/v1.0": "environments: steps run as processes of this machine, and any name of an"
    " environment is taken, and ignored",
    "/modelmanagement/v1.0": "models, and serves none: write them to a datastore, as outputs of"
    " steps",
    "/credential/v2.0": "key vault: steps read credentials from the environment of `serve`",
    "/execution/v1.0": f"scripts to submit; {_RUNS}",
    "/hyperdrive/v1.0": f"sweeps; {_RUNS}",
    "/jasmine/v1.0": f"automated machine learning; {_RUNS}",
    "/metric/v2.0": "metrics: a run is what was recorded of it; write figures to an output, or a"
    " log",
    "/dataset/v1.0": "datasets: pass a DataPath of a datastore, or name data by its address in one",
    "/rp/workspaces": "computes to make or change: steps run as processes of this machine",
    "/genericasset": "assets of this kind",
    "/genericasset/v1.0": "assets of this kind",
    "/content/v1.0": "snapshots of code that the SDK sends; publish a job file with its code",
    "/content/v2.0": "snapshots of code that the SDK sends; publish a job file with its code",
    "/assetstore/v1.0": "assets of this kind",
    "/mlflow/v1.0": "tracking server of MLflow: write figures to an output, or a log",
    "/mlflow/v2.0": "tracking server of MLflow: write figures to an output, or a log",
}
"""By the beginning of the address: what it has not."""
_LISTS = ("models", "services", "environments", "computes", "datasets", "assets", "images")


def absent_table(service: str) -> Callable[[list[str]], dict[str, Answer]]:
    """Who answers a call of a service."""

    async def nothing(call: Call) -> Response:
        return json_response({"value": []})

    async def refuse(call: Call) -> Response:
        words = f"An embedded workspace has no {SERVICES[service]}"
        raise V1Error(404, "NotFound", words) if call.request.method == "GET" else bad(words)

    def table(path: list[str]) -> dict[str, Answer]:
        found: dict[str, Answer] = dict.fromkeys(_METHODS, refuse)
        rest = [part for part in path if part]
        if len(rest) == 1 and rest[0] in _LISTS:
            found["GET"] = nothing
        return found

    return table
