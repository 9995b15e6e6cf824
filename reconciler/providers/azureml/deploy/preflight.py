"""Whether what schedules need is in the workspace: asked before anything is written.

Each distinct thing is asked for once, several at a time. What is not there is refused at every
place that names it; what may not be looked at is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Unauthorized
from reconciler.model import Key, Note, Place, Schedule
from reconciler.providers.azureml.deploy.questions.at_once import at_once
from reconciler.providers.azureml.deploy.questions.needed import Needed, needed, places_of
from reconciler.providers.azureml.deploy.resources import Resources
from reconciler.providers.azureml.ids import PREFIX, Workspace, to_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """One schedule: as it is declared, and what is sent for it."""

    key: Key
    declared: Schedule
    sent: tuple[Any, ...]
    """Parts of bodies: the job, and the assets that are put before it."""
    before: Any = None
    """The job that is live: what that needs is no news."""


class Preflight:
    """The answers so far, of one workspace. Not for several threads."""

    def __init__(self, resources: Resources, is_known: Callable[[Needed], bool]) -> None:
        """`is_known`: what was found to be there already."""
        self._resources = resources
        self._is_known = is_known
        self._answers: dict[Needed, bool | str] = {}

    def forget(self) -> None:
        """Ask again from now on."""
        self._answers.clear()

    def look(self, wanted: Iterable[Wanted]) -> Iterator[tuple[Key, Note]]:
        """What of it is not there (`refused`), or may not be looked at (`unchecked`)."""
        workspace = self._resources.workspace
        every = [(one, sorted(_news(one, workspace))) for one in wanted]
        new = {thing for _, things in every for thing in things if thing not in self._answers}
        self._answers |= at_once([t for t in sorted(new) if not self._is_known(t)], self._ask)
        for one, things in every:
            for thing in things:
                answer = self._answers.get(thing, True)
                if answer is False:
                    yield from ((one.key, note) for note in _missing(thing, one, workspace))
                elif isinstance(answer, str):
                    yield one.key, Note("unchecked", "create_job", answer)

    def _ask(self, thing: Needed) -> bool | str:
        try:
            return self._resources.get(thing.path) is not None
        except Unauthorized as error:
            hint = error.hint or error.reason
            return f"whether there is a {thing} could not be looked at: {hint}"


def _news(one: Wanted, workspace: Workspace) -> set[Needed]:
    found = {thing for part in one.sent for thing in needed(part, workspace)}
    return found.difference(needed(one.before, workspace))


def _missing(thing: Needed, one: Wanted, workspace: Workspace) -> Iterator[Note]:
    message = f"the workspace has no {thing}"
    hint = "create it first, or name another; --no-preflight does not look"
    found = False
    for place in _places(thing, one, workspace):
        found = True
        if isinstance(place, str):
            yield Note("refused", place, message, hint)
        else:
            yield Note("refused", "create_job.job", message, hint, place)
    if not found:
        yield Note("refused", "create_job.job", message, hint)


def _places(thing: Needed, one: Wanted, workspace: Workspace) -> Iterator[Place | str]:
    """In the declaration, by its field; in its job file and components."""
    job = one.declared.job
    declared = {
        "job": job.reference,
        "compute": job.compute,
        "settings": job.settings,
        "inputs": job.inputs,
        "outputs": job.outputs,
    }
    for keys in places_of(thing, declared, workspace):
        yield ".".join(["create_job", *map(str, keys)])
    if job.definition is None:
        return
    documents = {job.definition.path: job.definition.document}
    documents |= {path: one.document for path, one in job.definition.components.items()}
    for path, text in documents.items():
        for keys in places_of(thing, json.loads(text), workspace):
            yield Place(path, keys)


def sent_parts(
    declared: Schedule,
    definition: Mapping[str, Any] | None,
    specifications: Iterable[Mapping[str, Any]],
    workspace: Workspace,
) -> tuple[Any, ...]:
    """What is sent for a schedule, as far as it refers to anything."""
    if definition is None:
        job = declared.job
        return (
            to_id(job.reference, "jobs", workspace),
            {"inputs": job.inputs, "outputs": job.outputs},
            to_id(job.compute, "computes", workspace) if job.compute else None,
        )
    component = definition.get("componentId")
    named = None
    if isinstance(component, str) and "/" not in component:
        named = to_id(PREFIX + component, "components", workspace)
    return ({**definition, "componentId": named or component}, *specifications)
