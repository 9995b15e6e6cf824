"""The expressions of GitHub Actions, as far as the workflows here use them.

Names with dots, text in quotes, numbers, true, false, null, `!`, `==`, `!=`, `&&`, `||`, brackets
and calls. As in Actions: `&&` and `||` give one of their sides, text is compared without regard to
case, values of two types as numbers, what is not there is null, and null, false, 0 and '' are
false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[\w.-]+|==|!=|&&|\|\||[!(),])")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
Functions = Mapping[str, Callable[..., Any]]


def evaluate(text: str, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """The value of an expression; ValueError for what is none."""
    tokens = _tokens(text)
    value = _Reader(tokens, contexts, functions).either()
    if tokens:
        raise ValueError(f"{tokens[0]!r} is too much in {text!r}")
    return value


def fill(text: str, contexts: Mapping[str, Any], functions: Functions) -> str:
    """`text` with the value of each `${{ }}` in it."""
    return _EMBEDDED.sub(lambda found: shown(evaluate(found[1], contexts, functions)), text)


def condition(text: str, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """An `if:`, with or without `${{ }}`; what asks for no status asks for success()."""
    whole = _EMBEDDED.fullmatch(text.strip())
    expression = whole[1] if whole else text
    if not re.search(r"\b(success|failure|always|cancelled)\(", expression):
        expression = f"success() && ({expression})"
    return bool(evaluate(expression, contexts, functions))


def shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"not understood: {text[place:]!r}")
        found.append(match[1])
        place = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str], contexts: Mapping[str, Any], functions: Functions):
        self._tokens = tokens
        self._contexts = contexts
        self._functions = functions

    def either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._equal()
        while self._take("&&"):
            other = self._equal()
            value = value and other
        return value

    def _equal(self) -> Any:
        value = self._single()
        while self._tokens[:1] in (["=="], ["!="]):
            wanted = self._tokens.pop(0) == "=="
            value = _same(value, self._single()) is wanted
        return value

    def _single(self) -> Any:
        token = self._tokens.pop(0)
        if token == "!":
            return not self._single()
        if token == "(":
            value = self.either()
            self._expect(")")
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._take("("):
            return self._functions[token](*self._arguments())
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        known = {"true": True, "false": False, "null": None}
        return known[token] if token in known else self._named(token)

    def _arguments(self) -> list[Any]:
        values: list[Any] = []
        while not self._take(")"):
            values.append(self.either())
            self._take(",")
        return values

    def _named(self, token: str) -> Any:
        first, *rest = token.split(".")
        value: Any = self._contexts[first]  # a context that is not there is a mistake
        for name in rest:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _take(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ValueError(f"{token!r} is missing")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    if type(one) is type(other):
        return bool(one == other)
    return _number(one) == _number(other)


def _number(value: Any) -> float:
    """null, false and '' are 0; text that is no number equals nothing."""
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")
