"""A model of NCrontab, which reads Azure's crons: what its documentation and its tests say it does.

github.com/atifaziz/NCrontab, 3.x, five fields. It shares nothing with the program: a table of
the forms that an item can have, each with what it stands for. `expressions` makes expressions of
all of them, and of what only looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

FIELDS = (
    (0, 59, ""),
    (0, 23, ""),
    (1, 31, ""),
    (
        1,
        12,
        "January February March April May June July August September October November December",
    ),
    (0, 6, "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
)
_ITEM = re.compile(r"(?P<from>[^-/]+)(-(?P<to>[^/]+))?(/(?P<step>[+-]?\d+))?", re.ASCII)


class NotTaken(Exception):
    """NCrontab throws an exception."""


def read(expression: str) -> tuple[frozenset[int], ...]:
    """The values of the five fields. Sunday is 0."""
    tokens = [token for token in expression.split(" ") if token]
    if len(tokens) != 5:
        raise NotTaken(expression)
    return tuple(
        frozenset().union(*(_item(item, *field) for item in token.split(",")))
        for token, field in zip(tokens, FIELDS, strict=True)
    )


def _item(text: str, low: int, high: int, names: str) -> frozenset[int]:
    match = _ITEM.fullmatch(text)
    if match is None:
        raise NotTaken(text)
    step = max(int(match["step"] or 1), 1)
    if step > 2**31 - 1:
        raise NotTaken(text)  # an OverflowException, in truth
    if match["from"] == "*" and match["to"] is None:
        return frozenset(range(low, high + 1, step))
    start = _value(match["from"], low, names)
    if match["to"] is not None:
        end = _value(match["to"], low, names)
    else:
        end = start if match["step"] is None else high
    start, end = min(start, end), max(start, end)
    if start < low or end > high:
        raise NotTaken(text)
    return frozenset(range(start, end + 1, step))


def _value(text: str, low: int, names: str) -> int:
    if re.fullmatch(r"\d+", text, re.ASCII):
        return int(text)
    for number, name in enumerate(names.split(), low):
        if re.match("[a-z]", text, re.I) and name.lower().startswith(text.lower()):
            return number
    raise NotTaken(text)


# -------------------------------------------------------------------------------- making them up


def expressions(random: Random, count: int) -> Iterator[str]:
    """Expressions in which every form meets every other; the days and months mostly any."""
    for _ in range(count):
        yield " ".join(_field(random, index) for index in range(5))


def _field(random: Random, index: int) -> str:
    if random.random() < (0.02, 0.2, 0.7, 0.8, 0.3)[index]:
        low, high, _ = FIELDS[index]
        whole = ["*"] * 7 + ["*/1", f"{low}-{high}", f"{low}/1", f"*,{high}", f"{high},*"]
        return random.choice(whole)
    number = random.choice((1, 1, 1, 2, 3))
    return ",".join(_made_item(random, index) for _ in range(number))


def _made_item(random: Random, index: int) -> str:
    odd = random.random()
    if odd < 0.04:
        special = ("L", "LW", "?", "", "*-3", "-3", "5/", "/2", "1-2-3", "MOND-", "x", "07", "1#2")
        return random.choice((*special, "5L", "7", "5-7", "0-7", "7/2", "*/9999999999", "60", "99"))
    first, last = _made_value(random, index), _made_value(random, index)
    step = random.choice((1, 2, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 100, 0))
    sign = random.choice(("", "", "", "", "", "", "", "", "+", "-"))
    steps = f"/{sign}{step}"
    return random.choice(
        [
            *(first, first, f"{first}-{last}", f"{first}-{last}{steps}", f"{first}{steps}"),
            *(f"*{steps}", "*", f"{first}-{first}{steps}"),
        ]
    )


def _made_value(random: Random, index: int) -> str:
    low, high, names = FIELDS[index]
    if names and random.random() < 0.5:
        name = random.choice(names.split())
        name = name[: random.choice((len(name), 3, random.randint(1, len(name))))]
        return random.choice((name, name.upper(), name.lower()))
    return random.choice(("", "", "", "", "", "0")) + str(random.randint(low, high))
