"""Processes of the command line that are quick to begin: forks of one that has imported it.

Half a second of CPU for each command is what its imports take. A fork has them, and is else a
process like any other: a number, arguments, a folder, variables, streams and an end of its own.
What a fork cannot be is left to `subprocess`: see `fits`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_")
"""Variables that Python, or what it stands on, reads once, when it begins."""
_PATIENCE = 60.0


class Server:
    """The process that is forked; it ends with this one."""

    def __init__(self, python: Path | str, program: str, environment: Mapping[str, str]) -> None:
        """`program`: a package that has a `__main__`, or the path of a file in Python."""
        self._folder = tempfile.TemporaryDirectory(prefix="forks-")
        self.path = f"{self._folder.name}/socket"
        self.owner = os.getpid()
        self._as_it_began = _state(environment)
        self._process = subprocess.Popen(
            [python, _HERE / "server.py", self.path, program],
            cwd="/",
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether a process with these variables begins as the forked one did."""
        return self._as_it_began == _state(environment)

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        self._process.stdout.close()
        self._folder.cleanup()


_servers: dict[str, Server] = {}


def server(python: Path | str, program: str, environment: Mapping[str, str]) -> Server:
    """The one of this process for a program."""
    found = _servers.get(program)
    if found is None or found.owner != os.getpid():
        found = _servers[program] = Server(python, program, environment)
    return found


def reconciler() -> Server:
    """The one of the command line."""
    from helpers import environment

    return server(sys.executable, "reconciler", environment())


@atexit.register
def stop() -> None:
    """End them."""
    while _servers:
        _, one = _servers.popitem()
        if one.owner == os.getpid():
            one.stop()


def _state(environment: Mapping[str, str]) -> object:
    """What a process takes from the one that starts it, and a fork from another."""
    read = {k: v for k, v in environment.items() if k.startswith(_READ_AT_START)}
    mask = os.umask(0)
    os.umask(mask)
    return read, os.geteuid(), os.getegid(), mask


class Forked:
    """One that runs, or ran; what tests use of `subprocess.Popen`."""

    def __init__(
        self,
        server: Server,
        arguments: Sequence[str | bytes],
        *,
        cwd: Path | str | None,
        env: Mapping[str, str],
        stdin: int,
        stdout: int,
        stderr: int,
        session: bool = False,
    ) -> None:
        """The program with these arguments; streams are numbers of files, as those of `Popen`.

        `session`: it leads one of its own, at the terminal that is its standard input.
        """
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        words = [os.fsdecode(one) for one in arguments]
        if any("\0" in word for word in words):
            raise ValueError("embedded null byte")
        self.args = arguments
        self.returncode: int | None = None
        self._told = b""
        self._link.connect(server.path)
        folder = os.fsdecode(cwd or os.getcwd())
        os.stat(folder)  # raises as `Popen` does
        asked = {"argv": words, "cwd": folder, "env": dict(env), "session": session}
        told = json.dumps(asked).encode()
        socket.send_fds(self._link, [len(told).to_bytes(8, "big")], [stdin, stdout, stderr])
        self._link.sendall(told)
        self.pid = int(self._line(_PATIENCE))

    def _line(self, timeout: float | None) -> bytes:
        """What the server says next; raises TimeoutError where it says input_file."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._told:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._link], [], [], left)[0]:
                raise TimeoutError
            data = self._link.recv(4096)
            assert data, "the process that is forked has ended"
            self._told += data
        line, _, self._told = self._told.partition(b"\n")
        return line

    def poll(self) -> int | None:
        """Its exit code once it has ended; of a signal, its number below zero."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            try:
                line = self._line(timeout)
            except TimeoutError:
                raise subprocess.TimeoutExpired(str(self.args), timeout or 0) from None
            self.returncode = os.waitstatus_to_exitcode(int(line))
            self._link.close()
        return self.returncode

    def __del__(self) -> None:
        self._link.close()  # of one that was not waited for

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    server: Server,
    arguments: Sequence[str | bytes],
    *,
    cwd: Path | str | None,
    env: Mapping[str, str],
    timeout: float,
    given: bytes = b"",
) -> tuple[int, bytes, bytes]:
    """A process until its end: its exit code, its output, and what it said."""
    pipes = [os.pipe(), os.pipe()]
    with tempfile.TemporaryFile() if given else open(os.devnull, "rb") as input_file:
        if given:
            input_file.write(given)
            input_file.seek(0)
        try:
            process = Forked(
                server,
                arguments,
                cwd=cwd,
                env=env,
                stdin=input_file.fileno(),
                stdout=pipes[0][1],
                stderr=pipes[1][1],
            )
        finally:
            for _, end in pipes:
                os.close(end)
    deadline = time.monotonic() + timeout
    found = {end: bytearray() for end, _ in pipes}
    waiting = set(found)
    try:
        while waiting:
            ready, _, _ = select.select(list(waiting), [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired(str(arguments), timeout)
            for end in ready:
                data = os.read(end, 65536)
                found[end] += data
                if not data:
                    waiting.discard(end)
        code = process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        for end in found:
            os.close(end)
    out, err = found.values()
    return code, bytes(out), bytes(err)


def tool(path: Path) -> Path:
    """A program `reconciler` for shells, at that path."""
    line = f'exec "{sys.executable}" -I -S "{_HERE / "client.py"}" "{reconciler().path}" "$@"'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


def popen(
    arguments: Sequence[str | bytes], *, cwd: Path, env: Mapping[str, str], log: Any
) -> Forked | subprocess.Popen[bytes]:
    """One that runs on, without input, whose output and errors go to the file `log`; a fork where
    that is as good.
    """
    if reconciler().fits(env):
        with open(os.devnull, "rb") as input_file:
            number = log.fileno()
            return Forked(
                reconciler(),
                arguments,
                cwd=cwd,
                env=env,
                stdin=input_file.fileno(),
                stdout=number,
                stderr=number,
            )
    return subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
