"""The runs of one target, whatever kind it is, for the commands about them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol, Unpack

from reconciler.cli.session import Session, actor
from reconciler.cli.workspace_target import Workspace
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.providers import open_azureml, open_temporal
from reconciler.render.plain_text import printable
from reconciler.system.file_access import plain_file
from reconciler.workspace.execution.runner import log_path, remove_run
from reconciler.workspace.store.records import RunFilter, RunRow, StepRow


class TargetRuns(Protocol):
    """What commands ask of a target's runs. Each call raises ReconcilerError."""

    def newest(self, *, limit: int = 50, **wanted: Unpack[RunFilter]) -> list[RunRow]:
        """The newest first."""
        ...

    def get(self, name: str) -> RunRow | None:
        """A run; None: there is none of that name."""
        ...

    def steps(self, name: str) -> list[StepRow]:
        """The steps of a run, as far as they are known."""
        ...

    def log(self, name: str, step: str, after: int) -> Iterator[tuple[bytes, int]]:
        """What a step printed after a place, in pieces, each with the place after it."""
        ...

    def place(self, name: str) -> str:
        """Where a run keeps its files."""
        ...

    def cancel(self, name: str) -> str:
        """Tell a run to end; its status then."""
        ...

    def experiments(self) -> list[tuple[str, int, str, datetime]]:
        """By name: how many runs, the status of the newest, and when it was made."""
        ...

    def prune(self, keep: int, now: datetime) -> int:
        """Forget ended runs, with their files, but for the newest `keep` of each schedule; how
        many.
        """
        ...

    def idle(self) -> str | None:
        """What to say where nobody is at work on them."""
        ...

    def no_logs(self, name: str) -> str | None:
        """Where a run's logs are, if they cannot be read here."""
        ...


class LocalRuns:
    """Those of an embedded workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def newest(self, *, limit: int = 50, **wanted: Unpack[RunFilter]) -> list[RunRow]:
        """As of TargetRuns."""
        with self._workspace.errors():
            return self._workspace.runs.newest(limit=limit, **wanted)

    def get(self, name: str) -> RunRow | None:
        """As of TargetRuns."""
        with self._workspace.errors():
            return self._workspace.runs.get(name)

    def steps(self, name: str) -> list[StepRow]:
        """As of TargetRuns."""
        with self._workspace.errors():
            return self._workspace.runs.steps(name)

    def log(self, name: str, step: str, after: int) -> Iterator[tuple[bytes, int]]:
        """As of TargetRuns: bytes of a file."""
        try:
            path = log_path(self._workspace.files_of(name), step)
            with open(path, "rb", opener=plain_file) as log:
                log.seek(after)
                while chunk := log.read(1 << 20):
                    yield chunk, log.tell()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ReconcilerError(
                f'the log of step "{printable(step)}" cannot be read: {error.strerror}'
            ) from error

    def place(self, name: str) -> str:
        """As of TargetRuns."""
        with self._workspace.errors():
            return str(self._workspace.files_of(name))

    def cancel(self, name: str) -> str:
        """As of TargetRuns."""
        with self._workspace.errors():
            return self._workspace.runs.request_cancel(
                name,
                f"canceled by {actor()}",
                engine_runs=self._workspace.lease.is_held,
                now=datetime.now(UTC),
                by=actor(),
            )

    def experiments(self) -> list[tuple[str, int, str, datetime]]:
        """As of TargetRuns."""
        with self._workspace.errors():
            return self._workspace.runs.experiments()

    def prune(self, keep: int, now: datetime) -> int:
        """As of TargetRuns. Fires that are too old to come again, and code, go as well."""
        workspace = self._workspace
        with workspace.errors():
            names = workspace.runs.ended_beyond(keep)
            # Files first: what an interruption leaves is still known, and goes the next time.
            for name in names:
                remove_run(workspace.folder_of(name))
            workspace.runs.forget(names)
            workspace.ledger.prune(now)
            workspace.code.prune()
        return len(names)

    def idle(self) -> str | None:
        """As of TargetRuns."""
        if self._workspace.lease.is_held():
            return None
        return "nobody runs this workspace: `reconciler serve` settles what has not ended"

    def no_logs(self, name: str) -> str | None:
        """As of TargetRuns: they are here, or in the workspace that the run was brought from."""
        with self._workspace.errors():
            elsewhere = self._workspace.runs.files_in(name)
        if elsewhere is None or os.access(elsewhere[1], os.X_OK):
            return None
        target, folder = elsewhere
        return f"it ran in {target}: its logs are not here, and cannot be read in {folder}"


def runs_of(session: Session, target: Target) -> TargetRuns:
    """The runs of a target; ConfigError where it has none that are known here."""
    if target.provider == "azureml":
        return open_azureml(target, session.opening(target, session.config.owner)).jobs
    if target.provider != "temporal":
        return LocalRuns(Workspace(session, target))
    from reconciler.worker.runs import TemporalRuns

    provider = open_temporal(target, session.opening(target, session.config.owner))
    return TemporalRuns(provider, actor())
