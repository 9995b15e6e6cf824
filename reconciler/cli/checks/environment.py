"""Python, what is installed beside the program, Git, the configuration and its declarations."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from reconciler import __version__
from reconciler.cli.checks.records import Check, Verdict
from reconciler.cli.session import Session
from reconciler.declare.reading.local_git import ask_git
from reconciler.render.plain_text import counted, short_revision

_EXTRAS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "serve": (("starlette", "uvicorn"), "the pages and Azure's API of `serve`"),
    "azure": (("azure.identity",), "signing in to Azure"),
    "temporal": (("temporalio",), "targets of Temporal"),
    "datastores": (("adlfs", "s3fs"), "datastores in Azure Blob and S3"),
    "postgres": (("psycopg",), "a state in PostgreSQL"),
    "notify": (("apprise",), "messages to people"),
    "calendars": (("icalendar",), "calendars of days without fires"),
}
"""By the name of an extra: what it installs, and what for."""
_BY_PROVIDER = {"azureml": "azure", "temporal": "temporal", "local": "serve"}
_LEAST_FREE = 200 * 1024 * 1024
"""Bytes of a disk below which something is going to fail soon."""


def environment_checks(session: Session) -> Iterator[Check]:
    """One for each, in the order in which they need each other. ConfigError."""
    version = platform.python_version()
    old = sys.version_info < (3, 11)
    yield Check(
        "python",
        Verdict.BROKEN if old else Verdict.WELL,
        f"Python {version}, reconciler {__version__}",
        "it needs Python 3.11 or newer" if old else None,
    )
    config = session.config
    providers = [session.config.target(n, to_open=False).provider for n in config.target_names]
    yield from _extras(providers, "notify" if config.section("notifications") else None)
    yield from _git(session)
    yield Check("configuration", Verdict.WELL, f"{config.path}, owner {config.owner}")
    yield _declarations(session)
    yield disk_check("disk", config.folder)


def _extras(providers: list[str], more: str | None) -> Iterator[Check]:
    needed = {_BY_PROVIDER[one] for one in providers if one in _BY_PROVIDER}
    needed |= {more} if more else set()
    there: list[str] = []
    missing: list[str] = []
    for name, (modules, _) in _EXTRAS.items():
        (there if all(map(_is_there, modules)) else missing).append(name)
    yield Check("extras", Verdict.WELL, f"installed: {', '.join(there) or 'none'}")
    for name in missing:
        if name in needed:
            yield Check(
                "extras",
                Verdict.LOOK,
                f"[{name}] is not installed: {_EXTRAS[name][1]}",
                f"pip install 'schedule-reconciler[{name}]'",
            )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _git(session: Session) -> Iterator[Check]:
    asked = ask_git(session.config.root, "--version")
    if asked.text is None:
        why = asked.refused or "there is no git here"
        yield Check("git", Verdict.LOOK, why, "install git: applies are recorded by their commit")
        return
    head, name = session.head, asked.text.strip()
    if head.name is None:
        told = head.refused or "what is declared is in no Git repository"
        yield Check("git", Verdict.LOOK, f"{name}; {told}", "commit it: Git is where reviews are")
    elif head.dirty:
        told = f"{name}; {short_revision(head.name)}, with changes that are in no commit"
        yield Check("git", Verdict.LOOK, told, "commit them before you apply")
    else:
        yield Check("git", Verdict.WELL, f"{name}; {short_revision(head.name)}")


def _declarations(session: Session) -> Check:
    config = session.config
    targets = [config.target(name, to_open=False) for name in config.target_names]
    found = session.read(targets)
    said = f"{counted(found.declared, 'schedule')} in {counted(found.files, 'file')}"
    if found.errors:
        what = f"{said}, {counted(found.errors, 'error')}"
        return Check("declarations", Verdict.BROKEN, what, "`reconciler validate` shows them")
    warnings = len(found.problems)
    if warnings:
        what = f"{said}, {counted(warnings, 'warning')}"
        return Check("declarations", Verdict.LOOK, what, "`reconciler validate` shows them")
    return Check("declarations", Verdict.WELL, said)


def disk_check(about: str, folder: Path) -> Check:
    """How much room there is where a folder is."""
    free = shutil.disk_usage(folder).free
    said = f"{free / 1024**3:,.1f} GB free at {folder}"
    if free < _LEAST_FREE:
        return Check(about, Verdict.LOOK, said, "make room: a full disk keeps no record")
    return Check(about, Verdict.WELL, said)
