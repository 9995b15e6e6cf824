"""A job and what a schedule gives it -> the addresses that lead nowhere in a target. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from posixpath import isabs
from typing import Any

from reconciler.declare.findings import Path, clip
from reconciler.declare.jobs.bindings import mapping_at
from reconciler.declare.jobs.document_paths import data_path
from reconciler.shell.binding import BINDING
from reconciler.workspace.datastores.addresses import (
    DEFAULT_DATASTORE,
    TEXTS,
    AddressError,
    DataAsset,
    WebPlace,
    default_datastore,
    is_address,
    read_address,
)


def address_errors(
    document: Mapping[str, Any],
    given: Mapping[str, Any],
    datastores: Collection[str],
    assets: Mapping[str, DataAsset],
) -> Iterator[tuple[Path, AddressError]]:
    """Of each: the place of the input or output that names it, and why it leads nowhere. Those of
    the schedule begin with `create_job`.

    `document`: of a job whose steps are commands; `given`: values for its inputs.
    """
    steps = mapping_at(document, "jobs")
    declared = mapping_at(document, "inputs")
    kinds = {name: value.get("type") for name, value in declared.items() if isinstance(value, dict)}
    named: list[tuple[Path, Any, Any]] = [
        (("create_job", "inputs", name), value, kinds.get(name)) for name, value in given.items()
    ]
    named += [(("inputs", k), v, kinds.get(k)) for k, v in declared.items() if k not in given]
    for step, job in steps.items():
        named += [
            (("jobs", step, "inputs", k), v, None) for k, v in mapping_at(job, "inputs").items()
        ]
    for name, value in given.items():
        path = data_path(value)
        if path is not None and not isabs(path):
            what = f'the job has no "{clip(path)}": a path in a schedule is no part of it'
            hint = "name it in the job file, or as a datastore or data of the target"
            yield ("create_job", "inputs", name), AddressError(what, hint)
    for where, value, kind in named:
        kind = kind or (value.get("type") if isinstance(value, dict) else None)
        text = _text(value)
        if text is not None and kind not in TEXTS and is_address(text):
            where = (*where, "path") if isinstance(value, dict) else where
            yield from _errors(where, text, datastores, assets)
    default = default_datastore(document)
    owners: list[tuple[Path, Any]] = [((), document)]
    for prefix, owner in owners + [(("jobs", name), job) for name, job in steps.items()]:
        for name, value in mapping_at(owner, "outputs").items():
            text = _text(value)
            if text is not None and is_address(text):
                plain = BINDING.sub(lambda m: default if m[1] == DEFAULT_DATASTORE else "x", text)
                where = (*prefix, "outputs", name)
                yield from _errors(where, plain, datastores, assets, is_output=True)


def _errors(
    where: Path,
    text: str,
    datastores: Collection[str],
    assets: Mapping[str, DataAsset],
    *,
    is_output: bool = False,
) -> Iterator[tuple[Path, AddressError]]:
    try:
        found = read_address(text, datastores, assets)
    except AddressError as error:
        yield where, error
    else:
        if is_output and isinstance(found, WebPlace):
            yield where, AddressError(f"{text[:100]} cannot be written to")


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("path", value.get("value"))
    return value if isinstance(value, str) else None
