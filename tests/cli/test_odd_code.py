"""Code that cannot be taken, or that looks odd: said in words at its place, and nothing of it is
published by half.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest
from helpers import CONFIG, UNPRIVILEGED, invoke, repository, write

JOB = "type: command\ncommand: ls\ncode: ./src\n"
HERE = "schedules/job.yml:3:7: error: "


def made(folder: Path, job: str = JOB, config: str = CONFIG) -> Path:
    """A repository; where its code goes."""
    repository(folder, "a", config=config)
    write(folder, {"schedules/job.yml": job})
    code = folder / "schedules/src"
    code.mkdir()
    return code


def published(repo: Path) -> tuple[int, int]:
    """Versions, and contents of files."""
    if not (repo / "workspace.db").exists():
        return 0, 0
    with closing(sqlite3.connect(repo / "workspace.db")) as connection:
        [versions] = connection.execute("SELECT count(*) FROM pipeline_versions").fetchone()
    return versions, sum(path.is_file() for path in (repo / "workspace-code").rglob("*"))


def refused(repo: Path) -> str:
    done = invoke(repo, "apply", "--yes", code=1)
    assert published(repo) == (0, 0)
    return done.text


@pytest.mark.parametrize(
    "number", [300, pytest.param(200_000, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_very_many_files(tmp_path: Path, number: int) -> None:
    limit = number // 2
    code = made(tmp_path, config=CONFIG + f"code: {{max_files: {limit}}}\n")
    for n in range(number):
        (code / f"{n % 50}").mkdir(exist_ok=True)
        (code / f"{n % 50}/{n}").touch()
    what = f'"schedules/src" has more than {limit:,} files [SCH055]'
    assert f"{HERE}{what}" in refused(tmp_path)


def test_a_file_of_two_gigabytes(tmp_path: Path) -> None:
    with (made(tmp_path) / "model.bin").open("wb") as file:
        file.truncate(2 << 30)
    what = '"schedules/src" has more than 1 GiB, model.bin among it [SCH055]'
    assert f"{HERE}{what}" in refused(tmp_path)


@pytest.mark.torture
def test_a_file_of_two_gigabytes_that_is_meant(tmp_path: Path) -> None:
    with (made(tmp_path, config=CONFIG + "code: {max_size: 4096}\n") / "m").open("wb") as file:
        file.truncate(2 << 30)
    assert invoke(tmp_path, "apply", "--yes").code == 0
    assert published(tmp_path) == (1, 1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody without rights")
@pytest.mark.parametrize("name", ["secret", "secret/x"])
def test_without_rights(tmp_path: Path, name: str) -> None:
    code = made(tmp_path)
    write(code, {"ok.py": "", "secret/x": ""})
    # What is imported when it is first needed cannot be read any more by who has no rights.
    assert invoke(tmp_path, "apply", "--yes").code == 0
    (tmp_path / "workspace.db").unlink()
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    (code / name).chmod(0)
    child = os.fork()
    if child == 0:
        said = ""
        try:
            os.setgid(UNPRIVILEGED)
            os.setuid(UNPRIVILEGED)
            said = invoke(tmp_path, "apply", "--yes", code=None).text
        finally:
            what = f'"schedules/src" cannot be read: permission denied ({name}) [SCH055]'
            os._exit(0 if f"{HERE}{what}" in said else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not (tmp_path / "workspace.db").exists()


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    """What is published is whole, one state of it; or it is said, and nothing is."""
    log = made(tmp_path) / "log"
    log.write_bytes(b"0" * 3_000_000)
    done = threading.Event()

    def change() -> None:
        number = 0
        while not done.is_set():
            number = (number + 1) % 10
            log.write_bytes(str(number).encode() * 3_000_000)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(4):
            found = invoke(tmp_path, "apply", "--yes", code=None)
            words = ("it changes while it is read (log)", "changed after the plan was made")
            assert found.code == 0 or any(one in found.text for one in words), found.text
    finally:
        done.set()
        thread.join()
    versions, contents = published(tmp_path)
    assert versions == contents
    assert invoke(tmp_path, "apply", "--yes").code == 0
    for path in (tmp_path / "workspace-code").rglob("*/*"):
        data = path.read_bytes()
        assert len(data) in (0, 3_000_000)
        assert len(set(data)) <= 1


def test_paths_of_windows(tmp_path: Path) -> None:
    code = made(tmp_path, JOB.replace("./src", ".\\src\\deep"))
    write(code, {"deep/a.py": "print(1)\r\n"})
    assert invoke(tmp_path, "apply", "--yes").code == 0
    assert published(tmp_path) == (1, 1)
    drive = JOB.replace("./src", "C:\\code\\src").replace("\n", "\r\n")
    write(tmp_path, {"schedules/job.yml": drive})
    found = invoke(tmp_path, "validate", code=1).text
    assert f'{HERE}"C:\\code\\src" is a path of one machine' in found


def test_line_ends(tmp_path: Path) -> None:
    code = made(tmp_path)
    for text in ("print(1)\nprint(2)\n", "print(1)\r\nprint(2)\r\n"):
        (code / "a.py").write_bytes(text.encode())
        assert invoke(tmp_path, "apply", "--yes").code == 0
        assert invoke(tmp_path, "plan", "--exit-code").code == 0
    assert published(tmp_path) == (1, 1)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([unicodedata.normalize(form, "é.py") for form in ("NFC", "NFD")], "look the same: "),
        (["A.py", "a.py"], "and"),
        (["a\\b.py"], "cannot be used everywhere: a\\b.py"),
    ],
)
def test_names_that_are_not_two_everywhere(tmp_path: Path, names: list[str], why: str) -> None:
    code = made(tmp_path)
    for name in names:
        (code / name).write_text(name)
    if len(list(code.iterdir())) < len(names):
        pytest.skip("this file system takes them for one")
    if why != "and":
        assert why in refused(tmp_path)
        return
    assert invoke(tmp_path, "apply", "--yes").code == 0
    assert published(tmp_path) == (1, 2)
