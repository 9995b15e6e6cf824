"""A folder's files and what is remembered of them -> the files that are new or changed. Pure.

A file is known by its stamp (its etag, or its size and time of change). Where the stamp is another
but the content, by its digest, is what it was, the file is unchanged: copying it again starts
nothing. A deletion says nothing, and a file that comes back with another stamp is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SETTLE = timedelta(seconds=2)
"""A local file that changed less than this ago may still be being written."""
_AHEAD = timedelta(seconds=60)
"""A file may be newer than the look that found it; by more than this, a clock was set."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in the folder."""

    path: str
    """What the pipeline is given: a path on this machine, or the file's URL."""
    stamp: str
    modified: datetime | None
    """Since when it is there as it is, an aware instant; None where the datastore does not say."""
    digest: str = ""
    """Of its content, where the listing says it."""

    @property
    def key(self) -> str:
        r"""The path as it is recorded: bytes of a name that are no text become \xff and so on."""
        return self.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of a file; an empty digest: not known."""

    stamp: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look at a folder found."""

    fired: tuple[Listed, ...]
    """Each is one run."""
    remembered: Mapping[str, Seen]
    """By key, what is to be remembered of files from now on: those that were new or differ."""
    forgotten: tuple[str, ...]
    """Keys of files that are gone."""
    unsettled: int
    """Files that are still being written, to be looked at again soon."""
    is_first: bool

    def __bool__(self) -> bool:
        """Whether there is anything to record."""
        return self.is_first or bool(self.fired or self.remembered or self.forgotten)


def changes(
    listed: Sequence[Listed],
    cursor: Mapping[str, Seen] | None,
    *,
    since: datetime,
    now: datetime,
    settle: bool,
    digest_of: Callable[[Listed], str],
) -> Changes:
    """What a look found. `cursor` None: the first look since the schedule was enabled.

    At the first look, files that changed before `since`, the moment it was enabled, were there;
    later ones are new. `settle`: leave files alone that changed within SETTLE of `now`.
    """
    known = cursor or {}
    if not listed and known:
        return _emptied(known)
    fired: list[Listed] = []
    remembered: dict[str, Seen] = {}
    unsettled = 0
    for file in listed:
        before = known.get(file.key)
        if before is not None and before.stamp == file.stamp:
            continue
        if cursor is None and (file.modified is None or file.modified <= since):
            remembered[file.key] = Seen(file.stamp, file.digest)
        elif settle and _is_unsettled(file, now):
            unsettled += 1
        else:
            seen = remembered[file.key] = Seen(file.stamp, digest_of(file))
            if before is None or not seen.digest or seen.digest != before.digest:
                fired.append(file)
    gone = known.keys() - {file.key for file in listed}
    return Changes(tuple(fired), remembered, tuple(sorted(gone)), unsettled, cursor is None)


def changed_within(
    listed: Sequence[Listed], since: datetime, until: datetime
) -> tuple[Listed, ...]:
    """The files that changed from `since` (inclusive) to `until` (exclusive), the oldest first."""
    dated = [(file.modified, file.path, file) for file in listed if file.modified is not None]
    return tuple(file for at, _, file in sorted(dated, key=_by_age) if since <= at < until)


def _by_age(dated: tuple[datetime, str, Listed]) -> tuple[datetime, str]:
    return dated[:2]


def _emptied(known: Mapping[str, Seen]) -> Changes:
    """All files are gone at once: they were taken away, or their disk is not mounted. Their stamps
    are kept, so that the very same files coming back are not new; any other file then is.
    """
    bare = {key: Seen(seen.stamp) for key, seen in known.items() if seen.digest}
    return Changes((), bare, (), 0, False)


def _is_unsettled(file: Listed, now: datetime) -> bool:
    return file.modified is not None and -_AHEAD < now - file.modified < SETTLE
