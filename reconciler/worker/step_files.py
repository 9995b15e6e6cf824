"""The files of one step on this machine, and their way from and to the store.

`runs/RUN/` of the store has what steps made, under the same names as the run's folder here, and
`runs/RUN/logs/STEP/` what they print, in pieces, so that it can be read while they run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from reconciler.providers.temporal.store import CodeStore, Files, StoreError
from reconciler.system.file_access import make_folder, plain_file
from reconciler.worker.orders import StepOrder
from reconciler.worker.run_data import bring
from reconciler.workspace.execution.data import TargetData
from reconciler.workspace.execution.run_bindings import FOLDERS_OF_STEPS, STEPS
from reconciler.workspace.execution.runner import log_path

_PIECE = 1 << 20
_LOOK_SECONDS = 0.5
_fetching = threading.Lock()


class StepFiles:
    """One step that is run here."""

    def __init__(
        self, order: StepOrder, folder: Path, files: Files, code: CodeStore, data: TargetData
    ) -> None:
        """`folder`: the run's on this machine. `data`: where its addresses lead."""
        self._data = data
        self._inputs, self._delivers = order.data_at(str(folder))
        self._order = order
        self._folder = folder
        self._files = files
        self._code = code
        self.work = folder / STEPS / order.step
        self.log = log_path(folder, order.step)
        self.log_note: str | None = None
        self.environment, self._outputs = order.localized(str(folder))
        self._sent = 0
        self._pieces = 0

    def prepare(self) -> None:
        """Its folder with its code, what it reads, and where it writes. StoreError, DataError,
        OSError.
        """
        make_folder(self._folder, "owner")
        make_folder(self.work)
        for path in self._order.fetches:
            self._have(path, partial(self._fetch, path))
        for local in self._order.brings:
            self._have(local.folder, partial(self._copy, local.digest))
        for wanted in self._inputs:
            bring(self._data, wanted, str(self._folder))
        if self._order.code is not None:
            self._code.copy(self._order.code, self.work)
        for name in FOLDERS_OF_STEPS:
            make_folder(self.work / name)
        for name, path in self._outputs.items():
            output = Path(path)
            made = output.parent if name in self._order.output_files else output
            make_folder(made)

    def _have(self, path: str, get: Callable[[Path], None]) -> None:
        """What others made or brought: here already, if that was here, or another read it."""
        place = self._folder / path
        with _fetching:
            if place.exists():
                return
            made = place.with_name(f"{place.name}.{uuid4().hex}.new")
            get(made)
            try:
                os.rename(made, place)
            except OSError:
                # Another worker of this machine was faster.
                if not place.exists():
                    raise
                shutil.rmtree(made, ignore_errors=True)

    def _fetch(self, path: str, made: Path) -> None:
        if not self._files.get(f"{self._stored}/{path}", made):
            raise StoreError(f"the store has no {path} of this run")

    def _copy(self, digest: str, made: Path) -> None:
        made.mkdir(parents=True)
        self._code.copy(digest, made)

    def send(self) -> None:
        """Put what it made to its addresses and into the store. StoreError, DataError, OSError."""
        for delivered in self._delivers:
            self._data.send(delivered)
        for path in self._order.sends:
            place = self._folder / path
            if place.exists():
                self._files.put(place, f"{self._stored}/{path}")
        for name in FOLDERS_OF_STEPS:
            place = self.work / name
            if place.is_dir() and any(place.iterdir()):  # the step may have removed it
                self._files.put(place, f"{self._stored}/{STEPS}/{self._order.step}/{name}")

    @property
    def _stored(self) -> str:
        return f"runs/{self._order.run}"

    # ------------------------------------------------------------------------------------- its log

    async def keep_log(self, ended: asyncio.Task[Any]) -> None:
        """Bring what it prints to the store, until it has ended."""
        while not ended.done():
            await asyncio.wait([ended], timeout=_LOOK_SECONDS)
            await asyncio.to_thread(self._send_log)
        await asyncio.to_thread(self._send_log)

    def _send_log(self) -> None:
        try:
            with open(self.log, "rb", opener=plain_file) as log:
                log.seek(self._sent)
                while piece := log.read(_PIECE):
                    name = f"{self._pieces + 1:08d}"
                    self._files.write(f"{self._stored}/logs/{self._order.step}/{name}", piece)
                    self._pieces += 1
                    self._sent += len(piece)
            self.log_note = None
        except FileNotFoundError:
            return  # it has printed nothing yet
        except (StoreError, OSError) as error:
            self.log_note = f"the log in the store is not whole: {error}"
