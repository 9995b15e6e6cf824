"""The files of a new repository: the examples of this project, which its own tests apply.

In goes what was chosen, out come paths and contents. Comments stay: what is another for Azure is
put into their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROVIDERS = ("local", "azureml")
"""Where schedules of a new repository may run."""
_PACKAGE = Path(__file__).parents[2]
_HELLO = ("schedules/hello.yml", "schedules/pipelines/hello.yml", "schedules/pipelines/hello/")
_OWNER_LINE = re.compile(r"(?m)^owner: [^ \n]*+(?P<rest>.*)$")
_LOCAL_TARGETS = re.compile(r"(?ms)^default_target:.*?(?=^limits:)")
_DATASTORES = re.compile(r"(?m)^    datastores:\n(?:      .*\n)+")
_COMMAND = re.compile(r"(?m)^(?P<indent> *)command: ")
_AZURE_TARGETS = """\
default_target: prod
targets:
  prod:
    provider: azureml
    subscription_id: 00000000-0000-0000-0000-000000000000 # yours; or ${{ env.NAME }}
    resource_group: my-group
    workspace: my-workspace
    command_jobs: wrapped # a job that is one command is sent as a pipeline of one step
    data_changes: agent # Azure has no trigger for files: `reconciler agent` submits their jobs
"""
_EDITOR = {
    ".vscode/settings.json": b"""\
{
  "yaml.schemas": {
    "./schemas/config.schema.json": "reconciler.yaml",
    "./schemas/schedule.schema.json": ["schedules/*.yml", "schedules/*.yaml"],
    "./schemas/job.schema.json": ["schedules/pipelines/*.yml", "schedules/pipelines/*.yaml"]
  }
}
""",
    ".vscode/extensions.json": b'{ "recommendations": ["redhat.vscode-yaml"] }\n',
}
"""For files without the line that names their schema, which those of a new repository have."""
ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
COMPUTE = "cpu-cluster"


@dataclass(frozen=True, slots=True)
class Start:
    """What a new repository is to hold. `repository`: its identity, where it has one."""

    owner: str
    repository: str | None = None
    provider: str = "local"
    minimal: bool = False
    editor: bool = False


def examples() -> Path:
    """The folder that the installed package keeps them in, or the checkout."""
    packaged = _PACKAGE / "example"
    return packaged if packaged.exists() else _PACKAGE.parent


def start_files(start: Start) -> Iterator[tuple[str, bytes]]:
    """Path below the new folder, and content. `reconciler.yaml` is the first."""
    base = examples()
    azure = start.provider == "azureml"
    yield "reconciler.yaml", _config((base / "reconciler.yaml").read_text("utf-8"), start).encode()
    for path in sorted((base / "schedules").rglob("*")):
        name = path.relative_to(base).as_posix()
        if path.is_file() and "__pycache__" not in name and (not start.minimal or _is_hello(name)):
            data = path.read_bytes()
            yield name, _for_azure(data.decode()).encode() if azure else data
    schemas = _PACKAGE / "schemas"
    schemas = schemas if schemas.exists() else _PACKAGE.parent / "schemas"
    for path in sorted(schemas.glob("*.json")):
        if not path.name.startswith("plan"):  # those are of what is written, by the program
            yield f"schemas/{path.name}", path.read_bytes()
    if start.editor:
        yield from _EDITOR.items()
    if not azure and not start.minimal:
        yield "data/inbox/.gitkeep", b""  # the folder that the example's datastore watches


def _is_hello(name: str) -> bool:
    return name.startswith(_HELLO)


def _config(text: str, start: Start) -> str:
    more = f"\nrepository: {start.repository}" if start.repository else ""
    text = _OWNER_LINE.sub(rf"owner: {start.owner}\g<rest>{more}", text, count=1)
    if start.provider == "azureml":
        targets = _AZURE_TARGETS
        if start.minimal:
            targets = re.sub(r"(?m)^    (?:command_jobs|data_changes):.*\n", "", targets)
        return _LOCAL_TARGETS.sub(lambda _: targets, text, count=1)
    return _DATASTORES.sub("", text, count=1) if start.minimal else text


def _for_azure(text: str) -> str:
    """An example, for Azure: each command says in what and on what it runs; a job every minute
    would cost, and the datastore is one that every workspace has.
    """
    beside = rf"\g<indent>environment: {ENVIRONMENT}\n\g<indent>compute: azureml:{COMPUTE}\n"
    text = _COMMAND.sub(rf"{beside}\g<indent>command: ", text)
    text = text.replace("datastore: inbox\n", "datastore: workspaceblobstore\n")
    return text.replace("Say hello every minute", "Say hello every day").replace(
        "frequency: minute\n  interval: 1\n", "frequency: day\n  interval: 1\n"
    )
