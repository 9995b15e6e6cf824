"""What of a folder counts, that its digest is the same everywhere, and what is refused."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest

from reconciler.snapshots import CodeLimits, SnapshotError, Snapshots, canonical_content, snapshot
from reconciler.snapshots import content as content_module

ROOT = os.getuid() == 0


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def take(root: Path, folder: str = "src", limits: CodeLimits | None = None) -> list[str]:
    found = Snapshots(root.resolve(), limits).take(str(root.resolve() / folder))
    return [file.path for file in found.files]


def digest(root: Path, folder: str = "src") -> str:
    return Snapshots(root.resolve()).take(str(root.resolve() / folder)).digest


def refused(root: Path, folder: str = "src", limits: CodeLimits | None = None) -> str:
    with pytest.raises(SnapshotError) as caught:
        take(root, folder, limits)
    hint = f" ({caught.value.hint})" if caught.value.hint else ""
    return f"{caught.value}{hint}"


FILES: dict[str, str | bytes] = {
    "src/train.py": "import util\nprint('é')\n",
    "src/util/__init__.py": "",
    "src/util/ünïcode näme.txt": "a\nb\n",
    "src/model.bin": b"\x00\r\n\x01",
}


def test_the_files_by_path(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    found = Snapshots(tmp_path.resolve()).take(str(tmp_path.resolve() / "src"))
    assert [(file.path, file.size) for file in found.files] == [
        ("model.bin", 4),
        ("train.py", 24),
        ("util/__init__.py", 0),
        ("util/ünïcode näme.txt", 4),
    ]
    assert found.size == 32
    assert found.path == "src"


def test_one_file(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert take(tmp_path, "src/train.py") == ["train.py"]


def test_the_same_digest_on_every_machine(tmp_path: Path) -> None:
    write(tmp_path / "one", FILES)
    crlf = {
        name: text.replace("\n", "\r\n") if isinstance(text, str) else text
        for name, text in reversed(FILES.items())
    }
    write(tmp_path / "two", crlf)
    os.utime(tmp_path / "two/src/train.py", (1, 1))
    (tmp_path / "two/src/train.py").chmod(0o700)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert digest(tmp_path / "one") == (
        "e1dc19dfbfe3b3f5b7e145a34b6de395218e2c70da6505402327a2191e36b24b"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"src/train.py": "import util\nprint('e')\n"},
        {"src/new.py": ""},
        {"src/model.bin": b"\x00\n\x01"},
        {"src/train.py": "import util\rprint('é')\n"},
    ],
)
def test_another_digest(tmp_path: Path, change: dict[str, str | bytes]) -> None:
    before = digest(write(tmp_path, FILES))
    assert digest(write(tmp_path, change)) != before


def test_a_name_is_no_content(tmp_path: Path) -> None:
    one = digest(write(tmp_path / "one", {"src/a": "b", "src/c": ""}))
    assert one != digest(write(tmp_path / "two", {"src/a": "", "src/c": "b"}))


def test_text_of_any_length_is_one_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "PIECE", 7)
    chance = random.Random(20260101)
    for _ in range(300):
        data = b"".join(
            chance.choice([b"a", b"\r\n", b"\r", b"\n", "é".encode()])
            for _ in range(chance.randint(0, 30))
        )
        for given, wanted in ((data, data.replace(b"\r\n", b"\n")), (data + b"\0", data + b"\0")):
            path = tmp_path / "file"
            path.write_bytes(given)
            with path.open("rb") as file:
                assert b"".join(canonical_content(file)) == wanted
            digest = content_module.Digest()
            for start in range(0, len(given), 5):
                digest.feed(given[start : start + 5])
            assert digest.end() == (hashlib.sha256(wanted).hexdigest(), len(wanted))


def test_what_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **FILES,
            "src/.git/HEAD": "x",
            "src/__pycache__/train.pyc": b"x",
            "src/util/old.pyc": b"x",
            "src/.reconciler/workspace.db": b"x",
            "src/data/big.csv": "x",
            "src/data/kept.csv": "x",
        },
    )
    everything = ["data/big.csv", "data/kept.csv"]
    assert take(tmp_path) == [*everything, *(f.removeprefix("src/") for f in sorted(FILES))]
    write(tmp_path, {"src/.gitignore": "*.csv\n!kept.csv\n# words\n\nutil/\n"})
    assert take(tmp_path) == [".gitignore", "data/kept.csv", "model.bin", "train.py"]
    write(tmp_path, {"src/.amlignore": "\ufeffdata\n.gitignore\n.amlignore\n/util\n"})
    assert take(tmp_path) == ["model.bin", "train.py"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("a\n!\n", "line 2: Invalid git pattern: '!'"),
        ("*a*a*a*a*a*b\n", "line 1: a pattern with more than 3 *"),
        ("**/a/**/a/**/a/**/b\n", "line 1: a pattern with more than 3 *"),
        (b"\xff\n", "cannot be read: it is not UTF-8"),
    ],
)
def test_an_ignore_file_that_cannot_be_used(tmp_path: Path, lines: str | bytes, why: str) -> None:
    write(tmp_path, {**FILES, "src/.amlignore": lines})
    assert why in refused(tmp_path)


def test_links(tmp_path: Path) -> None:
    write(tmp_path, {"src/a.py": "a", "lib/b.py": "b", "lib/deep/c.py": "c"})
    (tmp_path / "src/lib").symlink_to("../lib")
    (tmp_path / "src/b2.py").symlink_to("../lib/b.py")
    assert take(tmp_path) == ["a.py", "b2.py", "lib/b.py", "lib/deep/c.py"]
    (tmp_path / "src/gone").symlink_to("nowhere")
    assert refused(tmp_path) == '"src" cannot be read: no such file or directory (gone)'
    (tmp_path / "src/gone").unlink()
    (tmp_path / "lib/deep/round").symlink_to("..")
    assert refused(tmp_path) == ('"src/lib/deep/round" leads back to a folder that it lies in')


@pytest.mark.parametrize("link", ["file", "folder", "itself"])
def test_what_leads_out(tmp_path: Path, link: str) -> None:
    write(tmp_path / "repo", FILES)
    write(tmp_path, {"outside/secret": "x"})
    source = tmp_path / "repo/src"
    if link == "file":
        (source / "secret").symlink_to(tmp_path / "outside/secret")
    elif link == "folder":
        (source / "secret").symlink_to("../../outside")
    else:
        shutil.rmtree(source)
        source.symlink_to(tmp_path / "outside")
    assert "leads out of the repository" in refused(tmp_path / "repo")
    assert "leads out of the repository" in refused(tmp_path / "repo", "../outside")


def test_limits(tmp_path: Path) -> None:
    write(tmp_path, {f"src/{n}": "0123456789" for n in range(10)})
    limits = CodeLimits(files=10, size=100)
    assert len(take(tmp_path, limits=limits)) == 10
    hint = "name what does not belong to it in its .amlignore, or raise the limits under code"
    assert refused(tmp_path, limits=CodeLimits(9, 100)) == f'"src" has more than 9 files ({hint})'
    assert refused(tmp_path, limits=CodeLimits(10, 99)) == (
        f'"src" has more than 99 bytes, 9 among it ({hint})'
    )


def test_a_file_of_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with (tmp_path / "src/big.bin").open("wb") as file:
        file.truncate(2 << 30)
    assert refused(tmp_path).startswith('"src" has more than 1 GiB, big.bin among it')


def test_what_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path) == '"src" does not exist'
    assert "not valid" in refused(tmp_path, "a\0b")


def test_what_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    os.mkfifo(tmp_path / "src/pipe")
    assert refused(tmp_path) == '"src" cannot be read: it is not a regular file (pipe)'


def test_names_that_cannot_be_used_everywhere(tmp_path: Path) -> None:
    write(tmp_path, {"src/a\\b": ""})
    assert "cannot be used everywhere: a\\b" in refused(tmp_path)
    (tmp_path / "src/a\\b").unlink()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/src/\xff")).write_text("")
    assert "whose name is not UTF-8: \\xff" in refused(tmp_path)


@pytest.mark.skipif(not ROOT, reason="only root can become somebody without rights")
def test_without_rights(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "src/util").chmod(0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(65534)
            code = refused(tmp_path) != '"src" cannot be read: permission denied (util)'
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FILES)
    looks: list[int] = []

    def changing(_: os.stat_result) -> tuple[int, int, int]:
        looks.append(1)
        return (len(looks) if len(looks) <= most else 0, 0, 0)

    monkeypatch.setattr(content_module, "_marks", changing)
    most = 2
    assert "train.py" in take(tmp_path)
    most = 100
    assert refused(tmp_path) == '"src" cannot be read: it changes while it is read (model.bin)'


def test_each_folder_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path.resolve(), FILES)
    snapshots = Snapshots(root)
    first = snapshots.take(str(root / "src"))
    with pytest.raises(SnapshotError):
        snapshots.take(str(root / "gone"))
    monkeypatch.setattr(snapshot, "digest_at", None)
    assert snapshots.take(f"{root}/lib/../src/") is first
    with pytest.raises(SnapshotError):
        snapshots.take(str(root / "gone"))
