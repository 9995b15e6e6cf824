"""Each folder here: what is desired, what is live, and the whole plan: text, JSON and Markdown.

Documents are declarations; one in live.yaml has its `owner` (none: made by hand) and maybe when it
was `created`, who made it what it is (`by`), and whether what was last `applied` is what is `live`,
what is `desired`, or something `else`; one in desired.yaml the `notes` of its target. options.yaml,
where there is one, holds what make_plan takes, and maybe `now`, the `horizon` in days, and the
`budget` and `link` of the Markdown. RECONCILER_UPDATE=1 writes what is expected; read it before it
is committed.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.config import Limit, Limits
from reconciler.declare.holds import settle
from reconciler.declare.reading.yaml_loader import parse
from reconciler.document import schedule_digest, schedule_from_document
from reconciler.model import Canonical, Key, LiveSchedule, Note, Plan, Schedule, Source
from reconciler.plan import make_plan
from reconciler.plan.impact.impact import with_impact
from reconciler.render.documents import dumps, plans_document
from reconciler.render.markdown.document import render_markdown
from reconciler.render.text.plan_text import render_plan
from reconciler.schemas import schema

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""The Monday on which these plans are made."""
OPTIONS = {"adopt", "allow_empty", "limits", "strict", "now", "horizon", "budget", "link"}
CASES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/desired.yaml"))


def documents(path: Path) -> Iterator[tuple[dict[str, Any], Schedule]]:
    """Each document, and the schedule that it declares."""
    found, faults = parse(path.read_bytes())
    assert not faults, faults
    for document in found:
        if document.data is not None:
            key = Key("local", document.data["name"])
            source = Source(path.name, document.line, document.index)
            made = schedule_from_document(document.data, key, source)
            yield document.data, settle(made, document.data, NOW, "UTC")[0]


def plan_of(folder: Path) -> Plan:
    desired = [
        Canonical(made, tuple(Note(**note) for note in document.get("notes", ())))
        for document, made in documents(folder / "desired.yaml")
    ]
    live = [
        LiveSchedule(
            made,
            document.get("owner"),
            "a fingerprint",
            modified_by=document.get("by"),
            modified_at=NOW if "by" in document else None,
            created_at=datetime.fromisoformat(document.get("created", NOW.isoformat())),
            applied=applied(made, document.get("applied"), desired),
        )
        for document, made in documents(folder / "live.yaml")
    ]
    options = options_of(folder, "adopt", "allow_empty", "limits", "now", "horizon")
    if "limits" in options:
        options["limits"] = Limits(**{k: Limit(**v) for k, v in options["limits"].items()})
    now = datetime.fromisoformat(options.pop("now")) if "now" in options else NOW
    horizon = timedelta(days=options.pop("horizon", 14))
    plan = make_plan(desired, live, target="local", owner="us", **options)
    return with_impact(plan, firing=lambda made: made.trigger, now=now, horizon=horizon)


def applied(live: Schedule, what: str | None, desired: list[Canonical]) -> str | None:
    """The digest of what was last applied."""
    if what in (None, "else"):
        return what
    wanted = {canonical.schedule.key: canonical.schedule for canonical in desired}
    return schedule_digest(live if what == "live" else wanted[live.key])


def options_of(folder: Path, *names: str) -> dict[str, Any]:
    """What options.yaml says, of these."""
    path = folder / "options.yaml"
    said = parse(path.read_bytes())[0][0].data if path.exists() else {}
    assert set(said) <= OPTIONS, path
    return {name: said[name] for name in names if name in said}


@pytest.mark.parametrize("case", CASES)
def test_plan(case: str) -> None:
    folder = Path(__file__).parent / case
    plan = plan_of(folder)
    document = plans_document([plan])
    made = {
        "plan.txt": render_plan(plan),
        "plan.json": dumps(document),
        "plan.md": render_markdown(document, **options_of(folder, "budget", "link")),
    }
    if os.environ.get("RECONCILER_UPDATE"):
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
    for name, text in made.items():
        assert text == (folder / name).read_text(encoding="utf-8"), name
    validator = Draft202012Validator(schema("plan"))
    assert [error.message for error in validator.iter_errors(json.loads(made["plan.json"]))] == []


@pytest.mark.parametrize("case", CASES)
def test_nothing_in_a_plan_is_obeyed_by_a_terminal(case: str) -> None:
    plan = plan_of(Path(__file__).parent / case)
    for text in (render_plan(plan), dumps(plans_document([plan]))):
        odd = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
        assert odd == set()


def test_a_name_cannot_start_a_line_of_its_own() -> None:
    text = render_plan(plan_of(Path(__file__).parent / "hostile-text"))
    assert [line for line in text.splitlines() if line.startswith("+ local/fake")] == []
    assert text.count("\n+ ") + text.startswith("+ ") == 1  # `fresh`, and nothing else


def test_no_secret_is_in_a_plan() -> None:
    plan = plan_of(Path(__file__).parent / "secrets")
    for text in (render_plan(plan), dumps(plans_document([plan]))):
        for secret in ("hunter", "abcdef", "ghijkl", "new-value"):
            assert secret not in text
        assert "****" in text
