"""What plans of many jobs will ask, found out beforehand, so that it is asked at once.

A job is translated without the workspace first, for the labels and the code that it names; then
with what was answered, for its components, whose ids depend on that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.model import Schedule, Snapshot
from reconciler.providers.azureml.canonical import assets_of
from reconciler.providers.azureml.deploy.files import RepositoryFiles
from reconciler.providers.azureml.deploy.lookups import JobSources, Lookups
from reconciler.providers.azureml.deploy.offline import OfflineSources
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.jobs.assets import Asset, CodePath, Sources, Unsendable


def prepare(
    schedules: Iterable[Schedule],
    files: dict[str, RepositoryFiles],
    lookups: Lookups,
    workspace: Workspace,
    used: frozenset[str],
) -> None:
    """Ask what `schedules` need to know; `files`: by the root of a repository, filled here.

    Each distinct job counts once. ProviderError.
    """
    every = list(schedules)
    jobs = [(one, one.job.definition) for one in _distinct(every)]
    known = [(schedule, definition) for schedule, definition in jobs if definition is not None]
    labels = _labels_of_references(every, workspace)
    codes: dict[str, Snapshot] = {}
    for schedule, definition in known:
        at = files.setdefault(definition.root, RepositoryFiles(definition.root))
        asked = OfflineSources(definition, at, upload_data=True)
        assets_of(schedule, workspace, Sources(asked, asked))
        labels |= asked.labels
        codes |= _hashed(asked.codes, at)
    lookups.learn(labels, codes.items())
    found = []
    for schedule, definition in known:
        sources = JobSources(files[definition.root], lookups, definition)
        found.append(assets_of(schedule, workspace, Sources(sources, sources)))
    while questions := [one for assets in found for one in _open(assets, lookups, used)]:
        lookups.learn_there(questions)


def _labels_of_references(
    schedules: Iterable[Schedule], workspace: Workspace
) -> dict[tuple[str, str, str], None]:
    """Those in the inputs that schedules give to jobs that are there."""
    asked = OfflineSources(None, None, upload_data=True)
    for schedule in schedules:
        if schedule.job.definition is None and "@" in str(schedule.job.inputs):
            assets_of(schedule, workspace, Sources(asked, asked))
    return asked.labels


def _distinct(schedules: Iterable[Schedule]) -> list[Schedule]:
    """One for each job that is translated in another way: by its files, and by the types of what
    schedules give it.
    """
    found: dict[tuple[Any, ...], Schedule] = {}
    for schedule in schedules:
        job, definition = schedule.job, schedule.job.definition
        if definition is not None:
            types = tuple(map(_types, (job.inputs, job.outputs)))
            key = (definition.root, definition.path, definition.digest, types)
            found.setdefault(key, schedule)
    return list(found.values())


def _types(given: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (name, str(value) if isinstance(value, Mapping) else type(value))
        for name, value in sorted(given.items())
    )


def _hashed(
    asked: Mapping[CodePath, Snapshot | None], files: RepositoryFiles
) -> dict[str, Snapshot]:
    found: dict[str, Snapshot] = {}
    for code, declared in asked.items():
        try:
            snapshot, content = files.snapshot(code, declared)
        except Unsendable:
            continue  # said when it is needed
        found[content] = snapshot
    return found


def _open(assets: Sequence[Asset], lookups: Lookups, used: frozenset[str]) -> Iterator[Asset]:
    """Those to ask for next: what something that is there refers to, is there; and what something
    refers to that is not known yet, waits.
    """
    there, waiting = "", ""
    for asset in reversed(assets):
        text = json.dumps(asset.properties)
        if asset.path in used or asset.path in there or lookups.knows(asset):
            there += text
        elif lookups.knows(asset) is None:
            if asset.path not in waiting:
                yield asset
            waiting += text
