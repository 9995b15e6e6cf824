"""A published version and a job file -> what of their text is another, masked line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from reconciler.masking import mask, mask_lines
from reconciler.model import CodeFile, ContentChange, Snapshot
from reconciler.plan.contents import diff_lines, shortened
from reconciler.snapshots import content_of, place_of
from reconciler.workspace.store.code import in_repository

_MOST_BYTES = 256 * 1024
"""Of a file that is compared line by line."""
Files = Mapping[str, str]


def with_diffs(
    changes: Sequence[ContentChange],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    old: Mapping[str, Path],
    new: Mapping[str, tuple[Snapshot, CodeFile]],
) -> tuple[ContentChange, ...]:
    """Each of `changes` with the lines that differ. `old`, `new`: where files of code lie, by their
    path in the repository. Nothing that looks secret is in any line.
    """
    return tuple(
        replace(one, diff=shortened(list(_lines(one, before, after, old, new)))) for one in changes
    )


def files_of(code: Mapping[str, Snapshot]) -> dict[str, tuple[Snapshot, CodeFile]]:
    """The files of the code of a job file, by their path in the repository."""
    return {in_repository(s.path, file): (s, file) for s in code.values() for file in s.files}


def _lines(
    change: ContentChange,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    old: Mapping[str, Path],
    new: Mapping[str, tuple[Snapshot, CodeFile]],
) -> Iterator[str]:
    names = sorted({*change.changed, *change.added, *change.removed})
    if change.kind == "file":
        for name in names:
            sides = [_old_text(old.get(name)), _new_text(new.get(name))]
            yield f"@@ {name} @@"
            if sides[0] is None or sides[1] is None:
                yield "  (no text, or too long to be shown)"
            else:
                yield from diff_lines(mask_lines(sides[0]), mask_lines(sides[1]))
        return
    if change.kind == "step":
        before, after = before.get("jobs") or {}, after.get("jobs") or {}
    parts = [{name: side[name] for name in names if name in side} for side in (before, after)]
    yield from diff_lines(*(_yaml(part) for part in parts))


def _yaml(part: Mapping[str, Any]) -> list[str]:
    if not part:
        return []
    shown = {name: mask(name, value) for name, value in part.items()}
    text: str = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)
    return mask_lines(text.splitlines())


def _old_text(path: Path | None) -> list[str] | None:
    if path is None:
        return []
    with suppress(OSError):
        if path.stat().st_size <= _MOST_BYTES:
            return _decoded(path.read_bytes())
    return None


def _new_text(found: tuple[Snapshot, CodeFile] | None) -> list[str] | None:
    if found is None:
        return []
    snapshot, file = found
    with suppress(OSError):
        if file.size <= _MOST_BYTES:
            return _decoded(b"".join(content_of(place_of(snapshot, file))))
    return None


def _decoded(data: bytes) -> list[str] | None:
    if b"\0" in data:
        return None
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8").splitlines()
    return None
