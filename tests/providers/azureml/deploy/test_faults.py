"""What goes wrong while code and components are put: said, and the next apply converges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn
from fakes.messages import Call

from providers.azureml.deploy.test_deploying import applied, planned, provider, repository, wrote
from reconciler.apply import apply_plan
from reconciler.errors import ReconcilerError
from reconciler.model import Action, Outcome
from reconciler.providers.azureml.deploy import uploads


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_PAUSES", dict.fromkeys(uploads._PAUSES, 0))


def converges(folder: Path, arm: StandIn) -> None:
    [result] = applied(folder, arm)
    assert (result.outcome, result.error) == (Outcome.CREATED, None)
    assert [change.action for change in planned(folder, provider(arm)).changes] == [Action.NOOP]
    assert arm.violations == []


def test_a_signature_that_expires_in_the_middle_of_a_folder(tmp_path: Path) -> None:
    with StandIn() as arm:

        def expire(_: Call) -> None:
            arm.assets.expired.add("s1")

        arm.before(expire, route="blob", skip=1)
        converges(repository(tmp_path, "a"), arm)
        assert wrote(arm).count("POST code") == 2
        assert len(arm.assets.names("codes")) == 1


def test_a_signature_that_expires_in_the_middle_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_BLOCK", 1 << 16)
    folder = repository(tmp_path, "a")
    content = bytes(range(256)) * 1024
    (folder / "src" / "train.py").write_bytes(content)
    with StandIn() as arm:

        def expire(_: Call) -> None:
            arm.assets.expired.add("s1")

        arm.before(expire, route="blob", name="container/src/train.py", skip=2)
        converges(folder, arm)
        # The second signature is for a place of its own.
        assert arm.assets.blobs["container-2/src/train.py"] == content


@pytest.mark.parametrize(("times", "ends"), [(3, True), (99, False)])
def test_a_blob_that_is_refused(tmp_path: Path, times: int, ends: bool) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        arm.assets.refuse_blobs = times
        if not ends:
            [result] = applied(folder, arm)
            assert result.outcome is Outcome.FAILED
            assert "the storage does not take src/" in str(result.error)
            assert "(HTTP 500)" in str(result.error)
            assert arm.names() == arm.assets.names("codes") == arm.assets.names("components") == []
            arm.assets.refuse_blobs = 0
        converges(folder, arm)


@pytest.mark.parametrize("kind", ["code", "environment", "component"])
def test_another_deployer_is_first(tmp_path: Path, kind: str) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        to = provider(arm)
        plan = planned(folder, to)

        def other(_: Call) -> None:
            applied(folder, arm)
            arm.remove("a")

        arm.before(other, method="PUT", route=kind)
        [result] = apply_plan(plan, to)
        assert (result.outcome, result.error) == (Outcome.CREATED, None)
        assert [c.action for c in planned(folder, provider(arm)).changes] == [Action.NOOP]


def test_a_conflict_over_what_is_not_there_after_all_is_said(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        arm.fail(409, method="PUT", route="component", times=1)
        [result] = applied(folder, arm)
        assert result.outcome is Outcome.FAILED
        assert "409" in str(result.error)
        converges(folder, arm)


def test_an_environment_that_is_being_built_is_there(tmp_path: Path) -> None:
    with StandIn() as arm:
        arm.assets.states["environments"] = "Creating"
        converges(repository(tmp_path, "a"), arm)


def test_an_environment_that_could_not_be_made_is_put_again(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        arm.assets.states["environments"] = "Failed"
        [result] = applied(folder, arm)
        assert "Azure could not make the environment" in str(result.error)
        assert arm.names() == []
        arm.assets.states.clear()
        converges(folder, arm)


def test_a_listing_without_rights_plans_nothing(tmp_path: Path) -> None:
    folder = repository(tmp_path, "a")
    with StandIn() as arm:
        arm.fail(403, method="GET", route="list", times=1)
        with pytest.raises(ReconcilerError) as refused:
            planned(folder, provider(arm))
        assert "schedules/read" in str(refused.value.hint)
        converges(folder, arm)


def test_progress_tells_of_every_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from providers.azureml.opened import client
    from reconciler.providers.azureml.deploy.deployments import DeployOptions
    from reconciler.providers.azureml.provider import AzureMLProvider

    monkeypatch.setattr(uploads, "_BLOCK", 1 << 16)
    folder = repository(tmp_path, "a")
    (folder / "src" / "big.bin").write_bytes(bytes(300_000))
    heard: list[Any] = []
    with StandIn() as arm:
        options = DeployOptions(on_upload=lambda *said: heard.append(said))
        to = AzureMLProvider("local", client(arm), owner="us", options=options)
        apply_plan(planned(folder, to), to)
    paths, done, whole = zip(*heard, strict=True)
    assert set(paths) == {"src"}
    assert set(whole) == {300_011}
    assert list(done) == sorted(done)
    assert done[-1] == 300_011
    assert len(done) > 4
