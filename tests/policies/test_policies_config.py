"""What is wrong with `policies` is said at its place; what is read is what is meant."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from helpers import declaration, invoke, repository, write

from reconciler.config import load_config
from reconciler.errors import ConfigError
from reconciler.render.problems import render_problems

HEAD = """\
owner: team
schedules: [schedules]
targets: {local: {provider: local}, prod: {provider: local, workspace: prod.db}}
policies:
"""
EVENT = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n{}\nEND:VEVENT\nEND:VCALENDAR\n"
WRONG = {
    "{name: a}": "one of schema, max_fires",
    "{name: a, min_distance: 5m, no_fires: days.txt}": "one of schema, max_fires",
    "{min_distance: 5m}": '"name" is missing',
    "{name: a, min_distance: 5}": '"min_distance" must be a duration such as 10m or 1h30m',
    "{name: a, min_distance: 0m}": "it must be 1 minute to 1 day",
    "{name: a, min_distance: 2d}": "it must be 1 minute to 1 day",
    "{name: a, min_distnce: 5m}": '"min_distnce" is not known here',
    "{name: a, severity: fatal, min_distance: 5m}": '"severity" must be error or warning',
    "{name: a, targets: [prd], min_distance: 5m}": 'there is no target "prd"',
    "{name: a, max_fires: {count: 3, per: week}}": '"per" must be minute, hour or day',
    "{name: a, max_fires: {count: 3, per: day, each: team}}": "target, pipeline or tags.NAME",
    "{name: a, no_fires: nothing.txt}": "there is no file nothing.txt",
    "{name: a, no_fires: ../outside.txt}": "the path leads out of the repository",
    "{name: a, no_fires: schedules}": "it is a folder, not a file",
    "{name: a, no_fires: wrong.txt}": "wrong.txt: line 2: a day such as 2026-12-25 is expected",
    "{name: a, no_fires: feb.txt}": "feb.txt: line 1: there is no such day",
    "{name: a, no_fires: back.txt}": "back.txt: line 1: the last day is before the first",
    "{name: a, no_fires: latin.txt}": "latin.txt: it is not UTF-8",
    "{name: a, no_fires: broken.ics}": "broken.ics: it is not an iCalendar file",
    "{name: a, no_fires: never.txt}": "never.txt: it has a day that no clock can show",
    "{name: a, no_fires: never.ics}": "never.ics: it is not an iCalendar file: date value",
    "{name: a, no_fires: {calendar: days.txt, time_zone: Nowhere}}": 'no time zone "Nowhere"',
    "{name: a, schema: nothing.json}": "there is no file nothing.json",
    "{name: a, schema: list.json}": "list.json is no JSON schema: one mapping is expected",
    "{name: a, schema: cut.json}": "cut.json is no JSON schema",
    "{name: a, schema: {type: strin}}": "is not valid under any of the schemas",
    "{name: a, schema: {pattern: '('}}": 'is not a "regex"',
    "{name: a, schema: {pattern: '(?=a)'}}": 'is not a "regex"',
    "{name: a, schema: {$ref: 'http://127.0.0.1:9/x'}}": "only what stands in the schema itself",
    "{name: a, schema: {$ref: 'file:///etc/hosts'}}": "only what stands in the schema itself",
    "{name: a, schema: {$ref: '#/nowhere'}}": "nowhere",
    "5": "must be a mapping",
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text("2026-12-25\n")
    root = tmp_path / "repository"
    repository(root)
    files = {
        "days.txt": "\ufeff2026-12-25\r\n# none\r\n\r\n2026-12-31/2027-01-01  the turn # of it\r\n",
        "wrong.txt": "2026-12-25\nChristmas\n",
        "feb.txt": "2027-02-29\n",
        "back.txt": "2027-02-20/2027-02-19\n",
        "broken.ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:x\nEND:VCALENDAR\n",
        "never.txt": "9999-12-31\n",
        "never.ics": EVENT.format("DTSTART;VALUE=DATE:99991231"),
        "list.json": "[1]\n",
        "cut.json": '{"a": \n',
    }
    write(root, files)
    (root / "latin.txt").write_bytes(b"2026-12-25 No\xebl\n")
    return root


@pytest.mark.parametrize("entry", WRONG)
def test_what_is_wrong(repo: Path, entry: str) -> None:
    write(repo, {"reconciler.yaml": f"{HEAD}  - {entry}\n"})
    with pytest.raises(ConfigError) as caught:
        load_config(repo / "reconciler.yaml")
    said = render_problems(caught.value.problems, "text")
    assert WRONG[entry] in said
    assert {problem.line for problem in caught.value.problems} == {5}


ICAL = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART:20260101T000000Z
DTEND:20260101T000001Z
{rule}
END:VEVENT
END:VCALENDAR
"""
HOSTILE = {
    "seconds": ("RRULE:FREQ=SECONDLY", "daily, weekly, monthly or yearly"),
    "folded": ("RRULE:FREQ=SEC\n ONDLY", "daily, weekly, monthly or yearly"),
    "folded twice": ("RRULE:FREQ=MINU\n\n\tTELY", "daily, weekly, monthly or yearly"),
    "parameters": ("rrule;X-A=1:freq=hourly", "daily, weekly, monthly or yearly"),
    "two": ("RRULE:FREQ=DAILY;FREQ=SECONDLY", "daily, weekly, monthly or yearly"),
    "times of day": ("RRULE:FREQ=DAILY;BYSECOND=1,2,3", "without times of day"),
    "exceptions": ("EXRULE:FREQ=SECONDLY", "daily, weekly, monthly or yearly"),
    "many": ("RRULE:FREQ=DAILY\n" * 101, "more than 100 rules of recurrence"),
    "large": ("X-A:" + "a" * (256 << 10), "more than 256 KiB"),
    "in a zone": (
        "END:VEVENT\nBEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "RRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nEND:STANDARD\n"
        "END:VTIMEZONE\nBEGIN:VEVENT",
        "daily, weekly, monthly or yearly",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_calendars_that_would_take_for_ever(repo: Path, kind: str) -> None:
    rule, said = HOSTILE[kind]
    (repo / "h.ics").write_text(ICAL.format(rule=rule))
    write(repo, {"reconciler.yaml": f"{HEAD}  - {{name: a, no_fires: h.ics}}\n"})
    begun = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load_config(repo / "reconciler.yaml")
    assert time.process_time() - begun < 5
    (problem,) = caught.value.problems
    assert said in problem.message


def test_what_never_comes_is_no_trouble(repo: Path) -> None:
    (repo / "n.ics").write_text(ICAL.format(rule="RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))
    write(repo, {"reconciler.yaml": f"{HEAD}  - {{name: a, no_fires: n.ics}}\n"})
    write(repo, {"schedules/a.yaml": declaration("a")})
    invoke(repo, "validate")


def test_many_wrong_ones_are_all_left_out(repo: Path) -> None:
    """More findings than are listed: none of what was not looked at is read."""
    write(repo, {"reconciler.yaml": HEAD + "  - {nam: 5}\n" * 300})
    with pytest.raises(ConfigError) as caught:
        load_config(repo / "reconciler.yaml")
    assert "only the first 100 problems" in render_problems(caught.value.problems, "text")


def test_two_of_one_name(repo: Path) -> None:
    entry = "  - {name: a, min_distance: 5m}\n"
    write(repo, {"reconciler.yaml": HEAD + entry * 2})
    with pytest.raises(ConfigError) as caught:
        load_config(repo / "reconciler.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (6, 'there are two policies "a"')


def test_what_is_against_one_is_not_planned(repo: Path) -> None:
    policies = "  - {name: holidays, no_fires: days.txt}\n"
    write(repo, {"reconciler.yaml": HEAD + policies, "schedules/a.yaml": declaration("a")})
    done = invoke(repo, "plan", "--target", "local", code=1)
    assert 'policy "holidays": it fires at 2026-12-25' in done.err
    warning = policies.replace("name", "severity: warning, name")
    write(repo, {"reconciler.yaml": HEAD + warning})
    assert "1 to create" in invoke(repo, "plan", "--target", "local").out
    assert "warning" in invoke(repo, "validate").out
    done = invoke(repo, "run", "--once", "--target", "local")
    assert "1 created" in done.out + done.err


def test_a_part_of_the_files_is_not_counted(repo: Path) -> None:
    policies = "  - {name: few, max_fires: {count: 0, per: day}}\n"
    write(repo, {"reconciler.yaml": HEAD + policies, "schedules/a.yaml": declaration("a")})
    assert "POL002" in invoke(repo, "validate", code=1).out
    invoke(repo, "validate", "schedules/a.yaml")


def test_a_schema_that_never_ends(repo: Path) -> None:
    """A schema that leads to itself, and patterns that others match for ever."""
    schema = "{$ref: '#'}"
    evil = "{properties: {name: {pattern: '^(a+)+$'}}}"
    entries = f"  - {{name: ring, schema: {schema}}}\n  - {{name: evil, schema: {evil}}}\n"
    name = "a" * 60 + "-b"
    write(repo, {"reconciler.yaml": HEAD + entries, "schedules/a.yaml": declaration(name)})
    assert 'does not match "^(a+)+$"' in invoke(repo, "validate", code=1).out
