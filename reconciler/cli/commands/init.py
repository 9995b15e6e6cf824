"""`reconciler init`: a repository of schedules to start from."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.output import is_terminal, out
from reconciler.cli.session import working_folder
from reconciler.config import FILE_NAME
from reconciler.declare.reading.local_git import ask_git
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import printable

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}")
_OTHER = re.compile(r"[^A-Za-z0-9._/@-]")
_OWNER_LINE = re.compile(r"(?m)^owner: [^ \n]*+")
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
@click.option("--owner", metavar="NAME", help="The mark on all that the repository will manage.")
def command(folder: str, ci: str, owner: str | None) -> None:
    """Write a repository of schedules to start from: reconciler.yaml, examples, schemas.

    Nothing that is there already is written over. Where there is a reconciler.yaml already, --ci
    writes its pipelines alone. The owner is that of --owner, or the name of the repository at the
    Git remote; it is asked for where there is neither.
    """
    root = working_folder() / folder
    written: list[str] = []
    try:
        alone = ci != "none" and (root / FILE_NAME).exists()
        files = [*([] if alone else _files()), *_pipelines(ci)]
        for name, _ in files:
            if (root / name).exists():
                raise ReconcilerError(f"{_shown(folder, name)} exists already")
        if not alone:
            mark = _owner(owner, root)
            files[0] = (FILE_NAME, _owned(files[0][1], mark))
            out(f"owner: {mark}\n")
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


def _owner(given: str | None, root: Path) -> str:
    """That of --owner, of the remote, of whoever is asked, or the name of the folder."""
    if given is not None:
        if _OWNER.fullmatch(given) is None:
            raise click.UsageError("--owner: letters, digits and . _ / @ -, at most 128")
        return given
    there = next((p for p in (root, *root.parents) if p.is_dir()), root)
    remote = ask_git(there, "remote", "get-url", "origin").text or ""
    path = remote.strip().removesuffix("/").removesuffix(".git")
    # https://host/team/repository, and git@host:team/repository
    parts = [part for part in path.replace(":", "/").split("/") if part not in ("", "_git")]
    proposed = _allowed("/".join(parts[-2:]) if parts else root.name)
    if path or not is_terminal(sys.stdin):
        return proposed
    while True:
        answer: str = click.prompt("Who owns these schedules? Owner", default=proposed)
        if _OWNER.fullmatch(answer):
            return answer
        out("letters, digits and . _ / @ -, at most 128\n")


def _allowed(name: str) -> str:
    return _OTHER.sub("-", name).lstrip("._/@-")[:128] or "schedules"


def _owned(text: bytes, owner: str) -> bytes:
    return _OWNER_LINE.sub(f"owner: {owner}", text.decode(), count=1).encode()


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
