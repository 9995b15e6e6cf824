"""Schedules through azure-ai-ml, for a test that runs this in a virtual environment of its own.

    python client.py ADDRESS < steps.json > results.json

ADDRESS is that of tests/fakes/arm.py, or of `reconciler serve`. `steps.json` is a list of steps,
done in order:

    {"do": "list", "view": "All"}              view: EnabledOnly (the client's default), ...
    {"do": "get", "name": "nightly"}
    {"do": "create", "schedule": {...}}        as in a schedule's YAML file
    {"do": "create", "file": "schedule.yml"}   the file itself; job files are found beside it
    {"do": "update", "name": "nightly", "set": {"description": "..."}}
    {"do": "enable" | "disable" | "trigger" | "delete", "name": "nightly"}

A result is {"ok": WHAT WAS READ} or {"error": {"type": ..., "message": ...}}. What the client
says itself goes to the standard error.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import azure.ai.ml._artifacts._artifact_utilities as artifacts
import azure.ai.ml._utils._experimental as experimental
from azure.ai.ml import MLClient
from azure.ai.ml._artifacts._blob_storage_helper import BlobStorageClient
from azure.ai.ml.constants._common import LROConfigurations
from azure.ai.ml.entities import JobSchedule, PipelineJob, Schedule
from azure.ai.ml.entities._load_functions import load_schedule
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

CLOUD = "StandIn"


class Credential:
    """A token that is known beforehand, instead of a sign-in."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


class OverHttp(ARMChallengeAuthenticationPolicy):
    """Sends the token over plain HTTP as well, to this machine only.

    For an http:// cloud the client allows that by itself, but not for its polls of operations.
    """

    def on_request(self, request: PipelineRequest) -> None:
        if urlsplit(request.http_request.url).hostname != "127.0.0.1":
            raise ValueError(f"not the stand-in: {request.http_request.url}")
        request.context.options["enforce_https"] = False
        super().on_request(request)


def connect(address: str, options: argparse.Namespace) -> MLClient:
    """The client, with the stand-in as its cloud."""
    LROConfigurations.POLL_INTERVAL = options.poll_interval
    credential = Credential(options.token)
    return MLClient(
        credential,
        options.subscription,
        options.group,
        options.workspace,
        enable_telemetry=False,
        show_progress=False,
        retry_total=0,
        authentication_policy=OverHttp(credential, f"{address}/.default"),
        cloud=CLOUD,
        cloud_metadata={
            "resource_manager": f"{address}/",
            "azure_portal": f"{address}/portal/",
            "active_directory": f"{address}/login/",
            "aml_resource_id": f"{address}/ml/",
            "storage_endpoint": "storage.invalid",
            "registry_discovery_endpoint": f"{address}/registry/",
        },
    )


def keep_data_here() -> None:
    """Data for a datastore goes nowhere: the names of storage accounts lead away from here."""
    real = artifacts.get_storage_client

    class Nowhere(BlobStorageClient):
        def __init__(self, **_: Any) -> None:
            self.account_name, self.container, self.sub_folder = "account", "container", ""

        def upload(self, source: Any, name: str, version: str, **more: Any) -> dict[str, Any]:
            place = f"LocalUpload/{more.get('asset_hash')}/{Path(source).name}"
            return {"remote path": place, "name": name, "version": version, "indicator file": "x"}

    def storage(**known: Any) -> Any:
        here = str(known.get("account_url") or "").startswith("http://127.0.0.1")
        return real(**known) if here else Nowhere(**known)

    artifacts.get_storage_client = storage


def warn_of_nothing() -> None:
    """An eighth of the client's time is looking, by its stack, whether to say what is a preview."""
    experimental._should_skip_warning = lambda: True


