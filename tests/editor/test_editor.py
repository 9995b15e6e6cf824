"""The schemas in an editor: what is offered, what is explained, how a mistake is said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from helpers import ROOT, invoke

from editor.language_server import Editor, editor
from reconciler.declare.checking.json_schema import schema_findings
from reconciler.schemas import schema

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
UNITS = ["minute", "hour", "day", "week", "month"]
ZONE = "must be a time zone that is known: an IANA name (Europe/Lisbon) or a Windows name"
TYPES = ["recurrence", "cron", "datastore"]


@pytest.fixture(scope="module")
def ed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "schemas", root / "schemas")
    with editor(root) as one:
        yield one


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("trigger:\n  type: |", TYPES),
        ("trigger:\n  type: recurrence\n  frequency: |", UNITS),
        ("trigger:\n  type: recurrence\n  schedule:\n    week_days:\n      - |", DAYS),
        ("is_enabled: |", ["true", "false"]),
        ("reconcile: |", ["heal", "observe", '"off"']),
        ("create_job:\n  type: |", ["pipeline", "command", "spark"]),
        ("create_job:\n  job: a\n  settings:\n    force_rerun: |", ["true", "false"]),
    ],
)
def test_each_value_is_offered_once(ed: Editor, text: str, offered: list[str]) -> None:
    assert ed.completion(f"name: a\n{text}") == offered


@pytest.mark.parametrize(
    ("text", "kind", "some"),
    [
        ("|", "schedule", {"name", "trigger", "create_job", "is_enabled", "hold", "overrides"}),
        ("trigger:\n  |", "schedule", {"type"}),
        ("trigger:\n  type: cron\n  |", "schedule", {"expression", "time_zone", "start_time"}),
        ("create_job:\n  |", "schedule", {"job", "inputs", "experiment_name"}),
        ("trigger:\n  type: cron\n  time_zone: |", "schedule", {"UTC", "Europe/Lisbon"}),
        ("trigger:\n  type: cron\n  expression: |", "schedule", {"30 6 * * 1-5"}),
        ("|", "config", {"owner", "schedules", "targets"}),
        ("targets:\n  prod:\n    provider: |", "config", {"local", "azureml", "temporal"}),
        ("targets:\n  prod:\n    provider: azureml\n    |", "config", {"resource_group"}),
        ("type: pipeline\njobs:\n  one:\n    |", "job", {"command", "component"}),
    ],
)
def test_keys_are_offered_once(ed: Editor, text: str, kind: str, some: set[str]) -> None:
    offered = ed.completion(text, kind)
    assert some <= set(offered)
    assert len(offered) == len(set(offered))


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("trig|ger: {}", "When the schedule fires: by recurrence"),
        ("is_en|abled: true", "Whether it fires."),
        ("trigger:\n  type: recurrence\n  fre|quency: day", "The unit of time that is repeated."),
        ("hold:\n  un|til: 2026-12-01", "When it ends: a date"),
        ("targets: [|a]", "A target."),
        ("create_job:\n  jo|b: a", "#### create\\_job\n\nWhat runs: the path of a pipeline"),
    ],
)
def test_a_key_is_explained(ed: Editor, text: str, begins: str) -> None:
    said = ed.hover(f"name: a\n{text}\n")
    assert said.startswith(begins)
    assert "vars" not in said  # no pattern
    assert "\\`" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("triger: {}", "Property triger is not allowed."),
        ("is_enabled: maybe", "must be true or false"),
        ("hold: {till: x}", 'Missing property "until".'),
        (
            "trigger: {type: recurrence, frequency: daily, interval: 1}",
            'Value is not accepted. Valid values: "minute", "hour", "day", "week", "month".',
        ),
        ("trigger: {type: cron, expression: 0 2 * * *, tz: x}", "Property tz is not allowed."),
        ("trigger: {type: recurrence, frequency: day, interval: x}", "must be a whole number"),
        ("trigger: {type: cron, expression: 0 25 * * *}", "must be five fields (minute, hour,"),
        ("trigger: {type: cron, expression: '@daily'}", "must be five fields (minute, hour,"),
        ("trigger: {type: cron, expression: 0 2 * * *, time_zone: Europe/Lisboa}", ZONE),
        ("overrides: {prod: {trigger: {time_zone: Pacific Time}}}", ZONE),
    ],
)
def test_a_mistake_is_said_in_words(ed: Editor, text: str, said: str) -> None:
    found = ed.problems(f"name: a\n{text}\ncreate_job: a\n")
    assert any(one.startswith(said) for one in found), found
    assert not any("match the pattern" in one for one in found)


@pytest.mark.parametrize("path", sorted((ROOT / "schedules").glob("*.yml")), ids=lambda p: p.stem)
def test_the_examples_have_no_problem(ed: Editor, path: Path) -> None:
    assert ed.problems(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "trigger",
    [
        "expression: '0 2 1,15 jan-Jun MON#2', time_zone: pacific standard time",
        "expression: '*/15  9-17/2 L * T', time_zone: europe/LISBON",
        'expression: "${{ vars.when }}", time_zone: "${{ vars.zone }}"',
    ],
)
def test_what_validate_takes_is_no_mistake(ed: Editor, trigger: str) -> None:
    assert ed.problems(f"name: a\ncreate_job: a\ntrigger: {{type: cron, {trigger}}}\n") == []


def test_zones_and_crons_of_the_configuration(ed: Editor) -> None:
    window = "{kind: allow, schedule: 0 99 * * *, duration: 1h, time_zone: Mars/Phobos}"
    told = ed.problems(
        f"owner: a\nschedules: [a]\ntargets: {{a: {{provider: local}}}}\nwindows: [{window}]\n",
        "config",
    )
    assert [one for one in told if one.startswith(("must be five fields", ZONE))] == told
    assert len(told) == 2


def recurrence(frequency: object, day: object = "monday") -> dict[str, object]:
    pattern = {"week_days": [day]}
    trigger = {"type": "Recurrence", "frequency": frequency, "interval": 1, "schedule": pattern}
    return {"name": "a", "trigger": trigger, "create_job": "./a.yml"}


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_not_offered_is_as_valid_as_it_was(unit: str) -> None:
    """Azure's client takes three spellings, so a file may have them."""
    for day in (DAYS[0], DAYS[0].title(), DAYS[0].upper(), "${{ vars.day }}"):
        for spelling in (unit, unit.title(), unit.upper(), "${{vars.unit}}"):
            assert schema_findings(recurrence(spelling, day), "schedule") == []
    for wrong in (unit.swapcase()[:-1] + unit[-1], unit + "\n", f" {unit}", 5, None, [unit]):
        assert schema_findings(recurrence(wrong), "schedule") != []


