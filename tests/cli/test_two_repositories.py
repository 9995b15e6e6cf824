"""Two repositories with one owner and one target: neither undoes what the other declares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import Done, declaration, invoke, repository, write

CONFIG = """\
owner: us
{identity}schedules: [schedules]
default_target: local
{adopt}targets:
  local: {{provider: local, workspace: ../shared.db}}
"""


class Two:
    """Folders `a` and `b` beside each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in "ab":
            (folder / name).mkdir()
            repository(folder / name, f"of-{name}")
            self.configure(name)

    def configure(self, name: str, *, identity: bool = True, adopt: str = "") -> None:
        mark = f"repository: example.org/{name}\n" if identity else ""
        write(self.folder / name, {"reconciler.yaml": CONFIG.format(identity=mark, adopt=adopt)})

    def call(self, name: str, *args: str, code: int = 0) -> Done:
        return invoke(self.folder / name, *args, code=code)

    def declare(self, name: str, schedule: str, **more: str) -> None:
        path = f"schedules/{schedule}.yaml"
        write(self.folder / name, {path: declaration(schedule, **more)})

    def live(self) -> dict[str, bool]:
        done = self.call("a", "schedules", "list", "--all", "--format", "json")
        return {one["name"]: one["enabled"] for one in json.loads(done.out)["schedules"]}


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def test_what_another_declares_is_not_removed_here(two: Two) -> None:
    for _ in range(2):
        for name in "ab":
            two.call(name, "apply")
    for name in "ab":
        assert "1 unmanaged" in two.call(name, "plan", "--exit-code").out
    assert two.live() == {"of-a": True, "of-b": True}


def test_what_both_declare_is_a_conflict(two: Two) -> None:
    two.call("a", "apply")
    two.declare("b", "of-a", hour="5")
    words = 'managed by the repository "example.org/a"'
    assert words in two.call("b", "plan", "--exit-code", code=3).out
    two.call("b", "apply", code=5)  # its own is created
    assert "1 unmanaged" in two.call("a", "plan", "--exit-code").out


def test_a_move_is_a_change_of_the_receiving_side(two: Two) -> None:
    two.call("a", "apply")
    two.call("b", "apply")
    two.declare("b", "of-a", adopt="{from: example.org/a}")
    done = two.call("b", "plan", "--exit-code", code=3)
    assert "taken over" in done.out
    two.call("b", "apply")
    assert "nothing to change" in two.call("b", "plan", "--exit-code").out
    assert "managed by the repository" in two.call("a", "plan", "--exit-code", code=3).out
    (two.folder / "a/schedules/of-a.yaml").unlink()
    two.declare("a", "other")
    two.call("a", "apply")
    assert two.live() == {"of-a": True, "of-b": True, "other": True}


def test_a_mark_without_an_identity_is_taken_over_silently(two: Two) -> None:
    two.configure("a", identity=False)
    two.call("a", "apply")
    two.configure("a")
    two.call("a", "plan", "--exit-code")  # no difference
    two.declare("a", "of-a", hour="5")
    two.call("a", "apply")  # the next write
    assert "1 unmanaged" in two.call("b", "plan").out
    two.call("b", "apply")
    assert two.live() == {"of-a": True, "of-b": True}


def test_an_owner_is_renamed_by_the_configuration(two: Two) -> None:
    two.call("a", "apply")
    config = two.folder / "a/reconciler.yaml"
    config.write_text(config.read_text().replace("owner: us", "owner: new"))
    two.call("a", "plan", "--exit-code", code=3)
    two.call("a", "apply", code=1)
    two.configure("a", adopt='adopt: [{names: "of-*", from: us}]\n')
    config.write_text(config.read_text().replace("owner: us", "owner: new"))
    assert "1 to update" in two.call("a", "plan", "--exit-code", code=3).out
    two.call("a", "apply")
    done = two.call("a", "plan", "--exit-code")
    assert "adopt: of-* from us is spent in local, and can be removed" in done.err
