"""A judge of regular expressions: each is run on input made against it, of growing length.

Input is a way into the pattern, then something that a repeat of it takes, many times, then what
makes it fail. A pattern that takes more than so much of the processor for so few characters does
not look at each a few times only. It is run as it is used: one that is searched for begins at each
character anew.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

from linear.patterns import Pattern

_parser: Any = re._parser  # type: ignore[attr-defined]
LENGTHS = (16, 22, 800, 8_000)
SECONDS = 0.03
"""Of the processor: 8,000 characters looked at once each take a hundredth of that, and looked at by
pairs many times it."""


def slow_input(pattern: Pattern, most: int = 1000) -> tuple[str, int, float] | None:
    """What is repeated, the length and the seconds of the first input that takes too long.

    `most`: how many inputs are tried.
    """
    compiled = re.compile(pattern.text, pattern.flags)
    runs = [_run(compiled, method) for method in sorted(pattern.methods)]
    runs = runs[:1] if len(runs) > 1 and not {"match", "fullmatch"} & pattern.methods else runs
    for before, pump, after in islice(attacks(pattern), most):
        for run in runs:
            for length in LENGTHS:
                text = before + pump * (length // len(pump)) + after
                # Twice, for something else may have had the processor's caches.
                if _seconds(run, text) > SECONDS and (seconds := _seconds(run, text)) > SECONDS:
                    return pump, length, seconds
    return None


def is_slow_on(pattern: Pattern, text: str) -> bool:
    """Whether an input that somebody else made is more than this pattern should be given."""
    compiled = re.compile(pattern.text, pattern.flags)
    return any(
        _seconds(run, text) > SECONDS and _seconds(run, text) > SECONDS
        for run in (_run(compiled, method) for method in pattern.methods)
    )


def _run(compiled: re.Pattern[str], method: str) -> Any:
    if method in ("sub", "subn"):
        return lambda text: compiled.sub("", text)
    if method == "finditer":
        return compiled.findall
    return getattr(compiled, method)


def _seconds(run: Any, text: str) -> float:
    begin = time.process_time()
    run(text)
    return time.process_time() - begin


def attacks(pattern: Pattern) -> Iterator[tuple[str, str, str]]:
    """(a way in, what is repeated, what makes it fail)."""
    tree = _parser.parse(pattern.text, pattern.flags)
    letters = list(dict.fromkeys(_letters(tree)))[:12]
    pairs = ["".join(pair) for pair in product(letters[:6], repeat=2)]
    entries = list(dict.fromkeys(_entries(tree, "")))[:8]
    bodies = [text for before, text in entries for text in (text, before + text) if text]
    whole = [before for before, _ in entries if before]
    pumps = list(dict.fromkeys([*bodies, *whole, *letters, *pairs, *"aA0 \t-_/:@.\"'"]))
    befores = list(dict.fromkeys(["", *(before for before, _ in entries)]))[:6]
    # The most telling first, for not all are tried each time.
    pairs_of = sorted(
        product(enumerate(befores), enumerate(pumps)), key=lambda p: p[0][0] * 3 + p[1][0]
    )
    for (_, before), (_, pump) in pairs_of:
        for after in (" a\x00", "\x00", "\n!"):
            yield before, pump, after


def _entries(tree: Iterable[Any], before: str) -> Iterator[tuple[str, str]]:
    """Of each repeat without a small end: text that leads to it, and text that it takes."""
    for op, argument in tree:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, high, body = argument
            if high > 8:
                for text in _samples(body):
                    yield before, text
            yield from _entries(body, before)
        elif name == "SUBPATTERN":
            yield from _entries(argument[-1], before)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _entries(branch, before)
        elif name == "ATOMIC_GROUP":
            yield from _entries(argument, before)
        elif name in ("ASSERT", "ASSERT_NOT") and argument[0] == 1:
            yield from _entries(argument[1], before)
        before += next(iter(_samples([(op, argument)])), "")


def _samples(tree: Iterable[Any]) -> list[str]:
    """A few texts that match, shortest first; enough to reach what stands behind."""
    texts = [""]
    for op, argument in tree:
        texts = [a + b for a, b in islice(product(texts, _sample(str(op), argument)), 4)]
    return texts


def _sample(name: str, argument: Any) -> list[str]:
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, _, body = argument
        return [text * max(low, 1) for text in _samples(body)] if low else ["", *_samples(body)[:2]]
    if name == "SUBPATTERN":
        return _samples(argument[-1])
    if name == "ATOMIC_GROUP":
        return _samples(argument)
    if name == "BRANCH":
        return [text for branch in argument[1] for text in _samples(branch)[:2]][:4]
    if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        return list(dict.fromkeys(_letters([(name, argument)])))[:3] or ["a"]
    return [""]


def _letters(tree: Iterable[Any]) -> Iterator[str]:
    """Characters that parts of it take, a few of each part."""
    for op, argument in tree:
        name = str(op)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "NOT_LITERAL":
            yield "a" if argument != ord("a") else "b"
        elif name == "ANY":
            yield "a"
        elif name == "IN":
            yield from _of_set(argument)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield from _letters(argument[2])
        elif name == "SUBPATTERN":
            yield from _letters(argument[-1])
        elif name == "ATOMIC_GROUP":
            yield from _letters(argument)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _letters(argument[1])
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _letters(branch)


_CATEGORIES = {"CATEGORY_SPACE": " \t", "CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a0"}


def _of_set(members: list[Any]) -> Iterator[str]:
    if str(members[0][0]) == "NEGATE":
        excluded = set(_of_set(members[1:]))
        yield from [c for c in "aA0 -:!&" if c not in excluded and not _in(c, members[1:])][:4]
        return
    for op, argument in members:
        name = str(op)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "RANGE":
            yield chr(argument[0])
        elif name == "CATEGORY":
            yield from _CATEGORIES.get(str(argument), "a!")


def _in(character: str, members: list[Any]) -> bool:
    for op, argument in members:
        name = str(op)
        if name == "LITERAL" and ord(character) == argument:
            return True
        if name == "RANGE" and argument[0] <= ord(character) <= argument[1]:
            return True
        if name == "CATEGORY":
            tests = {"CATEGORY_SPACE": str.isspace, "CATEGORY_DIGIT": str.isdigit}
            test = tests.get(str(argument), lambda c: c.isalnum() or c == "_")
            if test(character) != ("NOT" in str(argument)):
                return True
    return False
