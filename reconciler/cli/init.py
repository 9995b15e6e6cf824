"""`reconciler init`: a repository of schedules to start from."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.output import out
from reconciler.cli.session import working_folder
from reconciler.errors import ReconcilerError
from reconciler.render.words import printable

_PACKAGE = Path(__file__).parent.parent
_IGNORED = "# The embedded workspace: what is live, not what is declared.\n.reconciler/\n"


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False))
def command(folder: str) -> None:
    """Write a repository of schedules to start from: reconciler.yaml, examples, schemas.

    Nothing that is there already is written over.
    """
    root = working_folder() / folder
    written: list[str] = []
    try:
        for name, _ in sorted(_files()):
            path = root / name
            if path.exists():
                raise ReconcilerError(f"{_shown(folder, name)} exists already")
            written.append(name)
        for name, content in sorted(_files()):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise ReconcilerError(f"{error.filename or folder}: {error.strerror}") from error
    for name in written:
        out(f"wrote {_shown(folder, name)}\n")
    there = "" if folder == "." else f"cd {printable(shlex.quote(folder))} && "
    out(f"\nnext: {there}reconciler validate, reconciler plan, reconciler apply\n")


def _shown(folder: str, name: str) -> str:
    return printable(os.path.normpath(os.path.join(folder, name)))


def _files() -> Iterator[tuple[str, bytes]]:
    """What is written: the examples of this project, which its own tests apply."""
    examples = _PACKAGE / "example"
    base = examples if examples.exists() else _PACKAGE.parent
    yield "reconciler.yaml", (base / "reconciler.yaml").read_bytes()
    for path in sorted((base / "schedules").rglob("*.yml")):
        yield path.relative_to(base).as_posix(), path.read_bytes()
    schemas = _PACKAGE / "schemas"
    schemas = schemas if schemas.exists() else _PACKAGE.parent / "schemas"
    for path in sorted(schemas.glob("*.json")):
        if path.name != "plan.schema.json":
            yield f"schemas/{path.name}", path.read_bytes()
    yield ".gitignore", _IGNORED.encode()
