"""What the pages say can be typed: their blocks of sh run, and every command shown is one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import pytest
import yaml
from helpers import ROOT, command, environment, invoke, write

from docs.blocks import PAGES, Block, blocks, runs, script, shown
from reconciler.cli import main_group
from reconciler.declare.checking.json_schema import schema_findings
from reconciler.schemas import schema


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _environment() -> dict[str, str]:
    git = {f"GIT_{who}_NAME": "ana" for who in ("AUTHOR", "COMMITTER")}
    git |= {f"GIT_{who}_EMAIL": "ana@example.com" for who in ("AUTHOR", "COMMITTER")}
    return environment(PYTHONPATH=str(ROOT), **git)


@pytest.mark.parametrize("page", [page for page in PAGES if runs(page)], ids=_name)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """Its commands one after the other: those of this program in this process, others in bash."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with ExitStack() as stack:
        said = ""
        for block in blocks(page):
            if block.kind == "sh" and "terminal" in block.title:
                stack.enter_context(_staying(block, folder))
            elif block.kind == "sh":
                folder, told = _carry_out(block, folder)
                said += told
            elif "." in block.title:
                write(folder, {block.title: block.text})
    if page.name == "tutorial.md":
        assert "total 219.5" in said


def _carry_out(block: Block, folder: Path) -> tuple[Path, str]:
    """The folder that its commands leave one in, and what they print."""
    said = ""
    lines = block.text.rstrip().split("\n")
    for number, line in enumerate(lines, 1):
        words = shlex.split(line, comments=True)
        if words[0] == "cd":
            folder /= words[1]
        elif words[0] == "reconciler" and not {"|", ">"} & set(words):
            code = block.code if number == len(lines) else 0
            said += invoke(folder, *words[1:], code=code, env=_environment()).text
        else:
            subprocess.run(["bash", "-ec", line], cwd=folder, env=_environment(), check=True)
    return folder, said


@contextmanager
def _staying(block: Block, folder: Path) -> Iterator[None]:
    """A command that stays, until the page is through."""
    arguments = shlex.split(block.text)[1:]
    with subprocess.Popen(
        command(*arguments, "--port", "0"), cwd=folder, env=_environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if " link " in line:
                break
        drained = threading.Thread(target=process.stdout.read, daemon=True)
        drained.start()
        try:
            assert process.poll() is None, said
            yield
        finally:
            process.terminate()
            process.wait(30)
            drained.join(30)


@pytest.mark.torture
def test_the_tutorial_word_by_word(tmp_path: Path) -> None:
    """As a person types it: one bash, a process for each command."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/reconciler"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()
    done = subprocess.run(
        ["bash", "-c", script(ROOT / "docs/tutorial.md")],
        cwd=folder,
        env=_environment() | {"PATH": f"{program.parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "total 219.5" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_is_one(page: Path) -> None:
    """Its name, its options and their values; nothing is carried out."""
    wrong = [
        f"{page.relative_to(ROOT)}:{number}: {line}\n  {said}"
        for number, line in shown(page)
        if (said := _wrong(line))
    ]
    assert wrong == []


def _wrong(line: str) -> str:
    words = shlex.split(line.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    group: click.Command = main_group
    context = click.Context(group, **main_group.context_settings)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        if found is None:
            return f"there is no command {words[0]}"
        group, words = found, words[1:]
    try:
        group.make_context("reconciler", [one for one in words if one != "..."], context)
    except click.exceptions.Exit:
        return ""
    except click.ClickException as error:
        text = error.format_message()
        return "" if "does not exist" in text or "Missing argument" in text else text
    return ""


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_declaration_is_valid(page: Path) -> None:
    """Blocks of YAML that are a whole schedule or configuration, by their schema."""
    for block in blocks(page):
        if block.kind != "yaml" or "..." in block.text:
            continue
        for document in yaml.load_all(block.text, Loader=yaml.BaseLoader):
            keys = set(document) if isinstance(document, dict) else set()
            if {"name", "trigger", "create_job"} <= keys:
                assert schema_findings(document, "schedule") == [], f"{page}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_key_of_a_configuration_is_one(page: Path) -> None:
    """Parts of reconciler.yaml that are shown without the rest."""
    known = set(schema("config")["properties"])
    for block in blocks(page):
        if block.kind == "yaml" and {"owner:", "targets:"} <= set(block.text.split()):
            (document,) = yaml.load_all(block.text, Loader=yaml.BaseLoader)
            assert set(document) <= known, f"{page}:{block.line}"
