"""What a configuration's files declare, and all that is wrong with it, its policies included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.config import Config, Target
from reconciler.declare.repository import Declarations, Progress, read_declarations
from reconciler.policies.check import check_policies


def declarations_of(
    config: Config,
    targets: Sequence[Target],
    *,
    now: datetime,
    patterns: Sequence[str] | None = None,
    progress: Progress | None = None,
    allow_empty: bool = False,
) -> Declarations:
    """Read and check every file for `targets`, at the aware instant `now`.

    `patterns`, relative to the configuration's folder, stand in for its own: what is read then is
    not the whole, and policies that count say nothing of it.
    """
    found = read_declarations(
        config.schedules if patterns is None else patterns,
        base=config.folder,
        root=config.root,
        targets=[target.settings for target in targets],
        known_targets=config.target_names,
        now=now,
        exclude=config.exclude if patterns is None else (),
        progress=progress,
        code_limits=config.code_limits,
        allow_empty=allow_empty,
    )
    against = check_policies(
        found.schedules,
        config.policies,
        now=now,
        root=config.root,
        at_policy=config.place,
        whole=patterns is None,
    )
    if not against:
        return found
    problems = sorted([*found.problems, *against], key=lambda problem: problem.order)
    return replace(found, problems=tuple(problems))
