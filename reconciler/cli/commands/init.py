"""`reconciler init`: a repository of schedules to start from."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli.editing.ci_files import ACTION, FORGES, pipelines
from reconciler.cli.editing.start_files import PROVIDERS, Start, examples, start_files
from reconciler.cli.editing.start_questions import (
    ask_forge,
    ask_owner,
    ask_provider,
    identity_of,
    remote_of,
    show_next,
)
from reconciler.cli.output import out
from reconciler.cli.session import working_folder
from reconciler.config import FILE_NAME
from reconciler.declare.reading.files import repository_root
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import printable

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
    help="Write the pipelines too that plan in pull requests, apply after merges, look for drift.",
)
@click.option("--owner", metavar="NAME", help="The mark on all that the repository will manage.")
@click.option("--target", type=click.Choice(PROVIDERS), help="Where the schedules are to run.")
@click.option("--minimal", is_flag=True, help="One schedule and its job with code, no more.")
@click.option("--editor", is_flag=True, help="Settings for VS Code too: which schema is for what.")
def command(
    folder: str,
    ci: str | None,
    owner: str | None,
    target: str | None,
    minimal: bool,
    editor: bool,
) -> None:
    """Write a repository of schedules to start from: reconciler.yaml, examples, schemas.

    On a terminal it asks for what no option says: the owner, the target, the forge. Elsewhere the
    owner is the name of the repository at the Git remote, or of the folder; the target is local.

    Nothing that is there already is written over. Where there is a reconciler.yaml already, --ci
    writes its pipelines alone. In a folder of a Git repository they go to the root of it, for what
    changes below the folder.
    """
    root = working_folder() / folder
    written: list[str] = []
    try:
        alone = ci not in (None, "none") and (root / FILE_NAME).exists()
        start = None
        if not alone:
            # Asked for once it is known that something can be written.
            _refuse_what_is_there(
                root, Start("", None, target or PROVIDERS[0], minimal, editor), folder
            )
            remote = remote_of(root)
            mark = ask_owner(owner, remote, root)
            target = ask_provider(target)
            ci = ask_forge(ci, remote)
            start = Start(mark, identity_of(remote), target, minimal, editor)
        forge = ci or "none"
        files = [(root / name, data) for name, data in (start_files(start) if start else ())]
        files += _pipelines(forge, root)
        for path, _ in files:
            if path.exists():
                raise _exists(forge, path, folder)
        if start is not None:
            identity = f"repository: {start.repository}\n" if start.repository else ""
            out(f"owner: {start.owner}\n{identity}")
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
    show_next(start, forge, folder)


def _refuse_what_is_there(root: Path, start: Start, folder: str) -> None:
    for name, _ in start_files(start):
        if (root / name).exists():
            raise _exists("none", root / name, folder)


def _pipelines(ci: str, root: Path) -> list[tuple[Path, bytes]]:
    """What a forge is to run, at the root of the Git repository, where forges look for it.

    The action that installs the program is one for all folders: it is left as it is.
    """
    if ci == "none":
        return []
    root = root.absolute()
    top = repository_root(root)
    inside = os.path.relpath(os.path.realpath(root), os.path.realpath(top))
    folder = "" if inside in (".", "") else Path(inside).as_posix()
    found = [(top / name, text) for name, text in pipelines(ci, folder, examples())]
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
