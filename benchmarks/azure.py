"""Azure Machine Learning against a stand-in: what a change costs, a whole apply, a large plan.

azure.py [--quick]: prints a Markdown table; --quick plans 1,000 schedules in place of 10,000. The
stand-in is that of the tests, in a process of its own; a call takes 50 ms there. "One call each": a
service that has done the put when it answers. Azure answers with an operation, which is asked for
once ("put and polled"): two calls a change. Beside it, a bare requests.Session makes the same calls
from as many threads, and dbt-jobs-as-code syncs as many new jobs to a stand-in for dbt Cloud.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.request import urlopen

import requests
from generate import write_repository
from requests.adapters import HTTPAdapter
from run import ENVIRONMENT, HERE, RECONCILER, RUNS, WORK, Command, Cost, Goal, run, spread

from reconciler.apply import apply_plan
from reconciler.cli.session import Session
from reconciler.model import Outcome, Plan
from reconciler.providers.azureml.client import API_VERSION, Client
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import plan_target

CHANGES = 200
LATENCY = 0.05
PAGE = 100
TOKEN = "a-token"
SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
FOLDER = WORK / "azure"
DBT = WORK / "dbt"

CONFIG = """\
owner: benchmark
schedules: [schedules]
targets:
  azure:
    provider: azureml
    subscription_id: {subscription}
    resource_group: test-rg
    workspace: test-ws
    endpoint: {endpoint}
    rate_limits:
      reads: {{ burst: 1000000, per_second: 1000000 }}
      writes: {{ burst: 1000000, per_second: 1000000 }}
"""

DBT_JOB = """\
  job{number:05d}:
    name: Job {number}
    description: Builds the models of team {number}
    account_id: 1
    project_id: 10
    environment_id: 100
    dbt_version: null
    execute_steps:
      - dbt run --select team_{number}
      - dbt test --select team_{number}
    generate_docs: false
    run_generate_sources: true
    settings: {{ target_name: prod, threads: 4 }}
    schedule: {{ cron: "{minute} {hour} * * 1,3,5" }}
    triggers: {{ git_provider_webhook: false, github_webhook: false, schedule: true }}
"""


class Row(NamedTuple):
    figure: str
    goal: Goal | None
    values: list[float]
    calls: str = ""
    took: str = ""


# ------------------------------------------------------------------------------------- stand-ins


def serve(latency: float, polled: bool) -> None:
    """The stand-in of the tests; or one whose puts are done, and say so, when they are answered."""
    sys.path.insert(0, str(HERE.parent))
    from tests.fakes.arm import Call, StandIn
    from tests.fakes.messages import Answer

    class Done(StandIn):
        def _handle(self, call: Call) -> Answer:
            answer = super()._handle(call)
            if call.method == "PUT":
                answer.body = answer.body.replace(b'"Creating"', b'"Succeeded"')
            return answer

    kind = StandIn if polled else Done
    with kind(latency=latency, async_header=polled, page_size=PAGE) as arm:
        print(arm.address, flush=True)
        sys.stdin.read()


@contextmanager
def process(*arguments: str) -> Iterator[str]:
    """The address of a stand-in in a process of its own."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as stand_in:
        assert stand_in.stdout is not None
        try:
            yield stand_in.stdout.readline().strip()
        finally:
            stand_in.communicate()  # ends its input, and with it the process


def azure(latency: float, polled: bool) -> Any:
    return process(str(HERE / "azure.py"), "serve", str(latency), "polled" if polled else "once")


def report(address: str) -> dict[str, Any]:
    with urlopen(f"{address}/_stand-in") as answer:
        found: dict[str, Any] = json.load(answer)
    if found.get("violations"):
        sys.exit(f"the calls break the contract: {found['violations'][:3]}")
    return found


def counted(address: str) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in sorted(report(address)["counts"].items()))


def repository(count: int, address: str) -> Path:
    """The configuration of so many schedules, generated once, for that stand-in."""
    folder = FOLDER / str(count)
    if not folder.exists():
        write_repository(folder, count)
    config = folder / "reconciler.yaml"
    config.write_text(CONFIG.format(subscription=SUBSCRIPTION, endpoint=address), encoding="utf-8")
    return config


