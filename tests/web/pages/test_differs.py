"""Drift, holds and their answers on the pages of a workspace: as the command line has them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from helpers import declaration, invoke, write
from logged import PATIENCE

from reconciler.state import open_state
from reconciler.web.settings import Control
from web.opened import Server

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`one` was switched off live, `two` is held, `three` is as declared."""
    folder = tmp_path_factory.mktemp("differs")
    write(folder, {"reconciler.yaml": CONFIG, "schedules/job.yml": "type: command\ncommand: a\n"})
    write(folder, {f"schedules/{name}.yaml": declaration(name) for name in ("one", "two", "three")})
    invoke(folder, "apply", "--yes")
    invoke(folder, "schedules", "disable", "one")
    invoke(folder, "hold", "two", "--until", "7d", "--by", "ana", "--reason", "stocktaking")
    invoke(folder, "drift", "revert", "two", "--yes")
    with closing(open_state(None, folder / ".reconciler")) as state:
        config = folder / "reconciler.yaml"
        control = Control(lambda: state, config, may_edit=True)
        with Server(
            folder, pipelines={}, config=config, control=control, state=lambda: state
        ) as server:
            yield server


@pytest.fixture(scope="module")
def client(served: Server) -> Iterator[httpx.Client]:
    with served.browser() as browser:
        deadline = time.monotonic() + PATIENCE
        while "1 to change" not in browser.get("/").text:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield browser


def test_the_count_of_changes_leads_to_the_plan_and_to_what_differs(client: httpx.Client) -> None:
    text = client.get("/").text
    assert '<a href="/plan">1 to change</a>' in text
    assert 'href="/schedules?differs=yes"' in text
    plan = client.get("/plan")
    assert "1</b> to update" in plan.text
    assert "switched off live" in plan.text
    assert "script-src" not in plan.headers["content-security-policy"]
    text = client.get("/schedules?differs=yes").text
    assert "1 schedule<" in text
    assert "/schedules/one" in text


def test_a_held_schedule_is_held_everywhere(served: Server, client: httpx.Client) -> None:
    (said,) = json.loads(invoke(served.folder, "next", "two", "--format", "json").out)["schedules"]
    assert said["hold"]["words"].endswith("by ana: stocktaking")
    page, listed = client.get("/schedules/two").text, client.get("/schedules?q=two").text
    first, *_ = fires = [fire.replace("+00:00", "Z") for fire in said["fires"]]
    for text in (page, listed):
        assert '<span class="status held"' in text
        assert said["hold"]["words"] in text
        assert f'datetime="{first}"' in text
    assert all(f'datetime="{fire}"' in page for fire in fires)
    assert "were it enabled" not in page
    assert "/schedules/two/release" in page
    assert "/schedules/two/accept" not in page


def test_drift_is_accepted_on_the_page(served: Server, client: httpx.Client) -> None:
    text = client.get("/schedules/one").text
    token = text.split('name="csrf" value="')[1].split('"')[0]
    assert client.post("/schedules/one/accept").status_code == 403
    assert client.post("/schedules/nobody/accept", data={"csrf": token}).status_code == 404
    answer = client.post("/schedules/one/accept", data={"csrf": token})
    for _ in range(300):
        if "<strong>accept one</strong>: done" in answer.text:
            break
        time.sleep(0.1)
        answer = client.get(answer.url)
    assert "<strong>accept one</strong>: done" in answer.text
    assert "is_enabled: false" in (served.folder / "schedules/one.yaml").read_text()
    assert "what is live was declared" in client.get("/control/history").text
    with served.browser("read") as reader:
        text = reader.get("/schedules/one").text
        assert "/schedules/one/" not in text.replace("/schedules/one/run", "")
