"""Which files are read, and that nothing is passed over in silence. Real files, links and pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.declare.reading.files import (
    File,
    FileError,
    display_path,
    find_files,
    read_file,
    repository_root,
)
from reconciler.declare.reading.yaml_loader import MAX_BYTES
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.declare.resolve import TargetSettings
from reconciler.render.problems import render_problems

SCHEDULE = """name: {name}
trigger: {{type: recurrence, frequency: day, interval: 1}}
create_job: azureml:job
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "repository"
    folder.mkdir()
    return folder


def write(path: Path, text: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCHEDULE.format(name=path.stem) if text is None else text)
    return path


def found(folder: Path, *patterns: str, exclude: Sequence[str] = ()) -> list[str]:
    files, problems = find_files(patterns or (".",), folder, folder, exclude)
    return [file.display for file in files] + [f"{p.code} {p.path}: {p.message}" for p in problems]


def read(folder: Path, *patterns: str) -> Declarations:
    return read_declarations(
        patterns or (".",),
        base=folder,
        root=folder,
        targets=[TargetSettings("")],
        known_targets=(),
        now=datetime(2026, 11, 20, tzinfo=UTC),
    )


def problems(folder: Path, *patterns: str) -> list[str]:
    return [f"{p.code} {p.path}: {p.message}" for p in read(folder, *patterns).problems]


def test_yaml_files_of_a_folder(repository: Path) -> None:
    for name in ("b.yml", "a.yaml", "C.YAML", "deep/er/d.yml", "x.yaml/e.yml"):
        write(repository / name)
    for name in ("readme.md", "a.yaml.bak", ".hidden.yml", ".git/config.yml", ".github/w/ci.yml"):
        write(repository / name)
    write(repository / "reconciler.yaml", "owner: us")
    assert found(repository) == ["C.YAML", "a.yaml", "b.yml", "deep/er/d.yml", "x.yaml/e.yml"]
    assert found(repository, "deep") == ["deep/er/d.yml"]
    assert found(repository, "deep/../a.yaml", "a.yaml", "./a.yaml") == ["a.yaml"]
    assert found(repository, str(repository / "deep")) == ["deep/er/d.yml"]
    assert found(repository, ".hidden.yml") == [".hidden.yml"]


def test_patterns(repository: Path) -> None:
    for name in ("teams/a/s/x.yml", "teams/b/s/y.yml", "teams/b/other/z.yml", "[odd].yml"):
        write(repository / name)
    assert found(repository, "teams/*/s") == ["teams/a/s/x.yml", "teams/b/s/y.yml"]
    assert found(repository, "teams/**/*.yml") == [
        "teams/a/s/x.yml",
        "teams/b/other/z.yml",
        "teams/b/s/y.yml",
    ]
    assert found(repository, "teams/?/s/[x]*") == ["teams/a/s/x.yml"]
    assert found(repository, "[odd].yml") == ["[odd].yml"]


def test_exclude(repository: Path) -> None:
    for name in ("a.yml", "drafts/b.yml", "drafts/deep/c.yml"):
        write(repository / name)
    assert found(repository, exclude=["drafts/*"]) == ["a.yml"]
    assert found(repository, exclude=["*/b.yml"]) == ["a.yml", "drafts/deep/c.yml"]
    assert found(repository, "drafts", exclude=["drafts/*"]) == [
        "SCH035 drafts: no YAML file (*.yaml, *.yml) in it that is not excluded"
    ]


def test_a_path_that_matches_nothing(repository: Path) -> None:
    write(repository / "empty/readme.md")
    assert found(repository, "empty", "gone.yaml", "x/*.yml", "nul\0.yml", "gone/../../up") == [
        "SCH035 empty: no YAML file (*.yaml, *.yml) in it",
        "SCH035 gone.yaml: no such file or folder",
        "SCH035 x/*.yml: no such file or folder",
        "SCH035 nul\\0.yml: no such file or folder",
        f"SCH035 {repository.parent}/up: no such file or folder",
    ]


