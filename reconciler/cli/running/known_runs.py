"""Who knows the runs of a target, and can ask for those of the past: its provider, or what its
workers record.
"""

from __future__ import annotations

from typing import Protocol, cast

from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.providers.base import KnowsRuns, Provider
from reconciler.providers.capabilities import Backfills


class KnownRuns(KnowsRuns, Backfills, Protocol):
    """Both."""


def known_runs(target: Target, provider: Provider) -> KnownRuns:
    """Of a target, whose provider is given; ReconcilerError where nobody knows."""
    if target.provider == "temporal":
        from reconciler.providers.temporal.provider import TemporalProvider
        from reconciler.worker.runs import TemporalRuns

        return TemporalRuns(cast(TemporalProvider, provider))
    if not isinstance(provider, KnowsRuns) or not isinstance(provider, Backfills):
        raise ReconcilerError(
            f'{target.name}: which runs there were is not known of a target of "{target.provider}"'
        )
    return cast(KnownRuns, provider)
