"""What Git keeps and a checkout has not is named; the paths that count are those that are read."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers import environment, write

from reconciler.declare.reading.absent import find_absent, why_absent
from reconciler.declare.reading.files import find_files
from reconciler.declare.reading.patterns import is_meant
from reconciler.declare.repository import read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.snapshots.snapshot import SnapshotError, Snapshots

IDENTITY = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")


def git(folder: Path, *args: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), *IDENTITY, "-c", "protocol.file.allow=always", *args],
        check=True,
        timeout=60,
        capture_output=True,
        env=environment(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1"),
    )


def commit(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, dict.fromkeys(names, "x"))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return folder


def codes(root: Path, *patterns: str, exclude: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = find_absent(patterns or ("schedules",), root, root, exclude)
    return [(problem.code, problem.path) for problem in found]


def test_a_submodule_that_is_not_checked_out(tmp_path: Path) -> None:
    inner = commit(tmp_path / "inner", "deep.yml")
    outer = commit(tmp_path / "outer", "s.yml")
    git(outer, "submodule", "add", str(inner), "inner")
    commit(outer)
    main = commit(tmp_path / "main", "schedules/a.yml", "other/b.yml")
    git(main, "submodule", "add", str(outer), "schedules/team-x")
    git(main, "submodule", "add", str(outer), "elsewhere")
    commit(main)
    # In `main` itself both are there, but not what is inside of them.
    assert codes(main) == [("SCH048", "schedules/team-x/inner")]
    git(main, "submodule", "update", "--init", "--recursive")
    assert codes(main) == []

    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(main), str(clone))
    assert codes(clone) == [("SCH048", "schedules/team-x")]
    assert codes(clone, "schedules/*.yml") == []
    assert codes(clone, "schedules/*/*.yml") == [("SCH048", "schedules/team-x")]
    assert codes(clone, "**/*.yml") == [("SCH048", "elsewhere"), ("SCH048", "schedules/team-x")]
    assert codes(clone, "schedules", exclude=("schedules/team-x/*",)) == []
    (problem,) = find_absent(["schedules"], clone, clone)
    assert problem.hint == "git submodule update --init -- schedules/team-x"


def test_what_a_sparse_checkout_leaves_out(tmp_path: Path) -> None:
    names = ("schedules/a.yml", "schedules/x/b.yml", "schedules/y/c.yml", "schedules/y/notes.txt")
    root = commit(tmp_path / "r", *names, "schedules/.hidden/d.yml", "jobs/e.yml")
    git(root, "sparse-checkout", "set", "schedules/x")
    assert codes(root) == [("SCH049", "schedules/y/c.yml")]
    assert codes(root, "schedules/x") == []
    (problem,) = find_absent(["schedules", "jobs"], root, root)
    assert problem.message == "2 files are left out by a sparse checkout, in jobs, schedules/y"
    git(root, "sparse-checkout", "disable")
    assert codes(root) == []


def test_a_repository_that_git_refuses_is_said(tmp_path: Path) -> None:
    root = commit(tmp_path / "r", "schedules/a.yml")
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(root, 65534, 65534)
    os.chown(root / ".git", 65534, 65534)
    (problem,) = find_absent(["schedules"], root, root)
    assert (problem.code, problem.severity) == ("SCH051", "warning")
    assert "detected dubious ownership in repository at" in problem.message
    assert "git config --global --add safe.directory" in problem.message


def test_a_machine_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = commit(tmp_path / "r", "schedules/a.yml")
    monkeypatch.setenv("PATH", str(tmp_path))
    (problem,) = find_absent(["schedules"], root, root)
    assert problem.message.endswith("git is not installed, or not in the PATH")


def test_the_repository_of_a_hook_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = commit(tmp_path / "r", "schedules/a.yml")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "none"))
    assert codes(root) == []


PATTERNS = ["s", "s/*.yml", "s/*/*.yml", "**/*.yml", "s/**", "s/a?.y*ml", "s/[ab]*", ".", "s/**/x*"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_names_alone_are_told_as_files_are(pattern: str, tmp_path: Path) -> None:
    """The judge is what finds the files that are there."""
    folders = ("", "s/", "s/a/", "s/a/b/", "t/", "s/.h/")
    files = ("a.yml", "ab.yaml", "x.yml", "x.txt", "reconciler.yaml", ".d.yml")
    root = (tmp_path / "r").resolve()
    paths = [root / folder / name for folder in folders for name in files]
    write(root, {str(path.relative_to(root)): "x" for path in paths})
    exclude = ["t/*", "s/a/b/x*"]
    found, _ = find_files([pattern], root, root, exclude)
    meant = {str(path) for path in paths if is_meant(str(path), [pattern], root, exclude)}
    assert meant == {file.path for file in found}


def test_why_a_job_file_is_not_there(tmp_path: Path) -> None:
    inner = commit(tmp_path / "inner", "job.yml")
    main = commit(tmp_path / "main", "schedules/a.yml", "jobs/job.yml")
    git(main, "submodule", "add", str(inner), "shared")
    commit(main)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(main), str(clone))
    assert why_absent(str(clone / "jobs/none.yml"), clone) is None
    assert why_absent(str(clone / "shared/job.yml"), clone) == (
        "it lies in the submodule shared, which is not checked out:"
        " git submodule update --init -- shared"
    )
    git(clone, "sparse-checkout", "set", "schedules")
    job = 'create_job: ../jobs/job.yml\nname: a\ntrigger: {type: cron, expression: "0 2 * * *"}\n'
    write(clone, {"schedules/a.yml": job})
    found = read_declarations(
        ["schedules"], base=clone, root=clone, targets=[TargetSettings("t")], known_targets=["t"],
        now=datetime.now(UTC),
    )  # fmt: skip
    [problem] = [one for one in found.problems if one.code == "SCH028"]
    assert problem.hint == "a sparse checkout leaves it out: git sparse-checkout add jobs"


def test_a_pointer_of_lfs_among_code_is_no_code(tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{0:064}\nsize 4\n"
    write(tmp_path, {"src/t.py": "print()\n", "src/model.bin": pointer})
    with pytest.raises(SnapshotError, match=r"src/model\.bin.*pointer of Git LFS") as raised:
        Snapshots(tmp_path).take(str(tmp_path / "src"))
    assert raised.value.is_pointer
    assert "git lfs pull" in (raised.value.hint or "")


def test_a_pointer_of_lfs_that_a_job_brings_is_said_as_one(tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{0:064}\nsize 4\n"
    job = """\
