"""`reconciler next`: whole outputs for a moment that is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import invoke, repository, write

LISBON = """\
name: lisbon
trigger:
  type: recurrence
  frequency: week
  interval: 2
  start_time: "2026-01-05T00:00:00"
  time_zone: Europe/Lisbon
  schedule: {hours: 18, minutes: 30, week_days: [monday, wednesday]}
create_job: ./job.yml
"""
OFF = """\
name: off
trigger: {type: cron, expression: "0 1 * * *"}
create_job: ./job.yml
is_enabled: false
"""
AFTER = ("--after", "2026-03-20T00:00")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = repository(tmp_path)
    write(repo, {"schedules/lisbon.yaml": LISBON, "schedules/off.yaml": OFF})
    invoke(repo, "apply", "--yes")
    return repo


def test_one_schedule(repo: Path) -> None:
    assert invoke(repo, "next", "lisbon", *AFTER, "--count", "3").out == (
        "local/lisbon: every 2 weeks on Monday and Wednesday at 18:30, Europe/Lisbon,"
        " from 2026-01-05 00:00 and counted from that week\n"
        "  Mon 2026-03-30 17:30:00 UTC   Mon 2026-03-30 18:30:00 WEST\n"
        "  Wed 2026-04-01 17:30:00 UTC   Wed 2026-04-01 18:30:00 WEST\n"
        "  Mon 2026-04-13 17:30:00 UTC   Mon 2026-04-13 18:30:00 WEST\n"
    )
    shown = invoke(repo, "next", "lisbon", *AFTER, "--until", "2026-04-02T00:00+01:00").out
    assert shown.count("UTC") == 2
    assert invoke(repo, "next", "lisbon", *AFTER).out.count("UTC") == 5


def test_a_disabled_one(repo: Path) -> None:
    assert "it is disabled: this is when it would fire" in invoke(repo, "next", "off", *AFTER).out


def test_every_enabled_one(repo: Path) -> None:
    shown = invoke(repo, "next", *AFTER).out
    assert shown.splitlines()[1:] == [
        "Mon 2026-03-30 17:30:00  local/lisbon  Mon 2026-03-30 18:30:00 WEST"
    ]
    idle = "local is not run: `reconciler serve` fires its schedules\n"
    assert invoke(repo, "next", *AFTER).err == invoke(repo, "next", "lisbon").err == idle
    done = invoke(repo, "next", *AFTER, "--count", "2", "--format", "json")
    assert done.err == ""
    found = json.loads(done.out)
    [schedule] = found["schedules"]
    assert (schedule["target"], schedule["name"], schedule["enabled"]) == ("local", "lisbon", True)
    assert schedule["fires"] == ["2026-03-30T17:30:00+00:00", "2026-04-01T17:30:00+00:00"]


def test_one_that_is_held(repo: Path) -> None:
    write(
        repo, {"schedules/off.yaml": OFF.replace("false", "true") + "hold: {until: 2099-12-01}\n"}
    )
    invoke(repo, "apply", "--yes")
    assert invoke(repo, "next", "off", *AFTER, "--count", "2").out == (
        "local/off: every day at 01:00, UTC (cron 0 1 * * *)\n"
        "held until 2099-12-01 00:00 UTC; the next apply after that brings it back\n"
        "  Tue 2099-12-01 01:00:00 UTC\n"
        "  Wed 2099-12-02 01:00:00 UTC\n"
    )
    words = "held until 2099-12-01 00:00 UTC"
    assert invoke(repo, "next", *AFTER).out.splitlines()[2:] == [
        f"Tue 2099-12-01 01:00:00  local/off     {words}"
    ]
    assert f"; {words}" in invoke(repo, "next", *AFTER, "--until", "2026-04-02").out
    shown = invoke(repo, "next", "off", *AFTER, "--until", "2026-04-02", "--format", "json").out
    [schedule] = json.loads(shown)["schedules"]
    assert (schedule["enabled"], schedule["fires"]) == (False, [])
    assert schedule["hold"]["words"] == words


def test_one_whose_hold_is_over(repo: Path) -> None:
    """No apply came since: it would fire, and does not."""
    text = OFF.replace("false", "true")
    write(repo, {"schedules/off.yaml": text + "hold: {until: 2099-12-01}\n"})
    invoke(repo, "apply", "--yes")
    write(repo, {"schedules/off.yaml": text + "hold: {until: 2001-12-01}\n"})
    said = invoke(repo, "next", "off", *AFTER).out.splitlines()[1]
    assert said == "its hold until 2001-12-01 00:00 UTC is over; the next apply brings it back"
    write(repo, {"schedules/off.yaml": OFF + "hold: {until: 2001-12-01}\n"})
    said = invoke(repo, "next", "off", *AFTER).out.splitlines()[1]
    assert said == "it is disabled: this is when it would fire"


def test_none_in_the_time_given(repo: Path) -> None:
    shown = invoke(repo, "next", "lisbon", *AFTER, "--until", "2026-03-21").out
    assert shown.endswith("  it does not fire in this time\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--count", "1", "--until", "2026-04-01"), "use one"),
        (("--after", "tomorrow"), "is not a time"),
        (("--after", "3500-01-01"), "is not between 1970 and 2999"),
        (("--count", "0"), "0"),
        (("nothing",), "is live"),
    ],
)
def test_what_is_refused(repo: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in invoke(repo, "next", *arguments, code=2).err
