"""The files that `hold` and `drift accept` edit: found, replaced whole, or left as they were."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import CONFIG, declaration, invoke, repository, without_privileges, write

from reconciler.cli.editing.declaration_files import Declared, find_declared, replace_file
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError

HOLD = ("hold", "a", "--until", "2099-01-01", "--by", "ana")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = repository(tmp_path, "a")
    (repo / ".git").mkdir()
    return repo


def found(repo: Path, name: str = "a") -> Declared:
    return find_declared(Session(str(repo / "reconciler.yaml")), name, None)


def left(repo: Path) -> list[str]:
    """What else lies beside the declarations."""
    return sorted(set(os.listdir(repo / "schedules")) - {"a.yaml", "job.yml"})


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda path: path.write_text(declaration("a", 3)),
    "removed": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link that leads out": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
}


@pytest.mark.parametrize("case", CHANGES)
def test_changed_meanwhile(repo: Path, case: str) -> None:
    declared = found(repo)
    CHANGES[case](repo / "schedules/a.yaml")
    with pytest.raises(
        ReconcilerError, match=r"schedules/a\.yaml was changed meanwhile: try again"
    ):
        replace_file(declared, b"name: b\n", repo)
    assert left(repo) == []


def test_a_link_inside_the_repository_stays_one(repo: Path) -> None:
    path, real = repo / "schedules/a.yaml", repo / "real.yaml"
    path.rename(real)
    path.symlink_to("../real.yaml")
    invoke(repo, *HOLD)
    assert path.is_symlink()
    assert "hold:" in real.read_text()
    assert left(repo) == []


def test_links_out_of_the_repository_are_not_followed(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", "b")
    (repo / ".git").mkdir()
    outside = tmp_path / "a.yaml"
    outside.write_text(declaration("a"))
    (repo / "schedules/a.yaml").symlink_to(outside)
    assert 'no schedule "a" is declared' in invoke(repo, *HOLD, code=2).err
    assert outside.read_text() == declaration("a")


def test_a_file_that_may_not_be_written() -> None:
    with without_privileges(), tempfile.TemporaryDirectory() as folder:
        repo = repository(Path(folder), "a")
        path = repo / "schedules/a.yaml"
        path.chmod(0o444)
        done = invoke(repo, *HOLD, code=1)
        assert "schedules/a.yaml cannot be written: permission denied" in done.err
        path.chmod(0o644)
        (repo / "schedules").chmod(0o555)
        done = invoke(repo, *HOLD, code=1)
        assert "schedules/a.yaml cannot be written: permission denied" in done.err
        (repo / "schedules").chmod(0o755)
        assert path.read_text() == declaration("a")
        assert left(repo) == []
        path.chmod(0o640)
        invoke(repo, *HOLD)
        assert path.stat().st_mode & 0o777 == 0o640


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that takes a few pages, and not one more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if sys.platform == "darwin" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(path: Path) -> None:
    """Write until there is no space left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk(tmp_path: Path, full_disk: Path) -> None:
    repo = repository(full_disk, "a", config=CONFIG.replace("workspace.db", f"{tmp_path}/w.db"))
    long = declaration("a") + "# a comment\n" * 1500
    write(repo, {"schedules/a.yaml": long})
    fill(full_disk / "rest")
    done = invoke(repo, *HOLD, code=1)
    assert "schedules/a.yaml cannot be written: no space left on device" in done.err
    assert (repo / "schedules/a.yaml").read_text() == long
    assert left(repo) == []
    (full_disk / "rest").unlink()
    invoke(repo, *HOLD)


def test_what_is_no_schedule_is_passed_over(repo: Path) -> None:
    write(repo, {
        "schedules/odd.yaml": "name: [a]\ntrigger: {}\ncreate_job: ./job.yml\n---\n---\n- a\n",
        "schedules/more.yaml": f"# a\n---\n{declaration('b')}---\n{declaration('c')}",
    })  # fmt: skip
    assert found(repo, "c").source.document == 1
    assert found(repo, "local/b").document["name"] == "b"
    invoke(repo, "hold", "c", "--until", "2099-01-01", "--by", "ana")
    text = (repo / "schedules/more.yaml").read_text()
    assert text.startswith(f"# a\n---\n{declaration('b')}---\n{declaration('c')}hold:\n")


def test_a_name_that_is_written_with_escapes_is_found(repo: Path) -> None:
    write(repo, {"schedules/b.yaml": declaration(r'"\x62"')})
    assert found(repo, "b").source.path == "schedules/b.yaml"


def test_a_target_whose_environment_is_not_set_is_in_nobodys_way(repo: Path) -> None:
    prod = "  prod: {provider: local, workspace: '${{ env.NOT_SET_HERE }}'}\n"
    write(repo, {"reconciler.yaml": CONFIG + prod})
    invoke(repo, *HOLD)
    assert "hold:" in (repo / "schedules/a.yaml").read_text()
    assert "NOT_SET_HERE" in invoke(repo, *HOLD, "--target", "prod", code=1).err
