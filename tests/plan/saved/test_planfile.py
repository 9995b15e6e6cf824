"""Saved plans as values: what is read back is what was written, and how two are compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers import OWNER, TARGET, canonical, live, schedule, with_job_file
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import StalePlan
from reconciler.model import Canonical, FieldChange, Hold, Key, LiveSchedule, Mismatch, Plan
from reconciler.plan import make_plan
from reconciler.plan.options import PlanOptions
from reconciler.plan.saved.digests import declarations_digest, digest, live_seal
from reconciler.plan.saved.planfile import (
    MOST_BYTES,
    SavedPlan,
    SavedTarget,
    decode,
    encode,
    normal,
    saved_target,
)
from reconciler.plan.saved.staleness import (
    CLOCKS_DIFFER,
    check_commit,
    check_declarations,
    check_frame,
    check_new,
    check_target,
    compare,
    differences,
    without,
)
from reconciler.render.documents import plans_document

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = {"job": "azureml:train", "inputs": {"api_key": "hunter2"}}
CHANGED = schedule("changed", is_enabled=False)


def plan_of(desired: Sequence[Canonical], there: Sequence[LiveSchedule], **options: Any) -> Plan:
    return make_plan(desired, there, target=TARGET, owner=OWNER, **options)


def targets_of(plan: Plan, **options: Any) -> tuple[SavedTarget, dict[str, Any]]:
    document = normal(plans_document([plan]))
    known = {"provider": "local", "identity": "local:1"} | options
    return saved_target(plan, document["plans"][0], **known), document


def saved_of(plan: Plan, **fields: Any) -> SavedPlan:
    target, document = targets_of(plan)
    known: dict[str, Any] = {
        "tool_version": "1",
        "made_at": NOW,
        "owner": OWNER,
        "commit": None,
        "declarations": digest({}),
        "options": PlanOptions(),
        "targets": (target,),
        "shown": document,
    }
    return SavedPlan(**{**known, **fields})


def fine(document: Any) -> None:
    """No complaint about the shape."""


PLAN = plan_of(
    canonical(schedule("new"), schedule("changed"), schedule("same"), schedule("theirs")),
    [live(CHANGED), live(schedule("same")), live(schedule("gone")), live(schedule("theirs"), "x")],
)
SAVED = saved_of(PLAN, options=PlanOptions(("a",), True, True, True), commit="a" * 40)


# ------------------------------------------------------------------------------------ bytes, value


def test_what_is_written_is_read() -> None:
    data = encode(SAVED)
    assert decode(data, fine) == SAVED
    assert encode(decode(data, fine)) == data
    assert json.loads(data)["format_version"] == 1


def test_keys_are_sorted_and_text_is_ascii() -> None:
    data = encode(saved_of(plan_of(canonical(schedule("a", description="é\ud800\u2028")), [])))
    document = json.loads(data)
    assert data == json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert decode(data, fine).shown["plans"][0]["changes"][0]["after"]["description"][0] == "é"


def test_the_shape_is_asked_for_after_the_digest() -> None:
    with pytest.raises(StalePlan, match="it has not the shape of a saved plan: too round"):
        decode(encode(SAVED), lambda document: "too round")
    with pytest.raises(StalePlan, match="its content was changed") as refusal:
        decode(encode(SAVED).replace(b'"us"', b'"we"'), lambda document: "too round")
    assert refusal.value.exit_code == 4


def edited(**fields: Any) -> bytes:
    """With a digest that is right: anybody can compute it."""
    document = {**json.loads(encode(SAVED)), **fields}
    del document["digest"]
    return json.dumps({**document, "digest": digest(document)}).encode()


TARGET_DOCUMENT = json.loads(encode(SAVED))["targets"][0]
CHANGES = TARGET_DOCUMENT["changes"]


def shown(**fields: Any) -> dict[str, Any]:
    document = json.loads(encode(SAVED))["shown"]
    document["plans"][0].update(fields)
    return dict(document)


def shown_first(**fields: Any) -> dict[str, Any]:
    changes = shown()["plans"][0]["changes"]
    return shown(changes=[{**changes[0], **fields}, *changes[1:]])


def with_trigger(trigger: dict[str, Any]) -> bytes:
    """What is shown and its digest, both."""
    changes = shown()["plans"][0]["changes"]
    index = next(n for n, one in enumerate(changes) if one["name"] == "new")
    changes[index]["after"]["trigger"] = trigger
    kept = [dict(one) for one in CHANGES]
    next(one for one in kept if one["name"] == "new")["after"] = digest(changes[index]["after"])
    target = {**TARGET_DOCUMENT, "changes": kept}
    return edited(shown=shown(changes=changes), targets=[target])


OFTEN = {"hours": list(range(60)), "minutes": list(range(60))}
DECODED = {
    "size": (b" " * (MOST_BYTES + 1), "it is larger than 100 MB"),
    "utf-8": (b'{"\xff": 1}', "it is not UTF-8"),
    "json": (b"{", "it is not JSON: Expecting"),
    "no trigger": (with_trigger({"type": "cron"}), "what it shows is not what it would do"),
    "a trigger of more times than there are": (
        with_trigger({"type": "recurrence", "frequency": "day", "interval": 1, "schedule": OFTEN}),
        "what it shows is not what it would do",
    ),
    "a hold until never": (
        edited(targets=[{**TARGET_DOCUMENT, "changes": [{**CHANGES[0], "hold": "never"}]}]),
        "hold is not a moment in time",
    ),
    "an outcome": (
        edited(shown=shown_first(outcome="done")),
        "it has not the shape of a saved plan: changed: an outcome, before anything was applied",
    ),
    "deep": (b"[" * 200_000, "it is nested too deep"),
    "rather deep": (b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", "it is nested too deep"),
    "twice": (b'{"a": 1, "a": 1}', 'it is not JSON: the key "a" stands twice'),
    "nan": (b"[NaN]", "it is not JSON: NaN is no number"),
    "infinity": (b"[-Infinity]", "it is not JSON: -Infinity is no number"),
    "large": (b"[1e999]", "it is not JSON: 1e999 is too large"),
    "list": (b"[1.5]", "it is not a saved plan"),
    "format": (b"{}", "it is not a saved plan"),
    "old": (edited(format_version=0), "its format version is 0, and this program knows 1"),
    "new": (edited(format_version=2), "its format version is 2, and this program knows 1"),
    "huge": (edited(format_version=10**9), "its format version is unknown"),
    "true": (edited(format_version=True), "its format version is unknown"),
    "digest": (encode(SAVED).replace(b"same", b"sane"), "its content was changed"),
    "time": (edited(made_at="x"), "made_at is not a moment in time"),
    "wall": (edited(made_at="2026-01-01T00:00"), "made_at is not a moment in time"),
    "schedule twice": (
        edited(targets=[{**TARGET_DOCUMENT, "changes": [*CHANGES, CHANGES[0]]}]),
        "a schedule stands twice in it",
    ),
    "target twice": (edited(targets=[TARGET_DOCUMENT] * 2), "a target stands twice in it"),
    "no target": (edited(targets=[]), "it shows other targets than it is for"),
    "owner": (edited(owner="them"), "it shows another owner than it is for"),
    "fewer shown": (edited(shown=shown(changes=[])), "it shows other schedules than it is for"),
    "shown": (
        edited(shown=shown_first(action="noop")),
        "what it shows is not what it would do",
    ),
    "shown after": (edited(shown=shown_first(after={})), "what it shows is not what it would do"),
    "shown of another": (
        edited(shown=shown_first(target="other")),
        "what it shows is not what it would do",
    ),
    "counts": (
        edited(shown=shown(summary={"create": 2, "unmanaged": 7})),
        "it counts 2 to create, and has 1",
    ),
}


@pytest.mark.parametrize("name", DECODED)
def test_what_is_refused(name: str) -> None:
    data, reason = DECODED[name]
    with pytest.raises(StalePlan) as refusal:
        decode(data, fine)
    (mismatch,) = refusal.value.mismatches
    assert mismatch.message.startswith(reason)


@given(at=st.integers(min_value=0), byte=st.integers(0, 255))
def test_no_byte_can_be_changed(at: int, byte: int) -> None:
    """Or else it means the same: a blank, an escape."""
    data = bytearray(encode(SAVED))
    data[at % len(data)] = byte
    with suppress(StalePlan):
        assert decode(bytes(data), fine) == SAVED


@given(st.binary(max_size=200))
def test_whatever_it_is_it_is_refused(data: bytes) -> None:
    with pytest.raises(StalePlan):
        decode(data, fine)


# ------------------------------------------------------------------------------------------ digests


def test_no_digest_is_made_of_a_secret() -> None:
    """With any other value, the same."""
    other = {"job": "azureml:train", "inputs": {"api_key": "hunter3"}}
    documents = []
    for job in (SECRET, other):
        there = replace(live(schedule("a", create_job=job)), fingerprint=str(job))
        plan = plan_of(canonical(schedule("a", create_job=job, description="d")), [there])
        documents.append(encode(saved_of(plan)))
    assert documents[0] == documents[1]
    assert b"hunter" not in documents[0]


def test_a_live_schedule_without_secrets_is_known_by_its_fingerprint() -> None:
    one = live(schedule())
    assert live_seal(one) == live_seal(replace(one, modified_at=NOW))
    assert live_seal(one) != live_seal(replace(one, fingerprint="another"))


def test_one_with_secrets_is_known_by_its_owner_and_its_last_change() -> None:
    one = live(schedule(create_job=SECRET))
    seals = {
        live_seal(one),
        live_seal(replace(one, owner=None)),
        live_seal(replace(one, modified_at=NOW)),
        live_seal(replace(one, schedule=replace(one.schedule, enabled=False))),
    }
    assert len(seals) == 4
    assert live_seal(one) == live_seal(replace(one, fingerprint="another"))


def test_declarations() -> None:
    one, two = schedule("one"), schedule("two")
    known = declarations_digest({TARGET: [one, two]})
    moved = replace(one, source=None)
    assert declarations_digest({TARGET: [two, moved]}) == known
    assert declarations_digest({TARGET: [one]}) != known
    assert declarations_digest({TARGET: [one, two], "other": []}) != known
    assert declarations_digest({TARGET: [one, replace(two, enabled=False)]}) != known


def test_declarations_with_a_job_file() -> None:
    first, second = (
        with_job_file(schedule("a"), f'{{"command":"{text}","inputs":{{"password":"x"}}}}')
        for text in ("one", "two")
    )
    known = declarations_digest({TARGET: [first, replace(first, key=Key(TARGET, "b"))]})
    assert known != declarations_digest({TARGET: [second, replace(second, key=Key(TARGET, "b"))]})
    secret = with_job_file(schedule("a"), '{"command":"one","inputs":{"password":"y"}}')
    assert declarations_digest({TARGET: [first]}) == declarations_digest({TARGET: [secret]})


# -------------------------------------------------------------------------------------- the frame


def frame(saved: SavedPlan, **options: Any) -> list[str]:
    known: dict[str, Any] = {"now": NOW, "max_age": None, "owner": OWNER, "options": saved.options}
    return [mismatch.message for mismatch in check_frame(saved, **{**known, **options})]


@pytest.mark.parametrize(
    ("age", "most", "said"),
    [
        (timedelta(0), None, []),
        (timedelta(days=4000), None, []),
        (timedelta(hours=1), timedelta(hours=1), []),
        (
            timedelta(hours=25, minutes=3, seconds=59),
            timedelta(hours=1),
            ["it was made at 2026-11-23 12:00 UTC, 25 h 3 min ago, and --max-age is 1 h 0 min"],
        ),
        (-CLOCKS_DIFFER, timedelta(0), []),
        (
            -CLOCKS_DIFFER - timedelta(seconds=1),
            None,
            ["it was made in the future, at 2026-11-23 12:00 UTC"],
        ),
    ],
)
def test_age(age: timedelta, most: timedelta | None, said: list[str]) -> None:
    assert frame(SAVED, now=NOW + age, max_age=most) == said


def test_owner_and_options_are_said_at_once() -> None:
    assert frame(SAVED, owner="them", options=PlanOptions(("b",))) == [
        'it is for the owner "us", and we are "them"',
        "it was made with --adopt a; give it again",
        "it was made without --adopt b",
        "it was made with --allow-empty; give it again",
        "it was made with --ignore-limits; give it again",
    ]
    plain = saved_of(PLAN)
    assert frame(plain, options=PlanOptions(allow_empty=True, ignore_limits=True, strict=True)) == [
        "it was made without --allow-empty",
        "it was made without --ignore-limits",
    ]


def text(mismatch: Mismatch | None) -> str | None:
    return mismatch.message if mismatch is not None else None


def test_targets() -> None:
    target, _ = targets_of(PLAN)
    assert check_target(target, provider="local", identity="local:1") is None
    assert text(check_target(target, provider="azureml", identity="local:1")) == (
        'target "local": in the plan it is a target of "local", and now of "azureml"'
    )
    assert text(check_target(target, provider="local", identity="local:2")) == (
        'target "local": the plan is for local:1, and this one is local:2'
    )
    assert text(check_target(target, provider="local", identity=None)) == (
        'target "local": the plan is for local:1, and this one does not exist'
    )
    assert check_new(target, "local:1", PLAN) is None


def test_a_target_that_did_not_exist() -> None:
    target, _ = targets_of(PLAN, identity=None)
    assert check_target(target, provider="local", identity="local:2") is None
    assert check_new(target, None, PLAN) is None
    assert check_new(target, "local:2", replace(PLAN, changes=())) is None
    assert text(check_new(target, "local:2", PLAN)) == (
        'target "local" did not exist when the plan was made, and does now'
    )


def test_commits() -> None:
    here, there = "a" * 40, "b" * 40
    assert check_commit(saved_of(PLAN), None) is None
    assert check_commit(saved_of(PLAN, commit=here), here) is None
    assert text(check_commit(saved_of(PLAN, commit=here), there)) == (
        "it is of commit aaaaaaaaaaaa, and bbbbbbbbbbbb is checked out"
    )
    assert text(check_commit(saved_of(PLAN), there)) == (
        "it is of no commit, and bbbbbbbbbbbb is checked out"
    )
    assert check_declarations(SAVED, SAVED.declarations) is None
    assert check_declarations(SAVED, digest("x")) is not None
    assert text(check_commit(saved_of(PLAN, commit=here), None, "dubious ownership")) == (
        f"it is of commit {here[:12]}, and which one is checked out is not known: dubious ownership"
    )


# ----------------------------------------------------------------------------------------- changes


def compared(then: Plan, now: Plan, **options: Any) -> list[Mismatch]:
    was, shown = targets_of(then, **options)
    fresh, document = targets_of(now)
    return compare(was, shown["plans"][0], fresh, document["plans"][0])


# What becomes of one schedule: declared as one of these, and live as one of these.
STATES = {
    "nothing": None,
    "one": schedule("s"),
    "another": schedule("s", description="d"),
    "off": schedule("s", is_enabled=False),
    "secret": schedule("s", create_job=SECRET),
}
OTHER = schedule("s", tags={"t": "1"})
OWNERS = (OWNER, "them", None)
DECLARED = st.sampled_from(list(STATES))
PLANS = st.builds(
    lambda declared, there, owner, adopt: plan_of(
        canonical(*([STATES[declared]] if STATES[declared] else [])),
        [replace(live(STATES[there], owner), fingerprint=f"{there} {owner}")]
        if STATES[there]
        else [],
        adopt=["s"] if adopt else [],
    ),
    DECLARED,
    DECLARED,
    st.sampled_from(OWNERS),
    st.booleans(),
)


@given(PLANS)
def test_a_plan_is_itself(plan: Plan) -> None:
    assert compared(plan, plan) == []


@given(PLANS, PLANS)
def test_what_is_kept_was_planned(then: Plan, now: Plan) -> None:
    """The law that makes a saved plan safe: whatever it says, what is done is what would be done
    without it, and what is done was planned, for the same live schedule and to the same end.
    """
    mismatches = compared(then, now)
    kept = without(now, mismatches)
    assert set(kept.changes) <= set(now.changes) if not now.changes else True
    for change in kept.pending:
        assert change in now.changes
        (planned,) = then.pending
        assert planned.action is change.action
        assert planned.after == change.after
        assert planned.before == change.before
        assert planned.fields == change.fields


def test_each_way_is_said() -> None:
    def said(then: Plan, now: Plan, **options: Any) -> list[str]:
        return [f"{m.kind}: {m.message}" for m in compared(then, now, **options)]

    one, off = schedule("s"), schedule("s", is_enabled=False)
    empty = plan_of([], [])
    create = plan_of(canonical(one), [])
    same = plan_of(canonical(one), [live(one)])
    update = plan_of(canonical(one), [live(off)])
    disable = plan_of([], [live(one)])
    disabled = plan_of([], [live(off)])
    skip = plan_of(canonical(one), [live(one, "them")])
    skip_off = plan_of(canonical(off), [live(one, "them")])
    took = plan_of(canonical(one), [live(one, "them")], adopt=["s"])

    assert said(create, same) == said(update, same) == said(disable, disabled) == []
    assert said(empty, same) == said(empty, skip) == said(disabled, empty) == []
    assert said(skip, same) == []
    assert said(empty, create) == ["unplanned: it would be created, and was not planned"]
    assert said(create, empty) == ["declared: it is not declared any more"]
    assert said(disable, empty) == ["live: it is not live any more, or not ours"]
    assert said(update, disable) == ["declared: it is not declared any more"]
    assert said(update, disabled) == ["declared: it is not declared any more"]
    assert said(disable, same) == ["declared: it is declared, and was not"]
    assert said(skip, skip_off) == ["declared: what is declared is not what was planned"]
    assert said(update, skip) == [
        'live: it is not ours: managed by "them"; --adopt s takes it over'
    ]
    assert said(create, update) == ["live: it was made live since"]
    assert said(update, create) == ["live: it is not live any more"]
    assert said(skip, took) == ["unplanned: it would be updated, and the plan was to skip it"]
    assert said(create, plan_of(canonical(off), [])) == [
        "declared: what is declared is not what was planned"
    ]


def test_a_before_that_never_was() -> None:
    """The seal of what is live is right, and so the file shows what it makes up."""
    now = plan_of(canonical(schedule("s", description="d")), [live(schedule("s"))])
    was, shown = targets_of(plan_of(canonical(schedule("s", description="d")), [live(OTHER)]))
    fresh, document = targets_of(now)
    forged = replace(was.changes["s"], live=fresh.changes["s"].live)
    was = replace(was, changes={"s": forged})
    (mismatch,) = compare(was, shown["plans"][0], fresh, document["plans"][0])
    assert (mismatch.kind, mismatch.message) == ("live", "it is not live as the plan shows it")
    assert mismatch.differences == (FieldChange(("tags",), {"t": "1"}, None),)


def test_what_became_as_planned_is_left_out_beside_the_rest() -> None:
    wanted = canonical(schedule("s", description="d", tags={"t": "1"}))
    then = plan_of(wanted, [live(schedule("s"))])
    there = live(schedule("s", description="d", display_name="n"))
    both = plan_of(wanted, [replace(there, fingerprint="2")])
    (mismatch,) = compared(then, both)
    assert mismatch.differences == (FieldChange(("display_name",), None, "n"),)
    # Alone it is what was changed: neither the owner nor a secret.
    part = plan_of(wanted, [replace(live(schedule("s", description="d")), fingerprint="3")])
    (mismatch,) = compared(then, part)
    assert mismatch.message == "it was changed live since"
    assert mismatch.differences == (FieldChange(("description",), None, "d"),)


def test_a_hold_that_has_ended() -> None:
    """It changes what is declared, by time alone."""
    held = replace(schedule("s", is_enabled=False), hold=Hold(NOW))
    then = plan_of([Canonical(held)], [])
    (mismatch,) = compared(then, plan_of(canonical(schedule("s")), []), holds={held.key: held.hold})
    assert mismatch.message == "it is not held until 2026-11-23T12:00:00+00:00 any more"
    assert mismatch.differences == (FieldChange(("is_enabled",), False, True),)
    assert compared(then, then) == []


def test_a_start_that_the_target_filled_in() -> None:
    """It is no difference once it is live; what else differs is."""
    start = {"type": "cron", "expression": "0 2 * * *", "start_time": "2026-01-01T00:00:00"}
    then = plan_of(canonical(schedule("s")), [])
    filled = schedule("s", trigger=start)
    assert compared(then, plan_of(canonical(filled), [live(filled)])) == []
    (mismatch,) = compared(then, plan_of(canonical(filled), []))
    assert mismatch.kind == "declared"
    other = schedule("s", trigger=start, description="d")
    assert len(compared(then, plan_of(canonical(other), [live(other)]))) == 1


def test_a_secret_that_comes_to_differ() -> None:
    """Its value is in no digest; that it differs is."""
    there = live(schedule("s", create_job=SECRET))
    then = plan_of(canonical(schedule("s", create_job=SECRET, description="d")), [there])
    other = {"job": "azureml:train", "inputs": {"api_key": "new"}}
    now = plan_of(canonical(schedule("s", create_job=other, description="d")), [there])
    (mismatch,) = compared(then, now)
    assert (mismatch.kind, mismatch.message) == ("declared", "other fields would change")
    assert mismatch.differences == (FieldChange(("create_job.inputs.api_key",), None, "****"),)


def test_differences() -> None:
    before = {"a": 1, "b": {"c": [1], "d": None}, "e": True}
    after = {"a": 1.0, "b": {"c": [1, 2]}, "e": True, "f": {"g": 1}}
    assert list(differences(before, after)) == [
        FieldChange(("a",), 1, 1.0),
        FieldChange(("b", "c"), [1], [1, 2]),
        FieldChange(("f",), None, {"g": 1}),
    ]
