"""SIGTERM in the middle of an apply: the change in hand ends, the rest waits, all is recorded."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import declaration, invoke, write

from cli.test_saved_plan_azure import CONFIG, TOKEN


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(token=TOKEN, jobs={"train"}) as arm:
        yield arm
        assert arm.violations == []


@pytest.mark.parametrize("parallelism", ["1", "2"])
def test_sigterm_ends_an_apply_between_changes(
    tmp_path: Path, arm: StandIn, parallelism: str
) -> None:
    known = arm.settings
    config = CONFIG.format(
        subscription=known.subscription,
        group=known.group,
        workspace=known.workspace,
        address=arm.address,
    )
    names = [f"s{number:02}" for number in range(12)]
    text = {f"schedules/{n}.yaml": declaration(n).replace("./job.yml", "azureml:train")
            for n in names}  # fmt: skip
    write(tmp_path, {"reconciler.yaml": config, **text})
    main = threading.main_thread().ident
    assert main is not None
    before = signal.getsignal(signal.SIGTERM)
    arm.before(lambda call: signal.pthread_kill(main, signal.SIGTERM), method="PUT", skip=2)
    env = {"AZURE_ACCESS_TOKEN": TOKEN}
    done = invoke(tmp_path, "apply", "--yes", "--parallelism", parallelism, code=5, env=env)
    made = sorted(arm.names())
    assert 3 <= len(made) < len(names)
    assert f"not tried prod/{names[-1]}: interrupted\n" in done.out
    assert done.out.endswith(f"{len(made)} created, {len(names) - len(made)} not tried\n")
    assert signal.getsignal(signal.SIGTERM) is before
    assert "partial" in invoke(tmp_path, "history", "list", env=env).out
    invoke(tmp_path, "apply", "--yes", env=env)
    assert sorted(arm.names()) == names
