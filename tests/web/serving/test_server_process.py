"""`serve` over HTTP as it is run: its process, its tokens, its addresses, its end."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import httpx
import pytest
from helpers import command, environment, invoke, write
from logged import PATIENCE
from serving import FILES, Serve, serving, workspace
from workspace.engine.engines import wait_for

from reconciler.workspace.engine.lease import Lease
from web.opened import BASE, VERSION

SHOW = """\
type: command
command: echo "token=$RECONCILER_TOKEN."
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return workspace(tmp_path)


def schedules(serve: Serve, token: str) -> httpx.Response:
    url = serve.wait("serving")["address"] + f"{BASE}/schedules"
    return httpx.get(url, params=VERSION, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def children(serve: Serve) -> list[int]:
    path = Path(f"/proc/{serve.process.pid}/task/{serve.process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def test_its_tokens_are_made_kept_and_in_no_log(repo: Path) -> None:
    with serving(repo, "--port", "0") as serve:
        files = [repo / "workspace.db.token", repo / "workspace.db.read-only-token"]
        tokens = [file.read_text().strip() for file in files]
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
        assert [schedules(serve, token).status_code for token in tokens] == [200, 200]
        assert schedules(serve, "x" * 43).status_code == 401
        link = serve.wait("link")["url"]
        with httpx.Client(follow_redirects=True) as browser:
            assert browser.get(link).status_code == 200
        assert not any(token in serve.log.read_text() for token in tokens)
        arguments = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(serve))
        assert not any(token.encode() in arguments for token in tokens)
    with serving(repo, "--port", "0") as serve:
        assert schedules(serve, tokens[0]).status_code == 200
    files[0].chmod(0o644)
    done = invoke(repo, "serve", "--port", "0", code=1)
    assert "others than its owner may read or write it" in done.err


def test_tokens_that_are_given(repo: Path) -> None:
    given = {"RECONCILER_TOKEN": "e" * 40, "RECONCILER_READ_ONLY_TOKEN": "f" * 40}
    write(repo, {"schedules/show.yml": SHOW})
    more = "name: show\ntrigger: {type: cron, expression: '0 0 1 1 *'}\ncreate_job: ./show.yml\n"
    write(repo, {"schedules/show.yaml": more})
    invoke(repo, "apply", "--yes")
    with serving(repo, "--port", "0", **given) as serve:
        assert schedules(serve, "e" * 40).status_code == 200
        assert schedules(serve, "f" * 40).status_code == 200
        assert not (repo / "workspace.db.token").exists()
        name = invoke(repo, "trigger", "show").out.strip()
        serve.wait("run_ended", run=name)
    assert invoke(repo, "runs", "logs", name).out == "token=.\n"  # no step inherits it
    (repo / "t").write_text("g" * 40 + "\n")
    with serving(repo, "--port", "0", "--token-file", "t", **given) as serve:
        assert schedules(serve, "g" * 40).status_code == 200
        assert schedules(serve, "e" * 40).status_code == 401
    for text, words in (("short", "fewer than 16"), ("f" * 40, "are the same")):
        (repo / "t").write_text(text)
        done = invoke(repo, "serve", "--port", "0", "--token-file", "t", code=1, env=given)
        assert words in done.err
        assert text not in done.err


def test_other_machines_are_let_in_only_on_purpose(repo: Path) -> None:
    done = invoke(repo, "serve", "--host", "0.0.0.0", "--port", "0", code=2)
    assert "lets other machines in, without TLS" in done.err
    with serving(repo, "--host", "0.0.0.0", "--port", "0", "--allow-remote") as serve:
        assert "no TLS" in serve.wait("open_to_others")["meaning"]
    for option, value in (
        ("--public-url", "example.org"),
        ("--public-url", "https://example.org/path"),
        ("--allow-host", "a b"),
        ("--azure-name", "a/b"),
    ):
        invoke(repo, "serve", option, value, code=2)


def test_a_port_that_is_taken(repo: Path) -> None:
    with serving(repo, "--port", "0") as serve:
        port = serve.wait("serving")["address"].rpartition(":")[2]
        other = repo / "other"
        other.mkdir()
        done = invoke(workspace(other), "serve", "--port", port, code=1)
        assert f"port {port}" in done.err
        assert "--port 0" in done.err
        assert not Lease(other / "workspace.db").is_held()


def test_its_process_is_started_anew(repo: Path) -> None:
    with serving(repo, "--port", "0") as serve:
        token = (repo / "workspace.db.token").read_text().strip()
        [child] = children(serve)
        assert schedules(serve, token).status_code == 200
        os.kill(child, signal.SIGKILL)
        assert serve.wait("http_ended")["code"] == -signal.SIGKILL
        assert schedules(serve, token).status_code == 200  # it waited at the socket
        assert serve.stop() == 0
        assert serve.events()[-1]["event"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_its_process_ends_with_it(repo: Path, number: int) -> None:
    with serving(repo, "--port", "0") as serve:
        token = (repo / "workspace.db.token").read_text().strip()
        assert schedules(serve, token).status_code == 200
        [child] = children(serve)
        serve.stop(number)
        wait_for(lambda: not _runs(child), PATIENCE)


def test_help_loads_no_server() -> None:
    script = "import sys; import reconciler.cli.commands.serve; print('starlette' in sys.modules)"
    import subprocess

    done = subprocess.run(
        [command()[0], "-c", script], capture_output=True, text=True, env=environment(), check=True
    )
    assert done.stdout == "False\n"


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_this_projects_provider_of_azure_works_on_it(repo: Path) -> None:
    """A target `azureml` whose endpoint is this server: applied, in sync, and it fires."""
    with serving(repo, "--port", "0") as serve:
        address = serve.wait("serving")["address"]
        token = (repo / "workspace.db.token").read_text().strip()
        config = FILES["reconciler.yaml"] + (
            f"  azure: {{provider: azureml, endpoint: '{address}', subscription_id: any,"
            " resource_group: any, workspace: any}\n"
        )
        now = (
            "name: now\ntargets: [azure]\n"
            "trigger: {type: recurrence, frequency: day, interval: 1}\n"
            "create_job: {job: 'azureml:hello', inputs: {who: them}}\n"
        )
        write(repo, {"reconciler.yaml": config, "schedules/now.yaml": now})
        local = FILES["schedules/all.yaml"].replace("create_job", "targets: [local]\ncreate_job")
        write(repo, {"schedules/all.yaml": local})
        env = {"AZURE_ACCESS_TOKEN": token}
        done = invoke(repo, "apply", "--target", "azure", "--yes", env=env)
        assert "1 created" in done.text
        run_name = serve.wait("fired", schedule="now")["run"]
        serve.wait("run_ended", run=run_name)
        assert invoke(repo, "runs", "logs", run_name, "--target", "local").out == "hello them\n"
        invoke(repo, "plan", "--target", "azure", "--exit-code", env=env)
        plan = invoke(repo, "plan", "--target", "local", "--format", "json").out
        assert json.loads(plan)["plans"][0]["summary"]["unmanaged"] == 1
