"""Policies about fires against a walk along every fire: what is counted as bits is what fires."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers import schedule

from reconciler.declare.findings import Finding
from reconciler.firing import next_fires
from reconciler.model import Problem, Schedule
from reconciler.policies.check import check_policies
from reconciler.policies.rules import LeastDistance, MostFires, NoFires, Per, Policy, Rule

NOW = datetime(2026, 11, 20, 12, 34, tzinfo=UTC)
START = datetime(2026, 11, 20, tzinfo=UTC)
END = START + timedelta(days=366)
SEEDS = [seed if seed < 5 else pytest.param(seed, marks=pytest.mark.torture) for seed in range(40)]
ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York")
CALENDAR = b"2026-12-24/2026-12-26\n2027-03-28 spring\n2027-10-31\n2027-11-20 the last one\n"


def check(rule: Rule, *schedules: Schedule) -> list[Problem]:
    def at_policy(finding: Finding) -> Problem:
        return Problem(finding.code, "error", "reconciler.yaml", finding.message)

    policies = [Policy("p", rule, 0)]
    return check_policies(schedules, policies, now=NOW, root=Path("/nowhere"), at_policy=at_policy)


def trigger(chance: random.Random) -> dict[str, object]:
    zone = {"time_zone": chance.choice(ZONES)}
    if chance.random() < 0.5:
        minute, hour = chance.choice(("0", "*/30", "7,45")), chance.choice(("3", "*/4", "0-6/2"))
        days = chance.choice(("* * *", "* * 1-5", "1 * *", "* 12 *"))
        return {"type": "cron", "expression": f"{minute} {hour} {days}", **zone}
    start = (START + timedelta(minutes=chance.randrange(-9000, 90000), seconds=17)).replace(
        tzinfo=None
    )
    frequency = chance.choice(("minute", "hour", "day", "week", "month"))
    interval = chance.randrange(20, 90) if frequency == "minute" else chance.randrange(1, 5)
    return {
        "type": "recurrence",
        "frequency": frequency,
        "interval": interval,
        "start_time": start.isoformat(),
        **zone,
    }


def fires(one: Schedule) -> list[datetime]:
    return list(next_fires(one.trigger, START - timedelta(seconds=1), END, START))[:20_000]


def some(seed: int) -> list[Schedule]:
    chance = random.Random(seed)
    return [schedule(f"s{n}", trigger=trigger(chance)) for n in range(chance.randrange(1, 6))]


@pytest.mark.parametrize("seed", SEEDS[:12])
@pytest.mark.parametrize("per", ["minute", "hour", "day"])
def test_most(seed: int, per: Per) -> None:
    made = some(seed)
    sizes = {"minute": 60, "hour": 3600, "day": 86400}
    met = Counter(
        int(at.timestamp()) // sizes[per] for one in made for at in fires(one) if at < END
    )
    worst = max(met.values())
    assert check(MostFires(worst, per), *made) == []
    (said,) = check(MostFires(worst - 1, per), *made)
    assert said.message.startswith(f'policy "p": {worst:,} fires in target local, ')
    number = sum(count == worst for count in met.values())
    assert ("; there are" in said.message) == (number > 1)
    assert number == 1 or f"; there are {number:,} such {per}s in 366 days" in said.message
    first = min(when for when, count in met.items() if count == worst) * sizes[per]
    assert f", {datetime.fromtimestamp(first, UTC):%Y-%m-%d}" in said.message


@pytest.mark.parametrize("seed", SEEDS)
def test_none(seed: int) -> None:
    made = some(seed)
    zone = ZoneInfo(ZONES[seed % 4])
    said = {
        p.message.split(" it fires at ")[1][:16] for p in check(NoFires(CALENDAR, zone.key), *made)
    }
    days = {"2026-12-24", "2026-12-25", "2026-12-26", "2027-03-28", "2027-10-31", "2027-11-20"}
    wanted = set()
    for one in made:
        there = [at.astimezone(zone) for at in fires(one) if at < END]
        first = next((at for at in there if f"{at:%Y-%m-%d}" in days), None)
        if first is not None:
            wanted.add(f"{first:%Y-%m-%d %H:%M}")
    assert said == wanted


@pytest.mark.parametrize("seed", SEEDS)
def test_apart(seed: int) -> None:
    made = some(seed)
    minutes = random.Random(seed).choice((1, 2, 15, 61, 300))
    found = check(LeastDistance(timedelta(minutes=minutes)), *made)
    all_of = [[int(at.timestamp()) // 60 for at in fires(one) if at < END] for one in made]
    wanted = set()
    for later, mine in enumerate(all_of):
        others = sorted(at for ats in all_of[:later] for at in ats)
        taken = {at + n for at in others for n in range(1 - minutes, minutes)}
        hit = next((at for at in mine if at in taken), None)
        if hit is not None:
            wanted.add(f"{datetime.fromtimestamp(hit * 60, UTC):%Y-%m-%d %H:%M} UTC")
    assert {p.message.split(" it fires at ")[1][:20] for p in found} == wanted


def test_who_is_held_is_not_counted() -> None:
    one = schedule("a", is_enabled=False)
    assert check(MostFires(0, "minute"), one) == []
    assert check(NoFires(b"2026-11-20/2027-11-20"), one, schedule("b")) != []
    assert check(LeastDistance(timedelta(days=1)), schedule("b"), one) == []
