"""What Microsoft's client made live -> files -> what plans, and that client, make of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.arm import StandIn
from helpers import Done, invoke, write

from interop.judge import microsoft
from interop.writes import compared, plain
from reconciler.providers.azureml.rules import normalize

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  azure:
    provider: azureml
    subscription_id: {settings.subscription}
    resource_group: {settings.group}
    workspace: {settings.workspace}
    endpoint: {address}
    api_version: 2023-06-01-preview
    upload_data: true
"""


@dataclass(slots=True)
class Returned:
    """What came back of one live schedule; empty lists: everything."""

    imported: bool = False
    planned: list[str] = field(default_factory=list)
    """What the plan has beside the owner."""
    sent: list[str] = field(default_factory=list)
    """In what the client sends something else for the files than was live."""
    said: list[str] = field(default_factory=list)
    """What the import says that it left out."""


def repository(folder: Path, arm: StandIn) -> Path:
    write(folder, {"reconciler.yaml": CONFIG.format(settings=arm.settings, address=arm.address)})
    (folder / "schedules").mkdir()
    return folder


def command(arm: StandIn, folder: Path, *args: str, code: int | None = 0) -> Done:
    return invoke(folder, *args, code=code, env={"AZURE_ACCESS_TOKEN": arm.settings.token})


def bodies(arm: StandIn) -> dict[str, Any]:
    """What was put of each schedule, by its name."""
    puts = arm.called("PUT", "schedule")
    return {put.name: plain(put.json["properties"]) for put in puts if put.status in (200, 201)}


def returned(
    arm: StandIn, folder: Path, live: Mapping[str, Any], *options: str
) -> dict[str, Returned]:
    """Import everything of `arm` into an empty folder; `live`: what was put, by name."""
    repository(folder, arm)
    done = command(arm, folder, "import", *options, code=None)
    table = {name: Returned() for name in live}
    for line in done.err.splitlines():
        name = line.removeprefix("azure/").partition(":")[0]
        if name in table:
            table[name].said.append(line)
    for name, one in table.items():
        one.imported = (folder / "schedules" / f"{name}.yml").exists()
    names = [name for name, one in table.items() if one.imported]
    command(arm, folder, "validate")
    adopt = [word for name in names for word in ("--adopt", name)]
    planned = command(arm, folder, "plan", "--ignore-limits", *adopt).out
    for name, lines in sections(planned).items():
        table[name].planned = [line for line in lines if line.split()[0] not in ("owner", "taken")]
    for name, sent in sends(folder, names, arm).items():
        if isinstance(sent, str):
            table[name].sent = [sent]
            continue
        jobs = (one["action"]["jobDefinition"] for one in (live[name], sent))
        table[name].sent = compared("job", *map(_as_meant, jobs))
        triggers = [normalize({"trigger": one["trigger"]}) for one in (live[name], sent)]
        for one in triggers:
            one["trigger"].pop("startTime", None)  # filled in by the service
        table[name].sent += compared("trigger", *triggers)
    return table


def _as_meant(job: Any) -> Any:
    """The instance type of a Spark step with a component is in lower case, however it is written:
    so Microsoft's client sends it. Of a reference the service fills in the experiment. What an
    output is for is said by a component's file alone.
    """
    if job.get("sourceJobId"):
        return {"experimentName": "Default"} | job
    steps = {name: dict(step) for name, step in (job.get("jobs") or {}).items()}
    for step in steps.values():
        resources = step.get("resources") or {}
        if step.get("type") == "spark" and "instance_type" in resources:
            kind = str(resources["instance_type"]).lower()
            step["resources"] = {**resources, "instance_type": kind}
    outputs = {
        name: {key: value for key, value in one.items() if key != "description"}
        for name, one in (job.get("outputs") or {}).items()
    }
    return {**job, "outputs": outputs, **({"jobs": steps} if steps else {})}


def sections(plan: str) -> dict[str, list[str]]:
    """The lines of each schedule in the text of a plan."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in plan.splitlines():
        head = re.match(r"^[~+!-] azure/(\S+)", line)
        if head:
            lines = found.setdefault(head[1], [])
            if line[0] != "~":
                lines.append(line)
        elif lines is not None and line.startswith(" ") and "fires " not in line:
            lines.append(line)
        elif not line.startswith(" "):
            lines = None
    return found


def sends(folder: Path, names: list[str], like: StandIn) -> dict[str, Any]:
    """What Microsoft's client sends for each imported file, or why it does not; to a
    workspace with the assets that `like` has.
    """
    with StandIn(later=("assetName", "assetVersion")) as other:
        other.assets.everything = True
        other.assets.versions |= like.assets.versions
        files = [str(folder / "schedules" / f"{name}.yml") for name in names]
        results = microsoft(other.address, [{"do": "create", "file": file} for file in files])
        puts = bodies(other)
    return {
        name: str(result["error"]) if "error" in result else puts[name]
        for name, result in zip(names, results, strict=True)
    }
