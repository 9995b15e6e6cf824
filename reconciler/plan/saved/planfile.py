"""A saved plan: its values, made of plans and read from bytes. Pure: nothing is opened here.

The file is canonical JSON. `targets` holds what decides: for each change its action and digests.
`shown` is the plan document, for people only; it has to agree with the digests. Its words for a
trigger are made anew of the documents that these are of: another version of the program may have
said the same in other words, and somebody else what is not so. The digest over the whole shows that
somebody edited the file. It does not show who made it: what makes a saved plan safe is that apply
plans anew and makes only those of its own changes that stand in the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.errors import StalePlan
from reconciler.model import Change, Hold, Key, Mismatch, Plan, StaleKind
from reconciler.plan.options import PlanOptions
from reconciler.plan.saved.digests import canonical_json, digest, live_seal
from reconciler.plan.saved.validation import inconsistency
from reconciler.plan.trigger_text import trigger_texts

FORMAT = "reconciler-plan"
FORMAT_VERSION = 1
MOST_BYTES = 100_000_000
"""A plan of 50,000 schedules has about half of them."""
_DEEPEST = 500
"""Levels: whoever reads, compares or shows it goes down them by recursion."""

_OPTIONS = ("adopt", "allow_empty", "ignore_limits", "strict")
"""What of PlanOptions a saved plan keeps."""

Document = Mapping[str, Any]
Complaint = Callable[[Document], str | None]
"""A document -> what is wrong with its shape, in a line; None if nothing is."""


@dataclass(frozen=True, slots=True)
class SavedChange:
    """One change, as digests of its masked documents."""

    name: str
    action: str
    before: str | None
    after: str | None
    live: str | None
    """The seal of the live schedule."""
    fields: str
    """Of the fields that differ: a secret that comes to differ shows here."""
    hold: str | None = None
    """Until when it is held, in ISO 8601; for people."""


@dataclass(frozen=True, slots=True)
class SavedTarget:
    """The changes of one target, by name, and where that target lives."""

    name: str
    provider: str
    identity: str | None
    """None: it did not exist when the plan was made."""
    changes: Mapping[str, SavedChange]


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan file that is whole."""

    tool_version: str
    made_at: datetime
    """In UTC."""
    owner: str
    commit: str | None
    """None: there was no Git repository."""
    declarations: str
    """The digest of everything that is declared for the targets."""
    options: PlanOptions
    """Without the horizon, which is of no account for what is done."""
    targets: tuple[SavedTarget, ...]
    shown: Document
    """The plan document; nothing is decided by it."""


def saved_target(
    plan: Plan,
    shown: Document,
    *,
    provider: str,
    identity: str | None,
    holds: Mapping[Key, Hold] | None = None,
) -> SavedTarget:
    """What is kept of `plan`; `shown` is its plan document."""
    changes = {
        change.key.name: _saved_change(change, document, (holds or {}).get(change.key))
        for change, document in zip(plan.changes, shown["changes"], strict=True)
    }
    return SavedTarget(plan.target, provider, identity, changes)


def _saved_change(change: Change, shown: Document, hold: Hold | None) -> SavedChange:
    return SavedChange(
        **_digests(shown),
        live=live_seal(change.before) if change.before is not None else None,
        hold=hold.until.isoformat() if hold is not None else None,
    )


def _digests(shown: Document) -> dict[str, Any]:
    """What a change of the plan document says by itself."""
    fields = [[field["path"], field["before"], field["after"]] for field in shown["fields"]]
    return {
        "name": shown["name"],
        "action": shown["action"],
        "before": None if shown["before"] is None else digest(shown["before"]),
        "after": None if shown["after"] is None else digest(shown["after"]),
        "fields": digest(fields),
    }


def normal(document: Document) -> dict[str, Any]:
    """A document as it is after it was written and read."""
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


# --------------------------------------------------------------------------------- value -> bytes


def encode(saved: SavedPlan) -> bytes:
    """The content of the file."""
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "tool_version": saved.tool_version,
        "made_at": saved.made_at.isoformat(),
        "owner": saved.owner,
        "commit": saved.commit,
        "declarations": saved.declarations,
        "options": {name: getattr(saved.options, name) for name in _OPTIONS},
        "targets": [
            {
                "name": target.name,
                "provider": target.provider,
                "identity": target.identity,
                "changes": [asdict(change) for change in target.changes.values()],
            }
            for target in saved.targets
        ],
        "shown": saved.shown,
    }
    return canonical_json({**document, "digest": digest(document)}) + b"\n"


# --------------------------------------------------------------------------------- bytes -> value


