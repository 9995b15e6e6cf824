"""Spans of time on the command line: 90s, 30m, 24h, 7d."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)


def duration(text: str) -> timedelta:
    """A whole number and its unit; a usage error where `text` is none."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise click.BadParameter(f'"{text}" is not a span of time, such as 90s, 30m, 24h or 7d')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def time_option(name: str, default: str, text: str) -> Callable[[Any], Any]:
    """An option that takes a span of time, for `text` as its help."""
    return click.option(
        name, type=duration, default=default, show_default=True, metavar="TIME", help=text
    )
