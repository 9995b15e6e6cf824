"""What MkDocs is told beyond mkdocs.yml: pages that stand elsewhere, links that leave the folder.

The pages are written for whoever reads them in the repository, too: a link to `../deploy/x` is
right there, and leads to the repository's own page of that file here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent.parent
EXPLAIN = "reconciler/explain"
_LINK = re.compile(r"(?<=\]\()(?P<path>(?![a-z]+:|#|<)[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))")
_BESIDE = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}


def on_files(files: Files, config: Any) -> Files:
    """The pages of the problems, the changelog and how to contribute, from where they stand."""
    for path in sorted((ROOT / EXPLAIN).glob("*.md")):
        _add(files, config, f"reference/problems/{path.name}", path)
    for name, page in _BESIDE.items():
        _add(files, config, page, ROOT / name)
    return files


def _add(files: Files, config: Any, name: str, path: Path) -> None:
    files.append(File.generated(config, name, content=path.read_text("utf-8")))


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links out of the folder docs lead to the page for the file, or to the repository."""
    source = page.file.src_uri
    folder = "" if source in _BESIDE.values() else os.path.join("docs", os.path.dirname(source))

    def moved(found: re.Match[str]) -> str:
        path = os.path.normpath(os.path.join(folder, found["path"]))
        if path.startswith("docs/") and source not in _BESIDE.values():
            return found[0]
        if not (ROOT / path).exists():
            return "missing-" + path  # which the strict build refuses
        return _address(path, source, config) + (found["anchor"] or "")

    return _LINK.sub(moved, markdown)


def _address(path: str, source: str, config: Any) -> str:
    page = _BESIDE.get(path)
    if path.startswith(f"{EXPLAIN}/"):
        page = f"reference/problems/{os.path.basename(path)}"
    if path.startswith("docs/"):
        page = path.removeprefix("docs/")
    if path == "README.md":
        page = "index.md"
    if page is not None:
        return os.path.relpath(page, os.path.dirname(source) or ".")
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"{config.repo_url.rstrip('/')}/{kind}/main/{path}"
