"""Ordinary commands take ordinary values: a list of them, and the samples beside the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.shell.binding import bind, is_too_long
from reconciler.workspace.execution.input_check import Held, refusal

HERE = Path(__file__).parent
COMMANDS = (HERE / "ordinary.txt").read_text("utf-8").splitlines()
SAMPLES = HERE.parents[2] / "shared" / "corpus" / "azureml-examples"
VALUES = [
    "images/a-b_c.csv",
    "/data/my images/July 2026 (final).csv",
    "2026-01-01T00:00:00Z",
    "0.5",
    "-3",
    "naïve ✓ データ.csv",
    '{"depth": [1, 2], "name": "it\'s $5"}',
    "azureml:images:3",
    "",
]
HEREDOCS = [
    'cat <<EOF > config.json\n{"data": "${{inputs.x}}"}\nEOF\npython train.py --config config.json',
    'cat <<\'EOF\' > config.json\n{"data": "${{inputs.x}}"}\nEOF\nls',
    "python - <<'EOF'\nprint(1)\nEOF\necho ${{inputs.x}}",
    "python train.py \\\n  --data ${{inputs.x}} \\\n  --rate 0.1\n",
    "# train it\npython train.py --data ${{inputs.x}}\n\n# and look\nls out\n",
    "if [ -d out ]; then\n  ls out\nfi\npython train.py \\\n    --data ${{inputs.x}}",
]


@pytest.mark.parametrize("command", [*COMMANDS, *HEREDOCS])
def test_an_ordinary_command_takes_ordinary_values(command: str) -> None:
    assert refusals(command, VALUES) == {}


def test_how_many_there_are() -> None:
    assert len(set(COMMANDS)) == len(COMMANDS) > 150


def refusals(command: str, values: list[str]) -> dict[str, str]:
    """By value, why the command does not take it."""
    script = bind(command, lambda _: "RECONCILER_INPUT_x")
    return {
        value: why
        for value in values
        if (why := refusal(script, [Held("RECONCILER_INPUT_x", value, "x")], ["PATH"])) is not None
    }


@pytest.mark.parametrize(
    "command",
    ["x=${{inputs.x}}", "cat < ${{inputs.x}}", "echo $((${{inputs.x}}))", "RANDOM=${{inputs.x}}"],
)
def test_other_places_take_safe_values(command: str) -> None:
    safe = ["images/a-b_c.csv", "2026-01-01T00:00:00Z", "0.5", "-3", "1e-3", "é.csv", "True", "v2"]
    assert refusals(command, safe) == {}
    unsafe = ["a b", "$(a)", "`a`", "a[0]", "x=1", "-v", "*", "~", "PATH", "/dev/tcp/a/1", "a;b"]
    assert list(refusals(command, unsafe)) == unsafe


def commands(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "command" and isinstance(value, str):
                yield value
            else:
                yield from commands(value)
    elif isinstance(node, list):
        for value in node:
            yield from commands(value)


def test_the_samples_of_azure_take_ordinary_values() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("needs the samples beside this repository, in ../shared/corpus")
    found: set[str] = set()
    for path in SAMPLES.rglob("*.yml"):
        try:
            documents = list(yaml.safe_load_all(path.read_text("utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError):
            continue
        found |= {one for document in documents for one in commands(document)}
    assert len(found) > 30
    assert not any(is_too_long(one) for one in found)
    # What writes to a path takes safe values; the paths are those of outputs.
    odd = {one for one in found if refusals(one, VALUES)}
    assert [one for one in odd if refusals(one, ["images/a-b_c.csv", "2026-01-01", "5"])] == []
    assert all("outputs." in one for one in odd), odd
