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
DIFFER, ALONE = "differ", "the client alone"
MEANT: dict[str, str] = {
    # Azure ignores days of the month in a cron.
    "cron.expression: '0 2 1 * *'": DIFFER,
    # The client drops an offset that is another than the time zone's.
    **dict.fromkeys(
        (
            *(
                f"{kind}.{key}"
                for kind in ("cron", "daily")
                for key in (
                    "start_time: '2030-01-01T00:00:00+02:00'",
                    "start_time: '2030-01-01T00:00:00-0500'",
                    "end_time: '2031-01-01T00:00:00+02:00'",
                )
            ),
            "2030-01-01T00:00:00+02:00 in UTC",
            "2030-01-01T00:00:00+02:00 in W. Europe Standard Time",
            "2030-01-01T00:00:00Z in W. Europe Standard Time",
        ),
        ALONE,
    ),
    # Hours and days that do not go with the frequency.
    **dict.fromkeys(
        (
            "daily.frequency: 'minute'",
            "daily.frequency: 'hour'",
            "daily.schedule: {'hours': 2, 'minutes': 0, 'week_days': 'monday'}",
            "daily.schedule: {'hours': 2, 'minutes': 0, 'week_days': ['Friday', 'MONDAY']}",
            "daily.schedule: {'hours': 2, 'minutes': 0, 'month_days': [31, 1]}",
            "hour: {}",
            "minute: {}",
        ),
        ALONE,
    ),
    "daily.interval: 1.5": ALONE,  # the client makes 1 of it
    "create_job: 'azureml:train:1'": ALONE,  # jobs have no versions
    "is_enabled: 'no'": ALONE,  # the client enables it
    # An input that the job does not declare reaches no step.
    **dict.fromkeys(
        (
            "file with inputs: {'more': 1}",
            "file with inputs: {'more': 'text'}",
            "file with inputs: {'more': {'path': 'azureml:claims:4'}}",
            "file with inputs: {'at': '${{creation_context.trigger_time}}'}",
        ),
        ALONE,
    ),
    "registered with inputs: {'rate': ''}": ALONE,  # an input without a value
    # A tag without a value.
    "tags: {'x': None}": ALONE,
    "file with tags: {'x': None}": ALONE,
    "registered with tags: {'x': None}": ALONE,
    # Services of a job are what Azure says of it; empty text is as nothing; and so are empty
    # members of a reference that names the experiment of its job.
    **{
        f"{form} with {key}": DIFFER
        for form in ("file", "registered")
        for key in (
            "services: {'tool': {'type': 'jupyter_lab'}}",
            "services: {'own': {'type': 'custom'}}",
            "display_name: ''",
            "description: ''",
            "compute: ''",
        )
    },
    "registered with experiment_name: ''": DIFFER,
}
"""What is odd, and the verdict, where the client's way would mislead: see docs/azure.md."""
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
            verdict = "both refuse" if isinstance(sent, str) else ALONE
            found[verdict][odd] = [str(error)[:1500]]
            continue
        if isinstance(sent, str):
            found["we alone"][odd] = [sent[:300]]
            continue
        why = differences(sent, own)
        found[DIFFER if why else "equal"][odd] = why
    return found


def told(found: Verdicts) -> str:
    lines = [f"{len(which)} {verdict}" for verdict, which in found.items()]
    for verdict in (DIFFER, ALONE, "we alone"):
        lines += [f"{verdict}: {odd}: {' '.join(why)[:300]}" for odd, why in found[verdict].items()]
    return "\n".join(lines)


def unexplained(found: Verdicts, chosen: list[Variant]) -> list[str]:
    """Of what the client takes, what is not sent equal and not meant to be otherwise; and what is
    meant to be, and is not.
    """
    odd = {one: verdict for verdict in (DIFFER, ALONE) for one in found[verdict]}
    meant = {one: MEANT[one] for one, _ in chosen if one in MEANT}
    return sorted(f"{verdict}: {one}" for one, verdict in odd.items() ^ meant.items())


@needed
def test_some_schedules_are_sent_as_the_client_sends_them(tmp_path: Path) -> None:
    chosen = list(variants())[::_EVERY]
    found = verdicts(chosen, tmp_path)
    assert len(found["equal"]) >= 5
    assert unexplained(found, chosen) == [], told(found)


def test_all_that_is_meant_is_tried() -> None:
    names = [odd for odd, _ in variants()]
    assert len(names) == len(set(names))
    assert MEANT.keys() <= set(names)


@needed
@pytest.mark.torture
def test_all_schedules_are_sent_as_the_client_sends_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = list(variants())
    found = verdicts(chosen, tmp_path)
    with capsys.disabled():
        print(f"\n{told(found)}")  # noqa: T201 - a table for whoever runs it
    assert unexplained(found, chosen) == []