def done(client: MLClient, step: dict[str, Any]) -> Any:
    schedules = client.schedules
    match step["do"]:
        case "list":
            view = {"list_view_type": step["view"]} if "view" in step else {}
            return [plain(schedule) for schedule in schedules.list(**view)]
        case "get":
            return plain(schedules.get(step["name"]))
        case "create":
            return plain(schedules.begin_create_or_update(loaded(step)).result())
        case "update":
            schedule = schedules.get(step["name"])
            for name, value in step["set"].items():
                setattr(schedule, name, value)
            return plain(schedules.begin_create_or_update(schedule).result())
        case "enable":
            return plain(schedules.begin_enable(step["name"]).result())
        case "disable":
            return plain(schedules.begin_disable(step["name"]).result())
        case "trigger":
            return members(schedules.trigger(step["name"]), "job_name schedule_action_type")
        case "delete":
            return schedules.begin_delete(step["name"]).result()
    raise ValueError(f"no such step: {step['do']}")


def loaded(step: dict[str, Any]) -> Schedule:
    if "file" in step:
        return load_schedule(Path(step["file"]))
    return JobSchedule._load(data=step["schedule"], yaml_path=Path.cwd() / "schedule.yml")


# ----------------------------------------------------------------------------- what the client read


def plain(schedule: Schedule) -> dict[str, Any]:
    """A schedule as the client sees it, by the names of its attributes."""
    read = members(
        schedule,
        "name display_name description tags properties is_enabled provisioning_state",
    )
    read["trigger"] = trigger(schedule.trigger)
    job = getattr(schedule, "create_job", None)
    read["create_job"] = described(job) if isinstance(job, PipelineJob) else value(job)
    return read


def trigger(read: Any) -> dict[str, Any]:
    shown = members(read, "type start_time end_time time_zone expression frequency interval")
    if getattr(read, "schedule", None) is not None:
        shown["schedule"] = members(read.schedule, "hours minutes week_days month_days")
    return shown


def described(job: PipelineJob) -> dict[str, Any]:
    shown = members(job, "id display_name description experiment_name compute tags properties")
    shown["settings"] = value(job.settings._to_dict() if job.settings is not None else None)
    shown["inputs"] = {name: data(one) for name, one in (job.inputs or {}).items()}
    shown["outputs"] = {name: data(one) for name, one in (job.outputs or {}).items()}
    shown["jobs"] = {name: value(node._to_rest_object()) for name, node in (job.jobs or {}).items()}
    return shown


def data(given: Any) -> Any:
    """An input or an output: what its builder holds."""
    held = getattr(given, "_data", given)
    if held is None or isinstance(held, (str, int, float, bool)):
        return held
    return members(held, "type path mode value default")


def members(whole: Any, names: str) -> dict[str, Any]:
    return {name: value(getattr(whole, name, None)) for name in names.split()}


def value(given: Any) -> Any:
    """Something that JSON can say."""
    if isinstance(given, Enum):
        return given.value
    if isinstance(given, datetime):
        return given.isoformat()
    if isinstance(given, dict):
        return {str(key): value(inner) for key, inner in given.items()}
    if isinstance(given, (list, tuple)):
        return [value(inner) for inner in given]
    return given if given is None or isinstance(given, (bool, int, float)) else str(given)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--token", default="a-token")
    parser.add_argument("--subscription", default="00000000-1111-2222-3333-444444444444")
    parser.add_argument("--group", default="test-rg")
    parser.add_argument("--workspace", default="test-ws")
    parser.add_argument("--poll-interval", type=float, default=0.01, help="the client's own is 5")
    options = parser.parse_args()
    gc.disable()  # it ends soon
    steps = json.load(sys.stdin)
    results = []
    with redirect_stdout(sys.stderr):
        keep_data_here()
        warn_of_nothing()
        client = connect(options.address, options)
        for step in steps:
            try:
                results.append({"ok": done(client, step)})
            except Exception as error:  # told, and the next step is done all the same
                problem = {"type": type(error).__name__, "message": str(error)}
                results.append({"error": problem})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
