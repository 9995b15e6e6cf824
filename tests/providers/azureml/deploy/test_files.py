"""Code and data of a repository, as a plan for Azure reads them."""

from __future__ import annotations

from pathlib import Path

from reconciler.providers.azureml.deploy.files import RepositoryFiles
from reconciler.snapshots import CodeLimits


def test_limits_hold_where_code_is_declared(tmp_path: Path) -> None:
    """Those of the configuration, which may be raised: none of its own is put in their way."""
    (tmp_path / "src").mkdir()
    number = CodeLimits().files + 1
    for file in range(number):
        (tmp_path / "src" / str(file)).touch()
    snapshot, _ = RepositoryFiles(str(tmp_path)).snapshot("src")
    assert len(snapshot.files) == number
