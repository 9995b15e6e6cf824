"""A repository of generated schedules: generate.py FOLDER COUNT [--seed N] [--changed].

The same arguments give the same bytes. Writes `reconciler.yaml` with one local target, COUNT files
of about 25 lines in `schedules/`, and in `pipelines/` the job files to publish before a plan. With
--changed one file in a hundred has another input and another tag.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

FAMILIES = ("churn", "embeddings", "forecast", "fraud", "pricing", "ranking")
STAGES = ("prepare", "train", "evaluate", "score")
TEAMS = ("ads", "growth", "ops", "risk", "search")
ZONES = ("UTC", "Europe/Berlin", "Europe/Lisbon", "America/New_York", "Asia/Tokyo")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = range(4, 23)  # not where clocks change: warnings are not what is measured

CONFIG = """\
owner: benchmark
schedules: [schedules]
targets:
  local: { provider: local, workspace: .reconciler/workspace.db }
"""

JOB = """\
type: pipeline
name: {name}
description: The step {stage} of the model {family}.
inputs: {{ learning_rate: 0.01, epochs: 10, batch_size: 64, use_gpu: false }}
jobs:
  {stage}:
    command: >-
      echo ${{{{inputs.learning_rate}}}} ${{{{inputs.epochs}}}}
    inputs:
      learning_rate: ${{{{parent.inputs.learning_rate}}}}
      epochs: ${{{{parent.inputs.epochs}}}}
"""

SCHEDULE = """\
# one schedule per file
name: {name}
description: Keeps the {family} model of the team {team} fresh, variant {variant}
trigger:
{trigger}
  time_zone: {zone}
create_job:
  type: pipeline
  job: azureml:{family}-{stage}
  experiment_name: {family}-{team}
  inputs:
    learning_rate: {rate}
    epochs: {epochs}
    batch_size: {batch}
    use_gpu: {gpu}
is_enabled: {enabled}
tags:
  team: {team}
  cost_center: cc-{cost}
  managed_by: git
"""

RECURRENCE = """\
  type: recurrence
  frequency: {frequency}
  interval: {interval}
  start_time: "2026-{month:02d}-{day:02d}T06:00:00"
  schedule:
    hours: {hours}
    minutes: {minutes}
    week_days: [{days}]"""

CRON = """\
  type: cron
  expression: "{minutes} {hours} * * {days}"
  start_time: "2026-{month:02d}-{day:02d}T06:00:00\""""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--changed", action="store_true")
    args = parser.parse_args()
    write_repository(args.folder, args.count, args.seed, changed=args.changed)


def write_repository(folder: Path, count: int, seed: int = 7, *, changed: bool = False) -> None:
    for name in ("schedules", "pipelines"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    for family in FAMILIES:
        for stage in STAGES:
            name = f"{family}-{stage}"
            text = JOB.format(name=name, family=family, stage=stage)
            (folder / "pipelines" / f"{name}.yml").write_text(text, encoding="utf-8")
    random = Random(seed)
    for index in range(count):
        name, text = _schedule(random, index, changed and index % 100 == 0)
        (folder / "schedules" / f"{name}.yaml").write_text(text, encoding="utf-8")


def _schedule(random: Random, index: int, changed: bool) -> tuple[str, str]:
    family, team = random.choice(FAMILIES), random.choice(TEAMS)
    name = f"{family}-{team}-{index:05d}"
    text = SCHEDULE.format(
        name=name,
        family=family,
        team=team,
        variant=random.randrange(10**6),
        stage=random.choice(STAGES),
        trigger=_trigger(random),
        zone=random.choice(ZONES),
        rate=round(random.uniform(0.001, 0.1), 5),
        epochs=random.randrange(1, 200) + changed,
        batch=random.choice((32, 64, 128)),
        gpu=random.choice(("true", "false")),
        enabled="true" if random.random() < 0.9 else "false",
        cost=random.randrange(1000, 9999) + changed,
    )
    return name, text


def _trigger(random: Random) -> str:
    recurs = random.random() < 0.7
    hours = sorted(random.sample(HOURS, random.randrange(1, 4)))
    minutes = sorted(random.sample(range(0, 60, 5), random.randrange(1, 3)))
    days = sorted(random.sample(range(7), random.randrange(1, 6)))
    month, day = random.randrange(1, 13), random.randrange(1, 28)
    if recurs:
        return RECURRENCE.format(
            frequency=random.choice(("week", "month")),
            interval=random.randrange(1, 5),
            month=month,
            day=day,
            hours=hours,
            minutes=minutes,
            days=", ".join(DAYS[day] for day in days),
        )
    return CRON.format(
        hours=",".join(map(str, hours)),
        minutes=",".join(map(str, minutes)),
        days=",".join(map(str, days)),
        month=month,
        day=day,
    )


if __name__ == "__main__":
    main()