type: pipeline
inputs: {model: {type: uri_file, path: ./model.bin}}
jobs:
  own: {command: ls, code: ./src}
  more: {component: {command: ls, additional_includes: [./model.bin]}}
"""
    schedule = 'create_job: ./job.yml\nname: a\ntrigger: {type: cron, expression: "0 2 * * *"}\n'
    places = ("s/model.bin", "s/src/model.bin")
    write(tmp_path, {"s/a.yml": schedule, "s/job.yml": job, **dict.fromkeys(places, pointer)})
    found = read_declarations(
        ["s"], base=tmp_path, root=tmp_path, targets=[TargetSettings("t")], known_targets=["t"],
        now=datetime.now(UTC),
    )  # fmt: skip
    said = [(one.code, one.line) for one in found.problems if one.path == "s/job.yml"]
    assert said == [("SCH050", 2), ("SCH050", 4), ("SCH050", 5)]
    assert all("git lfs pull" in (one.hint or "") for one in found.problems)


def test_why_a_job_file_is_not_in_a_checkout_of_the_loop(tmp_path: Path) -> None:
    write(tmp_path, {".git/outside": "shared/\0other.yml\0"})
    hint = "write the path to it without escapes and variables"
    for path, shown in (("shared/jobs/job.yml", "shared"), ("other.yml", "other.yml")):
        said = why_absent(str(tmp_path / path), tmp_path)
        assert said == f"the loop leaves {shown} out: {hint}"
    assert why_absent(str(tmp_path / "sharedness/job.yml"), tmp_path) is None
