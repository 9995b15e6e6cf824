"""The pipelines of a forge, for a repository or for one folder of a monorepo.

In goes a forge and the folder that holds reconciler.yaml, relative to the root of the repository;
out come files, relative to that root, where alone forges look for them. Those of a folder run for
what changes below it, and in it; they have names of their own, so that several teams can have some.
The templates are those that this project's own tests run: what is said for a folder is put into
their text, so that comments stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from reconciler.errors import ReconcilerError

ACTION = ".github/actions/reconciler/action.yml"
"""Written once, for every folder."""
FORGES = ("github", "gitlab", "azuredevops")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def pipelines(ci: str, folder: str, examples: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a forge; of none for "none". `folder`: "" for the root. ReconcilerError."""
    if folder and _PLAIN.fullmatch(folder) is None:
        raise ReconcilerError(
            f"{folder!r} cannot stand in a pipeline: letters, digits and . _ - in each name"
        )
    for name, text in _templates(ci, folder, examples):
        yield name, text.encode()


def _templates(ci: str, folder: str, examples: Path) -> Iterator[tuple[str, str]]:
    slug = folder.replace("/", "-")
    if ci == "github":
        for job in ("plan", "apply", "drift"):
            text = _read(examples / f"docs/ci/github/{job}.yml")
            name = f"schedules-{slug}-{job}" if folder else job
            path = f".github/workflows/{name}.yml"
            yield path, _github(text, folder, slug, path) if folder else text
        yield ACTION, _read(examples / ACTION)
    elif ci == "gitlab":
        text = _read(examples / "docs/ci/gitlab/gitlab-ci.yml")
        yield ".gitlab-ci.yml", _gitlab(text, folder, slug) if folder else text
    elif ci == "azuredevops":
        text = _read(examples / "docs/ci/azuredevops/azure-pipelines.yml")
        name = f"azure-pipelines-{slug}.yml" if folder else "azure-pipelines.yml"
        yield name, _azure(text, folder, name) if folder else text


def _github(text: str, folder: str, slug: str, path: str) -> str:
    """`paths` of a merge group are not known to GitHub: a queue validates every group."""
    paths = "    paths: # and what schedules refer to elsewhere\n"
    paths += f"      - {folder}/**\n      - {path}"
    text = re.sub(r"(?m)^name: (\w+)$", rf"name: \1 {folder}", text, count=1)
    text = re.sub(r"(?m)^  pull_request:$", f"  pull_request:\n{paths}", text)
    text = re.sub(r"(?m)^(  push:\n    branches: .*)$", rf"\1\n{paths}", text)
    text = text.replace(
        "    shell: bash\n", f"    shell: bash\n    working-directory: {folder}\n", 1
    )
    text = re.sub(r"(?m)^  group: (plan|apply|drift)", rf"  group: \1-{slug}", text)
    text = text.replace("hashFiles('plan.json')", f"hashFiles('{folder}/plan.json')")
    text = text.replace("sarif_file: ", f"sarif_file: {folder}/")
    return re.sub(r"(?m)^( +path: )(plan\.(?:json|html))$", rf"\1{folder}/\2", text)


def _gitlab(text: str, folder: str, slug: str) -> str:
    """before_script and script are one shell: `cd` there holds in both."""
    changes = f"      changes: # and what schedules refer to elsewhere\n        - {folder}/**/*\n"
    changes += "        - .gitlab-ci.yml\n"
    for job in ("validate", "plan", "apply"):
        begin = text.index(f"\n{job}:\n")
        end = text.index("\n\n", begin) if "\n\n" in text[begin:] else len(text)
        section = re.sub(r"(?m)^(    - if: .*)$", rf"\1\n{changes[:-1]}", text[begin:end])
        text = text[:begin] + section + text[end:]
    install = '==$RECONCILER_VERSION"\n'
    text = text.replace(install, f"{install}    - cd {folder}\n", 1)
    text = text.replace("resource_group: apply", f"resource_group: apply-{slug}")
    text = text.replace("codequality: problems.json", f"codequality: {folder}/problems.json")
    text = text.replace("/artifacts/file/plan.html", f"/artifacts/file/{folder}/plan.html")
    return text.replace(
        "paths: [plan.json, plan.html]", f"paths: [{folder}/plan.json, {folder}/plan.html]"
    )


def _azure(text: str, folder: str, name: str) -> str:
    """A build validation policy has a path filter of its own, in its settings."""
    branches = "  branches:\n    include: [main]\n"
    paths = f"  paths: # and what schedules refer to elsewhere\n    include: [{folder}, {name}]\n"
    text = text.replace(branches, branches + paths, 1)
    text = re.sub(
        r"(?m)^( +)(- bash: .*\n(?:\1   .*\n)*)",
        rf"\1\2\1  workingDirectory: {folder}\n",
        text,
    )
    return re.sub(
        r"(?m)^( +)(scriptLocation: inlineScript)$",
        rf"\1\2\n\1workingDirectory: {folder}",
        text,
    )


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")
