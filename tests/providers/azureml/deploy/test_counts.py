"""How many calls a plan and an apply make, and that they are made several at a time."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.arm import StandIn
from helpers import OWNER, TARGET, write

from providers.azureml.deploy.test_deploying import SCHEDULE, applied, declared
from providers.azureml.deploy.test_deploying import repository as single
from providers.azureml.opened import VirtualClock, client
from reconciler.apply import apply_plan
from reconciler.model import Action, Outcome, Plan
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.client import Limits
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target

ENVIRONMENT = "azureml:env@latest"


def step(number: int, code: str) -> str:
    return (
        f"  s{number}:\n    command: python run.py {number}\n    code: ./{code}\n"
        f"    environment: {ENVIRONMENT}\n    compute: azureml:cpu\n"
    )


def repository(folder: Path, jobs: int, steps: int, schedules: int) -> Path:
    """Job files with `steps`, each with code of its own, and schedules that run them in turn."""
    files: dict[str, str] = {}
    for job in range(jobs):
        own = [step(number, f"src/{job}/{number}") for number in range(steps)]
        files[f"job{job}.yml"] = "type: pipeline\njobs:\n" + "".join(own)
        for number in range(steps):
            files[f"src/{job}/{number}/run.py"] = f"print({job}, {number})\n"
    for number in range(schedules):
        name = f"s{number}"
        text = SCHEDULE.replace("NAME", name).replace("./job", f"../job{number % jobs}")
        files[f"schedules/{name}.yml"] = text
    write(folder, files)
    return folder


def opened(
    arm: StandIn, limits: Limits | None = None, time: VirtualClock | None = None
) -> AzureMLProvider:
    return AzureMLProvider(TARGET, client(arm, limits=limits, time=time), owner=OWNER)


def planned(folder: Path, to: AzureMLProvider) -> Plan:
    options = PlanOptions(preflight=True)
    return plan_target(declared(folder, "schedules"), to, owner=OWNER, options=options)


def made(folder: Path, arm: StandIn) -> None:
    arm.assets.register("environments", "env", "1", {"image": "python:3.11"})
    to = opened(arm)
    results = apply_plan(planned(folder, to), to)
    assert {result.outcome for result in results} == {Outcome.CREATED}
    arm.forget()


def calls(arm: StandIn) -> Counter[str]:
    return Counter(f"{call.method} {call.route}" for call in arm.calls)


def test_a_file_of_one_in_fifty_steps_changes(tmp_path: Path) -> None:
    folder = repository(tmp_path, jobs=1, steps=50, schedules=3)
    with StandIn() as arm:
        made(folder, arm)
        plan = planned(folder, opened(arm))
        assert plan.count(Action.NOOP) == 3
        assert calls(arm) == {"GET list": 1, "GET code": 50, "GET environment": 1}
        (folder / "src/0/7/run.py").write_text("print('new')\n")
        arm.forget()
        to = opened(arm)
        results = apply_plan(planned(folder, to), to)
        assert {result.outcome for result in results} == {Outcome.UPDATED}
        writes = {name: n for name, n in calls(arm).items() if not name.startswith("GET")}
        assert writes == {
            "POST code": 1,
            "PUT blob": 2,  # the file, and the mark that all of them are there
            "PUT code": 1,
            "PUT component": 1,
            "PUT schedule": 3,
        }


READS, WRITES = (250.0, 25.0), (200.0, 10.0)
"""Those of Azure Resource Manager: at once, and then a second."""


def check_many(folder: Path, schedules: int, jobs: int) -> str:
    """Counts of a first plan, its apply and a plan after it, under the limits of Azure; told."""
    repository(folder, jobs=jobs, steps=1, schedules=schedules)
    time = VirtualClock()
    began, told = time.now, []
    with StandIn(reads=READS, writes=WRITES, monotonic=time.clock) as arm:
        arm.assets.register("environments", "env", "1", {"image": "python:3.11"})
        to = opened(arm, time=time)
        plan = planned(folder, to)
        pages = -(-schedules // 100)
        assert calls(arm) == {
            "GET list": 1,
            "GET code": jobs,
            "GET environment": 1,
            "GET component": jobs,
            "GET compute": 1,
        }
        told.append(f"first plan: {dict(calls(arm))}")
        arm.forget()
        results = apply_plan(plan, to)
        assert {result.outcome for result in results} == {Outcome.CREATED}
        writes = {name: n for name, n in calls(arm).items() if not name.startswith("GET")}
        assert writes == {
            "POST code": jobs,
            "PUT blob": 2 * jobs,
            "PUT code": jobs,
            "PUT component": jobs,
            "PUT schedule": schedules,
        }
        assert [call.status for call in arm.calls if call.status == 429] == []
        told.append(f"apply: {dict(calls(arm))}, none refused for the limits")
        told.append(f"  {time.now - began:.0f} s by the clock of the limits")
        arm.forget()
        again = planned(folder, opened(arm, time=time))
        assert again.count(Action.NOOP) == schedules
        assert calls(arm) == {"GET list": pages, "GET code": jobs, "GET environment": 1}
        told.append(f"plan of what is applied: {dict(calls(arm))}")
    return "\n".join(told)


def test_many_schedules_of_few_jobs(tmp_path: Path) -> None:
    check_many(tmp_path, 60, 4)


@pytest.mark.torture
def test_a_thousand_schedules_of_twenty_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = check_many(tmp_path, 1000, 20)
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201 - the figures, for whoever runs it


def test_it_asks_several_things_at_a_time_and_stays_under_the_limits(tmp_path: Path) -> None:
    folder = repository(tmp_path, jobs=2, steps=20, schedules=2)
    limits = (20.0, 40.0)
    time = VirtualClock()
    with StandIn(reads=limits, latency=0.02, monotonic=time.clock) as arm:
        arm.assets.register("environments", "env", "1", {"image": "python:3.11"})
        to = opened(arm, Limits(reads=limits), time)
        assert planned(folder, to).count(Action.CREATE) == 2
        assert calls(arm) == {
            "GET list": 1,
            "GET code": 40,
            "GET environment": 1,
            "GET component": 40,
            "GET compute": 1,
        }
        assert arm.most_at_once > 4
        assert [call.status for call in arm.calls if call.status == 429] == []


_OPENED: list[str] = []
"""The files that this process opens, where a test listens."""


@pytest.fixture
def opened_files() -> Iterator[list[str]]:
    if not _HOOKED:
        _HOOKED.append(True)  # a hook cannot be taken away
        sys.addaudithook(_heard)
    _OPENED.clear()
    _LISTENING.append(True)
    yield _OPENED
    _LISTENING.clear()


_HOOKED: list[bool] = []
_LISTENING: list[bool] = []


def _heard(event: str, args: tuple[object, ...]) -> None:
    if event == "open" and _LISTENING and isinstance(args[0], str):
        _OPENED.append(args[0])


def test_how_often_a_file_of_code_is_opened(tmp_path: Path, opened_files: list[str]) -> None:
    """Once for its digest, once for the hash by which Azure may have it, once to be sent."""
    folder = single(tmp_path, "a", "b", "c")
    large = folder / "src" / "model.bin"
    large.write_bytes(b"text\r\n" * (1 << 18))
    with StandIn() as arm:
        for expected in (3, 2):
            opened_files.clear()
            assert [result.error for result in applied(folder, arm)] == [None] * 3
            for path in (large, folder / "src" / "train.py"):
                assert opened_files.count(str(path)) == expected