def test_what_init_writes_for_an_editor(tmp_path: Path) -> None:
    """Each kind of file has its schema, also without a line that names it."""
    invoke(tmp_path, "init", "--minimal", "--editor", "--owner", "me")
    with editor(tmp_path) as one:
        assert {"owner", "targets"} <= set(one.completion_in("reconciler.yaml", "|"))
        assert {"trigger"} <= set(one.completion_in("schedules/new.yaml", "name: a\n|"))
        job = one.completion_in("schedules/pipelines/new.yml", "type: pipeline\n|")
        assert {"jobs"} <= set(job)


def test_no_settings_are_written_unasked(tmp_path: Path) -> None:
    invoke(tmp_path, "init", "--minimal", "--owner", "me")
    assert not (tmp_path / ".vscode").exists()


def places(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(node, dict):
        yield node
    for below in node.values() if isinstance(node, dict) else node:
        if isinstance(below, dict | list):
            yield from places(below)


@pytest.mark.parametrize("name", ["schedule", "config", "job", "component"])
def test_examples_are_valid(name: str) -> None:
    """Each by the schema of its key; what a pattern is in words is one thing."""
    whole = schema(name)
    examples = [(node, one) for node in places(whole) for one in node.get("examples", [])]
    assert len(examples) > 15
    for node, example in examples:
        checked = {**node, "$defs": whole["$defs"]}
        errors = list(jsonschema.Draft202012Validator(checked).iter_errors(example))
        assert errors == [], (node, example)
    for node in places(whole):
        if isinstance(node.get("pattern"), str) and "x-expected" in node:
            said = f"must be {node['x-expected']}"
            assert node.get("patternErrorMessage", said) == said
