"""What editors check by patterns, and `validate` by parsers: zones and crons.

No pattern refuses what its parser takes, and each refuses nearly all that it refuses; judged by the
expressions of Python, of Rust, and of JavaScript, which editors have.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.checking.json_schema import schema_findings
from reconciler.declare.checking.lint import lint_document
from reconciler.declare.reading.yaml_loader import parse
from reconciler.firing.clocks import zones
from reconciler.firing.rules import cron
from reconciler.schemas import read_schema, schema

sys.path.insert(0, str(ROOT / "docs/site"))

from patterns import PATTERNS, write_patterns

WHOLE = json.loads(read_schema("schedule"))
ZONE, CRON = (WHOLE["$defs"][name]["pattern"] for name in ("zone_name", "cron_expression"))
BY_RUST = jsonschema_rs.Draft202012Validator(WHOLE)
BLANKS = " \t  \x1c\x85\xa0\u2003\u3000"
PIECES = [
    *("*", "?", "L", "LW", "W", "5L", "7L", "1#2", "SUN#5", "2#6", "-", "/", ",", "#", ""),
    *("0", "5", "7", "12", "23", "24", "31", "32", "59", "60", "007", "0000000000012", "99"),
    *("MON", "fri", "T", "Sept", "january", "decembers", "x", "/2", "/0", "/-1", "/+3", "1-5"),
    *("FRI-MON", "*/15", "9-17/2", "1,3", "6-7", "7-6", "ı", "é", "@daily", "${{ vars.c }}"),
]


def crons(pick: random.Random) -> str:
    """Mostly five fields, mostly of what there is in expressions, some of it near its bounds."""
    fields = []
    for _ in range(pick.choice((5, 5, 5, 5, 5, 5, 4, 6))):
        made = "".join(pick.choices(PIECES, k=pick.choice((1, 1, 1, 1, 2, 3))))
        fields.append(pick.choice(("*", made, made)))
    text = "".join(field + pick.choice(BLANKS) for field in fields)
    return text if pick.random() < 0.1 else text[:-1]


NAMES = sorted({*zoneinfo.available_timezones(), *zones.WINDOWS})


def names(pick: random.Random) -> str:
    """A name in some case, or one that is a slip away from one."""
    name = pick.choice(NAMES)
    name = pick.choice((str, str.lower, str.upper, str.swapcase, str.title))(name)
    at = pick.randrange(len(name))
    slips = (name, name[:at] + name[at + 1 :], name[:at] + pick.choice("aZ/_ .-5") + name[at:])
    return pick.choice((*slips, name.replace(" ", "_"), f"{name} ", name[at:], f"${{{{{name}"))


def is_cron(text: str) -> bool:
    return "${{" in text or cron.check(text) is None


def is_zone(text: str) -> bool:
    return "${{" in text or zones.resolve(text) is not None


KINDS = [
    pytest.param(CRON, crons, is_cron, 0.95, id="cron"),
    pytest.param(ZONE, names, is_zone, 1.0, id="zone"),
]


def by_node(pattern: str, texts: list[str]) -> list[bool]:
    """As the language server asks: an expression of Unicode's characters."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    program = (
        "const [p, t] = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const r = new RegExp(p, 'u'); console.log(JSON.stringify(t.map((x) => r.test(x))))"
    )
    asked = json.dumps([pattern, texts])
    done = subprocess.run([node, "-e", program], input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers: list[bool] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize(("pattern", "made", "taken", "share"), KINDS)
def test_a_pattern_is_no_narrower_than_its_parser(
    pattern: str, made: Callable[[random.Random], str], taken: Callable[[str], bool], share: float
) -> None:
    pick = random.Random(7)
    texts = sorted({made(pick) for _ in range(4000)})
    matched = by_node(pattern, texts)
    good = [matched[i] for i, text in enumerate(texts) if taken(text)]
    bad = [matched[i] for i, text in enumerate(texts) if not taken(text)]
    assert min(len(good), len(bad)) > 300, (len(good), len(bad))
    assert all(good), [t for t, m in zip(texts, matched, strict=True) if taken(t) and not m][:9]
    assert bad.count(False) >= share * len(bad), bad.count(False) / len(bad)
    assert [bool(re.search(pattern, text)) for text in texts] == matched


@settings(max_examples=100)
@given(st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_the_schema_takes_what_validate_takes(one: random.Random, other: random.Random) -> None:
    """Both at once, in a document, by the whole schema."""
    trigger = {"type": "cron", "expression": crons(one), "time_zone": names(other)}
    document = {"name": "a", "trigger": trigger, "create_job": "./a.yml"}
    document["overrides"] = {"prod": {"trigger": {**trigger}}}
    said = {f.code for f in lint_document(document)}
    if said.isdisjoint(PATTERNS):
        assert BY_RUST.is_valid(document)
    assert schema_findings(document, "schedule") == []  # the program leaves it to its parsers


@settings(max_examples=60)
@given(st.text(), st.text(alphabet="*0123456789,-/LW# ", max_size=24))
def test_any_text(text: str, near: str) -> None:
    for one in (text, near, f"{near} * * * *", f"0 0 {near} * *", f"0 0 * * {near}"):
        assert not is_cron(one) or re.search(CRON, one)
        assert not is_zone(one) or re.search(ZONE, one)


def test_every_zone_is_taken_in_any_case() -> None:
    known = [name for name in NAMES if zones.resolve(name) is not None]
    assert len(known) > 700
    spellings = [f(name) for name in known for f in (str, str.lower, str.upper, str.swapcase)]
    assert [name for name in spellings if not re.search(ZONE, name)] == [], "make reference"


def documents() -> Iterator[tuple[Path, Any]]:
    for folder in ("schedules", "tests/declarations", "../shared/corpus"):
        for path in sorted((ROOT / folder).rglob("*.y*ml")):
            for document in parse(path.read_bytes())[0]:
                if isinstance(document.data, dict) and "trigger" in document.data:
                    yield path, document.data


def in_each(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A declaration, and what it is where something of its trigger is another."""
    yield document
    for override in document.get("overrides", {}).values():
        other = override.get("trigger") if isinstance(override, dict) else None
        if isinstance(other, dict):
            yield {**document, "trigger": {**document["trigger"], **other}}


def test_declarations() -> None:
    judged = refused = 0
    for path, document in documents():
        if schema_findings(document, "schedule"):
            continue
        codes = {finding.code for one in in_each(document) for finding in lint_document(one)}
        judged += 1
        if codes.isdisjoint(PATTERNS):
            assert BY_RUST.is_valid(document), path
        else:
            refused += not BY_RUST.is_valid(document)
    assert judged > 60
    assert refused > 10


def test_the_program_leaves_them_to_its_parsers() -> None:
    for name in ("schedule", "config"):
        rules = schema(name)["$defs"]
        assert rules["zone_name"] == rules["cron_expression"] == {}


@pytest.mark.parametrize("name", ["schedule", "config"])
def test_patterns_are_current(name: str, tmp_path: Path) -> None:
    path = ROOT / "schemas" / f"{name}.schema.json"
    again = Path(shutil.copy(path, tmp_path))
    write_patterns(again)
    assert again.read_text("utf-8") == path.read_text("utf-8"), "make reference"
