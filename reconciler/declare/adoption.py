"""Whose a live schedule is, and what takes it over. Pure.

It is ours if it has our owner, and not the identity of another repository: two repositories may
have one owner, and neither undoes what the other declares. Without an identity, on either side, the
owner alone decides; the next write adds ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.model import Key, LiveSchedule, Plan, Schedule


@dataclass(frozen=True, slots=True)
class Adoption:
    """An entry of `adopt` in reconciler.yaml: what is declared with such a name, and is live as
    `owner`'s, becomes ours.
    """

    names: str
    """A pattern of names, or of `target/name`."""
    owner: str = ""
    """An owner, or the identity of a repository; empty: made by hand."""

    def __str__(self) -> str:
        return f"{self.names} from {self.owner}" if self.owner else f"{self.names} made by hand"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who plans: an owner, the identity of its repository (None: it has none), what it takes."""

    owner: str
    repository: str | None = None
    adoptions: tuple[Adoption, ...] = ()
    named: Collection[str] = ()
    """Names, or patterns of them, that whoever calls takes over, whosever they are."""

    def holds(self, live: LiveSchedule) -> bool:
        """Whether `live` is ours."""
        elsewhere = live.repository is not None and self.repository is not None
        return live.owner == self.owner and not (elsewhere and live.repository != self.repository)

    def takes(self, wanted: Schedule, live: LiveSchedule) -> bool:
        """Whether `live`, which is not ours, becomes `wanted`, which is."""
        holders = self.holders(live)
        return (
            any(is_adopted(wanted.key, pattern) for pattern in self.named)
            or wanted.adopt in holders
            or any(one.owner in holders and is_adopted(wanted.key, one.names)
                   for one in self.adoptions)
        )  # fmt: skip

    def holders(self, live: LiveSchedule) -> tuple[str, ...]:
        """What `from` may say of `live`: of our own owner's, the other repository alone."""
        repository = (live.repository,) if live.repository is not None else ()
        if live.owner == self.owner:
            return repository
        return (live.owner or "", *repository)

    def whose(self, live: LiveSchedule) -> str:
        """In words, of what is not ours."""
        if live.owner == self.owner:
            return f'managed by the repository "{live.repository}"'
        return f'managed by "{live.owner}"' if live.owner else "made by hand"


def is_adopted(key: Key, pattern: str) -> bool:
    """Whether `--adopt` with this name, `target/name` or pattern of them means it."""
    return fnmatchcase(key.name, pattern) or fnmatchcase(str(key), pattern)


def spent_adoptions(adoptions: Sequence[Adoption], plans: Sequence[Plan]) -> Iterator[Adoption]:
    """Those that take nothing over in any of `plans`."""
    taken = [
        change.key
        for plan in plans
        for change in plan.changes
        if change.fields and change.fields[0].path in (("owner",), ("repository",))
    ]
    for one in adoptions:
        if not any(is_adopted(key, one.names) for key in taken):
            yield one
