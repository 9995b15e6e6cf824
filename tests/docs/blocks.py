"""The blocks of a page: files with their names, commands that run, commands that are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import ROOT

PAGES = [
    ROOT / "README.md",
    *sorted(
        path
        for path in (ROOT / "docs").rglob("*.md")
        if not {"decisions", "site"} & set(path.relative_to(ROOT).parts)
    ),
]

_BLOCK = re.compile(
    r"^(?:<!-- exits with (?P<code>\d+) -->\n)?"
    r"```(?P<kind>[a-z]+)(?: title=\"(?P<title>[^\"]*)\")?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """`code` is how its last command exits."""

    kind: str
    title: str
    text: str
    code: int
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(
            found["kind"],
            found["title"] or "",
            found["text"],
            int(found["code"] or 0),
            text.count("\n", 0, found.start()) + 1,
        )
        for found in _BLOCK.finditer(text)
    ]


def runs(page: Path) -> bool:
    return any(block.kind == "sh" for block in blocks(page))


def shown(page: Path) -> Iterator[tuple[int, str]]:
    """The commands of a page that are shown with what they print, and their lines."""
    for block in blocks(page):
        wanted = "$ " if block.kind == "console" else "" if block.kind == "sh" else None
        if wanted is None:
            continue
        for number, line in enumerate(block.text.replace("\\\n", " ").split("\n"), block.line + 1):
            if line.startswith(f"{wanted}reconciler "):
                yield number, line.removeprefix(wanted)


def script(page: Path) -> str:
    """A page as one script of bash, which stops at the first command that does not do as it says.

    A block with another terminal in its title is started and waited for: until its log has a link.
    """
    lines = ["set -eu"]
    for block in blocks(page):
        if block.kind == "sh" and "terminal" in block.title:
            lines.append(_stays(block))
        elif block.kind == "sh":
            lines.append(f"set -x\n{_commands(block)}\n{{ set +x; }} 2>/dev/null")
        elif "." in block.title:
            lines.append(_file(block))
    return "\n".join(lines)


def _commands(block: Block) -> str:
    if not block.code:
        return block.text
    *before, last = block.text.rstrip().split("\n")
    return "\n".join([*before, f"code=0; {last} || code=$?", f"test $code -eq {block.code}"])


def _file(block: Block) -> str:
    folder = f"mkdir -p \"$(dirname '{block.title}')\""
    return f"{folder}\ncat > '{block.title}' <<'END-OF-FILE'\n{block.text}END-OF-FILE"


def _stays(block: Block) -> str:
    return (
        f"{block.text.rstrip()} > ../stays.log 2>&1 & stays=$!\n"
        "trap 'kill $stays; wait $stays || true' EXIT\n"
        "until grep -q ' link ' ../stays.log; do kill -0 $stays; sleep 0.1; done"
    )
