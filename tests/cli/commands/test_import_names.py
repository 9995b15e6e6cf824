"""`reconciler import NAME`: of what is live, without what the repository declares already."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import invoke, write
from serving import CONFIG, HELLO

from reconciler.workspace.store.schedules import NewSchedule, Store

DECLARED = """\
name: mine
trigger: {type: cron, expression: "0 3 * * *"}
create_job: ./hello.yml
"""
DOCUMENT = {
    "name": "theirs",
    "trigger": {"type": "cron", "expression": "0 4 * * *", "time_zone": "UTC"},
    "create_job": {"job": "azureml:schedules-hello"},
    "is_enabled": True,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one schedule, applied, and two live ones that somebody made by hand."""
    files = {"reconciler.yaml": CONFIG, "schedules/hello.yml": HELLO, "schedules/a.yaml": DECLARED}
    write(tmp_path, files)
    invoke(tmp_path, "apply", "--yes")
    store = Store(tmp_path / "workspace.db", actor="somebody")
    [pipeline] = store.pipelines()
    for name in ("theirs", "other"):
        job = {"job": f"azureml:{pipeline.name}"}
        new = NewSchedule(name, None, DOCUMENT | {"name": name, "create_job": job}, pipeline.name)
        store.put_schedule(new, expected=None, publication=None, now=pipeline.published_at)
    store.close()
    return tmp_path


def test_what_is_declared_is_left_out(folder: Path) -> None:
    done = invoke(folder, "import")
    assert "local/mine: not imported: schedules/a.yaml:1 declares it" in done.err
    assert "wrote schedules/other.yml\nwrote schedules/theirs.yml\n2 schedules\n" in done.out
    # Nothing in the plan but the change of owner; and a second time there is nothing to import.
    plan = invoke(folder, "plan", "--adopt", "theirs", "--adopt", "other").out
    assert plan.count("owner  (none)") == 2
    assert "create_job" not in plan
    again = invoke(folder, "import")
    assert "wrote" not in again.out
    assert again.err.count("not imported") == 3
    invoke(folder, "validate")


def test_by_name(folder: Path) -> None:
    done = invoke(folder, "import", "theirs", "mine")
    assert "local/mine: not imported: schedules/a.yaml:1 declares it" in done.err
    assert "wrote schedules/theirs.yml\n1 schedule\n" in done.out
    assert not (folder / "schedules/other.yml").exists()
    assert 'no schedule "local/thiers" is live; did you mean "theirs"?' in (
        invoke(folder, "import", "thiers", code=2).err
    )
    both = invoke(folder, "import", "other", "old.yml", code=2)
    assert "give either names of live schedules, or files" in both.err


@pytest.mark.parametrize("name", ["../outside", "sub/inside", "", "a.b", "-a", "a\nb"])
def test_what_has_no_name_of_a_file_is_left(folder: Path, name: str) -> None:
    """Nothing is written out of the folder, be it for a moment alone."""
    store = Store(folder / "workspace.db", actor="somebody")
    [pipeline] = store.pipelines()
    job = {"job": f"azureml:{pipeline.name}"}
    new = NewSchedule(name, None, DOCUMENT | {"name": name, "create_job": job}, pipeline.name)
    store.put_schedule(new, expected=None, publication=None, now=pipeline.published_at)
    store.close()
    before = {path for path in folder.parent.rglob("*.yml") if "schedules" not in path.parts}
    done = invoke(folder, "import")
    assert "not imported, and left as it is: a declaration cannot have its name" in done.err
    assert "wrote schedules/other.yml\nwrote schedules/theirs.yml\n2 schedules\n" in done.out
    assert {p for p in folder.parent.rglob("*.yml") if "schedules" not in p.parts} == before


@pytest.mark.parametrize("line", ["recurrence: daily", "pipeline_parameters: [1]"])
def test_files_of_v1_that_hold_something_else(folder: Path, line: str) -> None:
    write(folder, {"old.yml": f"Schedule:\n  {line}\n"})
    done = invoke(folder, "import", "old.yml", "--job", "azureml:x", code=1)
    assert f"old.yml: {line.partition(':')[0]} is not a mapping" in done.err
