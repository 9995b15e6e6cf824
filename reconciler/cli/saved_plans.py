"""Saved plans on the disk: written, read once, and planned anew to be compared."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli.output import paint, say
from reconciler.cli.planning import plan_targets
from reconciler.cli.session import Session
from reconciler.config import Target
from reconciler.errors import ReconcilerError, StalePlan
from reconciler.model import Mismatch, Plan, Schedule
from reconciler.plan.options import PlanOptions
from reconciler.plan.saved.digests import declarations_digest
from reconciler.plan.saved.planfile import (
    MOST_BYTES,
    Document,
    SavedPlan,
    SavedTarget,
    decode,
    encode,
    normal,
    saved_target,
)
from reconciler.plan.saved.staleness import (
    check_commit,
    check_declarations,
    check_frame,
    check_new,
    check_target,
    compare,
    without,
)
from reconciler.providers.base import Provider
from reconciler.render.documents import plans_document
from reconciler.render.plain_text import clip
from reconciler.render.text.staleness import render_mismatches
from reconciler.system.file_access import ReadableBy, tighten

Made = Sequence[tuple[Plan, Provider]]
Declared = Mapping[str, Sequence[Schedule]]


# ---------------------------------------------------------------------------------------- writing


def save_plans(
    path: Path,
    session: Session,
    targets: Sequence[Target],
    declared: Declared,
    made: Made,
    options: PlanOptions,
) -> None:
    """Write the plans to `path`: the whole file, or nothing."""
    shown = normal(plans_document([plan for plan, _ in made]))
    saved = SavedPlan(
        tool_version=__version__,
        made_at=session.now,
        owner=session.config.owner,
        commit=session.head.commit,
        declarations=declarations_digest(declared),
        options=options,
        targets=_targets(targets, declared, made, shown),
        shown=shown,
    )
    data = encode(saved)
    if len(data) > MOST_BYTES:
        raise ReconcilerError(f"the plan is larger than {MOST_BYTES // 1_000_000} MB")
    _write(path, data, session.config.readable_by)


def _targets(
    targets: Sequence[Target], declared: Declared, made: Made, shown: Document
) -> tuple[SavedTarget, ...]:
    found = []
    for target, (plan, provider), document in zip(targets, made, shown["plans"], strict=True):
        holds = {s.key: s.hold for s in declared[target.name] if s.hold is not None}
        found.append(
            saved_target(
                plan,
                document,
                provider=target.provider,
                identity=provider.identity(),
                holds=holds,
            )
        )
    return tuple(found)


def _write(path: Path, data: bytes, readable_by: ReadableBy) -> None:
    """Under another name first: whoever reads `path` meanwhile sees the old file or the new one."""
    try:
        if path.exists() and not path.is_file():
            # A file would take the place of the device or the pipe.
            raise ReconcilerError(
                f"{clip(str(path), 200)} cannot be written: it is not a regular file"
            )
        whole = path.resolve()
        descriptor, temporary = tempfile.mkstemp(prefix=".plan-", dir=whole.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            tighten(Path(temporary), readable_by)
            os.replace(temporary, whole)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise ReconcilerError(
            f"{clip(str(path), 200)} cannot be written: {error.strerror}"
        ) from error


# ---------------------------------------------------------------------------------------- reading


def read_plan(path: Path) -> SavedPlan:
    """The plan in a file, which is opened once; StalePlan with what is wrong with it."""
    return decode(_read(path), _complaint)


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a FIFO that nobody writes to would never return.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise StalePlan([Mismatch("file", f"{path} is not a regular file")])
            return file.read(MOST_BYTES + 1)
    except IsADirectoryError as error:
        raise StalePlan([Mismatch("file", f"{path} is not a regular file")]) from error
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error


def _complaint(document: Document) -> str | None:
    """What is wrong by the schemas of a saved plan and of the plan that it shows."""
    import jsonschema_rs

    from reconciler.schemas import schema

    try:
        for name, part in (("planfile", document), ("plan", document.get("shown"))):
            validator = jsonschema_rs.Draft202012Validator(schema(name))
            for error in validator.iter_errors(part):
                where = ".".join(str(step) for step in error.instance_path)
                return f"{where or 'the file'}: {error.message[:200]}"
    except UnicodeEncodeError:  # JSON can escape half of a pair, and no text has one
        return "half a surrogate pair in a text"
    except ValueError:  # the validator goes a few hundred levels down, fewer than JSON's reader
        return "it is nested too deep"
    return None


# --------------------------------------------------------------------------------------- applying


def plans_as_saved(
    session: Session,
    path: Path,
    target: str | None,
    options: PlanOptions,
    *,
    max_age: timedelta | None,
    any_commit: bool,
    partial: bool,
) -> tuple[list[tuple[Plan, Provider]], int]:
    """Plan anew, and keep what the saved plan has too; StalePlan where they differ.

    `partial`: changes that differ are left out, so many, and the others are kept; where there are
    no others, that is refused as ever.
    """
    saved = read_plan(path)
    _raise_if_any(
        check_frame(
            saved,
            now=session.now,
            max_age=max_age,
            owner=session.config.owner,
            options=options,
        )
    )
    targets = _same_targets(session, saved, target)
    providers = [session.provider(one) for one in targets]
    identities = [provider.identity() for provider in providers]
    found: list[Mismatch | None] = [
        check_target(planned, provider=one.provider, identity=identity)
        for planned, one, identity in zip(saved.targets, targets, identities, strict=True)
    ]
    if not any_commit:
        found.append(check_commit(saved, session.head.commit, session.head.refused))
    _raise_if_any(found)
    declared = session.declared(targets, allow_empty=options.allow_empty)
    options = replace(options, strict=saved.options.strict or options.strict)
    made = plan_targets(session, targets, declared, options)
    shown = normal(plans_document([plan for plan, _ in made]))
    stale: list[Mismatch] = []
    kept: list[tuple[Plan, Provider]] = []
    fresh = _targets(targets, declared, made, shown)
    for number, (plan, provider) in enumerate(made):
        planned = saved.targets[number]
        differ = compare(
            planned, saved.shown["plans"][number], fresh[number], shown["plans"][number]
        )
        stale += differ
        kept.append((without(plan, differ), provider))
        found.append(check_new(planned, identities[number], kept[-1][0]))
    changed = check_declarations(saved, declarations_digest(declared))
    if not partial:
        _raise_if_any([*found, changed, *stale])
    _raise_if_any(found)
    if stale:
        if not any(plan.pending for plan, _ in kept):
            _raise_if_any(stale)
        say(render_mismatches(stale, paint, head="left out:").rstrip("\n"))
    return kept, len(stale)


def _same_targets(session: Session, saved: SavedPlan, chosen: str | None) -> list[Target]:
    """The targets of the plan; those of --target, where it was given, have to be the same."""
    names = [target.name for target in saved.targets]
    missing = [name for name in names if name not in session.config.target_names]
    if missing:
        raise StalePlan([Mismatch("target", f'no target "{missing[0]}" in reconciler.yaml')])
    if chosen is not None and sorted(session.config.chosen(chosen)) != sorted(names):
        message = f"it is for {', '.join(names)}, and --target {chosen} is another"
        raise StalePlan([Mismatch("target", message)])
    return [session.config.target(name) for name in names]


def _raise_if_any(found: Iterable[Mismatch | None]) -> None:
    mismatches = [mismatch for mismatch in found if mismatch is not None]
    if mismatches:
        raise StalePlan(
            mismatches, hint="`reconciler plan --out FILE` makes a new one, to be reviewed again"
        )
