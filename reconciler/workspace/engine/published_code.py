"""The code of a published version, for its runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.workspace.execution.run_code import CodeError, RunCode
from reconciler.workspace.store.code import CodeStore, VersionCode
from reconciler.workspace.store.database import StoreError


class PublishedCode:
    """What was published, whatever became of the repository. May be used in any thread."""

    def __init__(self, store: CodeStore, found: Mapping[str, VersionCode], before: RunCode) -> None:
        """`found`: the code of the version. `before`: of a version that was published without."""
        self._store = store
        self._found = found
        self._before = before

    def copy(self, code: str, folder: Path) -> None:
        """As of RunCode."""
        found = self._found.get(code)
        if found is None:
            self._before.copy(code, folder)
            return
        try:
            self._store.copy(found, folder)
        except StoreError as error:
            raise CodeError(str(error)) from error
