"""`reconciler run` with its operations port, its webhooks and its notifications."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from helpers import CONFIG, declaration, environment, invoke, repository, run, write
from loop.running import Run
from test_notify import Post, post

from .test_webhooks import SECRET, github, push

__all__ = ["post"]
SETTINGS = """\
webhooks:
  github: ${{ env.HOOK_SECRET }}
  azuredevops: ${{ env.DEVOPS_SECRET }}
notifications:
  - {url: "${{ env.RECEIVER }}", on: [applied]}
"""


def test_a_webhook_starts_a_cycle_and_people_hear_of_it(tmp_path: Path, post: Post) -> None:
    repository(tmp_path, "a", config=CONFIG + SETTINGS)
    changed = {
        "HOOK_SECRET": SECRET,
        "DEVOPS_SECRET": f"hook:{SECRET}",
        "RECEIVER": post.url,
        "PYTHONWARNINGS": "ignore",  # of what apprise imports
    }
    with Run(tmp_path, "--ops-port", "0", "--interval", "1h", **changed) as loop:
        address = loop.wait("operations")["address"]
        loop.wait("cycle", outcome="applied")
        assert httpx.get(f"{address}/healthz").status_code == 200
        loop.until(lambda: httpx.get(f"{address}/readyz").status_code == 200)
        write(tmp_path, {"schedules/b.yaml": declaration("b")})
        body = push()
        for headers in ({}, github(body, key="guess")):
            forged = httpx.post(f"{address}/hooks/github", content=body, headers=headers)
            assert forged.status_code == 401
        gitlab = httpx.post(f"{address}/hooks/gitlab", content=body)
        assert gitlab.status_code == 404  # no secret is set for it
        signed = httpx.post(f"{address}/hooks/github", content=body, headers=github(body))
        assert signed.status_code == 202
        loop.wait("cycle", outcome="applied", cause="webhook")
        write(tmp_path, {"schedules/c.yaml": declaration("c")})
        proof = base64.b64encode(f"hook:{SECRET}".encode()).decode()
        event = {
            "eventType": "git.push",
            "resource": {"refUpdates": [{"name": "refs/heads/main"}]},
        }
        signed = httpx.post(
            f"{address}/hooks/azuredevops",
            content=json.dumps(event),
            headers={"Authorization": f"Basic {proof}"},
        )
        assert signed.status_code == 202
        loop.until(lambda: len(loop.events("cycle", outcome="applied", cause="webhook")) == 2)
        # A cycle is counted after it is logged.
        counted = 'reconciler_cycles_total{outcome="applied",target="local"} 3.0'
        loop.until(lambda: counted in httpx.get(f"{address}/metrics").text)
        text = httpx.get(f"{address}/metrics").text
        assert 'reconciler_webhooks_total{forge="github",outcome="unauthorized"} 2.0' in text
        assert 'reconciler_lease_held{target="local"} 1.0' in text
        assert loop.stop() == 0
        log = loop.log.read_text()
        assert SECRET not in log
        assert "hunter2" not in log
    assert [got["title"] for got in post.got] == ["reconciler: local applied"] * 3
    listed = invoke(tmp_path, "history", "list", env=changed).out
    assert "1 created" in listed


def test_it_is_for_this_machine_unless_told_otherwise(tmp_path: Path) -> None:
    repository(tmp_path, "a")
    with Run(tmp_path, "--ops-port", "0") as loop:
        address = urlsplit(loop.wait("operations")["address"])
        assert address.hostname == "127.0.0.1"
        assert address.port is not None
        with socket.socket() as other, pytest.raises(OSError, match="refused"):
            other.connect(("127.0.0.2", address.port))
        assert loop.stop() == 0
    done = invoke(tmp_path, "run", "--once", "--ops-port", "0", "--ops-host", "0.0.0.0", code=2)
    assert "--allow-remote-ops" in done.err


def test_settings_that_cannot_be_meant(tmp_path: Path) -> None:
    repository(tmp_path, config=CONFIG + "webhooks: {github: hunter2}\n")
    done = invoke(tmp_path, "run", "--once", code=1)
    assert "${{ env.NAME }}" in done.err
    write(tmp_path, {"reconciler.yaml": CONFIG + "webhooks: {github: '${{ env.HOOK }}'}\n"})
    done = run(tmp_path, "run", "--once", "--ops-port", "0", env=environment(HOOK=""))
    assert done.code == 1
    assert "is empty" in done.err
