"""The forges' own clients, for a test that runs this in a virtual environment of its own.

python judge.py gitlab < {"address": ..., "token": ..., ...} > what the client saw
python judge.py azuredevops < [[model, body], ...] > [what no model has, ...]
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any


def by_gitlab(given: dict[str, Any]) -> dict[str, Any]:
    """Read the notes, issues and merge requests; write a note that is a copy of one."""
    import gitlab

    client = gitlab.Gitlab(given["address"], private_token=given["token"])
    project = client.projects.get(given["project"])
    merge_request = project.mergerequests.get(given["merge_request"])
    notes = merge_request.notes.list(get_all=True, sort="asc")
    seen = {
        "notes": [note.body for note in notes],
        "issues": [[i.state, i.title, i.description] for i in project.issues.list(get_all=True)],
        "merged": [
            found["iid"]
            for found in client.http_list(
                f"/projects/{project.id}/repository/commits/{given['commit']}/merge_requests",
                get_all=True,
            )
        ],
    }
    merge_request.notes.create({"body": notes[given["copy"]].body})
    return seen


def by_azure_devops(bodies: list[tuple[str, Any]]) -> list[str]:
    found = []
    for name, body in bodies:
        package, _, model = name.rpartition(".")
        models = importlib.import_module(f"azure.devops.v7_1.{package}.models")
        found += [f"{name}: {said}" for said in complaints(getattr(models, model), body, models)]
    return found


def complaints(model: Any, body: Any, models: Any) -> Iterator[str]:
    """Fields of `body` that the model has not, at any depth; and values it cannot read."""
    known = {each["key"]: each["type"] for each in model._attribute_map.values()}
    for key, value in body.items():
        if key not in known:
            yield f"no field {key}"
            continue
        inner = re.fullmatch(r"\[?(\w+)\]?", known[key])
        nested = getattr(models, inner[1], None) if inner else None
        if hasattr(nested, "_attribute_map"):
            for one in value if isinstance(value, list) else [value]:
                yield from (f"{key}.{said}" for said in complaints(nested, one, models))
    from msrest import Deserializer
    from msrest.exceptions import DeserializationError

    classes = {n: v for n, v in vars(models).items() if isinstance(v, type)}
    try:
        Deserializer(classes)(model.__name__, body)
    except DeserializationError:
        yield "not to be read"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    judge = {"gitlab": by_gitlab, "azuredevops": by_azure_devops}[sys.argv[1]]
    json.dump(judge(json.load(sys.stdin)), sys.stdout)
