"""Imports a program, and forks a process of it for each list of arguments that it is sent.

    python server.py SOCKET PROGRAM

PROGRAM is a package that has a `__main__`, all of which is imported, or the path of a file. It
says `ready` when it can be asked, and ends when its standard input does. Asked is it over a
connection for each process, with the three standard streams beside the number of bytes that
follow, eight of them: JSON, {"argv": [...], "cwd": ..., "env": {...}}; with `"session": true` it
is the leader of one, and its standard input, a terminal, the one whose Ctrl-C it hears. Answered
is a line that is the number of the process, and another when that has ended, its status as
wait(2) has it.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import termios
import threading
import time
from typing import Any

_NOT_BEFORE = ("reconciler.__main__", "reconciler.providers.temporal", "reconciler.worker")
"""Not imported here: a command that has loaded Temporal's client ends in another way."""


def prepare(program: str) -> None:
    """Import what it does."""
    waiting = [] if program.endswith(".py") else [program]
    if not waiting:
        runpy.run_path(program, run_name="prepared")
    while waiting:
        name = waiting.pop()
        try:
            made = importlib.import_module(name)
        except ImportError:  # an extra that is not installed
            continue
        inner = (found.name for found in pkgutil.iter_modules(getattr(made, "__path__", ())))
        waiting += [f"{name}.{one}" for one in inner if f"{name}.{one}" not in _NOT_BEFORE]
    assert not [name for name in sys.modules if name.startswith("temporalio")]
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()


def receive(link: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What is asked for, and its streams."""
    data, streams, _, _ = socket.recv_fds(link, 8, 3)
    while len(data) < 8:
        data += link.recv(8 - len(data))
    left = int.from_bytes(data, "big")
    parts = []
    while left:
        parts.append(link.recv(min(left, 1 << 20)))
        left -= len(parts[-1])
    return json.loads(b"".join(parts)), list(streams)


def serve(path: str) -> dict[str, Any]:
    """Fork; returns in the forked process only, with what that is to be."""
    signals, wake = socket.socketpair()
    for one in (signals, wake):
        one.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    links: dict[int, socket.socket] = {}
    ready = selectors.DefaultSelector()
    for one in (listener, signals, sys.stdin):
        ready.register(one, selectors.EVENT_READ)
    os.write(1, b"ready\n")
    while True:
        for key, _ in ready.select():
            if key.fileobj is sys.stdin:
                os._exit(0)
            elif key.fileobj is signals:
                with contextlib.suppress(BlockingIOError):
                    signals.recv(4096)
                reap(links)
            else:
                link, _ = listener.accept()
                asked, streams = receive(link)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    ready.close()
                    for each in (listener, signals, wake, *links.values()):
                        each.close()
                    return asked | {"streams": streams, "link": link}
                for number in streams:
                    os.close(number)
                links[pid] = link


def reap(links: dict[int, socket.socket]) -> None:
    """Tell of each that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        with links.pop(pid) as link:
            tell(link, status)


def tell(link: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody waits for it any more
        link.sendall(b"%d\n" % number)


def become(asked: dict[str, Any]) -> None:
    """Take on what makes a process: its group, its streams, its variables, its folder."""
    os.setsid() if asked.get("session") else os.setpgid(0, 0)
    for number, stream in enumerate(asked["streams"]):
        os.dup2(stream, number)
        os.close(stream)
    if asked.get("session"):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    tempfile.tempdir = None
    os.chdir(asked["cwd"])
    sys.stdin = stream_of(0, "r")
    sys.stdout = stream_of(1, "w")
    sys.stderr = stream_of(2, "w")
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    sys.argv[1:] = asked["argv"]
    with asked["link"] as link:
        tell(link, os.getpid())


def run(program: str) -> None:
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        sys.path.insert(0, os.getcwd())  # as `python -m` does
        runpy.run_module(program, run_name="__main__", alter_sys=True)


def leave(code: int) -> None:
    """End as Python does, without taking apart a thousand modules: returns where that may matter,
    for what was printed cannot be written.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code & 0xFF)


def stream_of(number: int, mode: str) -> io.TextIOWrapper:
    """A standard stream, as Python opens it."""
    before = (sys.stdin, sys.stdout, sys.stderr)[number]
    raw = io.FileIO(number, mode, closefd=False)
    buffer = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer,  # type: ignore[arg-type]
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=number == 2 or raw.isatty(),
    )


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, which has modules of common names
    program = sys.argv[2]
    prepare(program)
    become(serve(sys.argv[1]))
    try:
        run(program)
    except SystemExit as end:
        if isinstance(end.code, int):
            leave(end.code)
        raise
    leave(0)
