"""A saved plan and the plan as it is now -> what is different. Pure.

The plan of now decides: a change of it is made only if the saved plan has the same. So a saved
plan can take changes away from an apply, and can add none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reconciler.model import FieldChange, Key, Mismatch, Plan
from reconciler.plan.options import PlanOptions
from reconciler.plan.saved.planfile import Document, SavedChange, SavedPlan, SavedTarget

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a plan may lie in the future: clocks of two machines are never the same."""

_PENDING = ("create", "update", "disable")
_WOULD = {"create": "created", "update": "updated", "disable": "disabled"}
_Pair = tuple[SavedChange | None, SavedChange | None]


def check_frame(
    saved: SavedPlan,
    *,
    now: datetime,
    max_age: timedelta | None,
    owner: str,
    options: PlanOptions,
) -> Iterator[Mismatch]:
    """What can be said before any target is asked: age, owner, options, in this order."""
    age = now - saved.made_at
    if age < -CLOCKS_DIFFER:
        yield Mismatch("age", f"it was made in the future, at {_moment(saved.made_at)}")
    elif max_age is not None and age > max_age:
        said = f"{_moment(saved.made_at)}, {_hours(age)} ago"
        yield Mismatch("age", f"it was made at {said}, and --max-age is {_hours(max_age)}")
    if saved.owner != owner:
        yield Mismatch("owner", f'it is for the owner "{saved.owner}", and we are "{owner}"')
    yield from _check_options(saved.options, options)


def _check_options(planned: PlanOptions, given: PlanOptions) -> Iterator[Mismatch]:
    """What lets a plan do more has to be asked for again; what a plan was not asked may not."""
    for name in planned.adopt:
        if name not in given.adopt:
            yield Mismatch("options", f"it was made with --adopt {name}; give it again")
    for name in given.adopt:
        if name not in planned.adopt:
            yield Mismatch("options", f"it was made without --adopt {name}")
    for field, option in (("allow_empty", "--allow-empty"), ("ignore_limits", "--ignore-limits")):
        if getattr(planned, field) and not getattr(given, field):
            yield Mismatch("options", f"it was made with {option}; give it again")
        if getattr(given, field) and not getattr(planned, field):
            yield Mismatch("options", f"it was made without {option}")


def check_target(saved: SavedTarget, *, provider: str, identity: str | None) -> Mismatch | None:
    """Whether the target is the one that the plan was made for.

    A target that came to be after the plan is let through: `check_new` looks at it again.
    """
    if saved.provider != provider:
        said = f'it is a target of "{saved.provider}", and now of "{provider}"'
        return Mismatch("target", f'target "{saved.name}": in the plan {said}')
    if saved.identity is None or saved.identity == identity:
        return None
    what = f"is {identity}" if identity is not None else "does not exist"
    return Mismatch(
        "target", f'target "{saved.name}": the plan is for {saved.identity}, and this one {what}'
    )


def check_new(saved: SavedTarget, identity: str | None, plan: Plan) -> Mismatch | None:
    """A target that did not exist when the plan was made, and does now, may be any other: it is
    fine only if there is nothing to do in it, as when a plan is applied twice.
    """
    if saved.identity is not None or identity is None or not plan.pending:
        return None
    return Mismatch(
        "target", f'target "{saved.name}" did not exist when the plan was made, and does now'
    )


def check_commit(
    saved: SavedPlan, commit: str | None, refused: str | None = None
) -> Mismatch | None:
    """Whether the same commit is checked out. `refused`: why Git does not say."""
    if saved.commit == commit:
        return None
    planned = f"of commit {saved.commit[:12]}" if saved.commit else "of no commit"
    checked = f"{commit[:12]} is checked out" if commit else "there is no Git repository here"
    if commit is None and refused is not None:
        checked = f"which one is checked out is not known: {refused}"
    return Mismatch("commit", f"it is {planned}, and {checked}")


def check_declarations(saved: SavedPlan, declarations: str) -> Mismatch | None:
    """Whether the declarations are those that were planned."""
    if saved.declarations == declarations:
        return None
    return Mismatch("declarations", "the declarations are not those that it was made of")


def compare(
    saved: SavedTarget, shown: Document, fresh: SavedTarget, document: Document
) -> list[Mismatch]:
    """Change by change, sorted by name. `shown`, `document`: the plan documents of the two."""
    then, today = _by_name(shown), _by_name(document)
    found = []
    for name in sorted({*saved.changes, *fresh.changes}):
        pair = (saved.changes.get(name), fresh.changes.get(name))
        mismatch = _compare(Key(saved.name, name), pair, then.get(name), today.get(name))
        if mismatch is not None:
            found.append(mismatch)
    return found


