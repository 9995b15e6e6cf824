"""The command line: its commands are in `commands`, imported when they are called.

The group knows each command's name and summary by itself, so that `--help`, `--version` and
completion load nothing else.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from importlib import import_module
from typing import Any

import click

from reconciler import __version__
from reconciler.cli.help.examples import grouped, with_examples
from reconciler.cli.help.usage import shown_usage_errors, unknown_command

# name -> (module of reconciler.cli.commands, summary)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Write a repository of schedules to start from."),
    "validate": ("validate", "Check every declaration; print every problem."),
    "plan": ("plan", "Show what apply would do."),
    "show": ("show", "Show a saved plan."),
    "apply": ("apply", "Create, update and disable live schedules as declared."),
    "comment": ("comment", "Put a plan into the pull request."),
    "reviewed": ("reviewed", "Stop unless a plan is the one that was reviewed."),
    "issue": ("issue", "Keep one issue open while live schedules differ."),
    "status": ("status", "Live schedules, and how they differ from the repository."),
    "drift": ("drift", "How live schedules differ, by cause; accept or revert it."),
    "hold": ("hold", "Pause a schedule until a moment, in its file."),
    "move": ("move", "Move schedules from one target to another."),
    "suspend": ("suspend", "Stop a schedule, or all changes of a target, without a commit."),
    "resume": ("resume", "End a suspension before its time."),
    "schedules": ("schedules", "List, show, disable and enable live schedules."),
    "pipelines": ("pipelines", "List, show, publish, disable and enable pipelines."),
    "run": ("run", "Keep live schedules as the repository says, for ever."),
    "ui": ("ui", "Show all targets that a loop looks after, as pages."),
    "serve": ("serve", "Fire the schedules of an embedded workspace."),
    "doctor": ("doctor", "Look at this machine and each target: what is well, what to do."),
    "agent": ("agent", "Submit jobs for changed files, of targets that do not."),
    "worker": ("worker", "Run the steps of a target of Temporal on this machine."),
    "backup": ("backup", "Copy an embedded workspace, while it runs."),
    "history": ("history", "List, show, export and prune past cycles and applies."),
    "audit": ("audit", "Say whether everything ran that should have run."),
    "backfill": ("backfill", "Run a schedule's pipeline for instants of the past."),
    "load": ("load", "Show the busiest minutes, and which schedules to move."),
    "next": ("next", "Show when schedules will fire."),
    "trigger": ("trigger", "Run a schedule's pipeline now."),
    "runs": ("runs", "List, show, follow, cancel and prune runs."),
    "experiments": ("experiments", "List experiments."),
    "import": ("import_", "Write declarations from live schedules, or from other files."),
    "schema": ("schema", "Print a JSON schema, for editors."),
    "explain": ("explain", "Say more about a problem's code."),
    "completion": ("completion", "Print a shell's completion script."),
}

EXIT_CODES = """Exit codes: 0 in sync, or done; 1 error; 2 usage; 3 changes pending (plan
--exit-code); 4 refused: unsafe or stale plan; 5 applied in part."""


class LazyGroup(click.Group):
    """A group that imports a command when it is used, and words this project's errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; its `command` is it."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"reconciler.cli.commands.{COMMANDS[cmd_name][0]}")
        return with_examples(cmd_name, module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named first; what may have been meant, where there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise unknown_command(name, list(COMMANDS), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The summaries of the table above, without importing anything."""
        for title, rows in grouped(COMMANDS):
            with formatter.section(title):
                formatter.write_dl(rows)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments of the group itself."""
        with shown_usage_errors():
            return super().make_context(*args, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse once what no path and no name can hold; only a caller in Python can pass it."""
        if any("\0" in arg for arg in args):
            raise click.UsageError("an argument holds a NUL character", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that was raised on purpose becomes its message and exit code."""
        from reconciler.errors import ReconcilerError

        try:
            with shown_usage_errors():
                return super().invoke(ctx)
        except ReconcilerError as error:
            from reconciler.cli.output import show_error

            show_error(error)
            ctx.exit(error.exit_code)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, message="reconciler %(version)s")
def main_group() -> None:
    """Schedules of machine-learning pipelines as code.

    A folder of YAML files is the truth. See what differs from the schedules that are live
    (plan), and make them match (apply).
    """


def main() -> None:
    """The console script."""
    # A command makes hundreds of thousands of values that all stay, and then ends: looking for
    # rings among them costs a tenth of a plan. A command that stays (serve) turns it on again.
    gc.disable()
    atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows its escape, and never a traceback.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    ended: list[int] = []
    atexit.register(_leave, ended)  # first, so that it comes last
    try:
        main_group(prog_name="reconciler")
    except SystemExit as end:
        if isinstance(end.code, int):
            ended.append(end.code)
        raise


def _leave(ended: list[int]) -> None:
    """End a command that spoke to Temporal at once. Threads of its client call into Python until
    the process is gone: one that does while the interpreter is taken apart aborts the process.
    """
    if ended and "temporalio.bridge" in sys.modules:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None: it was started without
            try:
                stream.flush()
            except (OSError, ValueError):  # nobody reads it any more, or it is closed
                ended[0] = ended[0] or 1
        os._exit(ended[0])
