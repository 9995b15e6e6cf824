"""Whatever stands in a file: Problems or success, never an exception, and each Problem can be shown."""

# ruff: noqa: E501

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.cli import main_group
from reconciler.config import load_config
from reconciler.declare.reading.yaml_loader import LINE_BREAK, MAX_BYTES
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import ConfigError
from reconciler.render.problems import FORMATS, render_problems

VALID = Path(__file__).parents[1] / "declarations" / "valid"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TARGETS = (
    TargetSettings(
        "local",
        {"x": 5, "text": "a", "flag": True, "nested": "${{ vars.x }}", "huge": 10**18},
        {"tags": {"a": "b"}, "trigger": {"time_zone": "Europe/Lisbon", "polling_interval": 3}},
    ),
    TargetSettings("prod"),
)
JOB = "type: pipeline\ninputs: {a: , b: 1}\njobs: {s: {command: echo}}\n"
fuzz = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp()).resolve()
    (path / "job.yml").write_text(JOB)
    yield path
    shutil.rmtree(path)


def check(folder: Path, data: bytes) -> Declarations:
    """Read `data` as a file, and look at all that is said about it."""
    (folder / "a.yaml").write_bytes(data)
    declarations = read_declarations(
        ["a.yaml"],
        base=folder,
        root=folder,
        targets=TARGETS,
        known_targets=("local", "prod"),
        now=NOW,
    )
    lines = LINE_BREAK.split(data[: MAX_BYTES + 1].decode("utf-8-sig", "replace"))
    for problem in declarations.problems:
        assert problem.message
        if problem.path != "a.yaml":
            continue
        assert 1 <= problem.line <= len(lines)
        line = lines[problem.line - 1]
        assert 1 <= problem.column <= len(line) + 1, problem
        assert problem.end_column is None or problem.column < problem.end_column <= len(line) + 1
    for form in FORMATS:
        render_problems(declarations.problems, form).encode("utf-8", "surrogatepass")
    assert (
        declarations.problems
        or declarations.declared
        or declarations.jobs
        or declarations.components
    )
    return declarations


NASTY: list[Any] = [
    *(None, True, False, 0, -1, 1, 5, 1.5, 1e9, 1e300, -0.0, 10**18, 2**63 - 1, -(2**63)),
    *("", " ", "\n", "\0", "a\nb", "\x1b[31m", "\u202e", "😀", "é", "\ufeff", "x" * 2000, "1" * 400),
    *("day", "week", "month", "hour", "monday", "cron", "recurrence", "datastore", "18:30", "24:00"),
    *("* * * * *", "0 0 31 2 *", "@daily", "0 0 29 2 1", "*/7 1-5 * * MON#5", "L L L L L", "0 0 L * 5L"),
    *("2026-01-01T00:00:00", "2026-02-30T00:00:00", "9999-12-31T23:59:59", "2999-12-31T23:59:59"),
    *("1970-01-01T00:00:00", "0001-01-01T00:00:00", "2026-01-01", "2026-01-01T00:00:00Z"),
    *("UTC", "Mars/Phobos", "../etc/passwd", "America/New_York", "Pacific/Apia", "Antarctica/Troll"),
    *("${{ vars.x }}", "${{ vars.nested }}", "${{ vars.gone }}", "${{ env.HOME }}", "${{ vars.huge }}"),
    *("${{ vars.x }}${{ vars.text }}", "${{ ${{ vars.text }} }}", "${{", "}}", "${{inputs.a}}"),
    *("./job.yml", "a.yaml", "/dev/zero", "../..", "azureml:x", "~", "file:job.yml", "job.yml/x", "/"),
    *([], {}, [None], [[]], {"a": {}}, [1, 1], ["local", "local"], {"": ""}, {"type": "cron"}, [{}] * 60),
    {"password": "x"},
    {"local": {"trigger": None}},
    [2**62] * 3,
]  # fmt: skip
KEYS = [
    *("name", "trigger", "create_job", "type", "frequency", "interval", "schedule", "hours", "minutes"),
    *("week_days", "month_days", "time_of_day", "expression", "start_time", "end_time", "time_zone"),
    *("job", "jobs", "command", "inputs", "outputs", "settings", "tags", "properties", "targets"),
    *("overrides", "local", "prod", "is_enabled", "datastore", "path_on_datastore", "$schema", "<<"),
    *("polling_interval", "data_path_parameter_name", "component", "version", "timezone", "password"),
    *("create_monitor", "Schedule", "", "a", "é", "type "),
]  # fmt: skip
scalars = (
    st.sampled_from(NASTY) | st.none() | st.booleans() | st.integers() | st.floats() | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b"]) | values,
        "type": st.sampled_from(["pipeline", "command"]) | values,
        "trigger": st.fixed_dictionaries(
            {"type": st.sampled_from(["recurrence", "cron", "datastore", "${{ vars.x }}"]) | values},
            optional={
                "frequency": st.sampled_from(["minute", "hour", "day", "week", "month"]) | values,
                "interval": st.integers(0, 80) | values,
                "schedule": st.dictionaries(st.sampled_from(KEYS), st.integers(0, 60) | values),
                "expression": st.text("0123456789*,-/ ?L#W", max_size=20) | values,
                "start_time": st.datetimes().map(str) | values,
                "end_time": st.datetimes().map(datetime.isoformat) | values,
                "time_zone": st.sampled_from(["UTC", "Europe/Berlin"]) | values,
                "datastore": values,
                "polling_interval": values,
            },
        )
        | values,
        "create_job": st.fixed_dictionaries({"job": st.sampled_from(["job.yml", "azureml:x"])}, optional={"inputs": values, "settings": values})
        | values,
        "jobs": st.dictionaries(st.sampled_from(["a", "b"]), values, max_size=2),
        "inputs": values,
        "command": st.sampled_from(["echo ${{inputs.a}} ${{outputs.}} ${{ inputs }}"]) | values,
        "overrides": st.dictionaries(st.sampled_from(["local", "prod", "x"]), values, max_size=2) | values,
        "targets": st.just(["local"]) | values,
        "is_enabled": values,
    },
)  # fmt: skip


