"""Schedules against policies -> Problems, each at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reconciler.declare.findings import Finding, clip
from reconciler.declare.places import Places
from reconciler.document import document_from_schedule
from reconciler.model import Problem, Schedule
from reconciler.policies.fire_rules import Said, too_close, too_many, when_closed
from reconciler.policies.fires import Year
from reconciler.policies.rules import (
    LeastDistance,
    MatchesSchema,
    MostFires,
    NoFires,
    Policy,
)
from reconciler.policies.schema_rule import against_schema


def check_policies(
    schedules: Sequence[Schedule],
    policies: Sequence[Policy],
    *,
    now: datetime,
    root: Path,
    at_policy: Callable[[Finding], Problem],
    whole: bool = True,
) -> list[Problem]:
    """What is against a policy, sorted by place.

    `schedules` are those of every target that is looked at; not `whole`: only some of the files
    were read, and nothing is counted. `at_policy` places what has to do with all of them, by its
    path in reconciler.yaml.
    """
    if not policies:
        return []
    year, places, problems = Year(now), Places(root), dict[Problem, None]()
    for policy in policies:
        concerned = [one for one in schedules if policy.concerns(one)]
        for schedule, finding in _against(policy, concerned, year, whole):
            said = replace(finding, message=_message(policy, finding), hint=policy.message)
            problem = at_policy(said) if schedule is None else places.of_schedule(schedule, said)
            problems[replace(problem, severity=policy.severity)] = None
    return sorted(problems, key=lambda problem: problem.order)


def _message(policy: Policy, finding: Finding) -> str:
    return f'policy "{clip(policy.name)}": {finding.message}'


def _against(policy: Policy, schedules: Sequence[Schedule], year: Year, whole: bool) -> Said:
    match policy.rule:
        case MatchesSchema():
            return _schema(policy.rule, schedules)
        case MostFires():
            return too_many(policy, policy.rule, schedules, year) if whole else iter(())
        case NoFires():
            return when_closed(policy, policy.rule, schedules, year)
        case LeastDistance():
            return too_close(policy.rule, schedules, year)


def _schema(rule: MatchesSchema, schedules: Iterable[Schedule]) -> Said:
    for schedule in schedules:
        document = {"name": schedule.key.name, **document_from_schedule(schedule)}
        for path, phrase in against_schema(document, rule.schema):
            where = f"{'.'.join(map(str, path))}: " if path else ""
            yield schedule, Finding("POL001", path, where + phrase)
