"""A PostgreSQL of Debian's package, in a folder of its own, for as long as tests need it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers import UNPRIVILEGED

_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
PATIENCE = 30.0


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database; skips where the server is not installed."""
    if not _BIN:
        pytest.skip("the server of PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    # PostgreSQL refuses to run as root, where tests may run.
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
        user = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}
    data = folder / "data"
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "cwd": folder, **user}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    server: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [_BIN[-1] / "initdb", "-D", data, "-U", "tests", "--auth=trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
            env=environment,
            timeout=60,
            **quiet,
        )
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "max_connections": "40",
        }
        options = [item for name, value in settings.items() for item in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [_BIN[-1] / "postgres", "-D", data, *options],
                stdout=log,
                stderr=log,
                env=environment,
                **quiet,
            )
        address = f"postgresql://tests@127.0.0.1:{port}/postgres"
        _wait(address, server, folder / "log")
        yield address
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # disconnects clients, and ends
            server.wait(timeout=PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def new_database(address: str, name: str) -> str:
    """The address of a database of that name, made anew."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
    return address.rsplit("/", 1)[0] + f"/{name}"


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
