"""`azureml:NAME[:VERSION]`: how a schedule refers to a published pipeline."""

from __future__ import annotations

PREFIX = "azureml:"


def split_reference(reference: str) -> tuple[str, str | None]:
    """`azureml:NAME:VERSION` -> name and version; no version, or @latest: None."""
    text = reference.removeprefix(PREFIX).removesuffix("@latest")
    name, _, version = text.partition(":")
    return name, version or None
