"""The embedded workspace that commands about runs work on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from reconciler.cli.session import Session, actor
from reconciler.config import Target
from reconciler.errors import ConfigError, ReconcilerError
from reconciler.providers import WORKSPACE
from reconciler.render.plain_text import printable
from reconciler.system.file_access import ReadableBy
from reconciler.system.workspace_files import folder_beside
from reconciler.workspace.datastores.addresses import data_assets
from reconciler.workspace.datastores.datastore import Datastore, secrets_of
from reconciler.workspace.engine.executor import run_folder
from reconciler.workspace.engine.lease import Lease
from reconciler.workspace.execution.data import TargetData
from reconciler.workspace.store.code import CodeStore
from reconciler.workspace.store.database import Database, Refused, StoreError
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store


class Workspace:
    """An embedded workspace as a target of this configuration; ConfigError if it is none."""

    def __init__(self, session: Session, target: Target) -> None:
        if target.provider != "local":
            raise ConfigError(f'target "{target.name}" is not an embedded workspace')
        self.target = target
        folder = session.config.folder
        self.path: Path = folder / target.options.get("workspace", WORKSPACE)
        self._folder = folder
        self.readable_by: ReadableBy = target.options.get("readable_by", "owner")

    @cached_property
    def datastores(self) -> dict[str, Datastore]:
        """Its datastores, by name; their clients take credentials from the environment."""
        hidden = secrets_of(os.environ)
        return {
            name: Datastore(options["url"], self._folder, hidden=hidden)
            for name, options in (self.target.options.get("datastores") or {}).items()
        }

    @cached_property
    def data(self) -> TargetData:
        """Where the addresses of data in its jobs lead."""
        return TargetData(self.datastores, data_assets(self.target.options), self._folder)

    @property
    def runs_folder(self) -> Path:
        """Where runs keep their files: beside the workspace's."""
        return folder_beside(self.path, "runs")

    @cached_property
    def lease(self) -> Lease:
        """Who runs its engine."""
        return Lease(self.path, readable_by=self.readable_by)

    def not_run(self) -> str | None:
        """What to tell a person where nobody runs its engine."""
        if self.lease.is_held():
            return None
        return f"{printable(self.target.name)} is not run: `reconciler serve` fires its schedules"

    @cached_property
    def _database(self) -> Database:
        return Database(self.path, readable_by=self.readable_by)

    @cached_property
    def ledger(self) -> Ledger:
        """What fired, and how looking at folders stands."""
        return Ledger(self._database)

    @cached_property
    def runs(self) -> Runs:
        """Its runs."""
        return Runs(self._database)

    @cached_property
    def code(self) -> CodeStore:
        """The code of its published versions."""
        return CodeStore(self._database)

    def store(self, *, durable: bool = False, busy_seconds: float | None = None) -> Store:
        """Its schedules and pipelines."""
        return Store(
            self.path,
            actor=actor(),
            durable=durable,
            busy_seconds=busy_seconds,
            readable_by=self.readable_by,
        )

    def folder_of(self, run: str) -> Path:
        """Where a run keeps its files, or would if it ran here."""
        return run_folder(self.runs_folder, run)

    def files_of(self, run: str) -> Path:
        """Where a run keeps its files: one that was brought along has them where it ran."""
        elsewhere = self.runs.files_in(run)
        return elsewhere[1] if elsewhere is not None else self.folder_of(run)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What the workspace raises, as errors for the user."""
        try:
            yield
        except (Refused, StoreError) as error:
            raise ReconcilerError(str(error)) from error
