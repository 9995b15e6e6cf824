"""A live schedule, or a file of another tool -> a declaration that a person would write. Pure.

What a declaration cannot hold is said in a comment, so that nothing is lost in silence. What masks
would hide is not written: a variable stands for it, and no plan can be made until that is set.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from reconciler.document import document_from_schedule
from reconciler.importing.secrets import Secrets
from reconciler.masking import mask, mask_text
from reconciler.model import Cron, Schedule, Trigger
from reconciler.providers.capabilities import LiveJob, Unsayable

HEADER = "# yaml-language-server: $schema={schema}\n"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")
"""As the schema of a schedule has it. Not every target holds to it: Temporal takes any text."""
_ORDER = (
    "name",
    "display_name",
    "description",
    "trigger",
    "create_job",
    "is_enabled",
    "tags",
    "properties",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """Files to write: by path relative to the folder, their bytes."""

    name: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...] = field(default=())
    """What could not be kept; it stands in the file as well."""
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """They stand for credentials, and have to be set before a plan can be made; by name, which."""


def import_schedule(
    schedule: Schedule,
    schema: str = "../schemas/schedule.schema.json",
    fires: Trigger | None = None,
    job: LiveJob | None = None,
) -> Imported:
    """A live schedule as a declaration, with a job file beside it if its job was sent whole.

    `fires`: as its target reads its trigger, if that is known. A cron that says something else is
    written as it fires: by its text it would come to fire otherwise, or be refused. `job`: as its
    target writes it; without it, in the words of `schedule`. Unsayable.
    """
    if _NAME.fullmatch(schedule.key.name) is None:  # it is the name of a file as well
        raise Unsayable("a declaration cannot have its name")
    notes = list(job.notes) if job is not None else []
    said = schedule.trigger
    if isinstance(said, Cron) and isinstance(fires, Cron) and fires != said:
        does = f'fires as "{fires.expression}" does, which is written here'
        notes.append(f'the live cron "{said.expression}" {does}')
        schedule = replace(schedule, trigger=fires)
    secrets = Secrets(schedule.key.name, notes)
    document = document_from_schedule(schedule)
    if job is not None and job.time_zone is not None and "time_zone" in document["trigger"]:
        document["trigger"]["time_zone"] = job.time_zone
    # How the service's own work stands is nothing to declare.
    document.get("properties", {}).pop("provisioning_state", None)
    if not document.get("properties", True):
        del document["properties"]
    files: dict[str, bytes] = dict(job.files) if job is not None else {}
    runs = dict(document.pop("create_job") if job is None else job.create_job)
    if job is not None and job.document is not None:
        path = f"pipelines/{schedule.key.name}.yml"
        job_file, inputs = secrets.out_of_job_file(job.document)
        documents = {place: secrets.out_of_component(one) for place, one in job.documents.items()}
        if secrets.left_out:
            # Without them it would run otherwise.
            raise Unsayable(f"{', '.join(secrets.left_out)} of its job looks like a credential")
        files[path] = _text(job_file, _schema_from(path, schema, "job"), ()).encode()
        for place, one in documents.items():
            files[place] = _text(one, _schema_from(place, schema, "component"), ()).encode()
        runs = {"job": f"./{path}", **runs, **({"inputs": inputs} if inputs else {})}
    for key in [key for key in runs if key not in _JOB_KEYS]:
        notes.append(f"{key} of the job is not kept: {_short(mask(key, runs.pop(key)))}")
    document["create_job"] = runs["job"] if set(runs) == {"job"} else {"type": "pipeline", **runs}
    if document["is_enabled"]:
        del document["is_enabled"]
    ordered = secrets.out_of({k: document[k] for k in _ORDER if k in document})
    text = _text(ordered, schema, tuple(notes))
    files = {f"{schedule.key.name}.yml": text.encode(), **files}
    return Imported(schedule.key.name, files, tuple(notes), dict(secrets.variables))


def _schema_from(path: str, schema: str, kind: str) -> str:
    """Where another schema is, seen from the file at `path`."""
    whole = schema.replace("schedule.", f"{kind}.")
    return posixpath.relpath(whole, posixpath.dirname(path))


_JOB_KEYS = (
    "job",
    "experiment_name",
    "display_name",
    "description",
    "compute",
    "inputs",
    "outputs",
    "settings",
    "tags",
    "properties",
    "identity",
)


# --------------------------------------------------------------------------------- other files


def import_v1(
    document: Mapping[str, Any], name: str, job: str, schema: str, remarks: Sequence[str] = ()
) -> Imported:
    """A `Schedule:` file of the retired CLI v1, which names neither itself nor what it runs.
    `remarks`: what was found reading it.
    """
    old = document.get("Schedule") or {}
    recurrence = old.get("recurrence")
    notes: list[str] = list(remarks)
    trigger: dict[str, Any]
    if recurrence:
        trigger = {
            "type": "recurrence",
            "frequency": str(recurrence.get("frequency", "")).lower(),
            "interval": recurrence.get("interval", 1),
        }
        keys = ("hours", "minutes", "time_of_day", "week_days")
        pattern = {key: recurrence[key] for key in keys if recurrence.get(key) is not None}
        if "week_days" in pattern:
            days = pattern["week_days"]
            pattern["week_days"] = [
                str(day).lower() for day in (days if isinstance(days, list) else [days])
            ]
        if pattern:
            trigger["schedule"] = pattern
        trigger |= {k: recurrence[k] for k in ("start_time", "time_zone") if recurrence.get(k)}
    else:
        trigger = {
            "type": "datastore",
            "datastore": old.get("datastore_name") or "",
            **{
                key: old[key]
                for key in ("path_on_datastore", "polling_interval", "data_path_parameter_name")
                if old.get(key) is not None
            },
        }
    create_job: dict[str, Any] = {"type": "pipeline", "job": job}
    if old.get("pipeline_parameters"):
        create_job["inputs"] = dict(old["pipeline_parameters"])
    go_on = old.get("continue_on_step_failure")
    if go_on not in (None, "None"):  # Python's None is a word in YAML
        create_job["settings"] = {"continue_on_step_failure": str(go_on).lower() == "true"}
    for key in ("wait_for_provisioning", "wait_timeout"):
        if old.get(key) is not None:
            notes.append(f"{key} is not kept: apply always waits")
    new: dict[str, Any] = {"name": name}
    if old.get("description"):
        new["description"] = old["description"]
    new |= {"trigger": trigger, "create_job": create_job}
    if old.get("name") and old["name"] != name:
        notes.append(f"the name was {old['name']}")
    secrets = Secrets(name, notes)
    text = _text(secrets.out_of(new), schema, tuple(notes))
    return Imported(name, {f"{name}.yml": text.encode()}, tuple(notes), dict(secrets.variables))


def schedule_name(text: str) -> str:
    """A name that is allowed, made of any text: for files that name no schedule."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:255]
    return name or "schedule"


