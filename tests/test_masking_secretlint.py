"""secretlint, which keeps credentials out of repositories, as another judge of what is masked."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections import Counter

import pytest
from credentials import CARRIERS, SHAPES, made
from judges import FOLDER

from reconciler.masking import mask_lines

_PROGRAM = """
import { readFileSync } from "node:fs";
import { lintSource } from "@secretlint/core";
import { creator as rule } from "@secretlint/secretlint-rule-preset-recommend";
const config = { rules: [{ id: "preset", rule, options: {} }] };
const content = readFileSync(0, "utf-8");
const source = { content, filePath: "a.yaml", ext: ".yaml", contentType: "text" };
const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: true } });
const found = messages.map((one) => [
  one.ruleId, one.loc.start.line - 1, content.slice(...one.range)
]);
process.stdout.write(JSON.stringify(found));
"""
NAMED = {
    "AWS, its secret": "aws_secret_access_key = <b40>",
    "AWS, an account": "AWS_SECRET_ACCESS_KEY=<b40>",
    "PostgreSQL": "postgres://admin:<w16>@db.internal.net:5432/x",
    "MongoDB": "mongodb+srv://admin:<w16>@db.internal.net/x",
    "MySQL": "mysql://admin:<w16>@db.internal.net:3306/x",
    "basic authentication": "https://admin:<w16>@internal.net/x",
    "npm, in .npmrc": "//registry.npmjs.org/:_authToken=npm_<w36>",
}


def judged(lines: list[str]) -> list[tuple[str, int, str]]:
    """What secretlint finds in a file of these lines: by which rule, in which line, and what."""
    if shutil.which("node") is None or not (FOLDER / "node_modules/@secretlint").is_dir():
        pytest.skip("secretlint is not among the judges that are installed (make judges)")
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", _PROGRAM],
        input="\n".join(lines),
        cwd=FOLDER,  # where its packages are found
        capture_output=True,
        text=True,
        check=True,
    )
    return [(rule, line, secret) for rule, line, secret in json.loads(done.stdout)]


def _agrees(count: int, seed: int) -> Counter[str]:
    chance = random.Random(seed)
    lines = [
        chance.choice(CARRIERS).format(made(template, chance))
        for template in SHAPES.values()
        for _ in range(count)
    ]
    lines += [f"- {made(one, chance)}" for one in NAMED.values() for _ in range(count)]
    flagged: Counter[str] = Counter()
    shown_all_the_same = []
    for rule, line, secret in judged(lines):
        flagged[rule.rpartition("rule-")[2]] += 1
        if secret in mask_lines([lines[line]])[0]:
            shown_all_the_same.append((rule, lines[line]))
    assert shown_all_the_same == []
    return flagged


def test_what_secretlint_flags_is_not_shown() -> None:
    flagged = _agrees(3, 1)
    assert len(flagged) > 12, flagged
    assert flagged.total() > 60, flagged


@pytest.mark.torture
def test_what_secretlint_flags_of_more_is_not_shown() -> None:
    assert _agrees(60, random.SystemRandom().randrange(1 << 32)).total() > 1_500
