"""The code of published versions: each content once, there as long as a version needs it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.model import Snapshot
from reconciler.snapshots import Snapshots
from reconciler.workspace.store import code as code_module
from reconciler.workspace.store.database import Refused, StoreError
from reconciler.workspace.store.schedules import NewSchedule, Publication, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "kept/workspace.db", actor="us")) as opened:
        yield opened


def snapshot(folder: Path, **files: str) -> Snapshot:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return Snapshots(folder.parent.resolve()).take(str(folder.resolve()))


def version(digest: str, taken: Snapshot, name: str = "train") -> Publication:
    return Publication(name, digest * 64, '{"command":"x"}', "train.yml", {"./src": taken})


def contents(store: Store) -> set[str]:
    return {path.name for path in store.code.folder.rglob("*") if path.is_file()}


def copied(store: Store, folder: Path, digest: str = "a", name: str = "train") -> dict[str, str]:
    store.code.copy(store.code.of(name, digest * 12)["./src"], folder)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_version_holds_its_code(store: Store, tmp_path: Path) -> None:
    first = snapshot(tmp_path / "src", a="1", b="same")
    store.publish(version("a", first), NOW)
    second = snapshot(tmp_path / "src", a="2", b="same")
    store.publish(version("b", second), NOW)
    assert len(contents(store)) == 3
    assert copied(store, tmp_path / "one") == {"a": "1", "b": "same"}
    assert copied(store, tmp_path / "two", "b") == {"a": "2", "b": "same"}
    (tmp_path / "one/a").write_text("changed by a step")
    assert copied(store, tmp_path / "three") == {"a": "1", "b": "same"}
    assert store.code.of("train", "nothing") == {}


def test_what_is_published_again_is_not_read(store: Store, tmp_path: Path) -> None:
    taken = snapshot(tmp_path / "src", a="1")
    store.publish(version("a", taken), NOW)
    (tmp_path / "src/a").unlink()
    assert not store.publish(version("a", taken), NOW)


def test_code_that_was_changed_after_the_plan(store: Store, tmp_path: Path) -> None:
    taken = snapshot(tmp_path / "src", a="1")
    (tmp_path / "src/a").write_text("2")
    with pytest.raises(Refused, match="the code src was changed after the plan was made"):
        store.publish(version("a", taken), NOW)
    (tmp_path / "src/a").unlink()
    with pytest.raises(Refused, match="the code src: a: no such file or directory"):
        store.publish(version("a", taken), NOW)
    assert store.versions("train") == []
    assert contents(store) == set()


def test_only_we_may_read_it(store: Store, tmp_path: Path) -> None:
    store.publish(version("a", snapshot(tmp_path / "src", a="1")), NOW)
    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in (store.code.folder, *store.code.folder.rglob("*"))
    }
    assert modes == {0o700, 0o600}


def test_a_program_may_be_run(store: Store, tmp_path: Path) -> None:
    store.publish(version("a", snapshot(tmp_path / "src", a="#!/bin/sh\n", b="text")), NOW)
    copied(store, tmp_path / "out")
    assert os.access(tmp_path / "out/a", os.X_OK)
    assert not stat.S_IMODE((tmp_path / "out/b").stat().st_mode) & 0o111


@pytest.mark.parametrize("pieces", [0, 1, None])
def test_the_file_system_copies_as_far_as_it_can(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int | None
) -> None:
    store.publish(version("a", snapshot(tmp_path / "src", a="0123456789", b="")), NOW)
    copy_range, asked = os.copy_file_range, []

    def limited(old: int, new: int, count: int) -> int:
        asked.append(count)
        if len(asked) - 1 == pieces:
            raise OSError(errno.EXDEV, "another file system")
        return copy_range(old, new, count if pieces is None else 4)

    monkeypatch.setattr(os, "copy_file_range", limited)
    assert copied(store, tmp_path / "run") == {"a": "0123456789", "b": ""}
    monkeypatch.delattr(os, "copy_file_range")  # as on macOS
    assert copied(store, tmp_path / "other") == {"a": "0123456789", "b": ""}
    assert asked


def test_damage_is_said(store: Store, tmp_path: Path) -> None:
    store.publish(version("a", snapshot(tmp_path / "src", a="1")), NOW)
    [path] = [path for path in store.code.folder.rglob("*") if path.is_file()]
    path.write_text("2")
    with pytest.raises(StoreError, match="the code src is damaged: a is another"):
        copied(store, tmp_path / "one")
    path.unlink()
    with pytest.raises(StoreError, match="the code src is damaged: a is missing"):
        copied(store, tmp_path / "two")


def test_dropped_is_what_nothing_needs(store: Store, tmp_path: Path) -> None:
    for digest in "abc":
        store.publish(version(digest, snapshot(tmp_path / "src", a=digest, b="same")), NOW)
    document = {
        "is_enabled": True,
        "trigger": {"type": "cron", "expression": "0 0 * * *"},
        "create_job": {"job": f"azureml:train:{'b' * 12}"},
    }
    store.put_schedule(
        NewSchedule("s", "us", document, "train"), expected=None, publication=None, now=NOW
    )
    assert store.code.prune() == 1
    assert copied(store, tmp_path / "b", "b") == {"a": "b", "b": "same"}
    assert copied(store, tmp_path / "c", "c") == {"a": "c", "b": "same"}
    with pytest.raises(StoreError, match="the code src was dropped by `runs prune`"):
        copied(store, tmp_path / "a")
    store.publish(version("a", snapshot(tmp_path / "src", a="a", b="same")), NOW)
    assert copied(store, tmp_path / "again") == {"a": "a", "b": "same"}
    assert store.code.prune() == 1  # that of c, which is not the newest any more
    assert store.code.prune() == 0


def test_pruned_while_it_is_published(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = snapshot(tmp_path / "src", a="1")
    prepare = code_module.CodeStore.prepare

    def pruned_after(self: code_module.CodeStore, *arguments: object) -> None:
        prepare(self, *arguments)  # type: ignore[arg-type]
        with closing(Store(store.path, actor="them")) as other:
            assert other.code.prune() == 1

    monkeypatch.setattr(code_module.CodeStore, "prepare", pruned_after)
    store.publish(version("a", taken), NOW)
    assert copied(store, tmp_path / "out") == {"a": "1"}


def test_what_an_end_left_behind(store: Store, tmp_path: Path) -> None:
    store.publish(version("a", snapshot(tmp_path / "src", a="1")), NOW)
    [path] = [path for path in store.code.folder.rglob("*") if path.is_file()]
    for name in (".new-1", ".new-2", "f" * 64):
        (path.parent / name).write_text("x")
    os.utime(path.parent / ".new-2", (0, 0))
    assert store.code.prune() == 2
    assert {p.name for p in path.parent.iterdir()} == {path.name, ".new-1"}
