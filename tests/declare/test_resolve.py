"""Defaults, overrides and variables: what a declaration is in one target."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.declare.resolve import TargetSettings, Unset, is_plain, resolve

BASE = """
name: a
$schema: x
description: of a
trigger: {type: recurrence, frequency: day, interval: 1, schedule: {hours: [1, 2], minutes: [0]}}
create_job: {job: ./job.yml, inputs: {a: 1, b: 2}, tags: {x: y}}
tags: {team: a}
targets: [prod]
"""


def resolved(overrides: str = "", **settings: Any) -> dict[str, Any]:
    """BASE in prod, as far as it is not BASE; keys that went are None."""
    document = yaml.safe_load(BASE)
    if overrides:
        document["overrides"] = {"prod": yaml.safe_load(overrides), "other": {"description": "o"}}
    found, findings = resolve(document, TargetSettings("prod", **settings))
    assert findings == []
    base = {k: v for k, v in document.items() if k not in ("$schema", "targets", "overrides")}
    return {key: found.get(key) for key in {**base, **found} if found.get(key) != base.get(key)}


@pytest.mark.parametrize(
    ("overrides", "changes"),
    [
        ("", {}),
        ("{}", {}),
        ("{description: x}", {"description": "x"}),
        ("{description: null}", {"description": None}),
        ("{display_name: null}", {}),
        ("{tags: {tier: low}}", {"tags": {"team": "a", "tier": "low"}}),
        ("{tags: {team: null}}", {"tags": {}}),
        ("{tags: null}", {"tags": None}),
        ("{properties: {a: 1, b: null}}", {"properties": {"a": 1}}),
        (
            "{trigger: {interval: 3}}",
            {"trigger": {"type": "recurrence", "frequency": "day", "interval": 3, "schedule": {"hours": [1, 2], "minutes": [0]}}},
        ),
        (
            "{trigger: {schedule: {hours: [5]}}}",
            {"trigger": {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"hours": [5], "minutes": [0]}}},
        ),
        (
            "{trigger: {type: Recurrence, schedule: null}}",
            {"trigger": {"type": "Recurrence", "frequency": "day", "interval": 1}},
        ),
        (
            "{trigger: {schedule: {hours: {a: null, b: 1}}}}",
            {"trigger": {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"hours": {"b": 1}, "minutes": [0]}}},
        ),
        (
            "{trigger: {type: cron, expression: 0 6 * * *, schedule: null}}",
            {"trigger": {"type": "cron", "expression": "0 6 * * *"}},
        ),
        ("{trigger: {type: 5}}", {"trigger": {"type": 5}}),
        ("{create_job: azureml:x}", {"create_job": "azureml:x"}),
        (
            "{create_job: {job: x.yml, inputs: {a: 5, b: null}}}",
            {"create_job": {"job": "x.yml", "inputs": {"a": 5}, "tags": {"x": "y"}}},
        ),
    ],
)  # fmt: skip
def test_overrides(overrides: str, changes: dict[str, Any]) -> None:
    assert resolved(overrides) == changes


@pytest.mark.parametrize(
    "document",
    [
        {"overrides": 5},
        {"overrides": {"prod": 5}},
        {"overrides": {"prod": {"trigger": {"type": "cron"}}}, "trigger": "x"},
        {"overrides": {"prod": {"trigger": "x"}}, "trigger": {"type": "cron"}},
        {"trigger": None, "create_job": None},
    ],
)
def test_what_is_wrong_is_left_to_the_schema(document: dict[str, Any]) -> None:
    defaults = {"trigger": {"time_zone": "UTC"}, "create_job": {"compute": "c"}, "tags": {"a": "b"}}
    resolve(document, TargetSettings("prod", defaults=defaults))


def test_create_job_as_text() -> None:
    document = {
        "create_job": "./a.yml",
        "overrides": {"prod": {"create_job": {"inputs": {"a": 1}}}},
    }
    found, _ = resolve(document, TargetSettings("prod", defaults={"create_job": {"compute": "c"}}))
    assert found == {"create_job": {"compute": "c", "job": "./a.yml", "inputs": {"a": 1}}}
    found, _ = resolve(
        {"create_job": "./a.yml"}, TargetSettings("prod", defaults={"create_job": {"compute": "c"}})
    )
    assert found == {"create_job": {"compute": "c", "job": "./a.yml"}}


def test_defaults() -> None:
    trigger = {"time_zone": "Europe/Lisbon", "polling_interval": 9}
    changes = resolved(
        "{tags: {mine: null}}",
        defaults={
            "tags": {"team": "default", "managed": True},
            "properties": {"p": 1},
            "is_enabled": False,
            "trigger": trigger,
            "create_job": {"experiment_name": "e", "tags": {"x": "default", "z": "1"}},
        },
    )
    assert changes["tags"] == {"team": "a", "managed": True}
    assert changes["properties"] == {"p": 1}
    assert changes["is_enabled"] is False
    assert changes["trigger"]["time_zone"] == "Europe/Lisbon"
    assert "polling_interval" not in changes["trigger"]
    assert changes["create_job"]["tags"] == {"x": "y", "z": "1"}
    assert changes["create_job"]["experiment_name"] == "e"
    watching = {"trigger": {"type": "Datastore", "datastore": "d"}, "is_enabled": True}
    found, _ = resolve(
        watching, TargetSettings("prod", defaults={"trigger": trigger, "is_enabled": False})
    )
    assert found == {
        "trigger": {"polling_interval": 9, "type": "Datastore", "datastore": "d"},
        "is_enabled": True,
    }


def test_is_plain() -> None:
    document = {"overrides": {"prod": {}}}
    assert not is_plain(document, TargetSettings("prod"))
    assert is_plain(document, TargetSettings("local"))
    assert is_plain({"overrides": 5}, TargetSettings("local"))
    assert not is_plain({}, TargetSettings("local", defaults={"tags": {}}))


VARIABLES = {"n": 3, "f": 0.5, "t": "text", "b": True, "nested": "${{ vars.n }}", "half": "vars"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ vars.n }}", 3),
        ("${{vars.n}}", 3),
        ("${{  vars.f  }}", 0.5),
        ("${{ vars.b }}", True),
        ("${{ vars.t }}", "text"),
        ("${{ vars.n }}${{ vars.b }}", "3true"),
        (" ${{ vars.n }}", " 3"),
        ("a ${{ vars.t }} b ${{ vars.f }}", "a text b 0.5"),
        # Azure's own
        ("${{inputs.x}}", "${{inputs.x}}"),
        ("${{ creation_context.trigger_time }}", "${{ creation_context.trigger_time }}"),
        ("${{name}} ${{ vars.n }}", "${{name}} 3"),
        # not quite
        ("${{ vars }}", "${{ vars }}"),
        ("$ {{ vars.n }}", "$ {{ vars.n }}"),
        ("${{ vars.n }", "${{ vars.n }"),
        ("${{ Vars.n }}", "${{ Vars.n }}"),
    ],
)
def test_variables(text: str, expected: Any) -> None:
    document = {"a": {"b": [text, 1, None]}}
    found, findings = resolve(document, TargetSettings("prod", variables=VARIABLES))
    assert findings == []
    value = found["a"]["b"][0]
    assert (value, type(value)) == (expected, type(expected))
    assert document == {"a": {"b": [text, 1, None]}}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("${{ vars.tt }}", 'the variable "tt" is not known', 'did you mean "t"?'),
        ("${{ vars. }}", 'the variable "" is not known', "there are b, f, half, n, nested and t"),
        ("x ${{ vars.n-1 }}", 'the variable "n-1" is not known', None),
        ("${{ env.HOME }}", "${{ env.HOME }} is not read here", None),
        ("x${{env.A}}", "${{ env.A }} is not read here", None),
        ("${{ vars.nested }}", "what is filled in here holds a variable", None),
        ("a ${{ vars.nested }}", "what is filled in here holds a variable", None),
        ("${{ ${{ vars.half }}.n }}", "what is filled in here holds a variable", None),
    ],
)
def test_variables_that_are_not_known(text: str, message: str, hint: str | None) -> None:
    _, findings = resolve({"a": [text]}, TargetSettings("prod", variables=VARIABLES))
    assert [(f.code, f.path, f.message) for f in findings] == [("SCH031", ("a", 0), message)]
    assert findings[0].hint
    assert hint is None or findings[0].hint == hint


def test_no_variables_at_all() -> None:
    _, findings = resolve({"a": "${{ vars.x }} ${{ vars.y }}"}, TargetSettings("prod"))
    assert [finding.hint for finding in findings] == [
        "variables are set in reconciler.yaml, for a target or for all"
    ] * 2


def test_what_the_environment_does_not_say_is_not_known() -> None:
    unset = Unset("ZONE")
    settings = TargetSettings(
        "prod", variables={"zone": unset}, defaults={"trigger": {"start_time": unset}}
    )
    document = {"trigger": {"time_zone": "${{ vars.zone }}"}, "description": "in ${{ vars.zone }}"}
    found, findings = resolve(document, settings)
    assert [(one.code, one.path) for one in findings] == [
        ("SCH080", ("trigger", "start_time")),
        ("SCH080", ("trigger", "time_zone")),
        ("SCH080", ("description",)),
    ]
    assert all("ZONE is not set" in one.message for one in findings)
    assert found == {
        **document,
        "trigger": {"start_time": "${{ env.ZONE }}", "time_zone": "${{ vars.zone }}"},
    }
