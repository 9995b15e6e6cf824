"""`moved_from`: what fires in the old and the new target together is what fired before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import declaration, invoke, repository, write
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.moves import Move, handed_over, lint_move, move_of, moved
from reconciler.firing import next_fires
from reconciler.model import (
    Cron,
    DatastoreChange,
    Handover,
    Job,
    Key,
    Pattern,
    Recurrence,
    Schedule,
    Trigger,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Lisbon", "America/New_York", "Asia/Kathmandu"])
STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 1)).map(
    lambda one: one.replace(second=0, microsecond=0, fold=0)
)
CRONS = st.sampled_from(["*/20 * * * *", "0 2 * * *", "30 1,2,3 * * 1-5", "0 0 * * 0"])
PATTERNS = st.builds(
    Pattern,
    st.sampled_from([(3,), (1, 2, 13)]),
    st.sampled_from([(0,), (15, 45)]),
    st.sampled_from([(), ("monday", "sunday")]),
)


@st.composite
def triggers(draw: st.DrawFn) -> Trigger:
    zone, start = draw(ZONES), draw(STARTS)
    end = draw(st.none() | STARTS.map(lambda one: one + timedelta(days=900)))
    if draw(st.booleans()):
        return Cron(draw(CRONS), draw(st.sampled_from([None, start])), end, zone)
    interval = draw(st.integers(1, 5))
    pattern = draw(st.none() | PATTERNS)
    frequency = draw(st.sampled_from(["minute", "hour", "day", "week", "month"]))
    if frequency in ("minute", "hour"):
        return Recurrence(frequency, interval * 7, None, start, end, zone)  # type: ignore[arg-type]
    if pattern is not None and frequency != "week":
        pattern = Pattern(pattern.hours, pattern.minutes)
    return Recurrence(frequency, interval, pattern, start, end, zone)  # type: ignore[arg-type]


def schedule(trigger: Trigger, target: str = "old") -> Schedule:
    return Schedule(Key(target, "a"), trigger, Job("azureml:j"))


@settings(deadline=None, max_examples=100)
@given(triggers(), STARTS)
def test_no_fire_is_lost_or_doubled(trigger: Trigger, naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    if at <= NOW:
        at += timedelta(days=700)
    parts = [moved(schedule(trigger, name), Move("old", at), NOW) for name in ("old", "new")]
    wrong = [one for _, findings in parts for one in findings]
    if wrong:
        allowed = ("clocks change", "never fires from then on")
        assert all(any(each in one.message for each in allowed) for one in wrong), wrong
        return
    span = (at - timedelta(days=9), at + timedelta(days=9))
    fires = []
    for found, _ in parts:
        assert found is not None
        fires.append(list(next_fires(found.trigger, *span, span[0])))
    whole = list(next_fires(trigger, *span, span[0]))
    assert all(one < at for one in fires[0])
    assert all(one >= at for one in fires[1])
    assert fires[0] + fires[1] == whole


def test_what_is_said_until_then_and_after() -> None:
    trigger = Cron("0 2 * * *", time_zone="Europe/Lisbon")
    move = Move("old", datetime(2026, 12, 1))
    old, _ = moved(schedule(trigger), move, NOW)
    new, _ = moved(schedule(trigger, "new"), move, NOW)
    assert old is not None
    assert new is not None
    assert old.moved == (
        "it moves away at 2026-12-01 00:00 UTC; the last fire here is 2026-11-30 02:00 UTC,"
        " the first elsewhere 2026-12-01 02:00 UTC"
    )
    assert new.moved == (
        "until 2026-12-01 00:00 UTC it fires in old alone, then here; the last fire there is"
        " 2026-11-30 02:00 UTC, the first here 2026-12-01 02:00 UTC"
    )
    later = NOW + timedelta(days=30)
    gone, over = moved(schedule(trigger), move, later)
    assert gone is None
    assert [one.code for one in over] == ["SCH072"]
    stays, _ = moved(schedule(trigger, "new"), move, later)
    assert stays == new


def test_one_that_has_not_begun() -> None:
    later = Cron("0 2 * * *", start_time=datetime(2027, 1, 1))
    new, _ = moved(schedule(later, "new"), Move("old", datetime(2026, 12, 1)), NOW)
    assert new is not None
    assert new.trigger == later
    said = "until 2026-12-01 00:00 UTC it fires in old alone, then here, the first here"
    assert new.moved == f"{said} 2027-01-01 02:00 UTC"


@pytest.mark.parametrize(
    ("trigger", "at"),
    [
        (DatastoreChange("inbox"), datetime(2026, 12, 1)),
        (Cron("0 2 * * *", end_time=datetime(2020, 1, 1)), datetime(2026, 12, 1)),
        (Recurrence("day", 2, Pattern((2,), (0,))), datetime(2026, 12, 1)),
        (Recurrence("day", 1), datetime(2026, 12, 1)),
        (Cron("*/5 * * * *", time_zone="Europe/Lisbon"), datetime(2027, 10, 31, 1, 30)),
    ],
)
def test_what_cannot_be_moved(trigger: Trigger, at: datetime) -> None:
    found, [finding] = moved(schedule(trigger), Move("old", at), NOW)
    assert (found, finding.code) == (None, "SCH071")


@pytest.mark.parametrize("target", ["old", "new"])
def test_where_it_cannot_start_it_does_not_end(target: str) -> None:
    """Its last fire is at a time that the clock shows twice: the old target alone would end it."""
    daily = Cron("30 1 * * *", time_zone="Europe/Lisbon")
    move = Move("old", datetime(2027, 10, 31, 12))
    found, [finding] = moved(schedule(daily, target), move, NOW)
    assert (found, finding.code) == (None, "SCH071")


def test_a_day_of_a_pattern_needs_no_start() -> None:
    daily = Recurrence("day", 1, Pattern((2,), (0,)))
    found, findings = moved(schedule(daily), Move("old", datetime(2026, 12, 1)), NOW)
    assert found is not None
    assert findings == []


def test_what_is_wrong_with_a_move() -> None:
    assert lint_move({}) == []
    good = {"target": "old", "at": "2026-12-01"}
    assert lint_move({"targets": ["new"], "moved_from": good}) == []
    bad = {"target": "old", "at": "soon"}
    found = lint_move({"targets": ["new", "old"], "moved_from": bad})
    assert [one.path for one in found] == [("moved_from", "at"), ("moved_from", "target")]
    assert [one.path for one in lint_move({"moved_from": good})] == [("moved_from", "target")]
    assert lint_move({"moved_from": {"at": 1, "target": 2}}) == []
    assert move_of({"moved_from": bad}) is None
    assert move_of({"moved_from": {"target": 2}}) is None
    assert move_of({"moved_from": {"target": "old"}}) is None


CONFIG = """\
owner: us
schedules: [schedules]
targets:
  old: { provider: local, workspace: old.db }
  new: { provider: local, workspace: new.db }
