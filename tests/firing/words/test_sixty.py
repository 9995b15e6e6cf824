"""Sixty triggers of every kind, and how they read: sixty.yaml, sixty.txt.

RECONCILER_UPDATE=1 writes sixty.txt; read it as a reviewer of a plan would, before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill

import yaml

from reconciler.document import trigger_from_document
from reconciler.firing.counting.steady_rates import rate_of
from reconciler.firing.words.trigger_words import describe
from reconciler.model import DatastoreChange, Fires
from reconciler.render.fire_words import rate
from reconciler.render.impact_document import fires_document

HERE = Path(__file__).parent
CREATED = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_sixty_triggers_read_well() -> None:
    found = "".join(told())
    path = HERE / "sixty.txt"
    if os.environ.get("RECONCILER_UPDATE"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
    assert len(list(told())) == 60


def told() -> Iterator[str]:
    """Each trigger as it is declared, what a plan says of it, and how often it fires."""
    lines = (HERE / "sixty.yaml").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("- "):
            document = yaml.safe_load(line[2:])
            trigger = trigger_from_document(document)
            fires = None
            if not isinstance(trigger, DatastoreChange):
                fires = fires_document(Fires(1, CREATED, rate=rate_of(trigger, CREATED)))
            yield "\n".join(
                [
                    fill(line[3:-1], 100),
                    f"    {describe(trigger)}",
                    f"    fires {rate(fires)}\n\n",
                ]
            )
