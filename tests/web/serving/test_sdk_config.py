"""What `serve --sdk-config` writes, without an SDK: it holds no secret, and signs in."""

from __future__ import annotations

import json
import runpy
import time
from pathlib import Path
from typing import Any

import pytest
from helpers import invoke

from reconciler.errors import ReconcilerError
from reconciler.web.access.signed_tokens import right_of_jwt
from reconciler.web.azure_names import azure_name_of
from reconciler.web.serving.sdk_config import write_sdk_config
from web.opened import READER, TOKEN, Server


def module(folder: Path, token_file: Path | None, address: str = "http://x") -> dict[str, Any]:
    """The names of the module that is written."""
    config, written = write_sdk_config(folder, address, ("sub", "group", "ws"), token_file)
    assert TOKEN not in config.read_text() + written.read_text()
    return runpy.run_path(str(written))


def test_it_signs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tmp_path) as server, server.api(None) as api:
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        names = module(tmp_path / "sdk", tmp_path / "token", server.address)
        assert json.loads((tmp_path / "sdk/config.json").read_text()) == {
            "subscription_id": "sub",
            "resource_group": "group",
            "workspace_name": "ws",
        }
        assert (names["ADDRESS"], names["WORKSPACE_NAME"]) == (server.address, "ws")
        signed, ends = names["access_token"]()
        assert ends - time.time() <= 3600
        assert right_of_jwt(signed, server.site.tokens, time.time()) == "write"
        assert right_of_jwt(signed, server.site.tokens, ends + 1) is None
        url = "/history/v1.0/subscriptions/s/resourceGroups/g/providers"
        url += "/Microsoft.MachineLearningServices/workspaces/ws/experiments"
        headers = {"Authorization": f"Bearer {signed}"}
        assert api.get(url, headers=headers).status_code == 200
        monkeypatch.setenv("RECONCILER_TOKEN", READER)
        read_only, _ = names["access_token"]()
        assert right_of_jwt(read_only, server.site.tokens, time.time()) == "read"


def test_a_token_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILER_TOKEN", raising=False)
    names = module(tmp_path / "sdk", None)
    with pytest.raises(RuntimeError, match="set RECONCILER_TOKEN"):
        names["access_token"]()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("local", "local"),
        ("a b/c", "a-b-c"),
        ("x" * 50, "x" * 32),
        ("-", "local"),
        ("a", "a-workspace"),
    ],
)
def test_names(target: str, name: str) -> None:
    assert azure_name_of(target)[2] == name


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReconcilerError, match="file"):
        write_sdk_config(tmp_path / "file", "http://x", ("s", "g", "w"), None)


def test_it_is_about_http(tmp_path: Path) -> None:
    done = invoke(tmp_path, "serve", "--no-http", "--sdk-config", "sdk", code=2)
    assert "--sdk-config is about HTTP" in done.err
