"""Schedules with one member put, odd, or left out: what is sent is what Microsoft's client sends.

RECONCILER_SCHEDULE_VARIANTS: one in so many of them, in the short run.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from interop.judge import needed
from interop.schedule_variants import JOB, JOB_FILE, Variant, variants
from interop.test_sends import ours, theirs
from interop.writes import differences
from reconciler.errors import ReconcilerError

_EVERY = int(os.environ.get("RECONCILER_SCHEDULE_VARIANTS", "40"))
MEANT = (
    "0 2 1 * *",  # Azure ignores days of the month in a cron
    "T00:00:00+02:00",  # the client drops an offset that is another than the time zone's
    "T00:00:00-0500",
    "T00:00:00Z in W. Europe",
    "hour",  # hours and days that do not go with the frequency
    "minute",
    "interval: 1.5",  # the client makes 1 of it
    "azureml:train:1",
    "is_enabled: 'no'",  # the client enables it
    "'more':",  # an input that the job does not declare reaches no step
    "'at':",
    "{'rate': ''}",
    "tags: {'x': None}",
    "services:",  # they are of single steps
    ": ''",  # empty text is as nothing
)
"""Parts of what is odd, where the client's way would mislead: see docs/azure.md."""
Verdicts = dict[str, dict[str, list[str]]]
"""By verdict and what is odd: why."""


def verdicts(chosen: list[Variant], root: Path) -> Verdicts:
    """`equal`, `both refuse`, `differ`, `the client alone`, `we alone`."""
    (root / JOB_FILE).write_text(yaml.safe_dump(JOB), "utf-8")
    files = []
    for number, (_, document) in enumerate(chosen):
        files.append(root / f"variant-{number}.yml")
        text = json.dumps({"name": f"variant-{number}", **document})
        files[-1].write_text(text, "utf-8")
    found: Verdicts = defaultdict(dict)
    broken: list[str] = []
    for (odd, _), file, sent in zip(chosen, files, theirs(files, broken), strict=True):
        wrong = [line for line in broken if f"/schedules/{file.stem} " in line]
        if wrong:
            sent = f"the specification: {wrong[0].rpartition('): ')[2]}"
        try:
            own = ours(file, root)
        except (AssertionError, ReconcilerError) as error:
            verdict = "both refuse" if isinstance(sent, str) else "the client alone"
            found[verdict][odd] = [str(error)[:1500]]
            continue
        if isinstance(sent, str):
            found["we alone"][odd] = [sent[:300]]
            continue
        why = differences(sent, own)
        found["differ" if why else "equal"][odd] = why
    return found


def told(found: Verdicts) -> str:
    lines = [f"{len(which)} {verdict}" for verdict, which in found.items()]
    for verdict in ("differ", "the client alone", "we alone"):
        lines += [f"{verdict}: {odd}: {' '.join(why)[:300]}" for odd, why in found[verdict].items()]
    return "\n".join(lines)


def unexplained(found: Verdicts) -> list[str]:
    """Of what the client takes, what is neither sent equal nor meant to be otherwise."""
    odd = [*found["differ"], *found["the client alone"]]
    return [one for one in odd if not any(part in one for part in MEANT)]


@needed
def test_some_schedules_are_sent_as_the_client_sends_them(tmp_path: Path) -> None:
    found = verdicts(list(variants())[::_EVERY], tmp_path)
    assert len(found["equal"]) >= 5
    assert unexplained(found) == [], told(found)


@needed
@pytest.mark.torture
def test_all_schedules_are_sent_as_the_client_sends_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = verdicts(list(variants()), tmp_path)
    with capsys.disabled():
        print(f"\n{told(found)}")  # noqa: T201 - a table for whoever runs it
    assert unexplained(found) == []
