"""Which files of a folder of code are left out: those of its .amlignore, else of its .gitignore.

As Azure's client has it: only the file in the folder itself counts, and each file is held against
all patterns, of which the last that fits decides. Left out everywhere are what Python keeps of a
module that it has read, and what is Git's or ours; none of it is in a fresh checkout.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.system.file_access import FOLDER
from reconciler.system.workspace_files import all_of

_MOST_STARS = 3
"""Of one part of a pattern, and of parts `**`: more could take for ever on a name made for it."""
_FILES = (".amlignore", ".gitignore")
_FOLDERS = frozenset({".git", "__pycache__", FOLDER})


def kept_by_workspace(path: Path) -> frozenset[str]:
    """The real paths of all that an embedded workspace in the file `path` keeps: no code, though it
    may lie in a folder of it.
    """
    try:
        return frozenset(os.path.realpath(place) for place in all_of(path))
    except ValueError:  # a name that no file can have
        return frozenset()


class IgnoreError(Exception):
    """An ignore file that cannot be read: a sentence."""


class Ignored:
    """What to leave out of one folder."""

    def __init__(self, folder: str) -> None:
        """Read its ignore file; IgnoreError."""
        self._patterns = _read(folder)
        # A folder that is left out need not be entered, unless a later pattern takes files back in.
        self._prunes = all(include for include, _ in self._patterns)

    def has_file(self, path: str) -> bool:
        """Whether a file is left out. `path`: relative to the folder, with `/`."""
        return path.endswith(".pyc") or self._matches(path)

    def has_folder(self, path: str) -> bool:
        """Whether nothing below a folder can count."""
        return path.rpartition("/")[2] in _FOLDERS or (self._prunes and self._matches(f"{path}/"))

    def _matches(self, path: str) -> bool:
        left_out = False
        for include, matches in self._patterns:
            if include != left_out and matches.search(path) is not None:
                left_out = include
        return left_out


class Layers:
    """What is left out where `additional_includes` are put together: there the ignore file of each
    folder on the way counts, for what lies below it. azure-ai-ml 1.35, `ComponentIgnoreFile.merge`.
    """

    def __init__(self, folder: str | None = None) -> None:
        """Read the ignore file of `folder`, the code; IgnoreError."""
        self._layers: list[tuple[Ignored, str]] = []
        if folder is not None:
            self._layers.append((Ignored(folder), folder))

    def moved(self, folder: str) -> Layers:
        """With the patterns of the code as they would be in another folder."""
        made = Layers()
        made._layers = [(ignored, folder) for ignored, _ in self._layers]
        return made

    def within(self, folder: str) -> Layers:
        """With the ignore file of a folder in it; IgnoreError."""
        made = Layers(folder)
        made._layers = [*self._layers, *made._layers]
        return made

    def leaves_out(self, place: str, *, is_folder: bool) -> bool:
        """Whether the file or the folder at `place` is left out."""
        if is_folder and os.path.basename(place) in _FOLDERS:
            return True
        if place.endswith(".pyc"):
            return True
        return any(
            ignored._matches(os.path.relpath(place, base).replace(os.sep, "/"))
            for ignored, base in self._layers
        )


def _read(folder: str) -> Sequence[tuple[bool, re.Pattern[str]]]:
    for name in _FILES:
        path = os.path.join(folder, name)
        try:
            with open(path, encoding="utf-8-sig") as file:
                lines = file.read(1 << 20).splitlines()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise IgnoreError(f"{name} cannot be read: {why}") from error
        return _patterns(name, lines)
    return ()


def _patterns(name: str, lines: Iterable[str]) -> Sequence[tuple[bool, re.Pattern[str]]]:
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    found: list[tuple[bool, re.Pattern[str]]] = []
    for number, line in enumerate(lines, start=1):
        line = line.rstrip()
        if line.startswith("#"):
            continue
        parts = line.split("/")
        if parts.count("**") > _MOST_STARS or any(part.count("*") > _MOST_STARS for part in parts):
            raise IgnoreError(f"{name}, line {number}: a pattern with more than {_MOST_STARS} *")
        try:
            pattern = GitIgnoreSpecPattern(line)
        except (GitIgnorePatternError, re.error) as error:
            raise IgnoreError(f"{name}, line {number}: {error}") from error
        if pattern.include is not None and pattern.regex is not None:
            found.append((pattern.include, pattern.regex))
    return found
