"""`reconciler ui`: a process of its own, over a state that others write."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers import command, environment, invoke, repository


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """The command; what it logged before its link, by event."""
    process = subprocess.Popen(
        command("ui", "--port", "0", "--log-format", "json", *arguments),
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr is not None
    try:
        said: dict[str, Any] = {}
        for line in process.stderr:
            event = json.loads(line)
            said[event["event"]] = event
            if event["event"] == "link":
                break
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err


def test_over_the_state_of_a_loop(tmp_path: Path) -> None:
    folder = repository(tmp_path / "a", "one")
    invoke(folder, "run", "--once")
    away = tmp_path / "away"
    away.mkdir()
    state = str(folder / ".reconciler/state.db")
    proxy = ("--trust-proxy", "127.0.0.1", "--may-act", "ben")
    with started(away, "--state", state, *proxy) as said:
        link = said["link"]["url"]
        assert said["trusts_proxy"]["from"] == "127.0.0.1/32"
        with httpx.Client(follow_redirects=True) as client:
            text = client.get(link).text
            assert "in sync" in text
            assert "/targets/local" in text
            assert client.get(link).url.path == "/login"
        with httpx.Client(base_url=said["serving"]["address"]) as ben:
            text = ben.get("/targets/local", headers={"X-Forwarded-User": "ben"}).text
            assert "Look now" in text
            assert "Apply now" not in text
    token = away / ".reconciler/pages.token"
    assert token.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "--allow-remote"),
        (("--allow-host", "https://a"), "write NAME or NAME:PORT"),
        (("--public-url", "a.example"), "write https://NAME, without a path"),
        (("--may-act", "ana"), "--trust-proxy"),
        (("--trust-proxy", "proxy.example"), "--trust-proxy"),
        (("--public-url", "ftp://x"), "--public-url"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = invoke(tmp_path, "ui", *arguments, code=2)
    assert words in done.err


def test_pages_of_a_loop_are_on_its_port(tmp_path: Path) -> None:
    repository(tmp_path, "one")
    done = invoke(tmp_path, "run", "--pages", code=2)
    assert "--ops-port" in done.err


def test_beside_nothing(tmp_path: Path) -> None:
    done = invoke(tmp_path, "ui", code=1)
    assert "reconciler.yaml" in done.err
