"""Files that `az ml` reads by YAML 1.1: imported, Microsoft's client sends the same for them."""

from __future__ import annotations

import random
import re
from pathlib import Path

from fakes.arm import StandIn
from helpers import environment, run, write

from interop.judge import microsoft, needed
from reconciler.declare.checking.two_readings import two_readings

PLAIN = re.split(
    r"\s+",
    "no On OFF yes Y n true 01234 0644 08 1_000 +1 1.10 1e3 1E3 1.5e3 1.5e+3 0o17 0x1F 0b11"
    " 12:30:45 1:10 190:20:30.15 .5 5. -0 1__0 +12e03 007 ~x null_ 0_ 1.2.3",
)
COUNTS = ["1", "2", "010", "012", "0b11", "1_0", "07"]


def document(name: str, rng: random.Random) -> str:
    def values(indent: str, count: int) -> str:
        return "".join(f"{indent}v{n}: {rng.choice(PLAIN)}\n" for n in range(count))

    return (
        f"name: {name}\n"
        f"trigger: {{type: recurrence, frequency: day, interval: {rng.choice(COUNTS)},"
        f" schedule: {{hours: [{rng.choice(COUNTS)}], minutes: [{rng.choice(COUNTS)}]}}}}\n"
        f"create_job:\n  type: pipeline\n  job: azureml:train:1\n  experiment_name: 1_000x\n"
        f"  settings: {{continue_on_step_failure: {rng.choice(['no', 'on', 'true'])}}}\n"
        f"  inputs:\n{values('    ', 8)}"
    )


@needed
def test_the_client_sends_the_same_for_what_was_imported(tmp_path: Path) -> None:
    rng = random.Random(19)
    names = [f"s{number}" for number in range(40)]
    config = "owner: us\nschedules: [schedules]\n"
    config += "targets: {local: {provider: local, workspace: w.db}}\n"
    write(tmp_path, {"reconciler.yaml": config})
    write(tmp_path, {f"old/{name}.yml": document(name, rng) for name in names})
    files = [f"old/{name}.yml" for name in names]
    done = run(tmp_path, "import", *files, env=environment())
    assert done.code == 0, done.text
    sent = []
    for folder in ("old", "schedules"):
        with StandIn() as arm:
            steps = [{"do": "create", "file": str(tmp_path / folder / f"{n}.yml")} for n in names]
            made = microsoft(arm.address, steps)
            assert all("ok" in one for one in made), made
            sent.append({c.name: c.body for c in arm.called() if c.method == "PUT"})
    assert sent[0].keys() == set(names)
    assert sent[0] == sent[1]
    for name in names:
        path = tmp_path / f"schedules/{name}.yml"
        assert two_readings(path.read_bytes(), name) == [], path.read_text("utf-8")
