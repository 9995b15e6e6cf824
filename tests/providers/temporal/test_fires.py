"""Fires, judged by Temporal: ListScheduleMatchingTimes says when a schedule would wake.

Where a schedule is not asked, these are our fires, no more and no less; where it is, they hold all
of them.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from providers.temporal.server import NAMESPACES, OpenedNamespace, connected, needed, served
from reconciler.firing import next_fires
from reconciler.firing.rules.cron import check
from reconciler.model import WEEK_DAYS, Cron, Frequency, Pattern, Recurrence
from reconciler.providers.temporal.connection import Background
from reconciler.providers.temporal.specs.lowering import lower

pytestmark = needed
SINCE = datetime(2026, 11, 28, 12, tzinfo=UTC)
CREATED = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
YEAR = timedelta(days=366)
ZONES = (
    *("UTC", "Europe/Lisbon", "Europe/Berlin", "Europe/Dublin", "Asia/Kathmandu", "Asia/Beirut"),
    *("America/New_York", "America/St_Johns", "America/Havana", "America/Santiago"),
    *("Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Asia/Tehran"),
    *("America/Sao_Paulo", "Pacific/Chatham", "Antarctica/Troll"),
)
"""Whose clocks change by an hour, by half of one, by two, at midnight, in Ramadan, or never."""
TRICKY = [
    Cron("30 1 * * *", time_zone="Europe/Lisbon"),
    Cron("30 2 * * *", time_zone="Europe/Berlin"),
    Cron("15 * * * *", time_zone="Europe/Berlin"),
    Cron("*/15 2 * * 1-5", time_zone="Europe/Berlin"),
    Cron("15 0-23 * * *", time_zone="Australia/Lord_Howe"),
    Cron("0 5 13 * 5"),
    Cron("0 0 L 2,4 *", time_zone="America/New_York"),
    Cron("0 3 * * 5L", time_zone="Pacific/Apia"),
    Cron("0 23 1 * *", time_zone="America/Santiago"),
    Cron("0 12 29 2 *"),
    Cron("7 10 * * 2,3", time_zone="America/Santiago"),
    Recurrence("hour", 5, None, datetime(2026, 1, 5, 0, 3), time_zone="America/New_York"),
    Recurrence("day", 3, None, datetime(2026, 1, 5, 8, 0, 17), time_zone="Europe/Berlin"),
    Recurrence("week", 2, Pattern((18,), (30,), ("monday",)), datetime(2026, 1, 5)),
    Recurrence("month", 1, None, datetime(2026, 1, 31, 6)),
    Recurrence("month", 3, Pattern((0,), (0,), (), (1, 31)), datetime(2026, 2, 1)),
    Recurrence("month", 5, Pattern((0,), (0,), ("friday",), (1,)), None, None, "Asia/Tehran"),
    Cron("0 * * * *", datetime(2026, 12, 1), datetime(2026, 12, 2, 3), "Europe/Paris"),
    Recurrence("day", 1, None, datetime(2026, 12, 1, 5), datetime(2026, 12, 4, 5)),
    Cron("0 2 * * *", end_time=datetime(2001, 1, 1)),
]


def field(pick: random.Random, low: int, high: int) -> str:
    kind = pick.random()
    if kind < 0.45:
        return "*"
    if kind < 0.55:
        return f"*/{pick.randint(2, max(2, (high - low) // 2))}"
    if kind < 0.7:
        first, last = sorted((pick.randint(low, high), pick.randint(low, high)))
        return f"{first}-{last}" if first < last else str(first)
    return ",".join(str(n) for n in sorted({pick.randint(low, high) for _ in range(3)}))


def a_trigger(pick: random.Random, *, often: bool) -> Recurrence | Cron:
    """Any; without `often` none that fires many times a day."""

    def moment(first: int, days: int) -> datetime:
        day = datetime(first, 1, 1) + timedelta(days=pick.randint(0, days))
        return day + timedelta(minutes=pick.randint(0, 1439), seconds=pick.choice([0, 0, 0, 17]))

    zone = pick.choice(ZONES)
    start = moment(2024, 1000) if pick.random() < 0.6 else None
    end = moment(2027, 400) if pick.random() < 0.2 else None
    if start is not None and end is not None and end <= start:
        end = None
    if pick.random() < 0.5:
        expression = "never"
        while check(expression) is not None:
            minute = str(pick.randint(0, 59))
            hour = str(pick.randint(0, 23))
            if often:
                minute = field(pick, 0, 59) if pick.random() < 0.3 else minute
                hour = field(pick, 0, 23) if minute != "*" else hour
            days, names = field(pick, 1, 31), field(pick, 0, 6)
            if pick.random() < 0.15:
                days = pick.choice(["L", "LW", "L,15"])
            elif pick.random() < 0.15:
                names = pick.choice(["5L", "1#2", "3#1,4"])
            expression = f"{minute} {hour} {days} {field(pick, 1, 12)} {names}"
        return Cron(expression, start, end, zone)
    frequency: Frequency = pick.choice(["minute", "hour", "day", "week", "month"])
    interval = pick.choice([1, 1, 1, 2, 3, 4, 5, 6, 7, 12])
    if frequency == "minute":
        interval = pick.choice([7, 15, 45, 90, 100] if often else [700, 1000])
    if frequency == "hour" and not often:
        interval += 6
    pattern = None
    if frequency not in ("minute", "hour") and pick.random() < 0.75:
        pattern = a_pattern(pick, 3 if often else 1)
    return Recurrence(frequency, interval, pattern, start, end, zone)


def a_pattern(pick: random.Random, most: int) -> Pattern | None:
    def some(low: int, high: int, most: int) -> tuple[int, ...]:
        return tuple(sorted({pick.randint(low, high) for _ in range(pick.randint(0, most))}))

    names = tuple(day for day in WEEK_DAYS if pick.random() < 0.3) if pick.random() < 0.5 else ()
    days = some(1, 31, 3) if pick.random() < 0.4 else ()
    found = Pattern(some(0, 23, most), some(0, 59, most), names, days)
    return found if found != Pattern() else None


class Judge:
    """Asks Temporal when schedules with a trigger would wake."""

    def __init__(self, target: OpenedNamespace) -> None:
        self._target = target
        self.asked = 0
        self.native = 0

    def differences(self, triggers: list[Recurrence | Cron]) -> list[str]:
        """Each trigger with which Temporal is not of our mind, and an instant of it."""

        async def all_of_them() -> list[str | None]:
            room = asyncio.Semaphore(16)

            async def one(trigger: Recurrence | Cron) -> str | None:
                async with room:
                    return await self._difference(uuid.uuid4().hex, trigger)

            return await asyncio.gather(*(one(each) for each in triggers))

        return [one for one in Background.run(all_of_them()) if one is not None]

    async def _difference(self, name: str, trigger: Recurrence | Cron) -> str | None:
        lowered = lower(trigger, CREATED)
        until = SINCE + YEAR
        ours = set(next_fires(trigger, SINCE, until, CREATED))
        wakes = {at async for at in self._wakes(name, trigger, until) if SINCE < at <= until}
        if lowered.asks is None:
            self.native += 1
            wrong = ours ^ wakes
        else:
            self.asked += 1
            wrong = ours - wakes
        if not wrong:
            return None
        return f"{trigger}: {len(wrong)} differ, the first at {min(wrong)}"

    async def _wakes(
        self, name: str, trigger: Recurrence | Cron, until: datetime
    ) -> AsyncIterator[datetime]:
        from temporalio.api.schedule.v1 import Schedule
        from temporalio.api.workflowservice.v1 import (
            CreateScheduleRequest,
            DescribeScheduleRequest,
            ListScheduleMatchingTimesRequest,
        )

        from reconciler.providers.temporal.specs.spec_wire import spec_to_wire

        connection = self._target.connection
        namespace = connection.namespace
        made = Schedule(spec=spec_to_wire(lower(trigger, CREATED).spec))
        made.action.start_workflow.workflow_id = name
        made.action.start_workflow.workflow_type.name = "Judged"
        made.action.start_workflow.task_queue.name = "nobody"
        made.state.paused = True
        await connection.call(
            "create_schedule",
            CreateScheduleRequest(
                namespace=namespace, schedule_id=name, schedule=made, request_id=name
            ),
        )
        found = await connection.call(
            "describe_schedule", DescribeScheduleRequest(namespace=namespace, schedule_id=name)
        )
        assert found.schedule.spec == made.spec, "it is not kept as it is sent"
        after = SINCE
        while after < until:
            request = ListScheduleMatchingTimesRequest(namespace=namespace, schedule_id=name)
            request.start_time.FromDatetime(after)
            request.end_time.FromDatetime(until)
            answer = await connection.call("list_schedule_matching_times", request)
            times = [one.ToDatetime(tzinfo=UTC) for one in answer.start_time]
            for time in times:
                yield time
            after = times[-1] if len(times) >= 1000 else until


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """Both engines ask one piece of code when a schedule is to wake."""
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield Judge(connected(server.address, NAMESPACES[0]))


def test_the_tricky_ones(judge: Judge) -> None:
    assert judge.differences(TRICKY) == []


def test_random_ones(judge: Judge) -> None:
    pick = random.Random(18)
    assert judge.differences([a_trigger(pick, often=False) for _ in range(20)]) == []
    assert judge.native > 10
    assert judge.asked > 10


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(10))
def test_a_thousand(judge: Judge, seed: int) -> None:
    pick = random.Random(seed)
    assert judge.differences([a_trigger(pick, often=True) for _ in range(100)]) == []
