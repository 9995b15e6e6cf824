"""The providers that are open: one for each target, opened again when its revision is another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from reconciler.loop.memory import Declared
from reconciler.providers.base import Provider

OpenTarget = Callable[[Declared], Provider]


class ProviderPool:
    """Opens providers by `open_target`, and closes those that are not needed any more."""

    def __init__(self, open_target: OpenTarget) -> None:
        self._open = open_target
        self._providers: dict[str, tuple[str, Provider]] = {}
        self._lock = threading.Lock()

    def provider(self, declared: Declared) -> Provider:
        """That of the target, for that revision. ConfigError, ProviderError."""
        name, revision = declared.target.name, declared.revision.id
        with self._lock:
            found = self._providers.get(name)
        if found is not None and found[0] == revision:
            return found[1]
        made = self._open(declared)
        with self._lock:
            self._providers[name] = (revision, made)
        if found is not None:
            close_provider(found[1])
        return made

    def beside(self, declared: Declared) -> Provider:
        """One more of the target, which the caller closes. ConfigError, ProviderError."""
        return self._open(declared)

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            providers, self._providers = self._providers, {}
        for _, provider in providers.values():
            close_provider(provider)


def close_provider(provider: Provider) -> None:
    """Let go of what it holds: one with files or connections of its own says so by `close`."""
    store = getattr(provider, "store", provider)
    close = getattr(store, "close", None)
    if close is not None:
        with suppress(Exception):
            close()