"""


def test_both_targets_are_applied_in_any_order(tmp_path: Path) -> None:
    repo = repository(tmp_path, config=CONFIG)
    write(repo, {"schedules/a.yaml": declaration("a", targets="[old]")})
    write(repo, {"schedules/b.yaml": declaration("b")})
    invoke(repo, "apply", "--target", "all")
    move = '{target: old, at: "2999-12-01"}'
    write(repo, {"schedules/a.yaml": declaration("a", targets="[new]", moved_from=move)})
    planned = invoke(repo, "plan", "--target", "all").out
    assert "until 2999-12-01 00:00 UTC it fires in old alone, then here" in planned
    assert "it moves away at 2999-12-01 00:00 UTC" in planned
    assert "1 to create, 1 unchanged" in planned
    assert "1 to update, 1 unchanged" in planned
    for target in ("new", "old"):
        invoke(repo, "apply", "--target", target)
    invoke(repo, "plan", "--target", "all", "--exit-code")
    passed = '{target: old, at: "2020-12-01"}'
    write(repo, {"schedules/a.yaml": declaration("a", targets="[new]", moved_from=passed)})
    assert "SCH072" in invoke(repo, "validate").out
    write(repo, {"schedules/a.yaml": declaration("a", targets="[new]", moved_from="{target: no}")})
    refused = invoke(repo, "validate", code=1).out
    assert "SCH027" in refused


@pytest.mark.parametrize(
    "changed",
    [{"targets": '[""]'}, {"targets": "[new]", "moved_from": '{target: "", at: "2999-12-01"}'}],
)
def test_a_target_without_a_name(tmp_path: Path, changed: dict[str, str]) -> None:
    repo = repository(tmp_path, config=CONFIG)
    write(repo, {"schedules/a.yaml": declaration("a", **changed)})
    assert 'the target "" does not exist [SCH027]' in invoke(repo, "validate", code=1).out


def test_beside_variables_and_overrides(tmp_path: Path) -> None:
    made = repository(tmp_path, config=CONFIG.replace(".db }", ".db, variables: {a: b} }"))
    text = declaration("a", targets="[new]", description="${{ vars.a }}")
    text += "moved_from: {target: old, at: '2099-01-01'}\noverrides: {new: {tags: {a: b}}}\n"
    write(made, {"schedules/a.yaml": text})
    for target in ("old", "new"):
        assert "1 to create" in invoke(made, "plan", "--target", target).out


def test_handed_over_by_one_run() -> None:
    cron = Cron("0 2 * * *", time_zone="Europe/Lisbon")
    move = Move("old", None)
    old, _ = handed_over(schedule(cron), move, ["new"], NOW)
    new, _ = handed_over(schedule(cron, "new"), move, ["new"], NOW)
    assert old is not None
    assert new is not None
    assert old.handover == new.handover == Handover("old", ("new",))
    assert old.moved == (
        "it moves to new; applied now, the last fire here is 2026-11-19 02:00 UTC,"
        " the first elsewhere 2026-11-20 02:00 UTC"
    )
    assert new.moved == (
        "it comes from old; applied now, the last fire there is 2026-11-19 02:00 UTC,"
        " the first here 2026-11-20 02:00 UTC"
    )
    folder, _ = handed_over(schedule(DatastoreChange("inbox")), move, ["b", "a"], NOW)
    assert folder is not None
    assert folder.moved == "it moves to b and a, with what was seen of its folder"
    assert folder.handover == Handover("old", ("a", "b"))
    over, _ = handed_over(
        schedule(Cron("0 2 * * *", end_time=datetime(2000, 1, 1)), "new"), move, ["new"], NOW
    )
    assert over is not None
    assert over.moved == "it comes from old"
    lost, [finding] = handed_over(schedule(Recurrence("day", 2)), move, ["new"], NOW)
    assert (lost, finding.code) == (None, "SCH071")


def test_a_move_without_a_moment() -> None:
    assert move_of({"moved_from": "old"}) == Move("old", None)
    assert lint_move({"targets": ["new"], "moved_from": "old"}) == []
    [wrong] = lint_move({"targets": ["new", "old"], "moved_from": "old"})
    assert (wrong.code, wrong.path) == ("SCH071", ("moved_from",))


def test_a_target_that_is_not_known(tmp_path: Path) -> None:
    repo = repository(tmp_path, config=CONFIG)
    text = declaration("a", targets="[new]", moved_from="odl")
    write(repo, {"schedules/a.yaml": text})
    assert 'the target "odl" does not exist [SCH027]' in invoke(repo, "validate", code=1).out
