"""The HTTP side of `serve`: a process of its own beside the engine, started, watched, stopped.

It shares nothing with the engine but the workspace's file: what it does cannot hold up a fire,
and what breaks it does not stop the engine. The socket is bound here, before anything else is
begun, and outlives a process that has to be started anew. The process ends when its standard input
does, so that none stays behind, however this one ends.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reconciler.errors import ReconcilerError
from reconciler.web.serving.sockets import address_of, bind, is_loopback
from reconciler.web.tokens import LINK_SECONDS, Tokens

STOP_SECONDS = 8.0
"""How long the process has to end, before it is killed."""
AGAIN_SECONDS = 1.0
"""How long to wait before a process that ended by itself is started anew; twice as long each time,
up to LONGEST_AGAIN_SECONDS, unless it had run for that long.
"""
LONGEST_AGAIN_SECONDS = 60.0


Log = Callable[..., None]
"""Called with an event's name and its fields."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where `serve` answers, and to whom."""

    host: str
    port: int
    token_file: Path | None = None
    read_only_file: Path | None = None
    public_url: str | None = None
    hosts: tuple[str, ...] = ()
    azure_name: tuple[str, str, str] | None = None
    sdk_config: Path | None = None
    """A folder to write what Microsoft's SDKs need to."""


@dataclass(frozen=True, slots=True)
class Instructions:
    """What the process is told, as JSON, in the first line of its standard input."""

    config: str
    target: str
    socket: int
    token: str = field(repr=False)
    read_only_token: str | None = field(repr=False)
    any_address: bool
    public_url: str | None
    hosts: tuple[str, ...]
    azure_name: tuple[str, str, str] | None
    log_format: str


def _bind(binding: Binding) -> socket.socket:
    try:
        return bind(binding.host, binding.port)
    except OSError as error:
        raise ReconcilerError(
            f"{binding.host}, port {binding.port}: {error.strerror or error}",
            hint="--port 0 takes any that is free; --no-http serves none",
        ) from error


class ServerProcess:
    """The process that answers HTTP, from `start` to `stop`."""

    def __init__(
        self,
        binding: Binding,
        tokens: Tokens,
        *,
        module: str,
        config: Path,
        target: str,
        log: Log,
        log_format: str,
        name: str | None = None,
    ) -> None:
        """Bind; ReconcilerError. `module` is what Python runs (`-m`) in the process; `name`: who
        starts it, for whom the link is.
        """
        self._name = name
        self._module = module
        self._binding = binding
        self._tokens = tokens
        self._log = log
        self._socket = _bind(binding)
        self.address = (binding.public_url or address_of(self._socket)).rstrip("/")
        self._instructions = Instructions(
            config=str(config),
            target=target,
            socket=self._socket.fileno(),
            token=tokens.full,
            read_only_token=tokens.read,
            any_address=not is_loopback(binding.host),
            public_url=binding.public_url,
            hosts=binding.hosts,
            azure_name=binding.azure_name,
            log_format=log_format,
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = False
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer, and say where."""
        self._process = self._open()
        self._watcher.start()
        self._log("serving", address=self.address)
        if not is_loopback(self._binding.host):
            self._log(
                "open_to_others",
                host=self._binding.host,
                meaning="whoever reaches this port and has a token gets in; there is no TLS here,"
                " so put a proxy before it that has",
            )
        code = self._tokens.new_link(time.time(), name=self._name)
        self._log("link", url=f"{self.address}/login?code={code}", minutes=LINK_SECONDS // 60)

    def stop_soon(self) -> None:
        """Do not start it anew; `stop` is to come. May be called from a signal handler."""
        self._ending = True

    def stop(self) -> None:
        """End the process; what it is answering gets a moment."""
        self._stopping.set()
        process = self._process
        if process is not None:
            _end_input(process)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._watcher.is_alive():
            self._watcher.join()
        self._socket.close()

    def _open(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            pass_fds=(self._socket.fileno(),),
            # Ctrl-C is for the engine, which then stops this.
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(asdict(self._instructions)).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; whoever waits for it says how
        return process

    def _watch(self) -> None:
        """Start it anew if it ends by itself."""
        pause = AGAIN_SECONDS
        while True:
            began = time.monotonic()
            process = self._process
            assert process is not None
            code = process.wait()
            _end_input(process)
            if self._stopping.wait(0.1) or self._ending:
                return
            if time.monotonic() - began > LONGEST_AGAIN_SECONDS:
                pause = AGAIN_SECONDS
            self._log("http_ended", code=code, again_seconds=pause)
            if self._stopping.wait(pause) or self._ending:
                return
            pause = min(pause * 2, LONGEST_AGAIN_SECONDS)
            self._process = self._open()
            if self._stopping.is_set():  # `stop` saw the one before
                _end_input(self._process)


def _end_input(process: subprocess.Popen[Any]) -> None:
    try:
        if process.stdin is not None:
            process.stdin.close()
    except OSError:
        pass  # it has gone
