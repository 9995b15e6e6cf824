"""What Microsoft's client sends for a pipeline's file, and what is sent for it here: equal as JSON.

Over the files in `files/`, and over the public examples of Azure Machine Learning where they are
at hand (`RECONCILER_EXAMPLES`, or ../shared/corpus/azureml-examples).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.arm import StandIn
from fakes.messages import Call
from helpers import OWNER, ROOT

from interop.judge import microsoft, needed
from interop.writes import Writes, differences, writes
from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.model import Schedule
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.credentials import fixed_token
from reconciler.providers.azureml.deploy.deployments import DeployOptions
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import reconcile

OWN = Path(__file__).parent / "files"
_PLACES = [ROOT.parent / "shared", ROOT.parent.parent / "shared"]
EXAMPLES = Path(
    os.environ.get("RECONCILER_EXAMPLES")
    or next((str(p / "corpus/azureml-examples") for p in _PLACES if p.exists()), "not-here")
)
TARGET = "azure"
LATER = ("assetName", "assetVersion")
"""Members that the client sends at a later version of the API than the contract is of."""


def pipelines(folder: Path) -> Iterator[Path]:
    """The pipeline jobs, and the schedules, among its files."""
    for path in sorted(folder.rglob("*.yml")):
        text = path.read_text("utf-8", errors="replace")
        if re.search(r"^create_job:", text, re.M) or (
            re.search(r"^type: *pipeline", text, re.M)
            and "pipelineComponent.schema" not in text
            and not re.search(r"^name: *(upper|sub)$", text, re.M)
        ):
            yield path


def schedule_of(path: Path, number: int) -> Path:
    """A schedule file for a pipeline, beside it; the file itself where it is one."""
    if re.search(r"^create_job:", path.read_text("utf-8"), re.M):
        return path
    made = path.parent / f"nightly-{number}.yml"
    trigger = "{type: cron, expression: '0 2 * * *'}"
    made.write_text(f"name: nightly-{number}\ntrigger: {trigger}\ncreate_job: {path.name}\n")
    return made


def theirs(files: list[Path], broken: list[str] | None = None) -> list[Writes | str]:
    """What Microsoft's client writes for each file, or why it does not; `broken` gets what
    of it breaks the specification, which is otherwise an error.
    """
    with StandIn(later=LATER) as arm:
        arm.assets.everything = True
        arm.assets.finds_code = False  # another file may have put it
        steps = []
        for file in files:
            steps += [{"do": "create", "file": str(file)}, {"do": "get", "name": "a-mark"}]
        results = microsoft(arm.address, steps)[::2]
        parts: list[list[Call]] = [[]]
        for call in arm.called():
            if call.route == "schedule" and call.name == "a-mark":
                parts.append([])
            else:
                parts[-1].append(call)
        codes = {path: arm.assets.versions[path] for path in arm.assets.names("codes")}
        if broken is not None:
            broken += arm.violations
        assert broken is not None or arm.violations == []
    return [
        str(result["error"]["message"]) if "error" in result else writes(calls, codes)
        for result, calls in zip(results, parts, strict=False)
    ]


def declared(file: Path, root: Path) -> list[Schedule]:
    found = read_declarations(
        [str(file)],
        base=root,
        root=root,
        targets=[TargetSettings(TARGET)],
        known_targets=[TARGET],
        now=datetime.now(UTC),
    )
    errors = [problem for problem in found.problems if problem.severity == "error"]
    assert errors == [], errors
    return list(found.schedules)


def provider(arm: StandIn) -> AzureMLProvider:
    settings = arm.settings
    workspace = Workspace(settings.subscription, settings.group, settings.workspace, arm.address)
    client = Client(workspace, fixed_token(settings.token), target=TARGET)
    return AzureMLProvider(
        TARGET, client, owner=OWNER, options=DeployOptions(upload_data=True, wrap_commands=True)
    )


def ours(file: Path, root: Path) -> Writes:
    """What is written here; a second cycle writes nothing."""
    with StandIn(later=LATER) as arm:
        arm.assets.everything = True
        schedules = declared(file, root)
        results = reconcile(schedules, provider(arm), owner=OWNER)
        assert [result.error for result in results] == [None]
        calls = arm.called()
        codes = {path: arm.assets.versions[path] for path in arm.assets.names("codes")}
        arm.forget()
        reconcile(schedules, provider(arm), owner=OWNER)
        assert [c.path for c in arm.calls if c.method != "GET"] == []
        assert arm.violations == []
    return writes(calls, codes)


def judged(files: list[Path], root: Path) -> dict[str, list[str]]:
    """By file, what is not equal of each that the client creates."""
    schedules = [schedule_of(file, number) for number, file in enumerate(files)]
    table = {}
    for file, schedule, sent in zip(files, schedules, theirs(schedules), strict=True):
        if isinstance(sent, str):
            continue
        try:
            found = differences(sent, ours(schedule, root))
        except Exception as error:  # told in the table, beside the others
            found = [f"{type(error).__name__}: {str(error)[:300]}"]
        table[file.relative_to(root).as_posix()] = found
    return table


def told(table: dict[str, list[str]]) -> str:
    lines = [f"{'not' if why else 'equal':6} {name}" for name, why in table.items()]
    for name, why in table.items():
        lines += [f"  {name}: {line}" for line in why[:8]]
    equal = sum(not why for why in table.values())
    return "\n".join([*lines, f"{equal} of {len(table)} files are sent as the client sends them"])


@needed
def test_our_own_files_are_sent_as_the_client_sends_them(tmp_path: Path) -> None:
    root = shutil.copytree(OWN, tmp_path / "files")
    files = [
        path for path in pipelines(root) if path.parent in (root, root / "sent", root / "nightly")
    ]
    table = judged(files, root)
    assert len(table) >= 20
    assert all(not why for why in table.values()), told(table)


@needed
@pytest.mark.skipif(not EXAMPLES.exists(), reason=f"{EXAMPLES} is not here")
@pytest.mark.parametrize(
    "every", [4, pytest.param(1, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_public_examples_are_sent_as_the_client_sends_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], every: int
) -> None:
    """All of them, or every fourth: the client takes a second for each."""
    root = shutil.copytree(EXAMPLES, tmp_path / "examples")
    table = judged(list(pipelines(root))[::every], root)
    with capsys.disabled():
        print(f"\n{told(table)}")  # noqa: T201 - a table for whoever runs it
    assert all(not why for why in table.values())