def import_document(document: Mapping[str, Any], schema: str, said: Sequence[str] = ()) -> Imported:
    """A schedule file of the Azure ML CLI (v2): valid as it stands, brought into order.

    `said`: notes of whoever read it.
    """
    name = str(document.get("name"))
    notes: list[str] = list(said)
    known = {key: document[key] for key in _ORDER if key in document}
    rest = {k: v for k, v in document.items() if k not in known and k != "$schema"}
    if schedule_name(name) != name:
        known["name"] = schedule_name(name)
        notes.append(f"the name was {name}")
    secrets = Secrets(schedule_name(name), notes)
    text = _text(secrets.out_of(known | rest), schema, tuple(notes))
    files = {f"{schedule_name(name)}.yml": text.encode()}
    return Imported(schedule_name(name), files, tuple(notes), dict(secrets.variables))


# ---------------------------------------------------------------------------------------- text


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: short lists on one line, quotes where YAML 1.1 or 1.2 needs them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    flow = all(not isinstance(item, dict | list) for item in items) and len(items) <= 16
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flow)


def _str(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # A time of day or a date would be a number or a date to a reader of YAML 1.1, such as Azure's.
    style = '"' if re.match(r"[\d+.-]", text) or "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _str)


def _text(document: Mapping[str, Any], schema: str, notes: tuple[str, ...]) -> str:
    body: str = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96
    )
    comments = "".join(f"# {note}\n" for note in (_short(mask_text(n)) for n in notes))
    return HEADER.format(schema=schema) + comments + body


def _short(value: Any) -> str:
    # Any break of a line would end the comment, and what follows be part of the document.
    text = "".join(one if one.isprintable() else " " for one in str(value))
    return text[:300] + ("..." if len(text) > 300 else "")
