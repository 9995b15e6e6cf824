"""Code and data of a repository, as a plan for Azure reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.providers.azureml.deploy import files as module
from reconciler.providers.azureml.deploy.files import RepositoryFiles
from reconciler.providers.azureml.jobs.assets import CodePath, Unsendable
from reconciler.snapshots import CodeLimits


def test_limits_hold_where_code_is_declared(tmp_path: Path) -> None:
    """Those of the configuration, which may be raised: none of its own is put in their way."""
    (tmp_path / "src").mkdir()
    number = CodeLimits().files + 1
    for file in range(number):
        (tmp_path / "src" / str(file)).touch()
    snapshot, _ = RepositoryFiles(str(tmp_path)).snapshot(CodePath("src"))
    assert len(snapshot.files) == number


def test_data_that_many_schedules_name_is_hashed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows/a.csv").write_text("1,2")
    hashed: list[str] = []
    for name in ("data_hash", "client_hash"):
        made = getattr(module, name)
        counted = lambda *given, n=name, m=made: (hashed.append(n), m(*given))[1]  # noqa: E731
        monkeypatch.setattr(module, name, counted)
    files = RepositoryFiles(str(tmp_path))
    found = [files.data("rows") for _ in range(3)]
    assert hashed == ["data_hash"]
    assert found[0] == found[2]
    assert found[0][1] is True
    assert files.snapshot(CodePath("rows"))[1] != found[0][2]


def test_data_that_goes_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2")
    files = RepositoryFiles(str(tmp_path))
    files.snapshot(CodePath("rows.csv"))
    (tmp_path / "rows.csv").unlink()
    with pytest.raises(Unsendable, match="cannot be read: No such file"):
        files.data("rows.csv")
