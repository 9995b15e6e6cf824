"""What `run` and `agent` have in common: agents for targets that have no data triggers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from reconciler.agent.agents import Agents, Open
from reconciler.cli.events import Log
from reconciler.config import Target
from reconciler.loop.memory import Declared
from reconciler.loop.provider_pool import OpenTarget
from reconciler.providers import has_agent
from reconciler.providers.base import Provider


def wants_agent(target: Target) -> bool:
    """Whether it says that our agent looks at datastores for it."""
    return target.provider == "azureml" and has_agent(target.options)


def with_agents(open_target: OpenTarget, agents: Agents) -> OpenTarget:
    """`open_target`, which has an agent follow what it opens, where the target says so."""

    def opened(declared: Declared) -> Provider:
        name = declared.target.name
        if wants_agent(declared.target):
            # Without what it declares, which the loop keeps as small as it can.
            agents.follow(name, partial(open_target, replace(declared, schedules=())))
        else:
            agents.drop(name)
        return open_target(declared)

    return opened


class OnceAfter:
    """Remembers what was opened, for one turn of each agent at the end."""

    def __init__(self, open_target: OpenTarget) -> None:
        self._open = open_target
        self._declared: dict[str, Declared] = {}

    def __call__(self, declared: Declared) -> Provider:
        """As OpenTarget."""
        if wants_agent(declared.target):
            self._declared[declared.target.name] = replace(declared, schedules=())
        return self._open(declared)

    def turns(self, agents: Agents, log: Log) -> bool:
        """Make them; whether all went well."""
        well = True
        for name, declared in self._declared.items():
            well &= one_turn(agents, name, partial(self._open, declared), log)
        return well


def one_turn(agents: Agents, target: str, opened: Open, log: Log) -> bool:
    """One turn of a target's agent, said; whether it went well."""
    turn = agents.once(target, opened)
    if turn is None:
        log("data_standby", target=target)
        return False
    log(
        "data_turn",
        target=target,
        schedules=turn.watches,
        submitted=sum(turn.submitted.values()),
        pending=turn.pending,
        failing=len(turn.failing),
        refused=len(turn.refused),
        error=turn.trouble,
    )
    return not (turn.trouble or turn.failing or turn.refused)
