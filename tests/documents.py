"""Plan documents made by hand, with everything in them that a renderer can meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 23, 0, 39, tzinfo=UTC)
DAYS = 14
CRON = {"type": "cron", "expression": "0 2 * * *", "time_zone": "UTC"}
HOSTILE = {
    "markdown": "**bold** _x_ ~~y~~ # Heading [link](https://evil.example) ![i](x) | cell | `c`",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)></summary></details><!--",
    "entity": "&lt;b&gt; &#60;script&#62; &amp;",
    "mention": "@octo-org/team @someone cc @all",
    "reference": "#1 GH-2 owner/name#3 !4 ABC-5 deadbeefdeadbeef",
    "autolink": "https://evil.example www.evil.example mail@evil.example <https://evil.example>",
    "emoji": ":tada: :+1: $x^2$ $$y$$",
    "fence": "```\n~~~~\n````````diff\n</pre></code>",
    "backticks": "` `` ``` ```` `",
    "github": "::error file=a.py::no\n::stop-commands::x\n##[group]x",
    "azuredevops": "##vso[task.complete result=Failed]done ##[section]x",
    "gitlab": "\x1b[0Ksection_start:1:x\r\x1b[0K",
    "terminal": "\x1b[31mred\x1b]0;title\a",
    "bidi": "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "invisible": "a\u200bb\ufeffc\u3164d\u2800e\u00ade\u034f",
    "template": "{{ 7 * 7 }} {% raw %} ${{ secrets.TOKEN }}",
    "lines": "one\ntwo\r\nthree\u2028four\u0085five",
    "surrogate": "a\udcffb",
    "setext": "x\n===\n- item\n> quote\n    code\n1. one",
    "table": "a | b\n--|--\n\\| c",
    "empty": " ",
}


def fires(*at: datetime, count: int | None = None) -> dict[str, Any]:
    """The fires of one side of a change."""
    number = len(at) if count is None else count
    return {
        "count": number,
        "first": at[0].isoformat() if at else None,
        "per_day": number / DAYS,
        "per_week": number / DAYS * 7,
        "rate": rate(number / DAYS) if at else None,
        "listed": [one.isoformat() for one in at],
    }


def rate(a_day: float) -> dict[str, Any]:
    """What people are told of so many fires a day."""
    count, unit = (a_day, "day") if a_day >= 2 else (a_day * 7, "week")
    return {"count": count, "unit": unit, "months": [], "is_mean": False}


def daily(hour: int, minute: int = 0, days: int = DAYS) -> list[datetime]:
    """A fire a day from the day after START on."""
    first = START.replace(hour=hour, minute=minute) + timedelta(days=START.hour > hour)
    return [first + timedelta(days=day) for day in range(days)]


def impact(
    before: dict[str, Any] | None, after: dict[str, Any] | None, **more: Any
) -> dict[str, Any]:
    """What a change does to its fires."""
    empty = {"added": 0, "removed": 0, "moved": 0, "moved_by_seconds": None}
    return {"before": before, "after": after, **empty, "examples": [], "warnings": [], **more}


def moved(hours: int) -> dict[str, Any]:
    """A daily fire that moves by some hours."""
    before, after = daily(2), daily(2 + hours)
    examples = [
        {"before": a.isoformat(), "after": b.isoformat()}
        for a, b in zip(before[:3], after[:3], strict=True)
    ]
    return impact(
        fires(*before),
        fires(*after),
        moved=DAYS,
        moved_by_seconds=hours * 3600.0,
        examples=examples,
    )


def schedule(name: str, **more: Any) -> dict[str, Any]:
    """A schedule as the document holds it."""
    return {
        "name": name,
        "trigger": CRON,
        "create_job": {"job": "azureml:train:1", "inputs": {"epochs": 5}},
        "is_enabled": True,
        **more,
    }


def change(action: str, name: str, **more: Any) -> dict[str, Any]:
    """One change; `more` replaces what it would hold."""
    there, wanted = action != "create", action != "disable"
    words = "every day at 02:00, UTC (cron 0 2 * * *)"
    return {
        "action": action,
        "target": "local",
        "name": name,
        "source": {"path": f"schedules/{name}.yaml", "line": 3},
        "reason": "not in the repository any more" if action == "disable" else "",
        "fields": [field("description", "Old words.", "New words.")] if there and wanted else [],
        "notes": [],
        "trigger": {"before": words if there else None, "after": words if wanted else None},
        "time_zone": "UTC",
        "impact": None,
        "before": schedule(name) if there else None,
        "after": schedule(name) if wanted else None,
        **more,
    }


def field(path: str, before: Any, after: Any, masked: bool = False) -> dict[str, Any]:
    """A field that differs."""
    return {"path": path.split("."), "before": before, "after": after, "masked": masked}


def plan(*changes: dict[str, Any], target: str = "local", **more: Any) -> dict[str, Any]:
    """The plan of one target."""
    actions = [one["action"] for one in changes]
    names = ("create", "update", "disable", "skip", "noop")
    return {
        "target": target,
        "owner": "us",
        "summary": {**{name: actions.count(name) for name in names}, "unmanaged": 0},
        "refusals": [],
        "impact": None,
        "changes": [one | {"target": target} for one in changes],
        **more,
    }


def document(*plans: dict[str, Any]) -> dict[str, Any]:
    """The whole document."""
    return {"format_version": "1.1", "plans": list(plans)}


def load(scale: int = 1) -> dict[str, Any]:
    """When everything runs, before and after: busy at night, an hour later afterwards."""
    before = [[(h * 7 + d * 3) % 5 * scale for h in range(24)] for d in range(DAYS + 1)]
    after = [row.copy() for row in before]
    for row in before:
        row[2] += 9 * scale
    for row in after:
        row[3] += 9 * scale
        row[18] += 4 * scale
    busiest = [
        {
            "at": (START.replace(minute=0) + timedelta(hours=hour)).isoformat(),
            "before": 9 * scale - hour,
            "after": 12 * scale - 2 * hour,
        }
        for hour in range(2, 7)
    ]
    return {
        "start": START.isoformat(),
        "horizon_days": DAYS,
        "per_day": {
            "before": sum(map(sum, before)) / DAYS,
            "after": sum(map(sum, after)) / DAYS,
        },
        "busiest": busiest,
        "heat": {"first_day": START.date().isoformat(), "before": before, "after": after},
    }


def sample() -> dict[str, Any]:
    """A plan of two targets as a reviewer might meet it: something of everything."""
    quarter = [START.replace(minute=45) + timedelta(minutes=15 * n) for n in range(96)]
    warned = moved(1)
    warned["warnings"] = [
        {"kind": "skips", "message": "changing it now skips the fire of Mon 23 Nov 02:00"},
        {
            "kind": "clock_skips",
            "message": "the clock change of 28 March 2027 skips 01:30 in Europe/Lisbon",
        },
    ]
    command = "set -e\npython fetch.py --all\npython train.py --epochs 5\npython report.py\n"
    changes = [
        change(
            "update",
            "nightly-score",
            time_zone="Europe/Lisbon",
            fields=[
                field("trigger.expression", "0 2 * * *", "0 3 * * *"),
                field("create_job.inputs.threshold", 0.7, 0.75),
                field(
                    "description",
                    "Score every image that landed in the inbox during the day.",
                    "Score every picture that landed in the inbox during the night.",
                ),
                field("create_job.inputs.api_key", "****", "****", masked=True),
            ],
            trigger={
                "before": "every day at 02:00, Europe/Lisbon (cron 0 2 * * *)",
                "after": "every day at 03:00, Europe/Lisbon (cron 0 3 * * *)",
            },
            impact=warned,
        ),
        change(
            "update",
            "train-weekly",
            fields=[
                field("create_job.command", command, command.replace("5", "20") + "echo done\n"),
                field("create_job.inputs.sizes", list(range(40)), list(range(1, 41))),
                field("tags.cost", "4711", None),
                field("tags.team", None, "vision"),
            ],
        ),
        change(
            "disable",
            "old-report",
            impact=impact(fires(*quarter, count=1344), fires(), removed=1344),
            trigger={"before": "every 15 minutes", "after": None},
        ),
        change(
            "create",
            "refresh-features",
            trigger={"before": None, "after": "every day at 18:30, Europe/Lisbon"},
            time_zone="Europe/Lisbon",
            impact=impact(fires(), fires(*daily(18, 30)), added=DAYS),
            notes=[
                {
                    "kind": "approximated",
                    "path": "create_job",
                    "message": "environment and compute are ignored",
                }
            ],
        ),
        change(
            "create",
            "score-new-images",
            trigger={"before": None, "after": "when a file in inbox/images is new or changed"},
            impact=impact(fires(), None),
        ),
        change("skip", "theirs", reason='managed by "them"; --adopt theirs takes it over'),
        change("noop", "quiet", fields=[]),
    ]
    refused = "it would disable 5 of 12 schedules (41.7 %), and limits.disable.percent is 30"
    return document(
        plan(*changes, impact=load()),
        plan(
            *(change("disable", f"retired-{n}") for n in range(5)),
            target="prod",
            refusals=[refused],
            impact=load(20),
        ),
    )


def hostile() -> dict[str, Any]:
    """Every place of a document that holds text of others, holding each hostile text."""
    changes = []
    for text in HOSTILE.values():
        warning = [{"kind": "skips", "message": text}]
        note = {"kind": "rewritten", "path": text, "message": text}
        changes += [
            change(
                action,
                text,
                source={"path": text, "line": 1},
                reason=text,
                fields=[
                    {"path": ["tags", text], "before": text, "after": text + text, "masked": False},
                    {"path": [text], "before": {text: [text]}, "after": None, "masked": False},
                ]
                if action in ("update", "skip")
                else [],
                notes=[note],
                trigger={"before": text, "after": text + "!"},
                time_zone=text,
                impact=moved(1) | {"warnings": warning},
                before=schedule(text, description=text) if action != "create" else None,
                after=schedule(text, create_job={"job": text, "inputs": {text: text}})
                if action != "disable"
                else None,
            )
            for action in ("create", "update", "disable", "skip")
        ]
    text = "\n".join(HOSTILE.values())
    return document(
        plan(*changes, target=text, owner=text, refusals=list(HOSTILE.values()), impact=load())
    )


def many(number: int = 2_000) -> dict[str, Any]:
    """A plan of that many changes, of all actions."""
    actions = ("update", "create", "disable", "update")
    changes = [
        change(
            actions[n % 4],
            f"schedule-with-a-rather-long-name-{n:05}",
            impact=moved(1) if n % 2 else None,
            **({} if n % 4 in (1, 2) else {"fields": [field("description", None, f"{n}")]}),
        )
        for n in range(number)
    ]
    return document(plan(*changes, impact=load(50)))