def decode(data: bytes, complaint: Complaint) -> SavedPlan:
    """The plan that a file holds; StalePlan with the first thing that is wrong with it.

    `complaint` checks the shape. The order: size, JSON, format, digest, shape, what is shown.
    """
    if len(data) > MOST_BYTES:
        raise _refused("size", f"it is larger than {MOST_BYTES // 1_000_000} MB")
    document = _parse(data)
    if document.get("format") != FORMAT:
        raise _refused("format", "it is not a saved plan")
    version = document.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        said = f"{version}" if type(version) is int and abs(version) < 10**6 else "unknown"
        raise _refused(
            "format", f"its format version is {said}, and this program knows {FORMAT_VERSION}"
        )
    content = {key: value for key, value in document.items() if key != "digest"}
    if document.get("digest") != digest(content):
        raise _refused("edited", "its content was changed after it was made")
    wrong = complaint(document) or inconsistency(document["shown"])
    if wrong is not None:
        raise _refused("shape", f"it has not the shape of a saved plan: {wrong}")
    saved = _saved(document)
    _check_shown(saved)
    return replace(saved, shown=_said_anew(saved.shown))


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise _refused("json", "it is not UTF-8") from error
    except RecursionError as error:
        raise _refused("json", "it is nested too deep") from error
    except ValueError as error:
        # JSONDecodeError, a key twice, NaN, or a number that is too long to be one.
        raise _refused("json", f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _refused("format", "it is not a saved plan")
    if _is_deep(document):
        raise _refused("json", "it is nested too deep")
    return document


def _is_deep(document: Document) -> bool:
    level: list[Any] = [document]
    for _ in range(_DEEPEST):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [v for values in inner for v in values if isinstance(v, dict | list)]
        if not level:
            return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f'the key "{twice[:60]}" stands twice')
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:60]} is too large")
    return number


def _saved(document: Document) -> SavedPlan:
    options, made_at = document["options"], _moment("made_at", document["made_at"])
    targets = [
        SavedTarget(
            target["name"],
            target["provider"],
            target["identity"],
            {change["name"]: SavedChange(**change) for change in target["changes"]},
        )
        for target in document["targets"]
    ]
    for target, made in zip(document["targets"], targets, strict=True):
        for change in made.changes.values():
            if change.hold is not None:
                _moment("hold", change.hold)
        if len(target["changes"]) != len(made.changes):
            raise _refused("shape", "a schedule stands twice in it")
    if len({target.name for target in targets}) != len(targets):
        raise _refused("shape", "a target stands twice in it")
    return SavedPlan(
        tool_version=document["tool_version"],
        made_at=made_at,
        owner=document["owner"],
        commit=document["commit"],
        declarations=document["declarations"],
        options=PlanOptions(**{**options, "adopt": tuple(options["adopt"])}),
        targets=tuple(targets),
        shown=document["shown"],
    )


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is None:
            raise ValueError("no offset from UTC")
    except ValueError as error:
        raise _refused("shape", f"{name} is not a moment in time") from error
    return moment


def _check_shown(saved: SavedPlan) -> None:
    """What a reviewer was shown has to be what the digests say."""
    plans = saved.shown["plans"]
    if [plan["target"] for plan in plans] != [target.name for target in saved.targets]:
        raise _refused("shown", "it shows other targets than it is for")
    for plan, target in zip(plans, saved.targets, strict=True):
        if plan["owner"] != saved.owner:
            raise _refused("shown", "it shows another owner than it is for")
        names = [change["name"] for change in plan["changes"]]
        if names != list(target.changes):
            raise _refused("shown", "it shows other schedules than it is for")
        for shown in plan["changes"]:
            change = target.changes[shown["name"]]
            kept = {name: getattr(change, name) for name in _digests(shown)}
            agrees = kept == _digests(shown) and shown["target"] == target.name
            if not agrees or not _is_masked_alike(shown):
                raise _not_shown(target.name, shown)
        counts = Counter(change.action for change in target.changes.values())
        for action, number in plan["summary"].items():
            if action != "unmanaged" and number != counts[action]:
                raise _refused("shown", f"it counts {number} to {action}, and has {counts[action]}")


def _is_masked_alike(shown: Document) -> bool:
    masked = [field for field in shown["fields"] if field["masked"]]
    return all(json.dumps(each["before"]) == json.dumps(each["after"]) for each in masked)


def _said_anew(shown: Document) -> Document:
    """With triggers in the words of this program, of the documents that the digests are of."""
    plans = [
        {**plan, "changes": [_change_said_anew(change) for change in plan["changes"]]}
        for plan in shown["plans"]
    ]
    return {**shown, "plans": plans}


def _change_said_anew(shown: Document) -> Document:
    try:
        return {**shown, **trigger_texts(shown["before"], shown["after"])}
    except ValueError as error:
        raise _not_shown(shown["target"], shown) from error


def _not_shown(target: str, shown: Document) -> StalePlan:
    key = Key(target, shown["name"])
    return _refused("shown", "what it shows is not what it would do", key)


def _refused(kind: StaleKind, message: str, key: Key | None = None) -> StalePlan:
    return StalePlan([Mismatch(kind, message, key)])
