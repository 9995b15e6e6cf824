"""What a step finds in its folder: a copy of its code, which is the run's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class CodeError(Exception):
    """Code that cannot be had: a sentence."""


class RunCode(Protocol):
    """The code of one run."""

    def copy(self, code: str, folder: Path) -> None:
        """Put a copy of what a step has as `code` into `folder`. CodeError, OSError."""


class WorkingTree:
    """Code as it stands in a working tree now, of versions that hold none: those of before."""

    def __init__(self, base: Path, runs: Path) -> None:
        """`base`: what `code` is relative to. `runs`: the folder of all runs, which is no code."""
        self._base = base
        self._runs = runs

    def copy(self, code: str, folder: Path) -> None:
        """As of RunCode. What a link leads to is copied: a step must not reach what it was."""
        source = os.path.join(self._base, code)
        if os.path.isdir(source):
            ignored = _not_copied(self._runs)
            shutil.copytree(source, folder, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, folder)


def _not_copied(runs: Path) -> Callable[[str, list[str]], set[str]]:
    """For copytree: the runs themselves, links that lead round in circles, and what is no file."""
    own = os.path.realpath(runs)

    def is_copied(path: str, here: str) -> bool:
        real = os.path.realpath(path)
        if os.path.isdir(real):
            return real != own and not here.startswith(os.path.join(real, ""))
        return os.path.isfile(real)

    def ignored(folder: str, names: list[str]) -> set[str]:
        here = os.path.join(os.path.realpath(folder), "")
        return {name for name in names if not is_copied(os.path.join(folder, name), here)}

    return ignored
