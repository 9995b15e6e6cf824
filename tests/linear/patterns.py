"""Every regular expression of the package: those of its code, and those of its JSON schemas."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from helpers import ROOT

import reconciler

PACKAGE = Path(reconciler.__file__).parent
_SEARCHING = ("search", "sub", "subn", "split", "findall", "finditer")
_ANCHORED = ("match", "fullmatch")
HOLE = "hole"
"""What stands for the values of an f-string."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One regular expression, and the methods it is used with."""

    where: str
    text: str
    flags: int
    methods: frozenset[str]


@cache
def patterns_of_code(folder: Path = PACKAGE) -> list[Pattern]:
    """Those of every module, and an error for one that cannot be read from the source."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        found += list(_of_module(tree, str(path.relative_to(folder.parent)), tree))
    return found


def patterns_of_schemas(folder: Path = ROOT / "schemas") -> list[Pattern]:
    """The `pattern` of every rule: searched for, in a text of any length."""
    return [
        Pattern(f"{path.name}", text, 0, frozenset({"search"}))
        for path in sorted(folder.glob("*.json"))
        for text in sorted(set(_in_schema(json.loads(path.read_text("utf-8")))))
    ]


def _in_schema(rule: Any) -> Iterator[str]:
    if isinstance(rule, dict):
        if isinstance(rule.get("pattern"), str):
            yield rule["pattern"]
        yield from rule.get("patternProperties", {})
        for inner in rule.values():
            yield from _in_schema(inner)
    elif isinstance(rule, list):
        for inner in rule:
            yield from _in_schema(inner)


def _of_module(tree: ast.Module, path: str, whole: ast.AST) -> Iterator[Pattern]:
    names: dict[str, set[str]] = {}
    for node in ast.walk(whole):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.setdefault(node.value.id, set()).add(node.attr)
    owners: dict[int, str] = {}
    constants: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            owners[id(node.value)] = node.targets[0].id
            constants[node.targets[0].id] = node.value
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and _is_re(node.func)):
            continue
        assert isinstance(node.func, ast.Attribute)
        method = node.func.attr
        if method not in ("compile", *_SEARCHING, *_ANCHORED):
            continue
        where = f"{path}:{node.lineno}"
        if method == "compile":
            used = names.get(owners.get(id(node), ""), set()) & {*_SEARCHING, *_ANCHORED}
            # Used elsewhere, or in a way that is not seen: the worst is taken.
            methods = frozenset(used or {"search"})
        else:
            methods = frozenset({method})
        text = _text(node.args[0], constants)
        if text is None:
            yield Pattern(where, "", -1, methods)
            continue
        flags = 0
        for given in (*node.args[1:], *(k.value for k in node.keywords if k.arg == "flags")):
            for part in ast.walk(given):
                if isinstance(part, ast.Attribute) and part.attr.isupper():
                    flags |= getattr(re, part.attr)
        yield Pattern(where, text, flags, methods)


def _is_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
    )


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str | None:
    """The text of a literal, an f-string, a name of one, and of such added up; None: another."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            parts = [_text(value, constants) for value in values]
            return "".join(part for part in parts if part is not None)
        case ast.FormattedValue(value=value):
            return _text(value, constants) or HOLE
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _text(left, constants), _text(right, constants)
            return None if first is None or second is None else first + second
        case ast.Name(id=name) if name in constants:
            return _text(constants[name], {})
        case _:
            return None
