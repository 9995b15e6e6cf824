"""What `comment`, `issue` and `reviewed` share: their options, and the plans of a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli.output import out
from reconciler.cli.saved_plans import read_plan
from reconciler.forge.marker import MOST_CHANGES, PENDING, Marker, change_marks, plan_digest
from reconciler.forge.summary import write_summary

F = TypeVar("F", bound=Callable[..., Any])

plan_option = click.option(
    "--plan",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A plan that `reconciler plan --out FILE` wrote.",
)
number_option = click.option(
    "--pull-request",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="The pull request; without it, the one that the CI job runs for.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would be written, and call nobody."
)


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of one target, as the file shows it."""

    plan: Mapping[str, Any]
    digest: str
    changes: Mapping[str, str]
    """The mark of each change that is one, by the name of its schedule."""
    provider: str = "local"
    identity: str | None = None
    """Of the workspace; None: it did not exist."""
    commit: str | None = None
    """That the plan was made at."""

    @property
    def pending(self) -> bool:
        """Whether there is something to change, or it is refused."""
        counts = self.plan["summary"]
        return bool(self.plan["refusals"]) or any(counts[action] for action in PENDING)

    @property
    def not_ours(self) -> int:
        """Schedules that are declared, and not applied, for they are somebody else's."""
        count: int = self.plan["summary"]["skip"]
        return count

    @property
    def marker(self) -> Marker:
        """What marks its comment."""
        listed = tuple(sorted(self.changes.values())) if len(self.changes) <= MOST_CHANGES else ()
        return Marker("plan", self.plan["target"], self.plan["owner"], self.digest, listed)


def environment() -> Mapping[str, str]:
    """The variables of the CI job."""
    return os.environ


def add_summary(text: str) -> None:
    """Put Markdown into the summary of the CI job, if it has one."""
    line = write_summary(environment(), text)
    if line is not None:
        out(line + "\n")


def read_plans(file: Path) -> list[Planned]:
    """The plans that a file shows. It may come from anywhere: it does not say who sees them."""
    saved = read_plan(file)
    return [
        Planned(
            plan,
            plan_digest(target, saved.owner, plan["refusals"]),
            change_marks(target, saved.owner),
            target.provider,
            target.identity,
            saved.commit,
        )
        for plan, target in zip(saved.shown["plans"], saved.targets, strict=True)
    ]
