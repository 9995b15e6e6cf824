"""What an import writes holds no credential, wherever it stood, and is whole all the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml
from credentials import SHAPES, json_web_token, made
from helpers import schedule
from hypothesis import given
from hypothesis import strategies as st

from reconciler.declare.checking.json_schema import schema_findings
from reconciler.declare.jobs.job_document import read_job
from reconciler.declare.resolve import TargetSettings, resolve
from reconciler.importing import Imported, import_document, import_schedule, import_v1
from reconciler.importing.secrets import Secrets
from reconciler.masking import GONE, without_secrets
from reconciler.providers.capabilities import LiveJob

SCHEMA = "schedule.schema.json"
SECRETS = [*(made(template, random.Random(name)) for name, template in SHAPES.items())]
SECRETS += [json_web_token(random.Random(1)), "https://me:hunter2@host/x", "a?sv=1&sig=hunter2"]
SECRETS += ["Server=a;Password=hunter2", "Authorization: Bearer hunter2hunter2", "secret: hunter2"]
SECRETS += ["a\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"]


def texts(imported: Imported) -> str:
    """All that is written and said."""
    return "\n".join([*(one.decode() for one in imported.files.values()), *imported.notes])


def document(**changed: Any) -> dict[str, Any]:
    trigger = {"type": "cron", "expression": "0 6 * * *"}
    return {"name": "a", "trigger": trigger, "create_job": "azureml:j", **changed}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_credential_by_its_shape_alone(secret: str) -> None:
    """Wherever text may stand in a declaration; filled in again, it is what it was."""
    places: list[dict[str, Any]] = [
        {"description": secret},
        {"tags": {"x": secret}},
        {"create_job": {"job": "azureml:j", "inputs": {"x": secret}}},
        {"create_job": {"job": "azureml:j", "inputs": {"x": {"type": "uri_file", "path": secret}}}},
        {"create_job": {"job": "azureml:j", "description": f"see {secret}"}},
    ]
    for place in places:
        was = document(**place)
        imported = import_document(was, SCHEMA)
        assert secret not in texts(imported)
        assert "hunter2" not in texts(imported)
        [new] = yaml.safe_load_all(imported.files["a.yml"])
        assert schema_findings(new, "schedule") == []
        [variable] = imported.variables
        [note] = imported.notes
        assert f"set the variable {variable} in reconciler.yaml" in note
        key = next(iter(place))
        assert note.startswith(key)
        # Nothing is planned before it is said, and then it is as before.
        _, unknown = resolve(new, TargetSettings("t"))
        assert [finding.code for finding in unknown] == ["SCH031"]
        value = f"see {secret}" if "see " in str(was) else secret
        again, findings = resolve(new, TargetSettings("t", {variable: value}))
        assert findings == []
        assert again[key] == was[key]


def test_values_by_their_names() -> None:
    inputs = {
        "api_key": "hunter2",
        "password": {"type": "string", "value": "hunter2"},
        "tokens": ["hunter2", "hunter2"],
        "pwd": 5,
        "primary_key": "customer_id",
        "secret": "${{ vars.mine }}",
    }
    imported = import_document(document(create_job={"job": "azureml:j", "inputs": inputs}), SCHEMA)
    assert "hunter2" not in texts(imported)
    [new] = yaml.safe_load_all(imported.files["a.yml"])
    kept = new["create_job"]["inputs"]
    assert kept["password"] == {"type": "string", "value": "${{ vars.a_password }}"}
    assert kept["tokens"] == ["${{ vars.a_tokens }}", "${{ vars.a_tokens_2 }}"]
    assert kept["primary_key"] == "customer_id"
    assert kept["secret"] == "${{ vars.mine }}"
    assert tuple(imported.variables) == (
        "a_api_key",
        "a_password",
        "a_tokens",
        "a_tokens_2",
        "a_pwd",
    )


def test_what_stands_beside_the_name_of_a_secret() -> None:
    properties = {"name": "DB_PASSWORD", "value": "hunter2", "args": ["--password", "hunter2"]}
    imported = import_document(document(properties=properties), SCHEMA)
    assert "hunter2" not in texts(imported)


def test_a_key_that_is_a_credential_is_left_out() -> None:
    secret = SECRETS[0]
    imported = import_document(document(tags={secret: "x", "team": "us"}), SCHEMA)
    assert secret not in texts(imported)
    [new] = yaml.safe_load_all(imported.files["a.yml"])
    assert new["tags"] == {"team": "us"}
    assert "tags.****" in imported.notes[0]


def test_v1_files() -> None:
    old: dict[str, Any] = {"recurrence": {"frequency": "Day"}, "name": f"old {SECRETS[0]}"}
    old |= {"description": SECRETS[0]}
    old["pipeline_parameters"] = {"url": "https://u:hunter2@h/", "n": 1}
    imported = import_v1({"Schedule": old}, "a", "azureml:j", SCHEMA)
    assert "hunter2" not in texts(imported)
    assert SECRETS[0] not in imported.files["a.yml"].decode()
    assert set(imported.variables) == {"a_description", "a_url"}


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x85", "\u2028", "\u2029"])
def test_what_is_live_ends_no_comment(end: str) -> None:
    job = LiveJob({"job": "azureml:x"}, notes=(f"one{end}is_enabled: false",))
    [text] = import_schedule(schedule("a"), job=job).files.values()
    assert b"# one is_enabled: false\n" in text
    assert "is_enabled" not in yaml.safe_load(text)


def test_a_job_file_gets_its_credentials_from_the_declaration() -> None:
    notes: list[str] = []
    secrets = Secrets("a", notes)
    job = {
        "type": "pipeline",
        "description": "uses https://u:hunter2@h/",
        "inputs": {
            "n": 1,
            "api_key": "hunter2",
            "data": {"type": "uri_file", "path": "x?sig=hunter2"},
        },
        "jobs": {
            "s": {
                "type": "command",
                "component": "azureml:c:1",
                "inputs": {"x": "${{parent.inputs.n}}", "token": "hunter2"},
                "environment_variables": {"PASSWORD": "hunter2", "A": "b"},
            },
            "t": {"type": "command", "component": "azureml:c:1"},
        },
    }
    done, inputs = secrets.out_of_job_file(job)
    assert "hunter2" not in str((done, inputs, notes))
    assert done == {
        "type": "pipeline",
        "inputs": {"n": 1, "api_key": None, "data": {"type": "uri_file"}, "s_token": None},
        "jobs": {
            "s": {
                "type": "command",
                "component": "azureml:c:1",
                "inputs": {"x": "${{parent.inputs.n}}", "token": "${{parent.inputs.s_token}}"},
                "environment_variables": {"A": "b"},
            },
            "t": {"type": "command", "component": "azureml:c:1"},
        },
    }
    assert inputs == {
        "api_key": "${{ vars.a_api_key }}",
        "data": {"type": "uri_file", "path": "${{ vars.a_data }}"},
        "s_token": "${{ vars.a_token }}",
    }
    assert read_job(done, "j.yml").findings == ()
    assert secrets.left_out == ["description", "jobs.s.environment_variables.PASSWORD"]


scalars = st.one_of(
    st.sampled_from([*SECRETS, "plain", "customer_id", "${{ vars.x }}"]),
    st.text(max_size=12),
    st.integers(0, 9),
    st.booleans(),
    st.none(),
)
names = st.sampled_from(
    ["a", "password", "primary_key", "name", "value", "type", "args", "tokens", "inputs", "--key"]
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=5))
def test_nothing_that_masks_hide_is_left(value: dict[str, Any]) -> None:
    found: list[Any] = []

    def instead(_: object, secret: Any) -> str:
        found.append(secret)
        return "${{ vars.v }}"

    left = without_secrets(value, instead)
    again: list[Any] = []
    assert without_secrets(left, lambda _, secret: again.append(secret)) == left
    assert again == []
    gone = without_secrets(value, lambda *_: GONE)
    for secret in SECRETS:
        assert secret not in str(gone)
        assert secret not in str(left)
    if not found:
        assert left == value