def without(plan: Plan, mismatches: Iterable[Mismatch]) -> Plan:
    """The plan without the changes that do not match."""
    keys: Collection[Key | None] = {mismatch.key for mismatch in mismatches}
    kept = tuple(change for change in plan.changes if change.key not in keys)
    if len(kept) == len(plan.changes):
        return plan
    return replace(plan, changes=kept, impact=None)  # which is that of all of them


def _by_name(document: Document) -> dict[str, Document]:
    return {change["name"]: change for change in document["changes"]}


def _compare(
    key: Key, pair: _Pair, then: Document | None, today: Document | None
) -> Mismatch | None:
    was, now = pair
    if was is None:
        assert now is not None
        if now.action not in _PENDING:
            return None  # nothing is done to it
        return Mismatch("unplanned", f"it would be {_WOULD[now.action]}, and was not planned", key)
    if now is None:
        if was.after is not None:
            return Mismatch("declared", "it is not declared any more", key)
        if was.action == "disable":
            return Mismatch("live", "it is not live any more, or not ours", key)
        return None
    assert then is not None
    assert today is not None
    other_end = not _same_end(was, now, then, today)
    if now.action == "skip" and was.action != "skip":
        return Mismatch("live", f"it is not ours: {today['reason']}", key)
    if other_end or (was.after != now.after and now.action in _PENDING and was.live == now.live):
        return _declared(key, was, now, then, today)
    if now.action not in _PENDING:
        return None  # already as planned
    if was.live != now.live:
        return _live(key, was, now, then, today)
    if was.before != now.before:
        # It was not changed, so the file says what it never was.
        differ = tuple(differences(then["before"], today["before"]))
        return Mismatch("live", "it is not live as the plan shows it", key, differ)
    if was.action != now.action:
        message = f"it would be {_WOULD[now.action]}, and the plan was to {was.action} it"
        return Mismatch("unplanned", message, key)
    if was.fields != now.fields:
        differ = tuple(differences(_fields(then), _fields(today)))
        return Mismatch("declared", "other fields would change", key, differ)
    return None


def _same_end(was: SavedChange, now: SavedChange, then: Document, today: Document) -> bool:
    """Whether both end the same. A start that is left open is that of the live schedule, where
    the target fills it in, and so no part of it.
    """
    if was.after is None or now.after is None:
        return was.after is now.after
    found = differences(then["after"], today["after"])
    return all(field.path == ("trigger", "start_time") for field in found)


def _declared(
    key: Key, was: SavedChange, now: SavedChange, then: Document, today: Document
) -> Mismatch:
    differ = tuple(differences(then["after"], today["after"]))
    if now.after is None:
        return Mismatch("declared", "it is not declared any more", key)
    if was.after is None:
        return Mismatch("declared", "it is declared, and was not", key)
    if was.hold is not None and now.hold is None:
        return Mismatch("declared", f"it is not held until {was.hold} any more", key, differ)
    return Mismatch("declared", "what is declared is not what was planned", key, differ)


def _live(
    key: Key, was: SavedChange, now: SavedChange, then: Document, today: Document
) -> Mismatch:
    if was.live is None:
        return Mismatch("live", "it was made live since", key)
    if now.live is None:
        return Mismatch("live", "it is not live any more", key)
    differ = tuple(differences(then["before"], today["before"]))
    # What became as planned, as when a plan is applied twice, says nothing beside the rest.
    planned = dict(_leaves(then["after"] or {}))
    rest = [
        field
        for field in differ
        if field.path not in planned or repr(planned[field.path]) != repr(field.after)
    ]
    differ = tuple(rest) or differ
    message = "it was changed live since"
    return Mismatch("live", message if differ else f"{message}: its owner or a secret", key, differ)


def differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[FieldChange]:
    """The fields in which two documents differ, sorted; a list is one field."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), (*path, name))
    elif repr(before) != repr(after):  # 1, 1.0 and True are not the same to a pipeline
        yield FieldChange(path, before, after)


def _leaves(
    document: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, content in document.items():
        if isinstance(content, Mapping):
            yield from _leaves(content, (*path, name))
        else:
            yield (*path, name), content


def _fields(change: Document) -> dict[str, Any]:
    return {".".join(field["path"]): field["after"] for field in change["fields"]}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _hours(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min"
