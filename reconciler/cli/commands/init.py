"""`reconciler init`: a repository of schedules to start from."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.editing.ci_files import ACTION, FORGES, pipelines
from reconciler.cli.output import is_terminal, out
from reconciler.cli.session import working_folder
from reconciler.config import FILE_NAME
from reconciler.declare.reading.files import repository_root
from reconciler.declare.reading.local_git import ask_git
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import printable

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}")
_OTHER = re.compile(r"[^A-Za-z0-9._/@-]")
_OWNER_LINE = re.compile(r"(?m)^owner: [^ \n]*+(?P<rest>.*)$")
_PACKAGE = Path(__file__).parents[2]
_IGNORED = {
    ".reconciler/": "The embedded workspace: what is live, not what is declared.",
    "plan.json": "A saved plan: that of one commit, for one apply.",
    "*.plan": "Likewise.",
}


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option(
    "--ci",
    type=click.Choice(("none", *FORGES)),
    default="none",
    show_default=True,
    help="Write the pipelines too that plan in pull requests, apply after merges, look for drift.",
)
@click.option("--owner", metavar="NAME", help="The mark on all that the repository will manage.")
def command(folder: str, ci: str, owner: str | None) -> None:
    """Write a repository of schedules to start from: reconciler.yaml, examples, schemas.

    Nothing that is there already is written over. Where there is a reconciler.yaml already, --ci
    writes its pipelines alone. In a folder of a Git repository they go to the root of it, for what
    changes below the folder. The owner is that of --owner, or the name of the repository at the Git
    remote; it is asked for where there is neither.
    """
    root = working_folder() / folder
    written: list[str] = []
    try:
        alone = ci != "none" and (root / FILE_NAME).exists()
        files = [(root / name, content) for name, content in ([] if alone else _files())]
        files += _pipelines(ci, root)
        for path, _ in files:
            if path.exists():
                raise _exists(ci, path, folder)
        if not alone:
            mark = _owner(owner, root)
            identity = _repository(root)
            files[0] = (files[0][0], _owned(files[0][1], mark, identity))
            out(f"owner: {mark}\n" + (f"repository: {identity}\n" if identity else ""))
        for path, content in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(_shown(path, folder))
        if _ignore(root / ".gitignore"):
            written.append(_shown(root / ".gitignore", folder))
    except OSError as error:
        raise ReconcilerError(f"{error.filename or folder}: {error.strerror}") from error
    for name in written:
        out(f"wrote {name}\n")
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


def _repository(root: Path) -> str | None:
    """Host and path of the remote, without who signs in; None where there is no such remote."""
    there = next((p for p in (root, *root.parents) if p.is_dir()), root)
    remote = (ask_git(there, "remote", "get-url", "origin").text or "").strip()
    scheme, found, rest = remote.partition("://")
    if not found:
        # git@host:team/repository; a path on this machine is no identity.
        before, colon, path = remote.partition(":")
        if not colon or "/" in before or len(before) < 2:
            return None
        rest = f"{before}/{path.lstrip('/')}"
    elif scheme == "file":
        return None
    host, _, path = rest.partition("/")
    host = host.rpartition("@")[2].partition(":")[0].lower()
    return _allowed(f"{host}/{path.removesuffix('/').removesuffix('.git')}")


def _owned(text: bytes, owner: str, repository: str | None) -> bytes:
    more = f"\nrepository: {repository}" if repository else ""
    line = rf"owner: {owner}\g<rest>{more}"
    return _OWNER_LINE.sub(line, text.decode(), count=1).encode()


def _pipelines(ci: str, root: Path) -> list[tuple[Path, bytes]]:
    """What a forge is to run, at the root of the Git repository, where forges look for it.

    The action that installs the program is one for all folders: it is left as it is.
    """
    if ci == "none":
        return []
    root = root.absolute()
    top = repository_root(next(p for p in (root, *root.parents) if p.is_dir()))
    inside = os.path.relpath(os.path.realpath(root), os.path.realpath(top))
    folder = "" if inside in (".", "") else Path(inside).as_posix()
    found = [(top / name, text) for name, text in pipelines(ci, folder, _examples())]
    return [
        (root / path.relative_to(top) if not folder else path, text)
        for path, text in found
        if not (folder and path == top / ACTION and path.exists())
    ]


def _exists(ci: str, path: Path, folder: str) -> ReconcilerError:
    hint = None
    if ci == "gitlab" and path.name == ".gitlab-ci.yml":
        hint = "GitLab runs one file: write it in an empty folder, and take its jobs over by hand"
    return ReconcilerError(f"{_shown(path, folder)} exists already", hint=hint)


def _shown(path: Path, folder: str) -> str:
    """As seen from the working folder."""
    absolute = Path(folder).is_absolute()
    return printable(str(path) if absolute else os.path.relpath(path, working_folder()))


def _examples() -> Path:
    """The folder that the installed package keeps them in, or the checkout."""
    examples = _PACKAGE / "example"
    return examples if examples.exists() else _PACKAGE.parent


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