def dumped(value: Any) -> bytes:
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


@given(st.binary(max_size=300))
@example(b"\xff\xfea\0:\0")
@example(b"\xef\xbb\xbf\xef\xbb\xbfa: [")
@example(b"a:\n\t[")
@example(b"[\r\x85\xe2\x80\xa8")
@fuzz
def test_bytes(folder: Path, data: bytes) -> None:
    check(folder, data)


@given(st.text(max_size=200) | st.text("[]{}:,-?&*!|>'\"%@`# \n\tab<~.0", max_size=120))
@example("? ")
@example("*")
@example("- - -\n -")
@example("&a *a")
@example("!<")
@example('"\\')
@example("|1\n")
@example("\n\t")
@example("%")
@example("%YAML 9.9\n--- a")
@example("name: [\n\n\n")
@fuzz
def test_text(folder: Path, text: str) -> None:
    check(folder, text.encode("utf-8", "surrogatepass"))


@given(st.lists(documents | values, min_size=1, max_size=3))
@settings(fuzz, max_examples=250)
def test_yaml(folder: Path, found: list[Any]) -> None:
    check(folder, b"---\n".join(dumped(value) for value in found))


SOURCES = sorted(path.read_text(encoding="utf-8") for path in VALID.glob("*.y*ml"))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid file with up to three of its lines lost, doubled, moved or changed."""
    lines = draw(st.sampled_from(SOURCES)).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        if not lines:
            break
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        match draw(
            st.sampled_from(
                ["drop", "double", "swap", "value", "value", "value", "splice", "indent"]
            )
        ):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, line)
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], line
            case "value":
                name, colon, _ = line.partition(": ")
                value = yaml.safe_dump(
                    draw(st.sampled_from(NASTY) | values),
                    default_flow_style=True,
                    width=10**9,
                    allow_unicode=True,
                )
                lines[at] = f"{name}{colon}{value.removesuffix('...' + chr(10)).rstrip()}"
            case "splice":
                cut = draw(st.integers(0, len(line)))
                lines[at] = line[:cut] + draw(st.text(max_size=5)) + line[cut:]
            case _:
                lines[at] = draw(st.sampled_from([" ", "  ", "- ", "\t", "#"])) + line
    return draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])).join(lines)  # fmt: skip


@given(mutated())
@settings(fuzz, max_examples=400)
def test_mutated_files(folder: Path, text: str) -> None:
    for name in ("job-command.yml", "job-pipeline.yml"):
        if not (folder / name).exists():
            shutil.copy(VALID / name, folder / name)
    data = text.encode("utf-8", "surrogatepass")
    assert check(folder, data) == check(folder, data)


CONFIG = """\
owner: us
schedules: [a.yaml]
variables: {x: 5}
defaults: {tags: {a: b}}
targets:
  local: {provider: local, workspace: "${{ env.HOME }}/w.db"}
  prod: {provider: local, variables: {y: z}}
limits: {disable: {percent: 30}}
"""


@given(st.binary(max_size=100) | st.sampled_from(CONFIG.splitlines()).flatmap(lambda line: values.map(lambda v: CONFIG.replace(line, line.partition(":")[0] + ": " + yaml.safe_dump(v, default_flow_style=True, width=10**9).removesuffix("...\n")).encode("utf-8", "surrogatepass"))))  # fmt: skip
@settings(fuzz, max_examples=100)
def test_configurations(folder: Path, data: bytes) -> None:
    path = folder / "other.yaml"
    path.write_bytes(data)
    try:
        config = load_config(path)
        for name in config.target_names:
            config.target(name)
    except ConfigError as error:
        for form in FORMATS:
            render_problems(error.problems, form)


@given(mutated() | documents.map(lambda value: dumped(value).decode("utf-8", "surrogatepass")))
@settings(fuzz, max_examples=60)
def test_plan(folder: Path, text: str) -> None:
    """The command itself: a plan, or problems, or a message; never a traceback."""
    (folder / "reconciler.yaml").write_text(
        "owner: us\nschedules: [a.yaml]\ntargets: {local: {provider: local}}\n"
    )
    (folder / "a.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    for command in (["plan"], ["validate", "--format", "json"]):
        arguments = [*command, "--config", str(folder / "reconciler.yaml")]
        done = CliRunner().invoke(main_group, arguments)
        assert done.exit_code in (0, 1, 4), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert "Traceback" not in done.output
