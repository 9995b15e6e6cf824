"""The stand-in and its contract, held against Microsoft's own specification where that is here."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from fakes.arm import StandIn, pipeline
from fakes.contract import Contract
from fakes.specification import Specification

AZURE = Path(__file__).parents[3] / "shared" / "azure"
SWAGGER = AZURE / "spec" / "mfe-2023-10-01.json"
EXAMPLES = AZURE / "spec" / "examples-Schedule"
BODIES = AZURE / "v2_put_bodies.json"

RECURRENCE = {
    "triggerType": "Recurrence",
    "frequency": "Week",
    "interval": 2,
    "schedule": {"hours": [4, 10], "minutes": [0, 30], "weekDays": ["Monday", "Friday"]},
    "startTime": "2022-07-10T10:00:00",
    "timeZone": "Pacific Standard Time",
}
SENT: dict[str, dict[str, Any]] = {
    "plain": pipeline(),
    "disabled": pipeline(isEnabled=False, description="words", tags={"a": "b"}, displayName="D"),
    "cron": pipeline(trigger={"triggerType": "Cron", "expression": "15 10 * * 1"}),
    "week": pipeline(trigger=RECURRENCE),
    "minute": pipeline(
        trigger={"triggerType": "Recurrence", "frequency": "Minute", "interval": 15}
    ),
    "job": pipeline(
        action={
            "actionType": "CreateJob",
            "jobDefinition": {
                "jobType": "Pipeline",
                "experimentName": "e",
                "identity": {"identityType": "AMLToken"},
                "inputs": {
                    "x": {"jobInputType": "literal", "value": "${{name}}"},
                    "y": {"jobInputType": "uri_folder", "uri": "azureml:data:1", "mode": "Direct"},
                },
                "outputs": {"z": {"jobOutputType": "uri_file", "mode": "Upload"}},
                "jobs": {"step": {"type": "command", "componentId": "azureml:train:1"}},
                "settings": {"continue_on_step_failure": True},
            },
        }
    ),
    "endpoint": pipeline(
        action={
            "actionType": "InvokeBatchEndpoint",
            "endpointInvocationDefinition": {"endpoint": "azureml:/x", "inputs": {}},
        }
    ),
}


_OTHERS = ("ScheduleResource", "ScheduleResourceArmPaginatedResult", "ErrorResponse")
ASSETS = {
    "jobs/train": "JobBaseResource",
    "datastores/lake": "DatastoreResource",
    "data/claims": "DataContainerResource",
    "data/claims/versions/3": "DataVersionBaseResource",
    "models/m/versions/1": "ModelVersionResource",
    "environments/e/versions/1": "EnvironmentVersionResource",
    "environments/e/versions": "EnvironmentVersionResourceArmPaginatedResult",
    "components/c/versions/1": "ComponentVersionResource",
    "components/c/versions": "ComponentVersionResourceArmPaginatedResult",
    "codes/k/versions": "CodeVersionResourceArmPaginatedResult",
}
"""What a plan asks for, and what the specification answers. Computes are in another one."""
REGISTERED = {
    "data/claims/versions/3": {"dataType": "uri_folder", "dataUri": "azureml://datastores/l/x"},
    "models/m/versions/1": {"modelType": "custom_model"},
    "environments/e/versions/1": {"image": "python:3.11"},
    "components/c/versions/1": {"componentSpec": {"type": "command"}},
    "codes/k/versions/1": {"codeUri": "https://x/y", "properties": {"hash_sha256": "0"}},
}


class Checker:
    def __init__(self) -> None:
        specification = Specification(json.loads(SWAGGER.read_text("utf-8")))
        self._checks = {
            name: jsonschema.Draft7Validator(specification.schema(name))
            for name in (*ASSETS.values(), *_OTHERS)
        }

    def wrong(self, name: str, body: Any) -> list[str]:
        return [
            f"{error.json_path}: {error.message}" for error in self._checks[name].iter_errors(body)
        ]


@pytest.fixture(scope="module")
def checker() -> Checker:
    if not SWAGGER.exists():
        pytest.skip("../shared/azure/spec is not here: nothing to hold the stand-in against")
    return Checker()


def test_the_examples_keep_to_the_specification(checker: Checker) -> None:
    for name, kind in (
        ("createOrUpdate", "ScheduleResource"),
        ("get", "ScheduleResource"),
        ("list", "ScheduleResourceArmPaginatedResult"),
    ):
        example = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
        for answer in example["responses"].values():
            assert checker.wrong(kind, answer["body"]) == []
        if "body" in example["parameters"]:
            assert checker.wrong(kind, example["parameters"]["body"]) == []


def test_the_check_finds_what_is_wrong(checker: Checker) -> None:
    """A check that lets everything pass would be none."""
    for path, value in {
        ("trigger", "frequency"): "Year",
        ("trigger", "interval"): "1",
        ("trigger", "expression"): "0 2 * * *",
        ("trigger", "schedule"): {"hours": [1]},
        ("trigger", "timeZone"): None,
        ("action", "jobDefinition", "jobType"): 1,
        ("action", "jobDefinition", "sourceJob"): "x",
        ("action", "jobDefinition", "inputs"): {"x": {"jobInputType": "literal"}},
        ("isEnabled",): "yes",
        ("enabled",): True,
    }.items():
        properties = copy.deepcopy(SENT["plain"])
        place: Any = properties
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        assert checker.wrong("ScheduleResource", {"properties": properties}), path


def test_the_stand_in_keeps_to_the_specification(checker: Checker) -> None:
    with StandIn(page_size=3) as arm, requests.Session() as session:
        session.headers["Authorization"] = "Bearer a-token"
        version = {"api-version": "2023-10-01"}
        for name, properties in list(SENT.items()) * 2:  # creates, and updates
            body = {"properties": properties}
            assert checker.wrong("ScheduleResource", body) == []
            url = f"{arm.schedules_url}/{name}"
            put = session.put(url, json=body, params=version, timeout=30)
            assert put.status_code == 201, put.text
            assert checker.wrong("ScheduleResource", put.json()) == []
            read = session.get(url, params=version, timeout=30)
            assert checker.wrong("ScheduleResource", read.json()) == []
        url = f"{arm.schedules_url}?api-version=2023-10-01&listViewType=All"
        pages = 0
        while url:
            page = session.get(url, timeout=30).json()
            assert checker.wrong("ScheduleResourceArmPaginatedResult", page) == []
            url, pages = page.get("nextLink"), pages + 1
        assert pages == 3
        for path, status in (("/nope", 404), ("/nope?api-version=1", 400)):
            query = {} if "?" in path else version
            refused = session.get(f"{arm.schedules_url}{path}", params=query, timeout=30)
            assert refused.status_code == status
            assert checker.wrong("ErrorResponse", refused.json()) == []
        assert arm.violations == []


def test_what_a_plan_asks_for_is_answered_as_the_specification_says(checker: Checker) -> None:
    with StandIn(jobs={"train"}) as arm, requests.Session() as session:
        session.headers["Authorization"] = "Bearer a-token"
        arm.assets.datastores = {"lake"}
        for path, properties in REGISTERED.items():
            kind, name, _, version = path.split("/")
            arm.assets.register(kind, name, version, properties)
        workspace = arm.schedules_url.removesuffix("/schedules")
        for path, kind in ASSETS.items():
            url = f"{workspace}/{path}?api-version=2023-10-01"
            if path.startswith("codes"):
                url += "&hash=0&hashVersion=202208"
            found = session.get(url, timeout=30)
            assert found.status_code == 200, path
            assert checker.wrong(kind, found.json()) == [], path
            if kind.endswith("PaginatedResult"):
                assert found.json()["value"]
                continue
            missing = session.get(url.replace(path, f"{path}-not"), timeout=30)
            assert missing.status_code == 404, path
            assert checker.wrong("ErrorResponse", missing.json()) == [], path


def test_the_contract_takes_what_microsofts_client_sends() -> None:
    if not BODIES.exists():
        pytest.skip("../shared/azure/v2_put_bodies.json is not here: nothing to take")
    files = json.loads(BODIES.read_text("utf-8"))["files"]
    contract = Contract()
    sent = {name: case["put_body"] for name, case in files.items() if "put_body" in case}
    for name, body in sent.items():
        contract.broken("sent", name, body)
    assert sent
    assert contract.violations == []
