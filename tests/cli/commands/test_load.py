"""`reconciler load`: what fires at once, and what to move."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import CONFIG, JOB, invoke, write

SCHEDULES = {
    "a": 'trigger: {type: cron, expression: "0 2 * * *"}  # kept',
    "b": 'trigger: {type: cron, expression: "0 2 * * *"}\ntags: {may-move: 2m}',
    "c": "trigger:\n  type: recurrence\n  frequency: day\n  interval: 1\n"
    '  schedule: {time_of_day: "02:00"}\ntags: {may-move: 1h}',
    "d": "trigger:\n  type: recurrence\n  frequency: week\n  interval: 1\n"
    "  schedule: {hours: [2], minutes: [0], week_days: [monday]}\ntags: {may-move: 5m}",
    "e": 'trigger: {type: cron, expression: "0,30 2 * * *"}\ntags: {may-move: 5m}',
}


def text(name: str, more: str) -> str:
    return f"name: {name}\n{more}\ncreate_job: ./job.yml\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        f"schedules/{n}.yaml": f"name: {n}\n{t}\ncreate_job: ./job.yml\n"
        for n, t in SCHEDULES.items()
    }
    write(tmp_path, {"reconciler.yaml": CONFIG, "schedules/job.yml": JOB, **files})
    return tmp_path


def test_a_proposal(folder: Path) -> None:
    document = json.loads(invoke(folder, "load", "--format", "json").out)
    assert document["at_once"] == {"before": 5, "after": 2}
    moves = {move["name"]: move["minute"] for move in document["moves"]}
    assert moves == {
        "local/b": {"before": 0, "after": 1},
        "local/c": {"before": 0, "after": 2},
        "local/d": {"before": 0, "after": 3},
    }
    assert document["busiest"][0]["schedules"] == ["a", "b", "c", "d", "e"]
    said = invoke(folder, "load").out
    assert "local/b" in said
    assert "`reconciler load --write` writes that into the files" in said


def test_it_is_written(folder: Path) -> None:
    assert "wrote 3 schedules" in invoke(folder, "load", "--write").out
    now = {name: (folder / f"schedules/{name}.yaml").read_text() for name in SCHEDULES}
    assert now["a"] == text("a", SCHEDULES["a"])
    assert 'expression: "1 2 * * *"' in now["b"]
    assert 'time_of_day: "02:02"' in now["c"]
    assert "minutes: [3]" in now["d"]
    invoke(folder, "validate")
    document = json.loads(invoke(folder, "load", "--format", "json").out)
    assert (document["at_once"], document["moves"]) == ({"before": 2, "after": 2}, [])


def test_nothing_may_move(tmp_path: Path) -> None:
    files = {
        f"schedules/{n}.yaml": f"name: {n}\n{SCHEDULES['a']}\ncreate_job: ./job.yml\n" for n in "xy"
    }
    write(tmp_path, {"reconciler.yaml": CONFIG, "schedules/job.yml": JOB, **files})
    assert "tags `may-move: 15m` say what may" in invoke(tmp_path, "load").out
    said = json.loads(invoke(tmp_path, "load", "--may-move", "10m", "--format", "json").out)
    assert said["at_once"] == {"before": 2, "after": 1}
    (tmp_path / "schedules/y.yaml").unlink()
    assert "no two schedules fire in one minute" in invoke(tmp_path, "load").out


def test_a_tag_that_is_no_span(folder: Path) -> None:
    path = folder / "schedules/b.yaml"
    path.write_text(path.read_text().replace("2m", "soon"))
    assert 'the tag may-move: "soon" is not a span' in invoke(folder, "load", code=1).err


def test_what_is_written_elsewhere_is_left(folder: Path) -> None:
    shared = 'x-t: &t {type: cron, expression: "0 2 * * *"}\ntrigger: *t\ntags: {may-move: 2m}'
    write(folder, {"schedules/b.yaml": text("b", shared)})
    done = invoke(folder, "load", "--write")
    assert done.err.startswith("schedules/b.yaml:1: ")
    assert "left as it is" in done.err
    assert "wrote 2 schedules" in done.out


def test_what_a_target_has_of_its_own_is_edited_there(folder: Path) -> None:
    own = 'overrides:\n  other: {}\n  local:\n    trigger: {expression: "0 2 * * *"}'
    other = "targets:\n  local: {provider: local}\n  other: {provider: local, workspace: o.db}\n"
    write(
        folder,
        {
            "reconciler.yaml": CONFIG.partition("targets:")[0] + other,
            "schedules/b.yaml": text("b", f"{SCHEDULES['b']}\n{own}"),
            "schedules/c.yaml": text("c", f"{SCHEDULES['c']}\noverrides: {{other: {{}}}}"),
        },
    )
    invoke(folder, "load", "--write", "--target", "local")
    assert '    trigger: {expression: "1 2 * * *"}' in (folder / "schedules/b.yaml").read_text()
    assert 'time_of_day: "02:02"' in (folder / "schedules/c.yaml").read_text()


def test_a_fire_of_the_first_midnight_counts(tmp_path: Path) -> None:
    """Which is when many fire: the days that are looked at begin with it."""
    minutely = 'trigger: {type: cron, expression: "* * * * *"}'
    files = {"reconciler.yaml": CONFIG, "job.yml": JOB, "schedules/a.yaml": text("a", minutely)}
    write(tmp_path, {**files, "schedules/job.yml": JOB})
    assert invoke(tmp_path, "load", "--days", "2").out.startswith("2,880 fires from ")
    write(
        tmp_path, {"schedules/b.yaml": text("b", 'trigger: {type: cron, expression: "0 0 * * *"}')}
    )
    document = json.loads(invoke(tmp_path, "load", "--days", "1", "--format", "json").out)
    assert document["busiest"][0]["schedules"] == ["a", "b"]
