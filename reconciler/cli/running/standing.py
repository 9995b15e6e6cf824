"""Whether what schedules need of other processes is there, for `status`."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.cli.output import out, paint
from reconciler.errors import ProviderError
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import NeedsWorkers
from reconciler.render.plain_text import counted, printable
from reconciler.workspace.store.records import Watch


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one target."""

    target: str
    unserved: tuple[str, ...]
    """Which workers are missing, and the commands that start them."""
    failing: tuple[Watch, ...]
    """Folders that cannot be looked at."""
    unknown: str | None = None
    """Why nobody can say."""


def standing_of(target: str, provider: Provider) -> Standing | None:
    """Of a target whose schedules were listed just now; None: it needs nobody."""
    if not isinstance(provider, NeedsWorkers):
        return None
    try:
        return Standing(target, tuple(provider.unserved()), tuple(provider.failing()))
    except ProviderError as error:
        return Standing(target, (), (), error.message)


def show_failing(target: str, watch: Watch) -> None:
    """A folder that cannot be looked at."""
    since = f"{watch.failing_since:%Y-%m-%d %H:%M:%S} UTC"
    out(f"  {paint('failing', 'error')} {printable(f'{target}/{watch.schedule}')}: ")
    out(f"{printable(watch.error)} ({counted(watch.failures, 'time')} since {since})\n")


def failing_document(watch: Watch) -> dict[str, object]:
    """The same in JSON."""
    return {
        "schedule": watch.schedule,
        "error": watch.error,
        "failures": watch.failures,
        "since": watch.failing_since.isoformat(),
        "last": watch.failed_at.isoformat(),
    }


def show_standing(standing: Standing) -> None:
    """For people; nothing where all is well."""
    name = printable(standing.target)
    said = [*standing.unserved]
    if standing.unknown is not None:
        said.append(f"whether workers are there is not known: {standing.unknown}")
    if said or standing.failing:
        out("\n")
    for text in said:
        out(f"{paint('warning:', 'update')} {name}: {printable(text)}\n")
    for watch in standing.failing:
        show_failing(standing.target, watch)


def standing_document(standing: Standing) -> dict[str, object]:
    """The same in JSON."""
    return {
        "target": standing.target,
        "unserved": [*standing.unserved],
        "unknown": standing.unknown,
        "failing": [failing_document(watch) for watch in standing.failing],
    }