def test_links_inside(repository: Path) -> None:
    write(repository / "a.yaml")
    write(repository / "real/b.yaml")
    (repository / "same.yaml").symlink_to("a.yaml")
    (repository / "folder").symlink_to("real")
    (repository / "real" / "up").symlink_to("..")
    # each file once
    assert found(repository) == ["a.yaml", "real/b.yaml"]
    assert [str(schedule.source) for schedule in read(repository).schedules] == [
        "a.yaml:1",
        "real/b.yaml:1",
    ]


def test_links_that_lead_out(repository: Path) -> None:
    outside = write(repository.parent / "outside" / "o.yaml")
    write(repository / "a.yaml")
    (repository / "file.yaml").symlink_to(outside)
    (repository / "folder").symlink_to(outside.parent)
    (repository / "chain.yaml").symlink_to("file.yaml")
    expected = [
        "SCH002 chain.yaml: the link leads out of the repository",
        "SCH002 file.yaml: the link leads out of the repository",
        "SCH002 folder: the link leads out of the repository",
    ]
    assert problems(repository) == expected
    assert problems(repository, "file.yaml") == [expected[1]]
    assert problems(repository, "folder") == [expected[2]]
    assert problems(repository, "folder/o.yaml") == [
        "SCH002 folder/o.yaml: the path leads out of the repository"
    ]
    assert [schedule.key.name for schedule in read(repository).schedules] == ["a"]


def test_paths_that_lead_out(repository: Path) -> None:
    outside = write(repository.parent / "outside" / "o.yaml")
    for pattern in ("../outside", "../outside/o.yaml", str(outside), str(outside.parent)):
        assert [line.partition(" ")[0] for line in problems(repository, pattern)] == ["SCH002"]
    # a folder whose name begins like the repository's is not inside it
    write(repository.parent / "repository-2" / "x.yaml")
    assert problems(repository, "../repository-2/x.yaml")[0].startswith("SCH002")


def test_link_loops_and_broken_links(repository: Path) -> None:
    (repository / "loop.yaml").symlink_to("loop.yaml")
    (repository / "folder").symlink_to("folder")
    (repository / "broken.yaml").symlink_to("nowhere")
    assert problems(repository) == [
        "SCH001 broken.yaml: it cannot be read: no such file or directory",
        "SCH001 loop.yaml: it cannot be read: too many levels of symbolic links",
    ]
    assert problems(repository, "loop.yaml")[0].startswith("SCH001 loop.yaml")
    assert problems(repository, "folder")[0].startswith("SCH001 folder")


def test_what_is_not_a_file(repository: Path) -> None:
    os.mkfifo(repository / "pipe.yaml")
    (repository / "null.yaml").symlink_to("/dev/null")
    (repository / "folder").mkdir()
    (repository / "link.yaml").symlink_to("folder")
    write(repository / "folder" / "a.yml")
    assert problems(repository) == [
        "SCH002 null.yaml: the link leads out of the repository",
        "SCH001 pipe.yaml: it is not a regular file",
    ]


def test_names_that_are_not_text(repository: Path) -> None:
    name = os.fsdecode(b"a\xff\nb.yaml")
    write(repository / name, "name: [")
    assert [(p.code, p.path) for p in read(repository).problems] == [
        ("SCH005", "a\\xff\\x0ab.yaml")
    ]
    for form in ("text", "json", "github", "sarif"):
        render_problems(read(repository).problems, form).encode()


def test_size(repository: Path) -> None:
    write(repository / "a.yaml", "# " + "x" * MAX_BYTES)
    write(repository / "b.yaml", SCHEDULE.format(name="b").ljust(MAX_BYTES))
    assert problems(repository) == ["SCH003 a.yaml: the file is larger than 1024 KiB"]
    assert [schedule.key.name for schedule in read(repository).schedules] == ["b"]


