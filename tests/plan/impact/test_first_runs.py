"""What a plan says of the creation of a schedule."""

from __future__ import annotations

from dataclasses import replace

from helpers import OWNER, TARGET, schedule

from reconciler.model import Action, Change, Fires, FireWarning, Impact, LiveSchedule, Plan
from reconciler.plan.impact.first_runs import with_first_runs

ENDED = FireWarning("ended", "it ends")
IMPACT = Impact(None, Fires(0), warnings=(ENDED,))


def told(change: Change, message: str | None = "it runs") -> tuple[str, ...]:
    plan = with_first_runs(Plan(TARGET, OWNER, (change,)), lambda made: message)
    impact = plan.changes[0].impact
    return tuple(warning.kind for warning in impact.warnings) if impact is not None else ()


def test_only_what_is_created_and_enabled_is_told_of() -> None:
    made = schedule("a")
    create = Change(Action.CREATE, made.key, None, made, impact=IMPACT)
    live = LiveSchedule(made, OWNER, "1")
    assert told(create) == ("immediate", "ended")
    assert told(create, None) == ("ended",)
    assert told(replace(create, after=replace(made, enabled=False))) == ("ended",)
    assert told(replace(create, impact=None)) == ()
    assert told(replace(create, action=Action.UPDATE, before=live)) == ("ended",)