# -------------------------------------------------------------------------------- the change phase


class Recorder:
    """Takes the place of the client's `put`: what would be sent."""

    def __init__(self) -> None:
        self.sent: dict[str, Mapping[str, Any]] = {}

    def __call__(self, name: str, properties: Mapping[str, Any], operation: str) -> None:
        self.sent[name] = properties


def planned(address: str) -> tuple[Plan, AzureMLProvider]:
    session = Session(str(repository(CHANGES, address)))
    targets = session.targets(None)
    declared = session.declared(targets)[targets[0].name]
    provider = session.provider(targets[0])
    assert isinstance(provider, AzureMLProvider)
    return plan_target(declared, provider, owner="benchmark"), provider


def bodies(address: str) -> dict[str, Mapping[str, Any]]:
    """What is put for each of the changes."""
    plan, provider = planned(address)
    client: Client = provider._client
    recorder = Recorder()
    setattr(client, "put", recorder)  # noqa: B010
    apply_plan(plan, provider, parallelism=1)
    return recorder.sent


def our_changes(address: str, at_once: int) -> float:
    plan, provider = planned(address)
    start = time.perf_counter()
    results = apply_plan(plan, provider, parallelism=at_once)
    took = time.perf_counter() - start
    if sum(result.outcome is Outcome.CREATED for result in results) != CHANGES:
        sys.exit(f"not all were created: {results[0]}")
    return took


def bare_changes(address: str, at_once: int, sent: Mapping[str, Mapping[str, Any]]) -> float:
    """The same calls by requests alone: one session, a pool of as many connections as threads."""
    base = (
        f"{address}/subscriptions/{SUBSCRIPTION}/resourceGroups/test-rg/providers"
        "/Microsoft.MachineLearningServices/workspaces/test-ws/schedules"
    )
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(pool_maxsize=at_once))
        session.headers["Authorization"] = f"Bearer {TOKEN}"

        def put(name: str) -> None:
            answer = session.put(
                f"{base}/{name}",
                params={"api-version": API_VERSION},
                json={"properties": sent[name]},
                timeout=60,
            )
            answer.raise_for_status()
            operation = answer.headers.get("Azure-AsyncOperation")
            if operation:
                session.get(operation, timeout=60).raise_for_status()

        session.get(base, params={"api-version": API_VERSION}, timeout=60).raise_for_status()
        start = time.perf_counter()
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(put, sent))
        return time.perf_counter() - start


def phases() -> Iterator[Row]:
    with azure(0, polled=False) as address:
        sent = bodies(address)
    for polled in (False, True):
        for at_once, bound in ((16, 1.2), (32, 1.3)):
            ideal = math.ceil(CHANGES / at_once) * LATENCY * (1 + polled)
            how = "put and polled" if polled else "one call each"
            figure = f"{CHANGES} creates, {how}, {at_once} at a time / ideal"
            say(figure)
            ours, bare = [], []
            for _ in range(RUNS):
                with azure(LATENCY, polled) as address:
                    ours.append(our_changes(address, at_once))
                    calls = counted(address)
                with azure(LATENCY, polled) as address:
                    bare.append(bare_changes(address, at_once, sent))
                    bare_calls = counted(address)
            for name, goal, took, made in (
                (figure, Goal("<=", bound), ours, calls),
                ("the same by a bare requests.Session / ideal", None, bare, bare_calls),
            ):
                shown = f"{median(took) * 1000:.0f} ms of {ideal * 1000:.0f}"
                yield Row(name, goal, [t / ideal for t in took], made, shown)


# ------------------------------------------------------------------------------- the whole command


def command(verb: str, config: Path, *options: str) -> Cost:
    arguments = (RECONCILER, verb, "--config", str(config), *options)
    return run(Command(f"reconciler {verb}", arguments))