def test_not_utf8(repository: Path) -> None:
    (repository / "a.yaml").write_bytes(SCHEDULE.format(name="ü").encode("latin-1"))
    assert problems(repository) == ["SCH004 a.yaml: the file is not UTF-8"]


def test_changes_while_reading(repository: Path) -> None:
    """What was found and is gone, or something else, when it is read."""
    file = File(str(repository / "a.yaml"), "a.yaml", str(repository / "a.yaml"))
    with pytest.raises(FileError, match="no such file"):
        read_file(file, repository)
    (repository / "a.yaml").mkdir()
    with pytest.raises(FileError, match="a folder, not a file"):
        read_file(file, repository)
    with pytest.raises(FileError, match="the path is not valid"):
        read_file(File("nul\0", "nul", "nul\0"), repository)


def test_display() -> None:
    root = Path("/repository")
    assert display_path("/repository/a/b.yaml", root) == "a/b.yaml"
    assert display_path("/repository", root) == "."
    assert display_path("/elsewhere/a", root) == "/elsewhere/a"
    assert display_path("/repository/\x1b[0m", root) == "\\x1b[0m"


def test_repository_root(tmp_path: Path) -> None:
    tmp_path = tmp_path.resolve()
    (tmp_path / "a" / ".git").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert repository_root(tmp_path / "a" / "b" / "c") == tmp_path / "a"
    assert repository_root(tmp_path / "a") == tmp_path / "a"


# ----------------------------------------------------------------------------------- permissions

READ = """
import os, sys
from datetime import datetime, timezone
from pathlib import Path
from reconciler.declare.resolve import TargetSettings
from reconciler.declare.repository import read_declarations
from reconciler.declare.checking.json_schema import schema_findings
schema_findings({}, "schedule")  # what is imported late may not be readable for somebody else
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
folder = Path(sys.argv[1])
read = read_declarations(
    sys.argv[2:], base=folder, root=folder, targets=[TargetSettings("")], known_targets=(),
    now=datetime(2026, 11, 20, tzinfo=timezone.utc),
)
for p in read.problems:
    print(p.code, p.path + ":", p.message)
print(*[s.key.name for s in read.schedules])
"""


def read_as_somebody(folder: Path, *patterns: str) -> list[str]:
    """The problems, and the names, as a user sees them whom permissions hold back."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder), *(patterns or ".")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return str(done.stdout).splitlines()


@pytest.fixture
def readable(repository: Path) -> Path:
    """A repository that another user may enter."""
    for folder in (repository, *repository.parents):
        if folder.stat().st_uid == os.getuid() and folder.name.startswith(
            ("pytest", "popen", "repo", "test")
        ):
            folder.chmod(folder.stat().st_mode | 0o055)
    return repository


def test_unreadable(readable: Path) -> None:
    write(readable / "a.yaml")
    write(readable / "b.yaml").chmod(0)
    write(readable / "locked" / "c.yaml")
    (readable / "locked").chmod(0)
    write(readable / "listed" / "d.yaml")
    (readable / "listed").chmod(0o644)
    (readable / "into.yaml").symlink_to("locked/c.yaml")
    try:
        assert read_as_somebody(readable) == [
            "SCH001 b.yaml: it cannot be read: permission denied",
            "SCH001 into.yaml: it cannot be read: permission denied",
            "SCH001 listed/d.yaml: it cannot be read: permission denied",
            "SCH001 locked: it cannot be read: permission denied",
            "a",
        ]
        assert read_as_somebody(readable, "locked/c.yaml") == [
            "SCH035 locked/c.yaml: no such file or folder",
            "",
        ]
        assert read_as_somebody(readable, "locked") == [
            "SCH001 locked: it cannot be read: permission denied",
            "",
        ]
    finally:
        (readable / "locked").chmod(0o755)
        (readable / "listed").chmod(0o755)
