"""Examples of every command, as its help shows them, and the groups that the help lists them in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Author": ("init", "validate", "next", "explain", "import", "move", "schema", "completion"),
    "Review": ("plan", "show", "comment", "reviewed", "issue"),
    "Apply": ("apply", "run", "hold", "suspend", "resume"),
    "Observe": ("status", "drift", "history", "audit", "load"),
    "Operate": ("doctor", "backfill", "agent", "worker", "ui"),
    "Workspace": (
        *("serve", "trigger", "runs", "schedules", "pipelines", "experiments", "backup"),
    ),
}
"""What is done together; a command that is in none stands below them."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "init": ("init my-schedules", "init --minimal --target azureml", "init --ci github"),
    "validate": (
        "validate",
        "validate schedules/nightly.yml",
        "validate --changed-since origin/main --format github",
    ),
    "plan": (
        "plan",
        "plan nightly 'report-*'",
        "plan --target all --out reviewed.plan",
        "plan --format html > plan.html",
    ),
    "show": ("show reviewed.plan", "show reviewed.plan --format markdown"),
    "apply": ("apply", "apply nightly", "apply reviewed.plan --max-age 24h"),
    "comment": ("comment --plan plan.json", "comment --plan plan.json --dry-run"),
    "reviewed": ("reviewed --plan plan.json",),
    "issue": ("issue --plan plan.json",),
    "status": ("status", "status --target all --format json"),
    "drift": ("drift", "drift accept nightly", "drift revert nightly"),
    "drift list": ("drift list --exit-code",),
    "drift accept": ("drift accept nightly",),
    "drift revert": ("drift revert nightly --yes",),
    "hold": (
        'hold nightly --until 2026-12-01 --reason "quarter end"',
        "hold nightly --release",
    ),
    "move": (
        "move nightly --from local --to prod",
        "move --from local --to prod --no-apply --at 2026-12-01T08:00",
    ),
    "suspend": ("suspend nightly --until 4h --reason flood", "suspend --target prod --until 2h"),
    "resume": ("resume nightly", "resume --all"),
    "schedules": ("schedules list --all", "schedules show nightly"),
    "schedules list": ("schedules list --all",),
    "schedules show": ("schedules show nightly --format json",),
    "schedules disable": ("schedules disable nightly",),
    "schedules enable": ("schedules enable nightly",),
    "pipelines": ("pipelines list", "pipelines show train"),
    "pipelines list": ("pipelines list --format json",),
    "pipelines show": ("pipelines show train",),
    "pipelines publish": ("pipelines publish schedules/pipelines/train.yml",),
    "pipelines disable": ("pipelines disable train",),
    "pipelines enable": ("pipelines enable train",),
    "run": (
        "run --source https://github.com/acme/schedules --ref main",
        "run --once --target prod",
    ),
    "ui": ("ui", "ui --state postgresql://loop@db/reconciler --port 8800"),
    "serve": ("serve", "serve --port 0 --no-http", "serve --sdk-config ~/sdk"),
    "agent": ("agent --target prod", "agent --once"),
    "worker": ("worker --target prod --compute gpu",),
    "backup": ("backup /backups/workspace.db",),
    "history": ("history list", "history show 12", "history export > history.jsonl"),
    "history list": ("history list --limit 5",),
    "history acts": ("history acts --schedule nightly",),
    "history show": ("history show 12",),
    "history export": ("history export > history.jsonl",),
    "history prune": ("history prune --older-than 90d",),
    "audit": ("audit", "audit nightly --since 30d", "audit --format html > audit.html"),
    "backfill": (
        "backfill nightly --from 2026-11-01 --to 2026-11-08 --dry-run",
        "backfill nightly --from 2026-11-01 --to 2026-11-08 --missing-only --yes",
    ),
    "load": ("load", "load --days 30 --may-move 15m"),
    "next": ("next", "next nightly --count 10", "next --until 2026-12-24T00:00"),
    "trigger": (
        "trigger hello --follow",
        "trigger nightly --input epochs=3 --wait",
    ),
    "runs": ("runs list --status Failed", "runs logs nightly", "runs logs -f nightly"),
    "runs list": ("runs list --schedule nightly --limit 10",),
    "runs show": ("runs show nightly",),
    "runs logs": ("runs logs nightly", "runs logs -f nightly --step train"),
    "runs cancel": ("runs cancel nightly",),
    "runs prune": ("runs prune --keep 20",),
    "experiments": ("experiments list",),
    "experiments list": ("experiments list",),
    "import": ("import --target prod", "import adhoc-backfill", "import v1-schedule.yml"),
    "schema": ("schema schedule > schedule.schema.json",),
    "explain": ("explain SCH014", "explain"),
    "completion": ('eval "$(reconciler completion bash)"',),
    "doctor": ("doctor", "doctor --target all"),
}
"""By the words of the command; each line after `reconciler`, but where it names that itself."""


def with_examples(name: str, command: click.Command) -> click.Command:
    """The command, and those below it, with their examples under their help."""
    if name in EXAMPLES and not command.epilog:
        command.epilog = "\b\nExamples:\n" + "".join(f"  {line}\n" for line in lines_of(name))
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            with_examples(f"{name} {below}", one)
    return command


def lines_of(name: str) -> Iterator[str]:
    """The examples of a command as they are typed."""
    for line in EXAMPLES[name]:
        yield f"reconciler {line}" if line.split()[0] == name.split()[0] else line


def grouped(commands: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The titles of the help, with the names and summaries below each."""
    left = dict(commands)
    for title, names in GROUPS.items():
        yield title, [(name, left.pop(name)[1]) for name in names if name in left]
    if left:
        yield "More", [(name, summary) for name, (_, summary) in left.items()]
