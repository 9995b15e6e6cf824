"""What Git keeps below the paths of declarations and this checkout has not -> Problems.

A submodule that is not there and files that a sparse checkout leaves out would look like schedules
that were removed. A checkout without a Git repository of its own, as the loop makes them, says in
`.git/absent` which submodules it left out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.files import display_path
from reconciler.declare.reading.local_git import ask_git, has_git
from reconciler.declare.reading.patterns import is_meant
from reconciler.model import Problem

LEFT_OUT = "absent"
"""In the `.git` of a checkout of the loop: the submodules that it left out, each ended by NUL."""
OUTSIDE = "outside"
"""In the same place: files and folders (ending with "/") that it left out, likewise."""
_GITLINK = "160000"
_SHOWN = 3


def find_absent(
    patterns: Sequence[str], base: Path, root: Path, exclude: Sequence[str] = ()
) -> list[Problem]:
    """An error for each submodule and each folder that `patterns` (relative to `base`) may mean."""
    submodules, files, refused = _left_out(root)

    problems = [
        _submodule(path, root)
        for path in submodules
        if is_meant(path, patterns, base, exclude, folder=True)
    ]
    sparse = [path for path in files if is_meant(path, patterns, base, exclude)]
    if sparse:
        problems.append(_sparse(sparse, root))
    problems += [
        _outside(path, root)
        for path, folder in _outside_of(root)
        if is_meant(path, patterns, base, exclude, folder=folder)
    ]
    if refused is not None:
        problems.append(_unknown(refused))
    return problems


def why_absent(path: str, root: Path) -> str | None:
    """What to do about a file that Git has and this checkout has not; None if it is not that."""
    submodules, files, _ = _left_out(root)
    path = os.path.abspath(path)
    for one in submodules:
        if path.startswith(one + os.sep):
            shown = display_path(one, root)
            return (
                f"it lies in the submodule {shown}, which is not checked out:"
                f" git submodule update --init -- {shown}"
            )
    if path in files:
        folder = display_path(os.path.dirname(path), root)
        return f"a sparse checkout leaves it out: git sparse-checkout add {folder}"
    for one, is_folder in _outside_of(root):
        if path == one or (is_folder and path.startswith(one + os.sep)):
            what = f"the loop leaves {display_path(one, root)} out"
            return f"{what}: write the path to it without escapes and variables"
    return None


def _left_out(root: Path) -> tuple[list[str], list[str], str | None]:
    """Absolute paths of submodules and of files that are not there; why Git does not say."""
    if not has_git(root):
        try:
            text = os.fsdecode((root / ".git" / LEFT_OUT).read_bytes())
        except OSError:
            return [], [], None
        return [str(root / name) for name in text.split("\0") if name], [], None
    submodules: list[str] = []
    files: list[str] = []
    pending = [root]
    while pending:
        folder = pending.pop()
        answer = ask_git(folder, "ls-files", "-t", "-s", "-z")
        if answer.text is None:
            return submodules, files, answer.refused
        for line in answer.text.split("\0"):
            entry, _, name = line.partition("\t")
            if not name:
                continue
            tag, mode, *_ = entry.split(" ")
            path = folder / name
            if mode != _GITLINK:
                if tag == "S" and not path.exists():
                    files.append(str(path))
            elif has_git(path):
                pending.append(path)
            else:
                submodules.append(str(path))
    return submodules, files, None


def _outside_of(root: Path) -> list[tuple[str, bool]]:
    """Absolute paths that a checkout of the loop has not, and whether they are folders."""
    if has_git(root):
        return []
    try:
        text = os.fsdecode((root / ".git" / OUTSIDE).read_bytes())
    except OSError:
        return []
    names = (name for name in text.split("\0") if name)
    return [(str(root / name.rstrip("/")), name.endswith("/")) for name in names]


def _outside(path: str, root: Path) -> Problem:
    return Problem(
        "SCH067",
        CODES["SCH067"].severity,
        display_path(path, root),
        "it is left out of the checkout of the loop",
        hint="write the path to it in reconciler.yaml without escapes and variables",
    )


def _submodule(path: str, root: Path) -> Problem:
    shown = display_path(path, root)
    return Problem(
        "SCH048",
        CODES["SCH048"].severity,
        shown,
        "it is a Git submodule that is not checked out",
        hint=f"git submodule update --init -- {shown}",
    )


def _sparse(files: Sequence[str], root: Path) -> Problem:
    folders = sorted({display_path(os.path.dirname(file), root) for file in files})
    shown = ", ".join(folders[:_SHOWN]) + (", ..." if len(folders) > _SHOWN else "")
    number = "1 file is" if len(files) == 1 else f"{len(files):,} files are"
    return Problem(
        "SCH049",
        CODES["SCH049"].severity,
        display_path(files[0], root),
        f"{number} left out by a sparse checkout, in {shown}",
        hint=f"git sparse-checkout add {' '.join(folders[:_SHOWN])}",
    )


def _unknown(refused: str) -> Problem:
    return Problem(
        "SCH051",
        CODES["SCH051"].severity,
        ".git",
        f"whether anything is missing from this checkout is not known: {refused}",
    )
