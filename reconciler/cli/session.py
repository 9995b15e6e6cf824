"""What a command works on: the configuration, its targets, the declarations, the providers."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.output import SlowAnswers, UploadProgress, progress, say, use_colour
from reconciler.config import FILE_NAME, Config, Target, find_config, load_config
from reconciler.declarations import declarations_of
from reconciler.declare.reading.local_git import Head, head_of
from reconciler.declare.reading.patterns import is_meant
from reconciler.declare.repository import Declarations
from reconciler.errors import ConfigError, DeclarationError
from reconciler.model import JobDefinition, Key, LiveSchedule, Schedule
from reconciler.providers import AzureAccess, Opening, open_local, open_provider
from reconciler.providers.base import Provider
from reconciler.render.plain_text import printable
from reconciler.snapshots import files_of

if TYPE_CHECKING:
    from reconciler.providers.local import LocalProvider

F = TypeVar("F", bound=Callable[..., Any])


def complete_targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Target names, for the shell; none where there is no readable configuration."""
    try:
        names = Session(ctx.params.get("config")).config.target_names
    except ConfigError:
        return []
    return [name for name in (*names, "all") if name.startswith(incomplete)]


def config_option(function: F) -> F:
    """--config and --no-color."""
    function = click.option(
        "--config",
        type=click.Path(dir_okay=False),
        help=f"The configuration; without it, the nearest {FILE_NAME} here or above.",
    )(function)
    return click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")(
        function
    )


def target_option(function: F) -> F:
    """--target."""
    return click.option(
        "--target",
        metavar="NAME|all",
        shell_complete=complete_targets,
        help="The target; without it, the default_target of the configuration.",
    )(function)


def format_option(*formats: str) -> Callable[[F], F]:
    """--format, the first of `formats` being what people read."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print.",
    )


class Session:
    """Opened from the options of a command; reads what it needs when it is needed."""

    def __init__(self, config: str | None, *, no_color: bool = False) -> None:
        if no_color or os.environ.get("NO_COLOR"):
            use_colour(True)
        self._config_path = config
        self._jobs: dict[str, JobDefinition] = {}
        self.now = datetime.now(UTC)

    @property
    def config_path(self) -> Path:
        """Where the configuration is; ConfigError."""
        if self._config_path is not None:
            return working_folder() / self._config_path
        found = find_config(working_folder())
        if found is None:
            raise ConfigError(
                f"no {FILE_NAME} here or in a folder above",
                hint="`reconciler init` writes one; --config FILE names another",
            )
        return found

    @cached_property
    def config(self) -> Config:
        """The configuration; ConfigError."""
        return load_config(self.config_path)

    def targets(self, name: str | None, *, to_open: bool = True) -> list[Target]:
        """The targets that --target means; not `to_open`: to read declarations for them alone."""
        return [self.config.target(chosen, to_open=to_open) for chosen in self.config.chosen(name)]

    def one_target(self, name: str | None) -> Target:
        """The one target that --target means; ConfigError if it means several."""
        targets = self.targets(name)
        if len(targets) > 1:
            raise ConfigError(
                "there are several targets, and this is about one",
                hint="name it with --target: " + ", ".join(self.config.target_names),
            )
        return targets[0]

    def read(self, targets: Sequence[Target], *, allow_empty: bool = False) -> Declarations:
        """The declarations for `targets`, problems and all."""
        return declarations_of(
            self.config,
            targets,
            now=self.now,
            progress=lambda files, length: progress(files, length, "reading"),
            allow_empty=allow_empty,
        )

    def declared(
        self, targets: Sequence[Target], *, allow_empty: bool = False
    ) -> dict[str, list[Schedule]]:
        """The schedules of each target; DeclarationError while anything is wrong with any."""
        declarations = self.read(targets, allow_empty=allow_empty)
        if declarations.errors:
            raise DeclarationError(declarations.problems)
        warnings = len(declarations.problems)
        if warnings:
            what = "1 warning" if warnings == 1 else f"{warnings} warnings"
            them = "it" if warnings == 1 else "them"
            say(f"{what} in the declarations; `reconciler validate` shows {them}")
        by_target: dict[str, list[Schedule]] = {target.name: [] for target in targets}
        for schedule in declarations.schedules:
            by_target[schedule.key.target].append(schedule)
            job = schedule.job.definition
            if job is not None:
                self._jobs[f"{job.path}:{job.digest}"] = job
        return by_target

    @cached_property
    def head(self) -> Head:
        """The commit that is checked out, and whether there is more than that. A warning where
        Git does not say, though there is a repository.
        """
        config = self.config
        brought = {str(config.root / path) for job in self._jobs.values() for path in files_of(job)}
        brought |= {f"{folder}/" for path in brought for folder in Path(path).parents}

        def is_declared(path: str) -> bool:
            folder = path.endswith("/")
            meant = is_meant(
                path.rstrip("/"), config.schedules, config.folder, config.exclude, folder=folder
            )
            return meant or path in brought

        head = head_of(config.folder, config.root, is_declared)
        if head.refused is not None:
            say(f"warning: what is checked out is not known: {printable(head.refused)}")
        return head

    def provider(self, target: Target) -> Provider:
        """The provider of a target, for this repository's owner."""
        return open_provider(target, self.opening(target, self.config.owner))

    def provider_as(self, target: Target, owner: str | None) -> Provider:
        """The same for another owner: what is changed keeps belonging to it."""
        return open_provider(target, self.opening(target, owner))

    def local(self, target: Target) -> LocalProvider:
        """The provider of a target that is an embedded workspace; ConfigError if it is not."""
        return open_local(target, self.opening(target, self.config.owner))

    def opening(self, target: Target, owner: str | None) -> Opening:
        """On whose behalf a target is opened."""
        config = self.config
        return Opening(
            folder=config.folder,
            owner=owner,
            actor=actor(),
            revision=self.head.name if target.provider == "azureml" else None,
            azure=AzureAccess.of(),
            observer=SlowAnswers() if target.provider == "azureml" else None,
            on_upload=UploadProgress() if target.provider == "azureml" else None,
            repository=config.repository if owner == config.owner else None,
        )


UNKNOWN = "not known"
"""The words of a trigger that cannot be read."""


def trigger_words(provider: Provider, schedule: Schedule) -> str:
    """When a live schedule fires, in words; where its target reads its trigger in another way than
    it says (Azure ignores days of the month in a cron), both.
    """
    from reconciler.firing.words.trigger_words import describe

    said, fires = describe(schedule.trigger), provider.firing_trigger(schedule)
    if fires is None:
        return UNKNOWN
    if fires == schedule.trigger:
        return said
    return f"{describe(fires)}, though it says: {said}"


def find_live(provider: Provider, name: str) -> LiveSchedule:
    """The live schedule of that name (or `target/name`); a usage error if there is none."""
    from difflib import get_close_matches

    by_name = {live.key.name: live for live in provider.list()}
    wanted = name.removeprefix(f"{provider.name}/")
    if wanted not in by_name:
        close = get_close_matches(wanted, list(by_name), 1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        shown = printable(str(Key(provider.name, wanted)))
        raise click.UsageError(f'no schedule "{shown}" is live{hint}')
    return by_name[wanted]


def actor() -> str:
    """Who is at work: RECONCILER_ACTOR, the user of a CI run, or the user and the machine."""
    for variable in ("RECONCILER_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR"):
        if os.environ.get(variable):
            return printable(os.environ[variable])
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def working_folder() -> Path:
    """Where the command was called; ConfigError where that folder is gone."""
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError("the working folder does not exist any more") from error
