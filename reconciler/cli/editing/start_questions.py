"""What `init` asks on a terminal: whose schedules, where they run, which forge; what comes next.

Where nobody can be asked, and for what an option says, the proposals are the answers.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.editing.ci_files import FORGES
from reconciler.cli.editing.start_files import COMPUTE, PROVIDERS, Start, examples
from reconciler.cli.output import is_terminal, out, paint
from reconciler.cli.serving.options import missing_packages
from reconciler.declare.reading.local_git import ask_git
from reconciler.render.plain_text import aligned, columns_of, printable, wrapped

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}")
_OTHER = re.compile(r"[^A-Za-z0-9._/@-]")
_ALLOWED = "letters, digits and . _ / @ -, at most 128"
_HOSTS = {"github": "github", "gitlab": "gitlab", "dev.azure": "azuredevops"}


def remote_of(root: Path) -> str:
    """The address of the Git remote of the folder, or of the nearest above; empty: none."""
    there = next((p for p in (root, *root.parents) if p.is_dir()), root)
    return (ask_git(there, "remote", "get-url", "origin").text or "").strip()


def ask_owner(given: str | None, remote: str, root: Path) -> str:
    """That of --owner, of whoever is asked, of the remote, or the name of the folder."""
    if given is not None:
        if _OWNER.fullmatch(given) is None:
            raise click.UsageError(f"--owner: {_ALLOWED}")
        return given
    path = remote.removesuffix("/").removesuffix(".git")
    # https://host/team/repository, and git@host:team/repository
    parts = [part for part in path.replace(":", "/").split("/") if part not in ("", "_git")]
    proposed = _allowed("/".join(parts[-2:]) if parts else root.name)
    if not is_terminal(sys.stdin):
        return proposed
    _explain("The owner is the mark on all that this repository will manage: a team, or a person.")
    while True:
        answer: str = click.prompt("Owner", default=proposed)
        if _OWNER.fullmatch(answer):
            return answer
        out(f"{_ALLOWED}\n")


def ask_provider(given: str | None) -> str:
    """Where schedules are to run."""
    if given is not None or not is_terminal(sys.stdin):
        return given or PROVIDERS[0]
    _explain("Schedules run on this machine (local), or in Azure Machine Learning (azureml).")
    answer: str = click.prompt("Target", type=click.Choice(PROVIDERS), default=PROVIDERS[0])
    return answer


def ask_forge(given: str | None, remote: str) -> str:
    """The forge whose pipelines are to be written, or "none"."""
    if given is not None or not is_terminal(sys.stdin):
        return given or "none"
    found = (forge for part, forge in _HOSTS.items() if part in remote)
    _explain("Pipelines for a forge show the plan in pull requests, and apply it after merges.")
    answer: str = click.prompt(
        "Forge", type=click.Choice(("none", *FORGES)), default=next(found, "none")
    )
    return answer


def _explain(question: str) -> None:
    out("\n" + wrapped(question, columns_of(paint), 0) + "\n")


def identity_of(remote: str) -> str | None:
    """Host and path of the remote, without who signs in; None where there is no such remote."""
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


def _allowed(name: str) -> str:
    return _OTHER.sub("-", name).lstrip("._/@-")[:128] or "schedules"


def show_next(start: Start | None, ci: str, folder: str) -> None:
    """The commands that a person needs now, and what each will show. `start` None: the pipelines
    of a forge alone were written.
    """
    if ci != "none":
        guide = printable(str(examples() / "docs/ci/README.md"))
        out(f"\nwhat the pipelines need once is in {guide}\n")
    if start is None:
        return
    there = [] if folder == "." else [(f"cd {printable(shlex.quote(folder))}", "")]
    rows = _in_azure() if start.provider == "azureml" else _here()
    out("\n" + paint("next:", "heading") + "\n")
    out("".join(f"{line.rstrip()}\n" for line in _fitted([*there, *rows])))


def _fitted(rows: list[tuple[str, str]]) -> Iterator[str]:
    """Two columns; where the terminal is too narrow for them, what a command shows is below it."""
    within = columns_of(paint)
    if within is None or max(len(line) for line, _ in rows) <= within // 2:
        yield from aligned(rows, within)
        return
    for line, shows in rows:
        yield f"    {line}"
        if shows:
            yield " " * 8 + wrapped(shows, within, 8)


def _here() -> list[tuple[str, str]]:
    pages = "" if missing_packages() else ", and prints a link to its pages"
    rows = [
        ("reconciler apply", "shows what would be live, asks, and makes it so"),
        ("reconciler serve", f"fires what is live, hello every minute{pages}; leave it running"),
        ("reconciler trigger hello --follow", "in another terminal: runs hello now"),
        ("reconciler runs logs hello", "what its last run printed"),
    ]
    if missing_packages():
        rows.insert(1, ("pip install 'schedule-reconciler[serve]'", "adds web pages to serve"))
    return rows


def _in_azure() -> list[tuple[str, str]]:
    return [
        ("edit reconciler.yaml", "your subscription, resource group and workspace"),
        ("edit schedules/pipelines", f"your compute, where it is not {COMPUTE}"),
        ("pip install 'schedule-reconciler[azure]'", "signs in as Azure's own tools do"),
        ("reconciler plan", "what would be live, and what is not there in the workspace"),
        ("reconciler apply", "asks, and makes it live"),
        ("reconciler trigger hello --wait", "submits hello now, and waits until it has ended"),
        ("reconciler runs list", "what ran"),
    ]
