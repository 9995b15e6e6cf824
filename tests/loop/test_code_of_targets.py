"""Targets whose jobs bring code of their own, in one folder that the loop follows."""

from __future__ import annotations

from pathlib import Path

from helpers import write

from .looping import Looped, on_folder

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
  other: {provider: local, workspace: other.db}
"""


def repository(folder: Path) -> Path:
    write(folder, {"reconciler.yaml": CONFIG})
    for name in ("local", "other"):
        files = {
            f"code/{name}/a.py": "1",
            f"jobs/{name}.yml": f"type: command\ncode: ../code/{name}\ncommand: ls\n",
            f"schedules/{name}.yaml": f"name: {name}\n"
            f"targets: [{name}]\n"
            "trigger: {type: cron, expression: '0 5 * * *'}\n"
            f"create_job: ../jobs/{name}.yml\n",
        }
        write(folder, files)
    return folder


def outcomes(looped: Looped) -> list[str]:
    """Of the two, in one cycle."""
    before = len(looped.records)
    looped.cycle()
    return [record.outcome for record in looped.records[before:]]


def test_none_is_held_up_by_what_another_brings(tmp_path: Path) -> None:
    looped = on_folder(repository(tmp_path))
    assert outcomes(looped) == ["applied"] * 2
    known = [outcomes(looped) and looped.loop.source.fetch().id for _ in range(4)]
    assert len(set(known)) == 1
    assert {record.outcome for record in looped.records[2:]} == {"in_sync"}
    (tmp_path / "code/other/a.py").write_text("22")
    assert sorted(outcomes(looped)) == ["applied", "in_sync"]
    assert outcomes(looped) == ["in_sync"] * 2


def test_what_is_kept_is_that_of_each(tmp_path: Path) -> None:
    looped = on_folder(repository(tmp_path))
    for _ in range(3):
        outcomes(looped)
    looped.loop.close()
    write(tmp_path, {"schedules/local.yaml": "name: [\n"})
    again = on_folder(tmp_path, looped)
    again.switch_off("local")
    before = len(again.records)
    again.cycle()
    assert [record.outcome for record in again.records[before:]] == ["broken"] * 2
    assert again.live() == {"local": True}  # what is in force was read from the copy
    copies = list((tmp_path / ".reconciler/sources/folder").iterdir())
    kept = {str(path.relative_to(one)) for one in copies for path in one.rglob("a.py")}
    assert kept == {"code/local/a.py", "code/other/a.py"}
