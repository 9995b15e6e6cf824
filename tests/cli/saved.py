"""A repository with a saved plan that has a change of every kind, made once and copied."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers import OWNER, TARGET, declaration, repository, run, write

from reconciler.model import Schedule
from reconciler.plan.saved.digests import canonical_json, digest
from reconciler.providers.local import LocalProvider
from reconciler.workspace.store.schedules import Store

CONFIG = """\
owner: us
schedules: [schedules]
default_target: local
variables: { hour: "9" }
targets:
  local: { provider: local, workspace: workspace.db }
  other: { provider: local, workspace: other.db }
limits: { disable: { count: 2 } }
"""
SECRET = "{job: ./job.yml, inputs: {api_key: hunter2}}"
PLAN = "saved.plan"
Document = dict[str, Any]


def make(folder: Path) -> Path:
    """`new` is to be created, `changed` and `secret` updated, `gone` disabled; `theirs` is
    another's; `kept` and `off` stay as they are, and so does `left`, which was removed before.
    """
    names = ("changed", "gone", "left", "kept", "off")
    repo = repository(folder, *names, config=CONFIG)
    variable = declaration("kept").replace("0 2 ", "0 ${{ vars.hour }} ")
    secret = declaration("secret").replace("./job.yml", SECRET)
    write(
        repo,
        {
            "schedules/off.yaml": declaration("off", is_enabled="false"),
            "schedules/kept.yaml": variable,
            "schedules/secret.yaml": secret,
            "other.yaml": CONFIG.replace("owner: us", "owner: them").replace("schedules]", "more]"),
            "more/job.yml": (repo / "schedules/job.yml").read_text(),
            "more/theirs.yaml": declaration("theirs"),
        },
    )
    assert run(repo, "apply", "--yes").code == 0
    assert run(repo, "apply", "--yes", "--config", "other.yaml").code == 0
    (repo / "schedules/left.yaml").unlink()
    assert run(repo, "apply", "--yes").code == 0
    (repo / "schedules/gone.yaml").unlink()
    write(
        repo,
        {
            "schedules/changed.yaml": declaration("changed", 3),
            "schedules/secret.yaml": secret.replace("0 2", "0 4"),
            "schedules/new.yaml": declaration("new"),
            "schedules/theirs.yaml": declaration("theirs", 7),
        },
    )
    assert run(repo, "plan", "--out", PLAN).code == 0
    settle(repo)
    return repo


def copy(made: Path, folder: Path) -> Path:
    """The same in another place: another checkout, with the same workspace."""
    return Path(shutil.copytree(made, folder))


# ----------------------------------------------------------------------------------- the workspace


def settle(repo: Path) -> None:
    """Bring what stands in the log beside the workspace into its file, for that to be copied."""
    connection = sqlite3.connect(repo / "workspace.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def provider(repo: Path, owner: str | None = OWNER) -> LocalProvider:
    return LocalProvider(TARGET, Store(repo / "workspace.db"), owner=owner)


def change_live(repo: Path, name: str, *, owner: str | None = OWNER, **fields: Any) -> None:
    """As somebody would who does not go through the repository."""
    opened = provider(repo, owner)
    (found,) = (live for live in opened.list() if live.key.name == name)
    opened.update(replace(found.schedule, **fields), found)
    opened.store.close()


def create_live(repo: Path, name: str, like: str, *, owner: str | None = OWNER) -> None:
    opened = provider(repo, owner)
    (found,) = (live.schedule for live in opened.list() if live.key.name == like)
    made: Schedule = replace(found, key=replace(found.key, name=name))
    opened.create(made)
    opened.store.close()


def delete_live(repo: Path, name: str) -> None:
    connection = sqlite3.connect(repo / "workspace.db")
    with connection:
        connection.execute("DELETE FROM schedules WHERE name = ?", (name,))
    connection.close()


def state(repo: Path) -> list[Any]:
    """Everything that is live, as it is stored, in each workspace that there is."""
    rows: list[Any] = []
    for path in sorted(repo.glob("*.db")):
        connection = sqlite3.connect(path)
        rows += connection.execute("SELECT * FROM schedules ORDER BY name").fetchall()
        connection.close()
    return rows


# ---------------------------------------------------------------------------------------- the file


def read(repo: Path) -> Document:
    document: Document = json.loads((repo / PLAN).read_bytes())
    return document


def sealed(document: Document) -> Document:
    """With the digest that belongs to it: anybody can compute that."""
    content = {key: value for key, value in document.items() if key != "digest"}
    return {**content, "digest": digest(content)}


def put(repo: Path, document: Document) -> None:
    (repo / PLAN).write_bytes(canonical_json(document) + b"\n")


def forge(edit: Callable[[Document], object]) -> Callable[[Path], None]:
    """Edit the file, and make its digest anew."""

    def edited(repo: Path) -> None:
        document = read(repo)
        edit(document)
        put(repo, sealed(document))

    return edited


def change(document: Document, name: str) -> Document:
    """What is decided by."""
    (found,) = (c for c in document["targets"][0]["changes"] if c["name"] == name)
    return found


def shown(document: Document, name: str) -> Document:
    """What is shown."""
    (found,) = (c for c in document["shown"]["plans"][0]["changes"] if c["name"] == name)
    return found


def refused(text: str) -> list[str]:
    """The reasons, without what differs."""
    return re.findall(r"(?m)^refused: (.*)$", text)
