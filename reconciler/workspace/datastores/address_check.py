"""A job and what a schedule gives it -> the addresses that lead nowhere in a target. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconciler.declare.jobs.bindings import mapping_at
from reconciler.shell.binding import BINDING
from reconciler.workspace.datastores.addresses import (
    TEXTS,
    AddressError,
    DataAsset,
    WebPlace,
    is_address,
    read_address,
)


def address_errors(
    document: Mapping[str, Any],
    given: Mapping[str, Any],
    datastores: Collection[str],
    assets: Mapping[str, DataAsset],
) -> Iterator[tuple[str, AddressError]]:
    """Of each: the input or output that names it, and why it leads nowhere.

    `document`: of a job whose steps are commands; `given`: values for its inputs.
    """
    jobs = document.get("jobs")
    steps = jobs if isinstance(jobs, Mapping) else {}
    declared = mapping_at(document, "inputs")
    kinds = {name: value.get("type") for name, value in declared.items() if isinstance(value, dict)}
    named = [(f"inputs.{name}", value, kinds.get(name)) for name, value in given.items()]
    named += [(f"inputs.{k}", v, kinds.get(k)) for k, v in declared.items() if k not in given]
    for step, job in steps.items():
        named += [
            (f"jobs.{step}.inputs.{k}", v, None) for k, v in mapping_at(job, "inputs").items()
        ]
    for where, value, kind in named:
        kind = kind or (value.get("type") if isinstance(value, dict) else None)
        text = _text(value)
        if text is not None and kind not in TEXTS and is_address(text):
            yield from _errors(where, text, datastores, assets)
    for prefix, owner in (("", document), *((f"jobs.{name}.", job) for name, job in steps.items())):
        for name, value in mapping_at(owner, "outputs").items():
            text = _text(value)
            if text is not None and is_address(text):
                plain = BINDING.sub("x", text)
                where = f"{prefix}outputs.{name}"
                yield from _errors(where, plain, datastores, assets, is_output=True)


def _errors(
    where: str,
    text: str,
    datastores: Collection[str],
    assets: Mapping[str, DataAsset],
    *,
    is_output: bool = False,
) -> Iterator[tuple[str, AddressError]]:
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
