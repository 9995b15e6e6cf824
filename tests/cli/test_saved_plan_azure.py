"""Saved plans for Azure Machine Learning, against the stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.arm import StandIn, pipeline
from helpers import Done, declaration, invoke, write

from cli.saved import PLAN, forge, read, refused

TOKEN = "a-very-secret-token"
CONFIG = """\
owner: us
schedules: [schedules]
targets:
  prod:
    provider: azureml
    subscription_id: {subscription}
    resource_group: {group}
    workspace: {workspace}
    endpoint: {address}
"""


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(token=TOKEN, jobs={"train"}) as arm:
        yield arm
        assert arm.violations == []


def call(repo: Path, *args: str, code: int = 0) -> Done:
    done = invoke(repo, *args, code=code, env={"AZURE_ACCESS_TOKEN": TOKEN})
    assert TOKEN not in done.text
    return done


def config(arm: StandIn, **changed: str) -> str:
    settings = arm.settings
    known = {
        "subscription": settings.subscription,
        "group": settings.group,
        "workspace": settings.workspace,
        "address": arm.address,
    }
    return CONFIG.format(**{**known, **changed})


def declare(repo: Path, name: str, hour: int = 2, job: str = "azureml:train") -> None:
    text = declaration(name, hour).replace("./job.yml", job)
    write(repo, {f"schedules/{name}.yaml": text})


@pytest.fixture
def repo(tmp_path: Path, arm: StandIn) -> Path:
    """`new` to be created, `changed` updated, `gone` disabled, `secret` updated."""
    write(tmp_path, {"reconciler.yaml": config(arm)})
    secret = "{job: azureml:train, inputs: {api_key: hunter2}}"
    for name in ("changed", "gone", "kept"):
        declare(tmp_path, name)
    declare(tmp_path, "secret", 2, secret)
    call(tmp_path, "apply", "--yes")
    (tmp_path / "schedules/gone.yaml").unlink()
    declare(tmp_path, "changed", 3)
    declare(tmp_path, "new")
    declare(tmp_path, "secret", 3, secret)
    call(tmp_path, "plan", "--out", PLAN)
    return tmp_path


def test_it_is_applied_and_applied_again(repo: Path, arm: StandIn) -> None:
    """What was left open, the service has filled in: that is still the plan."""
    assert "1 created, 2 updated, 1 disabled" in call(repo, "apply", PLAN, "--yes").out
    writes = arm.counts["PUT schedule"]
    assert "nothing to change" in call(repo, "apply", PLAN, "--yes").out
    assert arm.counts["PUT schedule"] == writes


def test_case_is_nothing_to_azure(repo: Path, arm: StandIn) -> None:
    identity = read(repo)["targets"][0]["identity"]
    assert identity == f"azureml:{arm.address.removeprefix('http://')}{arm.workspace_id}".lower()
    write(repo, {"reconciler.yaml": config(arm, workspace=arm.settings.workspace.upper())})
    call(repo, "apply", PLAN, "--yes")


def rate(expression: str) -> Callable[[dict[str, dict[str, str]]], None]:
    return lambda properties: properties["trigger"].update(expression=expression)


LIVE: dict[str, tuple[Callable[[StandIn], object], str]] = {
    "changed in the portal": (
        lambda arm: arm.edit("changed", rate("0 8 * * *")),
        "prod/changed: it was changed live since [live]",
    ),
    "disabled in the portal": (
        lambda arm: arm.edit("changed", lambda p: p.update(isEnabled=False)),
        "prod/changed: it was changed live since [live]",
    ),
    "deleted in the portal": (
        lambda arm: arm.remove("changed"),
        "prod/changed: it is not live any more [live]",
    ),
    "made in the portal": (
        lambda arm: arm.put_live("new", pipeline()),
        "prod/new: it is not ours: made by hand; --adopt new takes it over [live]",
    ),
    "what was the same, changed": (
        lambda arm: arm.edit("kept", rate("0 8 * * *")),
        "prod/kept: it was changed live since [live]",
    ),
    "what is removed, deleted": (
        lambda arm: arm.remove("gone"),
        "prod/gone: it is not live any more, or not ours [live]",
    ),
}


@pytest.mark.parametrize("name", LIVE)
def test_live_changes(repo: Path, arm: StandIn, name: str) -> None:
    act, reason = LIVE[name]
    act(arm)
    writes = arm.counts["PUT schedule"]
    done = call(repo, "apply", PLAN, "--yes", code=4)
    assert refused(done.err) == [reason]
    assert arm.counts["PUT schedule"] == writes


def test_a_secret_that_was_changed_live(repo: Path, arm: StandIn) -> None:
    """Its value is nowhere in the file; that it was changed is seen by the time of the change."""
    assert "hunter2" not in (repo / PLAN).read_text()

    def other(properties: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
        for value in properties["action"]["jobDefinition"]["inputs"].values():
            value["value"] = "another"

    arm.edit("secret", other)
    done = call(repo, "apply", PLAN, "--yes", code=4)
    assert refused(done.err) == [
        "prod/secret: it was changed live since: its owner or a secret [live]"
    ]


@pytest.mark.parametrize("field", ["subscription", "group", "workspace"])
def test_another_workspace(repo: Path, arm: StandIn, field: str) -> None:
    """It is refused before anything is asked of it."""
    changed = {"subscription": "0" * 8 + "-0000-0000-0000-" + "0" * 12}.get(field, "another")
    write(repo, {"reconciler.yaml": config(arm, **{field: changed})})
    calls = len(arm.calls)
    (reason,) = refused(call(repo, "apply", PLAN, "--yes", code=4).err)
    assert reason.startswith('target "prod": the plan is for azureml:')
    assert reason.endswith("[target]")
    assert len(arm.calls) == calls


def test_another_cloud(repo: Path, arm: StandIn) -> None:
    forge(
        lambda d: d["targets"][0].update(
            identity=d["targets"][0]["identity"].replace("127.0.0.1", "management.azure.com")
        )
    )(repo)
    assert "[target]" in call(repo, "apply", PLAN, "--yes", code=4).err
