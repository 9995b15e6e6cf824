"""What a person at a terminal sees of what takes its time: on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.cli import output

TIMEOUT = 30.0
Read = Callable[[], str]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Read]]:
    """Makes standard error a terminal when it is called, which pytest would undo before a test
    begins; then gives what was shown there.
    """
    mine, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        while True:
            try:
                shown.append(os.read(mine, 4096))
            except OSError:  # nobody writes to it any more
                return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    stream = os.fdopen(theirs, "w")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")

    def said() -> str:
        stream.close()
        thread.join(TIMEOUT)
        return b"".join(shown).decode()

    def attach() -> Read:
        monkeypatch.setattr(sys, "stderr", stream)
        return said

    yield attach
    stream.close()
    os.close(mine)


def test_what_takes_long_is_counted(
    terminal: Callable[[], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = terminal()
    monkeypatch.setattr(output, "PATIENCE", 0)
    assert list(output.progress(range(30), 30, "reading")) == list(range(30))
    said = read()
    assert "reading" in said
    assert "/30" in said
    assert said.endswith("\x1b[2K")  # it is gone again


def test_what_is_quick_shows_nothing(
    terminal: Callable[[], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = terminal()
    monkeypatch.setattr(output, "PATIENCE", TIMEOUT)
    assert list(output.progress(range(3), 3, "reading")) == [0, 1, 2]
    with output.waiting("planning local"):
        pass
    assert read() == ""


def test_what_is_waited_for_is_said(
    terminal: Callable[[], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = terminal()
    monkeypatch.setattr(output, "PATIENCE", 0)
    shown = threading.Event()
    write = sys.stderr.write

    def noted(text: str) -> int:
        if "planning [local]" in text:
            shown.set()
        return write(text)

    monkeypatch.setattr(sys.stderr, "write", noted)
    with output.waiting("planning [local]"):
        assert shown.wait(TIMEOUT)
    said = read()
    assert "planning [local]" in said
    assert said.endswith("\x1b[2K")


def test_no_terminal_gets_any_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "PATIENCE", 0)
    with (tmp_path / "err").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert list(output.progress(range(3), 3, "reading")) == [0, 1, 2]
        with output.waiting("planning"):
            pass
    assert (tmp_path / "err").read_text() == ""
