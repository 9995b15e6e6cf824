"""What Microsoft's client, or an apply, made live comes back as files, and nothing is lost.

Over the files in `files/`, and over the public examples of Azure Machine Learning where they are
at hand, as test_sends.py has them. For each that the client creates:

    import        its own wire in an empty workspace, imported into an empty folder: `validate`
                  takes the files, the client loads them and sends for them what was live, and the
                  plan has nothing but the owner
    with code     the same of `import --code`
    applied       applied by us: the plan is empty; the client reads it, disables and enables it,
                  and the plan is empty still
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from fakes.arm import StandIn
from helpers import OWNER

from interop.judge import microsoft, needed
from interop.round_trip import Returned, bodies, returned
from interop.test_sends import EXAMPLES, LATER, OWN, declared, pipelines, provider, schedule_of
from reconciler.model import Action, Schedule
from reconciler.reconcile import plan_target, reconcile


def imported(
    schedules: Mapping[str, Path], folder: Path
) -> tuple[list[str], dict[str, Returned], dict[str, Returned]]:
    """Of those that the client creates: their names, what came back, and what came with code."""
    with StandIn(later=LATER) as arm:
        arm.assets.everything = True
        steps = [{"do": "create", "file": str(path)} for path in schedules.values()]
        results = microsoft(arm.address, steps)
        live = bodies(arm)
        created = [n for n, one in zip(schedules, results, strict=True) if "ok" in one]
        assert sorted(created) == sorted(live)
        plain = returned(arm, folder / "plain", live)
        coded = returned(arm, folder / "coded", live, "--code")
        assert arm.violations == []
    return created, plain, coded


def applied(schedules: Mapping[str, Path], root: Path) -> dict[str, list[str]]:
    """What a plan has after our apply, and after the client has had the schedule in its hands."""
    found: dict[str, list[str]] = {name: [] for name in schedules}
    with StandIn(later=LATER) as arm:
        arm.assets.everything = True
        ours = [one for path in schedules.values() for one in declared(path, root)]
        results = reconcile(ours, provider(arm), owner=OWNER)
        for result in results:
            if result.error is not None:
                found[result.change.key.name].append(f"apply: {result.error}")
        for name, why in planned(arm, ours).items():
            found[name].append(f"applied: {why}")
        does = ("get", "disable", "enable")
        steps = [{"do": do, "name": name} for name in schedules for do in does]
        for step, done in zip(steps, microsoft(arm.address, steps), strict=True):
            if "error" in done:
                message = done["error"]["message"][:200]
                found[step["name"]].append(f"client: {step['do']}: {message}")
        for name, why in planned(arm, ours).items():
            found[name].append(f"after the client: {why}")
        assert arm.violations == []
    return found


def planned(arm: StandIn, ours: list[Schedule]) -> dict[str, str]:
    """By name, what a plan would change."""
    plan = plan_target(ours, provider(arm), owner=OWNER)
    found = {}
    for change in plan.changes:
        if change.action is Action.NOOP:
            continue
        fields = [
            f"{one.name} {one.before!r} -> {one.after!r}"
            for one in change.fields
            if not any(one.path[-len(end) :] == end for end in _DONE_BY_THE_CLIENT)
        ]
        if fields or not change.fields:
            found[change.key.name] = ", ".join(fields)
    return found


_DONE_BY_THE_CLIENT = {
    # It takes the one id for the other.
    ("identity", "object_id"),
    # It makes the text of a list a text once more, whenever it puts a schedule again.
    ("partition_keys",),
    # Of a job that is a component it drops it: only the component's file has it.
    ("create_job", "description"),
}
"""Ends of fields that Microsoft's client changes itself when it disables or enables."""


def judged(files: list[Path], root: Path, folder: Path) -> tuple[str, dict[str, list[str]]]:
    """A table for people, and by file what is wrong with it."""
    paths = [schedule_of(file, number) for number, file in enumerate(files)]
    names = [yaml.safe_load(path.read_text("utf-8"))["name"] for path in paths]
    of = dict(zip(names, files, strict=True))
    created, plain, coded = imported(dict(zip(names, paths, strict=True)), folder)
    again = applied(
        {name: path for name, path in zip(names, paths, strict=True) if name in created}, root
    )
    wrong: dict[str, list[str]] = {}
    for name in created:
        lines = [f"import: {line}" for line in faults(plain[name])]
        lines += [f"with code: {line}" for line in faults(coded[name])]
        wrong[of[name].relative_to(root).as_posix()] = lines + again[name]
    with_code = sum("code is not imported" not in " ".join(coded[n].said) for n in created)
    rows = {
        "created by the client": len(created),
        "imported, and loaded by the client": sum(one.imported for one in plain.values()),
        "nothing but the owner in the plan": sum(not one.planned for one in plain.values()),
        "the client sends what was live": sum(not one.sent for one in plain.values()),
        "imported with code": with_code,
        "nothing but the owner, with code": sum(not one.planned for one in coded.values()),
        "the client sends what was live, with code": sum(not one.sent for one in coded.values()),
        "applied, disabled and enabled by the client": sum(not again[name] for name in created),
    }
    lines = [f"{number:4} {what}" for what, number in rows.items()]
    lines += [f"  {name}: {line}" for name, found in wrong.items() for line in found[:6]]
    return "\n".join(lines), wrong


def faults(one: Returned) -> list[str]:
    if not one.imported:
        return one.said or ["not imported"]
    return [*one.planned, *one.sent, *(line for line in one.said if "not imported" in line)]


@needed
def test_files_of_each_kind_come_back(tmp_path: Path) -> None:
    """The short version: steps with code, and sub-pipelines."""
    root = shutil.copytree(OWN, tmp_path / "files")
    files = [root / f"{name}.yml" for name in ("components", "sub-pipelines")]
    table, wrong = judged(files, root, tmp_path)
    assert len(wrong) == 2
    assert not any(wrong.values()), table


@needed
@pytest.mark.torture
def test_our_own_files_come_back(tmp_path: Path) -> None:
    root = shutil.copytree(OWN, tmp_path / "files")
    files = [path for path in pipelines(root) if path.parent == root]
    table, wrong = judged(files, root, tmp_path)
    assert len(wrong) >= 11
    assert not any(wrong.values()), table


@needed
@pytest.mark.torture
@pytest.mark.skipif(not EXAMPLES.exists(), reason=f"{EXAMPLES} is not here")
def test_public_examples_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shutil.copytree(EXAMPLES, tmp_path / "examples")
    table, wrong = judged(list(pipelines(root)), root, tmp_path)
    with capsys.disabled():
        print(f"\n{table}")  # noqa: T201 - a table for whoever runs it
    assert not any(wrong.values()), table