def dbt_sync() -> tuple[float, str]:
    """Seconds of one sync of as many new jobs, and its calls."""
    program = str(DBT / "bin" / "dbt-jobs-as-code")
    if not (DBT / "bin" / "python").exists():
        venv.create(DBT, with_pip=True)
    install = ("-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements-dbt.txt"))
    run(Command("pip install", (str(DBT / "bin" / "python"), *install)))
    run(Command("dbt-jobs-as-code --help", (program, "--help")))  # writes the bytecode
    jobs = FOLDER / "jobs.yml"
    made = (DBT_JOB.format(number=n, minute=n % 60, hour=4 + n % 18) for n in range(CHANGES))
    jobs.write_text("jobs:\n" + "".join(made), encoding="utf-8")
    with process(str(HERE / "dbt_cloud.py"), str(LATENCY)) as address:
        ENVIRONMENT.update(DBT_API_KEY="a-key", DBT_BASE_URL=address)
        cost = run(Command("dbt-jobs-as-code sync", (program, "sync", str(jobs))))
        calls = counted(address)
        made_jobs = report(address)["counts"].get("POST jobs", 0)
    if made_jobs != CHANGES:
        sys.exit(f"dbt-jobs-as-code made {made_jobs} jobs: {calls}")
    return cost.wall, calls


def whole() -> Iterator[Row]:
    say(f"dbt-jobs-as-code sync of {CHANGES}")
    theirs, calls = dbt_sync()
    yield Row(f"dbt-jobs-as-code sync of {CHANGES} jobs, s", None, [theirs], calls)
    for polled in (False, True):
        for at_once in (16, 32):
            how = "put and polled" if polled else "one call each"
            figure = f"that / reconciler apply of {CHANGES}, {how}, --parallelism {at_once}"
            say(figure)
            took = []
            for attempt in range(RUNS + 1):
                with azure(LATENCY, polled) as address:
                    config = repository(CHANGES, address)
                    cost = command("apply", config, "--yes", "--parallelism", str(at_once))
                    calls = counted(address)
                if attempt:  # the first is the warm-up
                    took.append(cost.wall)
            # The default is held to the goal; more at once is there to be seen.
            goal = Goal(">=", 15) if at_once == 16 else None
            ratios = [theirs / seconds for seconds in took]
            yield Row(figure, goal, ratios, calls, f"{theirs:.2f} s / {median(took):.2f} s")
    with azure(LATENCY, polled=False) as address:
        config = repository(CHANGES, address)
        walls = [command("plan", config).wall for _ in range(RUNS)]
    yield Row(f"reconciler plan of the same {CHANGES}, s: what apply does before", None, walls)


# --------------------------------------------------------------------------------- the large plan


def large(count: int) -> Iterator[Row]:
    say(f"plan of {count:,}")
    with azure(0, polled=False) as address:
        config = repository(count, address)
        command("apply", config, "--yes")
        costs, gets = [], []
        for _ in range(RUNS):
            before = report(address)["counts"]
            costs.append(command("plan", config, "--exit-code"))  # fails where there is a change
            after = report(address)["counts"]
            gets.append(sum(after.values()) - sum(before.values()))
            listed = after["GET list"] - before["GET list"]
    figure = f"reconciler plan of {count:,} unchanged"
    memory = [cost.memory for cost in costs]
    took = f"{median(cost.wall for cost in costs):.2f} s"
    yield Row(f"{figure}, peak memory, MiB", Goal("<=", 400), memory, "", took)
    pages = math.ceil(count / PAGE)
    each = [n / pages for n in gets]
    yield Row(f"{figure}, calls / {pages} pages", Goal("<=", 1), each, f"{listed} GET list")


# ----------------------------------------------------------------------------------------- results


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def line(row: Row) -> str:
    goal, verdict = "", ""
    if row.goal is not None:
        goal = f"{row.goal.sign} {row.goal.bound:g}"
        verdict = "reached" if row.goal.met(median(row.values)) else "**not reached**"
    cells = (row.figure, goal, spread(row.values), verdict, row.calls, row.took)
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick: bool = parser.parse_args().quick
    ENVIRONMENT["AZURE_ACCESS_TOKEN"] = os.environ["AZURE_ACCESS_TOKEN"] = TOKEN
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    rows = [*phases(), *whole(), *large(1_000 if quick else 10_000)]
    print("\n## Azure Machine Learning, against a stand-in\n")
    print("| Figure | Goal | Measured | | Calls | Took |")
    print("|-|-|-|-|-|-|")
    for row in rows:
        print(line(row))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(float(sys.argv[2]), sys.argv[3] == "polled")
    else:
        main()
