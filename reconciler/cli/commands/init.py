"""`reconciler init`: a repository of schedules to start from."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.output import out
from reconciler.cli.session import working_folder
from reconciler.config import FILE_NAME
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import printable

_PACKAGE = Path(__file__).parents[2]
_ACTION = ".github/actions/reconciler/action.yml"
# --ci -> file of the repository -> where it is in this project
_CI = {
    "none": {},
    "github": {
        ".github/workflows/plan.yml": "docs/ci/github/plan.yml",
        ".github/workflows/apply.yml": "docs/ci/github/apply.yml",
        ".github/workflows/drift.yml": "docs/ci/github/drift.yml",
        _ACTION: _ACTION,
    },
    "gitlab": {".gitlab-ci.yml": "docs/ci/gitlab/gitlab-ci.yml"},
    "azuredevops": {"azure-pipelines.yml": "docs/ci/azuredevops/azure-pipelines.yml"},
}
_IGNORED = {
    ".reconciler/": "The embedded workspace: what is live, not what is declared.",
    "plan.json": "A saved plan: that of one commit, for one apply.",
    "*.plan": "Likewise.",
}


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option(
    "--ci",
    type=click.Choice(list(_CI)),
    default="none",
    show_default=True,
    help="Write the pipelines too that plan in pull requests, apply after merges, look for drift.",
)
def command(folder: str, ci: str) -> None:
    """Write a repository of schedules to start from: reconciler.yaml, examples, schemas.

    Nothing that is there already is written over. Where there is a reconciler.yaml already, --ci
    writes its pipelines alone.
    """
    root = working_folder() / folder
    written: list[str] = []
    try:
        alone = ci != "none" and (root / FILE_NAME).exists()
        files = [*([] if alone else _files()), *_pipelines(ci)]
        for name, _ in files:
            if (root / name).exists():
                raise ReconcilerError(f"{_shown(folder, name)} exists already")
        for name, content in files:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(name)
        if _ignore(root / ".gitignore"):
            written.append(".gitignore")
    except OSError as error:
        raise ReconcilerError(f"{error.filename or folder}: {error.strerror}") from error
    for name in written:
        out(f"wrote {_shown(folder, name)}\n")
    if ci != "none":
        out("\ndocs/ci/README.md of reconciler says what has to be set up once\n")
    there = "" if folder == "." else f"cd {printable(shlex.quote(folder))} && "
    out(f"\nnext: {there}reconciler validate, reconciler plan, reconciler apply\n")


def _shown(folder: str, name: str) -> str:
    return printable(os.path.normpath(os.path.join(folder, name)))


def _examples() -> Path:
    """The folder that the installed package keeps them in, or the checkout."""
    examples = _PACKAGE / "example"
    return examples if examples.exists() else _PACKAGE.parent


def _pipelines(ci: str) -> Iterator[tuple[str, bytes]]:
    """The pipelines of a forge, which this project's own tests run."""
    for name, source in _CI[ci].items():
        yield name, (_examples() / source).read_bytes()


def _files() -> Iterator[tuple[str, bytes]]:
    """What is written: the examples of this project, which its own tests apply."""
    base = _examples()
    yield "reconciler.yaml", (base / "reconciler.yaml").read_bytes()
    for path in sorted((base / "schedules").rglob("*.yml")):
        yield path.relative_to(base).as_posix(), path.read_bytes()
    schemas = _PACKAGE / "schemas"
    schemas = schemas if schemas.exists() else _PACKAGE.parent / "schemas"
    for path in sorted(schemas.glob("*.json")):
        if path.name != "plan.schema.json":
            yield f"schemas/{path.name}", path.read_bytes()
    yield "data/inbox/.gitkeep", b""  # the folder that the example's datastore watches


def _ignore(path: Path) -> bool:
    """Have Git ignore what is no declaration; nothing else in a file that is there is touched."""
    there = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    known = there.splitlines()
    missing = [f"# {why}\n{line}\n" for line, why in _IGNORED.items() if line not in known]
    if not missing:
        return False
    gap = "" if not there or there.endswith("\n") else "\n"
    text = there + gap + "".join(missing)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return True
