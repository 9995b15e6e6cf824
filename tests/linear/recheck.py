"""recheck, a judge of regular expressions by automata and by fuzzing, asked about ours.

It reads JavaScript's: possessive quantifiers become greedy ones, which can only backtrack
more. What it finds in such a one is an attack, which is then tried on the pattern as it is.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from npm import npm_file

from linear.patterns import Pattern

_PROGRAM = """
const { checkSync } = require(process.argv[1]);
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const params = { timeout: 4000, incubationTimeout: 1500, attackTimeout: 1000, attackLimit: 3e7 };
console.log(JSON.stringify(asked.map(([source, flags]) => {
  const found = checkSync(source, flags, params);
  return {
    status: found.status,
    why: found.error ? found.error.kind : found.complexity ? found.complexity.summary : '',
    attack: found.attack ? found.attack.string : '',
  };
})));
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status`: safe, vulnerable or unknown. `attack`: an input that is to be slow."""

    status: str
    why: str
    attack: str


def judged(patterns: Sequence[Pattern]) -> list[Verdict]:
    """What recheck says of each; the test is skipped where it cannot be had."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: recheck cannot be had")
    package = npm_file("recheck", "4.5.0", "package.json").parent
    asked = [_javascript(pattern) for pattern in patterns]
    found = subprocess.run(
        [node, "-e", _PROGRAM, str(package)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Verdict(**one) for one in json.loads(found.stdout)]


def _javascript(pattern: Pattern) -> tuple[str, str]:
    text = pattern.text
    flags = "i" if pattern.flags & re.IGNORECASE or "(?i)" in text else ""
    flags += "s" if pattern.flags & re.DOTALL else ""
    flags += "m" if pattern.flags & re.MULTILINE else ""
    if pattern.flags & re.VERBOSE:
        text = re.sub(r"(?<!\\)\s+", "", text)
    text = (
        text.replace("(?i)", "").replace("(?i:", "(?:").replace("(?P<", "(?<").replace("(?>", "(?:")
    )
    text = re.sub(r"((?<!\\)[*+?}])\+", r"\1", text).replace(r"\Z", "$")
    if pattern.methods <= {"match"}:
        text = f"^(?:{text})"
    elif pattern.methods <= {"fullmatch"}:
        text = f"^(?:{text})$"
    return text, flags
