"""Workers that are killed by the hundred: forked from a process that has imported all of it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from pathlib import Path

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    ["reconciler.cli.commands.worker", "reconciler.worker.serving", "temporalio.worker"]
)


class Forked:
    """One `reconciler worker`, in a folder, whose output goes to a file there."""

    def __init__(self, folder: Path, name: str, **variables: str) -> None:
        self._process = _FORKED.Process(target=_work, args=(folder, name, variables))
        self._process.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.join(60)


def _work(folder: Path, name: str, variables: Mapping[str, str]) -> None:
    from reconciler.cli import main_group

    with (folder / f"{name}.log").open("ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    os.chdir(folder)
    os.environ.update(variables)
    main_group(["worker", "--folder", name], prog_name="reconciler")
