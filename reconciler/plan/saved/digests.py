"""Values -> digests for a saved plan, none of which is made of a secret. Pure.

A digest of a document that holds a short secret gives the secret away to whoever tries them all,
however it is salted, for the salt has to lie beside it. So every digest is of the masked document:
docs/decisions/0012-saved-plans.md says what that means for secrets that change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.document import document_from_schedule
from reconciler.masking import mask
from reconciler.model import JobDefinition, LiveSchedule, Schedule


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, in ASCII, without blanks: the same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def live_seal(live: LiveSchedule) -> str:
    """What changes whenever the live schedule does.

    A fingerprint is made of everything, so where something is masked the masked document and the
    moment of the last change stand for it.
    """
    document = document_from_schedule(live.schedule)
    masked = mask("", document)
    if masked == document:
        return digest(["fingerprint", live.fingerprint])
    modified = live.modified_at.isoformat() if live.modified_at is not None else None
    return digest(["masked", live.owner, modified, masked])


def declarations_digest(declared: Mapping[str, Sequence[Schedule]]) -> str:
    """Of all schedules that are declared for some targets, as they are resolved there.

    Comments, line ends, the order and the names of files are no part of it.
    """
    jobs: dict[str, str] = {}
    whole = {
        target: {schedule.key.name: _declared(schedule, jobs) for schedule in schedules}
        for target, schedules in declared.items()
    }
    return digest(whole)


def _declared(schedule: Schedule, jobs: dict[str, str]) -> str:
    return digest(
        [mask("", document_from_schedule(schedule)), _content(schedule.job.definition, jobs)]
    )


def _content(definition: JobDefinition | None, jobs: dict[str, str]) -> str | None:
    if definition is None:
        return None
    if definition.digest not in jobs:
        jobs[definition.digest] = digest(mask("", json.loads(definition.document)))
    return jobs[definition.digest]
