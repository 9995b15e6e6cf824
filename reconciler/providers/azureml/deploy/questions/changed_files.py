"""Which files of a folder of code are others than at the commit that was applied, by Git.

Azure keeps the code, and not a list of it; the commit is among the marks of a schedule.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from reconciler.declare.reading.local_git import ask_git, has_git
from reconciler.model import Snapshot

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def changed_files(root: str, commit: str | None, snapshot: Snapshot) -> int | None:
    """How many were changed, added or removed since `commit`; None where Git does not say, or
    finds none.
    """
    # What a tag holds anybody may have written: nothing but a commit is handed on.
    if commit is None or _COMMIT.fullmatch(commit) is None or not has_git(Path(root)):
        return None
    diff = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", commit)
    known = _names(root, *diff, "--", snapshot.path)
    new = _names(root, "ls-files", "--others", "-z", "--", snapshot.path)
    if known is None or new is None:
        return None
    now = {snapshot.path}
    if not snapshot.is_file:
        now = {f"{snapshot.path}/{file.path}" for file in snapshot.files}
    removed = {name for name in known if not os.path.lexists(os.path.join(root, name))}
    return len((known | new) & now | removed) or None


def _names(root: str, *args: str) -> set[str] | None:
    answer = ask_git(Path(root), "--literal-pathspecs", *args)
    return None if answer.text is None else set(answer.text.split("\0")) - {""}
