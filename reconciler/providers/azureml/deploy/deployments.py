"""The jobs of schedules that bring files along: settled for a plan, and deployed for an apply."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model import Key, Note, Schedule, Trigger
from reconciler.providers.azureml.canonical import Settled, settle
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.deploy.deployer import Deployer, Needs
from reconciler.providers.azureml.deploy.files import RepositoryFiles
from reconciler.providers.azureml.deploy.lookups import JobSources, Lookups
from reconciler.providers.azureml.deploy.notes import Before, deployed_notes
from reconciler.providers.azureml.deploy.preflight import Preflight, Wanted, sent_parts
from reconciler.providers.azureml.deploy.prepare import prepare
from reconciler.providers.azureml.deploy.resources import Resources
from reconciler.providers.azureml.deploy.schedule_reading import root_of, with_inputs_as_sent
from reconciler.providers.azureml.deploy.uploads import OnUpload
from reconciler.providers.azureml.jobs.assets import Asset, Sources


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """What a target lets be done beside schedules."""

    upload_data: bool = False
    """Local data that an input names is uploaded."""
    wrap_commands: bool = False
    """A command job is sent as a pipeline of one step."""
    named_outputs: bool = True
    """The version of the API has a place for the names of outputs."""
    data_changes: bool = False
    """An agent looks at datastores for it."""
    on_upload: OnUpload | None = None


class Deployments:
    """Of one workspace. `settle` is not for several threads, `deploy` is."""

    def __init__(self, client: Client, options: DeployOptions) -> None:
        self._workspace = client.workspace
        self._options = options
        resources = Resources(client.calls, client.workspace)
        self._lookups = Lookups(resources, options.upload_data)
        self._deployer = Deployer(resources, options.on_upload)
        self._preflight = Preflight(resources, self._lookups.is_known)
        self._files: dict[str, RepositoryFiles] = {}
        self._declared: dict[str, Schedule] = {}
        self._needs: dict[str, Needs] = {}
        self._definitions: dict[str, Mapping[str, Any]] = {}

    def forget(self) -> None:
        """Files and the workspace may have changed."""
        self._files.clear()
        self._needs.clear()
        self._definitions.clear()
        self._lookups.forget()
        self._deployer.forget()
        self._preflight.forget()
        self._declared.clear()

    def prepare(self, schedules: Iterable[Schedule], used: frozenset[str]) -> None:
        """Ask at once what `settle` of all of these will ask. ProviderError."""
        read = (with_inputs_as_sent(one, self._files) for one in schedules)
        prepare(read, self._files, self._lookups, self._workspace, used)

    def preflight(self, live: Mapping[Key, Any]) -> Iterator[tuple[Key, Note]]:
        """What schedules that were settled need beyond what is `live` of each, and the workspace
        has not. ProviderError.
        """
        yield from self._preflight.look(self._wanted(key, job) for key, job in live.items())

    def _wanted(self, key: Key, live: Any) -> Wanted:
        declared, needs = self._declared[key.name], self._needs.get(key.name)
        specifications = []
        if needs is not None:  # what is there already has found what it refers to
            new = (asset for asset in needs.assets if asset.path not in needs.there)
            specifications = [asset.properties for asset in new]
        definition = self._definitions.get(key.name)
        sent = sent_parts(declared, definition, specifications, self._workspace)
        return Wanted(key, declared, sent, live)

    def settle(
        self,
        schedule: Schedule,
        live: Trigger | None,
        used: frozenset[str],
        before: Before | None = None,
    ) -> Settled:
        """`schedule` as it will be; `used`: the paths of the assets that live schedules run;
        `before`: what is live, to say what is another.
        """
        schedule = with_inputs_as_sent(schedule, self._files)
        self._declared[schedule.key.name] = schedule
        root = root_of(schedule)
        files = self._files.get(root)
        if files is None:
            files = self._files[root] = RepositoryFiles(root)
        asked = JobSources(files, self._lookups, schedule.job.definition)
        settled = settle(
            schedule,
            self._workspace,
            live,
            Sources(asked, asked),
            wrap_commands=self._options.wrap_commands,
            named_outputs=self._options.named_outputs,
            data_changes=self._options.data_changes,
        )
        if settled.definition is None:
            return settled
        self._definitions[schedule.key.name] = settled.definition
        assets = tuple(settled.needs.assets.values())
        if not (assets or asked.codes or asked.uploads):
            return settled
        there = self._there(assets, used)
        needs = Needs(assets, asked.codes, asked.uploads, there)
        self._needs[schedule.key.name] = needs
        new = deployed_notes(
            settled.needs.codes,
            needs,
            root,
            before,
            self._lookups.properties,
            self._workspace,
        )
        notes = (*settled.canonical.notes, *new)
        return replace(settled, canonical=replace(settled.canonical, notes=notes))

    def _there(self, assets: tuple[Asset, ...], used: frozenset[str]) -> frozenset[str]:
        """Which are in the workspace. What something there refers to is not asked for."""
        found: set[str] = set()
        needed = ""
        for asset in reversed(assets):
            if asset.path in used or asset.path in needed or self._lookups.is_there(asset):
                found.add(asset.path)
                needed += json.dumps(asset.properties)
        return frozenset(found)

    def definition(self, name: str) -> Mapping[str, Any] | None:
        """The `jobDefinition` to send for a schedule that was settled."""
        return self._definitions.get(name)

    def deploy(self, key: Key) -> None:
        """Put what a schedule needs that was settled. ProviderError."""
        needs = self._needs.get(key.name)
        if needs is not None:
            self._deployer.deploy(needs, key)
