"""A folder of code with what `additional_includes` add to it -> where each of its files lies.

As Azure's client puts them together (azure-ai-ml 1.35, `_additional_includes.py`): each file or
folder under its own name beside the code, a folder that is there already filled up, the last one
in place of those before; `NAME.zip` where there is only a folder NAME is that folder as an archive.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reconciler.model import Archive
from reconciler.snapshots.ignored import Layers


class IncludeError(Exception):
    """What cannot be added: a sentence; `number` of the one that is meant, counted from 0."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


@dataclass(slots=True)
class Collected:
    """The files of one unit of code."""

    check: Callable[[str], None]
    """Called with each folder and file that is entered or taken: raises what is wrong with it."""
    most: int
    """Files."""
    places: dict[str, str | Archive] = field(default_factory=dict)
    """By the path in the code, where it lies."""

    def add(self, place: str, name: str, layers: Layers) -> None:
        """A file or a folder with all that counts in it, under `name`. OSError, IgnoreError."""
        if layers.leaves_out(place, is_folder=os.path.isdir(place)):
            return
        self.fill(place, name, layers)

    def fill(self, place: str, name: str, layers: Layers, above: tuple[str, ...] = ()) -> None:
        """The same, whatever is said of the file or folder itself."""
        self.check(place)
        if not os.path.isdir(place):
            os.stat(place)  # a link to nothing
            self.places[name] = place
            if len(self.places) > self.most:
                raise TooMany
            return
        real = os.path.realpath(place)
        if real in above:
            raise OSError(None, "it leads back to a folder that it lies in", place)
        for entry in sorted(os.listdir(place)):
            inner = os.path.join(place, entry)
            is_folder = os.path.isdir(inner)
            if not layers.leaves_out(inner, is_folder=is_folder):
                below = layers.within(inner) if is_folder else layers
                self.fill(inner, f"{name}/{entry}" if name else entry, below, (*above, real))


class TooMany(Exception):
    """More files than there may be."""


def collect(code: str | None, includes: Sequence[str], base: str, made: Collected) -> None:
    """Fill `made` with the code, and with what is added; OSError, IgnoreError, TooMany,
    IncludeError.

    `code`: where it lies; `includes`: as written, relative to `base`.
    """
    root = Layers(code if code is not None and os.path.isdir(code) else None)
    if code is not None:
        made.fill(code, "" if os.path.isdir(code) else os.path.basename(code), root)
    for number, written in enumerate(includes):
        place = os.path.realpath(os.path.join(base, written.replace("\\", "/")))
        name = os.path.basename(place)
        layers = root.moved(os.path.dirname(place))
        folder = place.removesuffix(".zip")
        zipped = folder != place and not os.path.exists(place) and os.path.isdir(folder)
        if not zipped and not os.path.exists(place):
            raise IncludeError("it does not exist", number)
        if not name:
            raise IncludeError("it is all of the disk", number)
        own = os.path.join(code or base, name)
        is_it = os.path.islink(own) and os.path.realpath(own) == place
        if code is not None and os.path.lexists(own) and not is_it:
            raise IncludeError(f'the code has "{name}" already', number)
        if zipped:
            inside = Collected(made.check, made.most)
            inside.fill(folder, os.path.basename(folder), layers.within(folder))
            made.check(folder)
            made.places[name] = _archive(os.path.basename(folder), inside)
        else:
            below = layers.within(place) if os.path.isdir(place) else layers
            made.add(place, name, below)


def _archive(name: str, inside: Collected) -> Archive:
    files = sorted((path, where) for path, where in inside.places.items() if isinstance(where, str))
    return Archive(((f"{name}/", ""), *files))
